"""Joining the lines of paragraphs that were wrapped at a margin, as in e-mails and wire copy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from tasks.text.characters import clean_line
from tasks.text.densest_run import densest_run
from tasks.text.words import UNSPACED, UNSPACED_CHARACTERS

# Paragraphs of a text that was not wrapped are longer, menus shorter.
MIN_MARGIN_COLUMNS: Final = 40
MAX_MARGIN_COLUMNS: Final = 100
# A section with fewer full lines is not wrapped.
MIN_FULL_LINES: Final = 3.0
MIN_EVIDENCE_IF_ALL_FULL: Final = 1.5
# Of two full lines that end within a sentence, one may be followed by a capital, as of names and German nouns.
MAX_CAPITALS_RATIO: Final = 0.5
WEIGHT_WITHOUT_CASE: Final = 0.5
# Between margins that explain as many lines, those that show little decide.
WEIGHT_OF_TIES: Final = 0.01
# A line that the margin does not explain outweighs one that it does.
WEIGHT_OF_OTHER_LINES: Final = -1.5

_LIST_ITEM: Final = re.compile(r"(?:[•*·‣◦+▪●►▶■□◆◇○>–—-]|\d{1,2}[.)])\s")
# Lines of code end with signs of their own.
_SENTENCE_END: Final = re.compile(r"[.!?。！？؟।][\"'”’»)]*$|[{};=]$")
# Punctuation of East Asia is as wide as a letter and takes no space either.
_NO_SPACE_BESIDE: Final = re.compile(f"[{UNSPACED_CHARACTERS}\u3000-\u303f]")
# Han, Kana, Hangul, and the signs and letters that are printed as wide as these.
_WIDE: Final = re.compile("[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff01-\uff60]")
_WIDE_WITHOUT_SPACES: Final = re.compile("[\u2e80-\u312f\u3190-\ua4cf\uf900-\ufaff\uff01-\uff60]")


@dataclass(frozen=True, slots=True)
class _Seam:
    """Two lines without a blank one between them, the upper of which ends within a sentence."""

    number: int
    """The line number of the upper one."""
    length: int
    """Columns of the upper one."""
    word_length: int
    """Columns of the first word of the lower one."""
    weight: float
    """How much the lower one's case speaks for a wrapped paragraph; below 0 against one."""

    def is_full(self, margin: int) -> bool:
        return self.length <= margin <= self.length + self.word_length

    def weigh(self, margin: int) -> float:
        return self.weight if self.is_full(margin) else WEIGHT_OF_OTHER_LINES


@dataclass(frozen=True, slots=True)
class _Section:
    """Lines from `begin` to before `end` that were wrapped at a margin of so many columns."""

    begin: int
    end: int
    margin: int


def group_lines(lines: Sequence[str]) -> list[tuple[int, ...]]:
    """Return the line numbers of each paragraph, without blank lines; one line each, where the text was not wrapped.

    A line continues in the next one if the next one's first word would not have fitted on it. Parts of a text may be
    wrapped at different margins, below a menu and above a footer that are not wrapped.
    """
    wrapped = _find_wrapped(lines)
    section = next(wrapped, None)
    if section is None:
        return [(number,) for number, line in enumerate(lines) if line]
    paragraphs: list[tuple[int, ...]] = []
    paragraph: list[int] = []
    for number, line in enumerate(lines):
        while section is not None and number >= section.end:
            section = next(wrapped, None)
        margin = section.margin if section is not None and section.begin < number else 0
        continues = bool(paragraph and line) and _is_full(lines[number - 1], line, margin)
        if paragraph and (not continues or _LIST_ITEM.match(line)):
            paragraphs.append(tuple(paragraph))
            paragraph = []
        if line:
            paragraph.append(number)
    return [*paragraphs, tuple(paragraph)] if paragraph else paragraphs


