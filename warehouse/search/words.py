"""What is searched for: words, "phrases", title: and text:, AND, OR, and - before what must not be there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from warehouse.errors import QueryError
from warehouse.search.tokens import tokens

MAX_TERMS: Final = 100
TERM: Final = re.compile(r'(?P<minus>-)?(?:(?P<field>title|text):)?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))')


@dataclass(frozen=True, slots=True)
class Term:
    """One word or phrase of a search."""

    tokens: tuple[str, ...]
    """In the order in which they stand beside each other."""
    field: str | None = None
    """`title` or `text`; None is both."""


@dataclass(frozen=True, slots=True)
class Words:
    """What an article must have and must not have."""

    required: tuple[tuple[Term, ...], ...]
    """Of each group one term at least is there."""
    excluded: tuple[Term, ...]


def parse_words(query: str) -> Words:
    """Parse what was typed into the terms of a search. Raises `QueryError`."""
    if query.count('"') % 2:
        raise QueryError('a quote (") is opened and not closed in the search; close it, or leave it out')
    groups: list[list[Term]] = []
    excluded: list[Term] = []
    joins = False
    for match in TERM.finditer(query):
        if match[0] in ("AND", "OR"):
            joins = match[0] == "OR" and bool(groups)
            continue
        content = tuple(tokens(match["word"] if match["phrase"] is None else match["phrase"]))
        if not content:
            continue
        term = Term(content, match["field"])
        if match["minus"]:
            excluded.append(term)
        elif joins:
            groups[-1].append(term)
        else:
            groups.append([term])
        joins = False
    if not groups:
        raise QueryError("the search names no word that an article must have; name one, such as copydesk search ferry")
    if sum(map(len, groups)) + len(excluded) > MAX_TERMS:
        raise QueryError(f"the search has more than {MAX_TERMS} words; leave some out")
    return Words(tuple(map(tuple, groups)), tuple(excluded))
