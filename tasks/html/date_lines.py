"""The date that a page prints in a line of its own at its headline, or behind a label such as `Published on`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from tasks.boilerplate.boosted_trees import Floats
from tasks.boilerplate.cues import find_cues
from tasks.boilerplate.line_dates import count_words_beside_day, has_year, read_dates
from tasks.html.block_features import BlockFeatures
from tasks.html.blocks import PageBlocks
from tasks.html.label_blocks import MAX_CAPTION_DISTANCE, find_titles
from tasks.html.printed_day import MAX_HEADLINE_LEVELS
from tasks.html.surroundings import is_inside_others, is_of_modification, near_headline

# Of a line with a date and its label, writer or reading time.
MAX_LINE_CHARACTERS: Final = 120
MAX_WORDS_BESIDE_DATE: Final = 12
# Blocks between a headline and the text that it is the headline of.
MAX_BLOCKS_BELOW_HEADLINE: Final = 40
# Blocks above the headline, in an element close around it, that may hold its date; and below the beginning of the text.
MAX_BLOCKS_ABOVE: Final = 6
MAX_BLOCKS_INSIDE: Final = 6
MIN_ARTICLE_PROBABILITY: Final = 0.5
MIN_SENTENCE_WORDS: Final = 8


def find_date_line(page: PageBlocks, features: BlockFeatures, probability: Floats) -> str | None:
    """Return the date of publication as the page prints it; None if it prints none, or only among other articles.

    `probability` is that of each block to be article text. The nearest line below the headline is the surest; then come
    the first blocks of the text, what stands above the headline, and last a line anywhere that calls its date that of
    publication.
    """
    article = np.flatnonzero(probability >= MIN_ARTICLE_PROBABILITY).tolist()
    if not article:
        return None
    texts = page.texts
    # The day of a caption is that of its picture.
    in_caption = (features.columns["to_figcaption"] <= MAX_CAPTION_DISTANCE).tolist()
    # A sentence of the text tells of an event.
    columns = features.columns
    is_sentence = (
        (features.words >= MIN_SENTENCE_WORDS) & (columns["ends_stop"] > 0) & (probability >= MIN_ARTICLE_PROBABILITY)
    ).tolist()
    dates = (
        date
        for index, needs_label in _in_order_of_trust(page, features, article[0])
        if not is_sentence[index] or _is_labelled(texts[index])
        if len(texts[index]) <= MAX_LINE_CHARACTERS and has_year(texts[index]) and not in_caption[index]
        if not needs_label or _is_labelled(texts[index])
        if (date := _read_date(page, index))
    )
    return next(dates, None)


def _in_order_of_trust(page: PageBlocks, features: BlockFeatures, first: int) -> Iterator[tuple[int, bool]]:
    """Yield the indexes of blocks, and whether their date needs a label; `first` is the first one of the text."""
    columns, count = features.columns, len(page.blocks)
    headlines = np.flatnonzero((find_titles(features) | (columns["is_h1"] > 0))[: first + 1])
    is_near = len(headlines) > 0 and first - headlines[-1] <= MAX_BLOCKS_BELOW_HEADLINE
    begin = int(headlines[-1]) if is_near else first
    end = min(first + MAX_BLOCKS_INSIDE, count)
    yield from ((index, False) for index in range(begin, end))
    # Further away stands the day of the visit.
    around = near_headline(page.element(begin), MAX_HEADLINE_LEVELS)
    for index in range(begin - 1, max(-1, begin - 1 - MAX_BLOCKS_ABOVE), -1):
        if not around.isdisjoint(page.element(index).iterancestors()):
            yield index, False
    yield from ((index, True) for index in range(end, count))


def _is_labelled(text: str) -> bool:
    return any(cue.kind == "published" for cue in find_cues(text))


def _read_date(page: PageBlocks, index: int) -> str | None:
    """Return the date of publication in a block; None if it has none, or is about something else than the article."""
    text = page.blocks[index].text
    words = count_words_beside_day(text)
    if words is None or words > MAX_WORDS_BESIDE_DATE or "©" in text or "copyright" in text.casefold():
        return None
    date = next((date for field, date in read_dates(text) if field == "published_at"), None)
    element = page.element(index)
    return None if date is None or is_of_modification(element) or is_inside_others(element) else date
