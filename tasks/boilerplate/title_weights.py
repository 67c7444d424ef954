"""How likely each line near an article is its title, by a conditional logit model over the lines of one text.

`bench/train/train_titles.py` fits the weights on gold texts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

from tasks.boilerplate.boosted_trees import Floats
from tasks.boilerplate.line import Line
from tasks.boilerplate.line_dates import find_day
from tasks.boilerplate.long_words import count_long_words, find_long_words
from tasks.text.words import MARKS_IN_WORDS
from warehouse.model.vocabulary import LineReason

MIN_TITLE_WORDS: Final = 3
MAX_TITLE_WORDS: Final = 35
# A title stands at most this far above the article.
MAX_DISTANCE_LINES: Final = 60
# Or among the first lines of the article: one that asks or exclaims ends as a sentence does.
MAX_LINES_INTO_ARTICLE: Final = 5
_MAX_SHORT_WORDS: Final = 4
_MIN_SIMILARITY: Final = 0.6
# Words beyond these do not make a title likelier.
_MAX_COMMON_WORDS: Final = 10.0
_MIN_PARAGRAPH_WORDS: Final = 12
_MIN_PROBABILITY: Final = 1e-3
_SIGNS_AT_WORDS: Final = ".,:;!?\"'“”„«»‘’()"
_FIGURE: Final = re.compile(r"\d")
# Codes such as `a0123`, words, figures: scripts without spaces write figures between words.
_WORD_OR_CODE: Final = re.compile(
    rf"(?:[a-zA-Z]+\d|\d+[a-zA-Z])[a-zA-Z\d]*+|[^\W\d_](?:[^\W\d_]|[{MARKS_IN_WORDS}])*+|\d+"
)
# An address, or an entry of a list of news by the minute.
_NO_TITLE: Final = re.compile(r"\d{1,2}[:.]\d\d\s|.*\S@\S|(?:https?://|www\.)\S+$")
_NO_TITLE_END: Final = (".", ":", "。", "।", "۔")
WEIGHTS: Final = {
    "common": 0.50,
    "common_share": 1.27,
    "short": -1.95,
    "likely": -12.07,
    "log_likely": -0.46,
    "blank_above": 3.95,
    "blank_below": 3.36,
    "longer_below": 1.10,
    "date_below": 1.04,
    "section_above": 2.37,
    "candidates_below": -2.67,
    "similar_below": 0.87,
}


def weigh_titles(lines: Sequence[Line], article: set[int], probability: Floats) -> dict[int, float]:
    """Return the weight of each line near the article's first that may be its title, by index.

    `probability` is the line model's, of each line. Weights compare lines of one text only.
    """
    return {
        index: sum(WEIGHTS[name] * value for name, value in features.items())
        for index, features in read_title_features(lines, article, probability).items()
    }


def read_title_features(
    lines: Sequence[Line], article: set[int], probability: Floats
) -> dict[int, Mapping[str, float]]:
    """Return the features of each line that may be the title, by index."""
    first = min(article)
    begin, end = max(0, first - MAX_DISTANCE_LINES), min(len(lines), first + MAX_LINES_INTO_ARTICLE)
    captions = [line.bare for line in lines[begin : first + MAX_DISTANCE_LINES] if line.reason is LineReason.CAPTION]
    candidates = [
        index
        for index in range(begin, end)
        if _may_be_title(lines[index]) and (index < first or _has_date_below(lines, index))
        if not any(caption.startswith(lines[index].bare) for caption in captions)
    ]
    words_of = {index: list(dict.fromkeys(find_long_words(lines[index].text))) for index in candidates}
    counts = count_long_words((lines[index].text for index in sorted(article)), set().union(*words_of.values()))
    features: dict[int, Mapping[str, float]] = {}
    below_count, is_similar_below = 0, False
    for index in reversed(candidates):
        line = lines[index]
        words = words_of[index]
        shared = [counts[word] for word in words if word in counts]
        common = min(_MAX_COMMON_WORDS, sum(map(math.log1p, shared)))
        below = lines[index + 1] if index + 1 < len(lines) else None
        likely = max(_MIN_PROBABILITY, float(probability[index]))
        features[index] = {
            "common": common,
            "common_share": common / line.word_count,
            "short": line.word_count <= _MAX_SHORT_WORDS,
            "likely": likely,
            "log_likely": math.log(likely),
            "blank_above": line.after_blank,
            "blank_below": below is not None and below.after_blank,
            "longer_below": below is not None and below.word_count > max(_MIN_PARAGRAPH_WORDS, line.word_count),
            "date_below": _has_date_below(lines, index),
            "section_above": index > 0 and lines[index - 1].reason is LineReason.SECTION,
            "candidates_below": min(8, below_count) / 8,
            "similar_below": is_similar_below,
        }
        below_count += index < first
        similarity = len(shared) / max(1, len(words))
        is_similar = index < first and line.word_count >= _MAX_SHORT_WORDS and similarity >= _MIN_SIMILARITY
        is_similar_below = is_similar_below or is_similar
    return features


def _has_date_below(lines: Sequence[Line], index: int) -> bool:
    return any(line.reason in {LineReason.DATE_LINE, LineReason.BYLINE} for line in lines[index + 1 : index + 4])


def _may_be_title(line: Line) -> bool:
    return (
        line.reason is None
        and not line.has_bullet
        and MIN_TITLE_WORDS <= line.word_count <= MAX_TITLE_WORDS
        and not line.bare.endswith(_NO_TITLE_END)
        and not _NO_TITLE.match(line.bare)
        and not _is_code(line.bare)
        and not _is_dated_byline(line)
    )


def _is_dated_byline(line: Line) -> bool:
    """Return whether a line begins as a byline or date line does, and has a day: `By Ann Lee | 3 May 2024`."""
    begins_so = line.cue("byline") is not None or line.cue("published") is not None
    return begins_so and find_day(line.text) is not None


def _is_code(text: str) -> bool:
    """Return whether most of its words are figures and codes, as above an agency's message."""
    # The words of most lines are letters between spaces and signs: to search them takes five times as long.
    tokens = [token.strip(_SIGNS_AT_WORDS) for token in text.split()]
    plain = [token for token in tokens if len(token) > 1 and token.isalpha()]
    if len(plain) >= sum(map(len, tokens)) - sum(map(len, plain)):
        return False
    words: list[str] = _WORD_OR_CODE.findall(text)
    return sum(len(word) > 1 and not _FIGURE.search(word) for word in words) * 2 < len(words)
