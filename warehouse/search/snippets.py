"""Snippets: the passage of an article that shows why it was found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from warehouse.search.tokens import PARTS, fold, is_unspaced, words_pattern
from warehouse.search.words import Words

SNIPPET_CHARACTERS: Final = 200

Span = tuple[int, int]


def hits(text: str, words: Words) -> list[Span]:
    """Return where the words of a search stand in a text: offsets of its characters, in order, none overlapping."""
    terms = [term.tokens for group in words.required for term in group]
    query_tokens = set().union(*terms)
    runs = {run for tokens in terms for run in _joined(tokens)}
    spans: list[Span] = []
    for match in words_pattern().finditer(text):
        if match[0].isascii():  # as nearly all words of most texts
            if match[0].lower() in query_tokens:
                spans.append(match.span())
            continue
        for part in PARTS.finditer(match[0]):
            start = match.start() + part.start()
            if is_unspaced(part[0]):
                pairs = _pairs(part[0], start, query_tokens)
                # A pair alone may stand in any word.
                spans += [(first, last) for first, last in pairs if any(run in fold(text[first:last]) for run in runs)]
            elif fold(part[0]) in query_tokens:
                spans.append((start, start + len(part[0])))
    return spans


def _joined(tokens: Sequence[str]) -> list[str]:
    """Join pairs of characters that overlap to the runs that they were cut from; other tokens stay as they are."""
    runs: list[str] = []
    for token in tokens:
        if runs and len(token) == 2 and is_unspaced(token) and runs[-1].endswith(token[0]):  # noqa: PLR2004
            runs[-1] += token[1]
        else:
            runs.append(token)
    return runs


def _pairs(run: str, start: int, query_tokens: set[str]) -> list[Span]:
    spans: list[Span] = []
    for at in range(len(run)):
        for length in (2, 1):
            if at + length <= len(run) and fold(run[at : at + length]) in query_tokens:
                first, last = start + at, start + at + length
                if spans and first <= spans[-1][1]:
                    spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
                else:
                    spans.append((first, last))
                break
    return spans


def snippet(text: str, words: Words, marks: tuple[str, str]) -> str:
    """Return the passage with the most hits, on one line, each hit between `marks`; the beginning where none is."""
    spans = hits(text, words)
    first = max(spans, key=lambda span: _count(spans, span[0]), default=(0, 0))[0]
    start = _edge(text, max(0, first - SNIPPET_CHARACTERS // 4))
    end = min(len(text), start + SNIPPET_CHARACTERS)
    pieces, at = ["…" if start else ""], start
    for begin, stop in spans:
        if start <= begin and stop <= end:
            pieces += [text[at:begin], marks[0], text[begin:stop], marks[1]]
            at = stop
    pieces += [text[at:end], "…" if end < len(text) else ""]
    return re.sub(r"\s+", " ", "".join(pieces)).strip()


def _count(spans: Iterable[Span], start: int) -> int:
    return sum(start <= begin < start + SNIPPET_CHARACTERS * 3 // 4 for begin, _ in spans)


def _edge(text: str, at: int) -> int:
    """Return the start of the next word, where one begins soon."""
    space = text.find(" ", at, at + 20) if at else -1
    return at if space < 0 else space + 1
