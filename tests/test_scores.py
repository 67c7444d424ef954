"""The line model: figures of lines, trees over them, and the choice of an article's lines."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.boilerplate.boosted_trees import Trees, read_trees
from tasks.boilerplate.context_features import read_features
from tasks.boilerplate.cues import CUES, phrases_of
from tasks.boilerplate.line_features import MAX_LINES_PER_CHUNK, read_line_features
from tasks.boilerplate.lines import read_lines
from tasks.boilerplate.model import MODEL, LineScores, score_lines
from tasks.boilerplate.select_lines import select_likely_lines

STORY = (
    "The council of Norby met on Tuesday and agreed to repair the old bridge before the winter.",
    "Work will begin in March and cost about four million crowns, the mayor said after the meeting.",
)


def scores(*pairs: tuple[float, float]) -> LineScores:
    chance, tokens = np.array(pairs, np.float32).reshape(-1, 2).T
    return LineScores(chance, tokens, (True,) * len(pairs))


def test_a_line_s_figures_count_its_words_in_every_script():
    figures, words = read_line_features(["Two words", "橋を直す", "สะพานเก่า", "Два слова!"])
    assert figures["tokens"].tolist() == [2, 4, 9, 2]
    assert figures["unspaced"].tolist() == pytest.approx([0, 1, 1, 0])
    assert figures["ends_stop"].tolist() == [0, 0, 0, 1]
    assert np.bincount(words.line).tolist() == [2, 3, 8, 2]


def test_the_same_word_is_known_again_whatever_its_case():
    _, words = read_line_features(["Bridge Norby", "the BRIDGE", "bridges"])
    assert words.number[0] == words.number[3]
    assert len(set(words.number.tolist())) == 4


def test_lines_beyond_one_portion_are_counted_alike():
    lines = [f"Line {number} of the long report, which goes on." for number in range(MAX_LINES_PER_CHUNK + 7)]
    whole, words = read_line_features(lines)
    tail, _ = read_line_features(lines[MAX_LINES_PER_CHUNK:])
    assert all(np.array_equal(whole[name][MAX_LINES_PER_CHUNK:], tail[name]) for name in tail)
    assert words.line.max() == len(lines) - 1


@given(st.lists(st.text(max_size=60), min_size=1, max_size=12))
def test_whatever_the_lines_every_figure_is_a_number(texts):
    lines = read_lines("\n".join(texts))
    if lines:
        figures = read_features(lines)
        assert all(row.shape == (len(lines),) and np.isfinite(row).all() for row in figures.values())


def test_the_figures_of_a_line_do_not_hang_on_the_number_of_lines():
    assert list(read_features(read_lines(STORY[0]))) == list(read_features(read_lines("\n".join(STORY * 40))))


def test_trees_answer_as_they_were_drawn():
    # Level 0 asks whether a > 1, level 1 whether b > 5; leaf numbers are the answers as bits.
    trees = Trees(
        ("a", "b"),
        np.array([0, 1]),
        np.array([1, 5], np.float32),
        np.array([[0, 1]]),
        np.array([[0, 1, 2, 3]], np.float32),
        -1.0,
    )
    figures = {"a": np.array([0, 2, 0, 2], np.float32), "b": np.array([0, 0, 9, 9], np.float32)}
    odds = np.log(chance := trees.score(figures)) - np.log(1 - chance)
    assert odds.tolist() == pytest.approx([-1, 0, 1, 2], abs=1e-5)


def test_the_model_is_small_loads_fast_and_holds_no_code():
    began = time.process_time()
    model = read_trees(MODEL)
    assert time.process_time() - began < 0.3
    assert MODEL.stat().st_size < 2_000_000
    assert set(model.feature_names) <= set(read_features(read_lines(STORY[0])))


def test_the_model_s_card_stands_beside_it():
    card = MODEL.with_suffix(".md").read_text("utf-8")
    assert all(heading in card for heading in ("## Data", "## Figures", "## Limits"))


def test_an_article_s_lines_score_higher_than_a_menu_s():
    lines = read_lines("\n".join(("Home", "News", "Sport", *STORY, "Contact", "© 2024 Norby Post")))
    chance = score_lines(lines).probability
    assert chance[3:5].min() > max(chance[:3].max(), chance[5:].max())


def test_no_lines_have_no_scores():
    assert score_lines([]).probability.shape == (0,)
    assert select_likely_lines(score_lines([])) == set()


def test_where_the_article_is_clear_what_is_doubtful_goes():
    sure = [(0.99, 40.0)] * 5
    assert select_likely_lines(scores(*sure, (0.35, 40), (0.01, 5))) == {0, 1, 2, 3, 4}


def test_where_all_is_doubtful_the_likeliest_lines_stay():
    assert select_likely_lines(scores((0.38, 40), (0.36, 40), (0.02, 5))) == {0, 1}


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([(0.2, 40), (0.1, 30)], id="no line is likely"),
        pytest.param([(0.9, 2)], id="the likely one says next to nothing"),
    ],
)
def test_nothing_is_chosen_where(lines):
    assert select_likely_lines(scores(*lines)) == set()


@pytest.mark.parametrize("kind", ["related", "share", "comment", "newsletter", "legal", "tags", "credit", "byline"])
def test_cue_phrases_are_known_in_at_least_25_languages(kind):
    import tomllib

    assert len(tomllib.loads(CUES.read_text("utf-8"))[kind]) >= 25
    assert phrases_of(kind)


def test_a_phrase_whose_letters_carry_signs_is_found():
    # Thai vowels and Arabic marks are no letters of their own when phrases are compared.
    assert [line.reason for line in read_lines("ข่าวที่เกี่ยวข้อง\nإقرأ أيضاً:")] == ["related", "related"]
