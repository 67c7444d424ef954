"""How two versions of a text differ: by paragraphs, and by words inside a paragraph that was changed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Final, Literal

MAX_PARAGRAPHS: Final = 1_000
"""Longer versions are not compared, as the time grows with the square of their paragraphs."""
MAX_WORDS: Final = 600
"""Longer paragraphs are not compared by words."""
MIN_LIKENESS: Final = 0.4
"""Two paragraphs that share at least so much of their words are one paragraph before and after a change."""
_WORD: Final = re.compile(r"\s+|\w+|[^\w\s]")

Kind = Literal["same", "gone", "new"]


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a paragraph that both versions have, or one of them."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class ParagraphChange:
    """A paragraph that was taken out, put in or changed; its spans in their order."""

    change: Literal["gone", "new", "changed"]
    spans: Sequence[Span]


def compare_texts(before: str, after: str) -> list[ParagraphChange]:
    """Return the paragraphs by which two texts differ, in their order; empty if they are too long to compare."""
    old, new = before.split("\n\n"), after.split("\n\n")
    if max(len(old), len(new)) > MAX_PARAGRAPHS:
        return []
    changes: list[ParagraphChange] = []
    for kind, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            changes += _changes(old[old_start:old_end], new[new_start:new_end])
    return changes


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[ParagraphChange]:
    for gone, come in zip_longest(old, new):
        if gone is not None and come is not None and (spans := _spans(gone, come)):
            yield ParagraphChange("changed", spans)
            continue
        if gone is not None:
            yield ParagraphChange("gone", [Span("gone", gone)])
        if come is not None:
            yield ParagraphChange("new", [Span("new", come)])


def _spans(gone: str, come: str) -> list[Span]:
    """Return the spans of a changed paragraph; empty if the two have too little in common, or are too long."""
    old, new = _WORD.findall(gone), _WORD.findall(come)
    if max(len(old), len(new)) > MAX_WORDS:
        return []
    old_counts, new_counts = (Counter(word for word in words if not word.isspace()) for words in (old, new))
    if (old_counts & new_counts).total() < MIN_LIKENESS * max(old_counts.total(), new_counts.total()):
        return []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    spans: list[Span] = []
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            spans.append(Span("same", "".join(old[old_start:old_end])))
            continue
        pieces: tuple[tuple[Kind, list[str]], ...] = (("gone", old[old_start:old_end]), ("new", new[new_start:new_end]))
        spans += [Span(side, "".join(words)) for side, words in pieces if words]
    return spans