def join_lines(lines: Sequence[str]) -> str:
    """Join the lines of a paragraph by spaces, but without one between two characters of scripts without spaces."""
    if len(lines) == 1:
        return lines[0]
    seams = [
        "" if _NO_SPACE_BESIDE.match(above[-1]) and _NO_SPACE_BESIDE.match(below[0]) else " "
        for above, below in pairwise(lines)
    ]
    # The end of one line and the beginning of the next may be two parts of one character.
    return clean_line("".join(part for pair in zip(lines, [*seams, ""], strict=True) for part in pair))


def _find_wrapped(lines: Sequence[str]) -> Iterator[_Section]:
    """Yield the sections of a text that were wrapped, from the first down."""
    seams = [
        _Seam(number, columns, _first_word_columns(below), _weigh_beginning(below) if below != above else 0.0)
        for number, (above, below) in enumerate(pairwise(lines))
        if below
        and len(above) * 2 >= MIN_MARGIN_COLUMNS
        and (columns := _count_columns(above)) >= MIN_MARGIN_COLUMNS
        and (columns > MAX_MARGIN_COLUMNS or not _SENTENCE_END.search(above[-4:]))
    ]
    if len(seams) >= MIN_FULL_LINES:
        yield from _split_by_margin(seams)


def _split_by_margin(seams: Sequence[_Seam]) -> Iterator[_Section]:
    """Yield the sections that were wrapped: the run of seams that shows its margin best, and those above and below."""
    pending = [seams]
    while pending:
        part = pending.pop()
        margin = _find_margin(part)
        begin, end = densest_run([seam.weigh(margin) for seam in part])
        is_all_full = len(part) >= MIN_FULL_LINES and all(seam.is_full(margin) for seam in part)
        begin, end = (0, len(part)) if is_all_full else (begin, end)
        evidence = sum(seam.weigh(margin) for seam in part[begin:end])
        if evidence < (MIN_EVIDENCE_IF_ALL_FULL if is_all_full else MIN_FULL_LINES):
            continue
        # A run begins below a line whose next one begins with a name.
        while begin and part[begin - 1].is_full(margin) and part[begin - 1].weight < 0:
            begin -= 1
        if begin:  # what stands above is yielded first
            pending += [part[end:], part[begin:end], part[:begin]]
            continue
        yield _Section(part[0].number, part[end - 1].number + 2, margin)
        pending.append(part[end:])


def _find_margin(seams: Sequence[_Seam]) -> int:
    """Return the width in columns at which most lines are full that end within a sentence; 0 without lines."""
    changes = [0.0] * (MAX_MARGIN_COLUMNS + 2)
    for seam in seams:
        if seam.length <= MAX_MARGIN_COLUMNS:
            weight = max(seam.weight, WEIGHT_OF_TIES)
            changes[seam.length] += weight
            changes[min(seam.length + seam.word_length, MAX_MARGIN_COLUMNS) + 1] -= weight
    weights = list(accumulate(changes))
    return max(range(len(weights)), key=weights.__getitem__)


def _weigh_beginning(line: str) -> float:
    """Weigh how much the beginning of a line shows that the one above ends within a sentence.

    Headlines of equal length begin with capitals; items of a list are short.
    """
    if line[0].isupper() and not line.isupper():
        return -MAX_CAPITALS_RATIO
    is_item = not line[0].isalpha() or line[1:2] == " "
    if is_item or not (" " in line or _SENTENCE_END.search(line) or UNSPACED.search(line)):
        return 0.0
    return 1.0 if line[0].islower() else WEIGHT_WITHOUT_CASE


def _is_full(above: str, below: str, margin: int) -> bool:
    columns = _count_columns(above) if margin else 0
    return margin > 0 and columns <= margin < columns + 1 + _first_word_columns(below)


def _first_word_columns(line: str) -> int:
    """Return the columns of the first word; where a line may break between any two letters, of the first two."""
    if _WIDE_WITHOUT_SPACES.match(line):
        return _count_columns(line[:2])
    return _count_columns(line.split(" ", 1)[0])


def _count_columns(text: str) -> int:
    """Return how wide a text is in print: letters of East Asia take two columns. Of a long text only its length."""
    if text.isascii() or len(text) > MAX_MARGIN_COLUMNS:
        return len(text)
    return 2 * len(text) - len(_WIDE.sub("", text))
