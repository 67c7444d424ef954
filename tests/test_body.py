"""Which lines are the article, given how likely each of them is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tasks.boilerplate.lines import read_lines
from tasks.boilerplate.model import LineScores
from tasks.boilerplate.select_lines import select_lines

STORY = (
    "The council of Norby met on Tuesday and agreed to repair the old bridge before the winter.",
    "Work will begin in March and cost about four million crowns, the mayor said after the meeting.",
    "Until then lorries have to take the long way round the bay, which adds an hour to every trip.",
)


def body(scored_lines: Sequence[tuple[str, float]]) -> list[str]:
    """Select the article's lines, from lines with their probabilities."""
    lines = read_lines("\n\n".join(line for line, _ in scored_lines))
    probability = np.array([probability for _, probability in scored_lines], np.float32)
    tokens = np.array([line.word_count for line in lines], np.float32)
    article_lines = select_lines(lines, LineScores(probability, tokens, tuple(line.ends_sentence for line in lines)))
    return [lines[index].text for index in sorted(article_lines)]


def sure(*lines: str) -> list[tuple[str, float]]:
    return [(line, 0.95) for line in lines]


def unlikely(*lines: str) -> list[tuple[str, float]]:
    return [(line, 0.05) for line in lines]


@pytest.mark.parametrize(("above", "kept_below"), [(2, True), (9, False)])
def test_a_heading_over_comments_ends_an_article_but_not_one_that_has_hardly_begun(above, kept_below):
    # Above the article it is a link to them, and the lines above it are of a box at the side.
    last = "The mayor has not said yet who will pay for it."
    article_lines = body([*sure(*(STORY * 3)[:above]), ("Comments (14)", 0.01), *sure(*STORY * 7, last)])
    assert (last in article_lines) is kept_below


def test_lines_between_kept_ones_need_less_than_others():
    # Short answers and items of lists are hardly likely by themselves.
    doubtful = [("1. Lamps", 0.36), ("2. Ropes", 0.36)]
    assert "1. Lamps" in body([*sure(STORY[0]), *doubtful, *sure(STORY[1])])
    assert "1. Lamps" not in body([*sure(*STORY), *doubtful, ("Weather", 0.01), ("Sport", 0.01)])
    assert "1. Lamps" not in body([*sure(STORY[0]), *doubtful, ("Weather", 0.01), *sure(STORY[1])])


def test_a_heading_below_the_last_sentence_introduces_nothing():
    heading = "Around the bay"
    assert body([*sure(*STORY, heading), ("Photo: Ann Berg", 0.01)]) == list(STORY)
    # Without a line below, it may be the last line of a poem or of a list.
    assert body(sure(*STORY, heading)) == [*STORY, heading]


def test_the_last_entries_of_a_live_report_belong_to_it():
    entries = [line for clock, text in zip(("22:40", "22:05", "21:30"), STORY, strict=True) for line in (clock, text)]
    opening = ["20:00", "The count begins", "The first boxes have come from the islands."]
    assert body([*sure(*entries), *unlikely("Share", *opening, "Follow us")]) == [*entries, *opening]
    # A list of other headlines with their times has no sentences.
    assert body([*sure(*entries), *unlikely("20:00", "Rain over the bay", "19:30", "Ferry late again")]) == entries
