"""Searching for words on the desk: by the search index where there is one, else in titles."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Lock, Thread
from typing import Any, Final

from flows.desk.filters import Filters
from warehouse.errors import WarehouseError
from warehouse.search.index import update_index
from warehouse.search.index_files import open_index
from warehouse.search.search import Scope, find_matches
from warehouse.search.words import Words, parse_words
from warehouse.storage.root import Root

MAX_MATCHES: Final = 5_000
MAX_UPDATE_SECONDS: Final = 2.0
"""For which a search waits for the index to take in what has landed since."""
MAX_FIRST_SECONDS: Final = 20.0
"""For which a search waits for a first index."""
MAX_FIRST_BYTES: Final = 64_000_000
"""Of the files of articles, up to which the first search makes the index."""
NO_INDEX: Final = "There is no search index yet, so titles alone were searched: run 'copydesk search' once to make it."
OLD_INDEX: Final = "The search index is taking in what landed last; articles of the last minutes may be missing."

# The days that have neighbours.
_FIRST_DAY: Final = date.min + timedelta(days=1)
_LAST_DAY: Final = date.max - timedelta(days=1)
_updating: Final = Lock()


@dataclass(frozen=True, slots=True)
class WordSearch:
    """The condition of SQL that articles with the words meet."""

    condition: str = "true"
    values: Any = None
    is_ranked: bool = False
    words: Words | None = None
    notice: str = ""


def search_words(root: Root, filters: Filters) -> WordSearch:
    """Return the condition for the words of the filters. Raises `QueryError` for a search that is none."""
    if not filters.words.strip():
        return WordSearch()
    words = parse_words(filters.words)
    is_updated = _update(root)
    if open_index(root) is None:
        patterns = [f"%{_escaped(word)}%" for word in filters.words.split()]
        condition = r"list_bool_and([title ILIKE pattern ESCAPE '\' FOR pattern IN $words])"
        return WordSearch(condition, {"words": patterns}, words=words, notice=NO_INDEX)
    matches = find_matches(root, words, _scope(filters), limit=MAX_MATCHES)
    ids = {"words": [match.article_id for match in matches]}
    notice = "" if is_updated else OLD_INDEX
    return WordSearch("article_id IN (SELECT unnest($words))", ids, is_ranked=True, words=words, notice=notice)


def _scope(filters: Filters) -> Scope:
    language, source = filters.language or None, filters.source or None
    if filters.day is None:
        return Scope(language, source)
    # A day as printed may lie half in its neighbours in UTC; the condition on the day is exact.
    before, after = max(filters.day, _FIRST_DAY) - timedelta(days=1), min(filters.day, _LAST_DAY) + timedelta(days=1)
    return Scope(language, source, before, after)


def _update(root: Root) -> bool:
    """Bring the index up to date, or begin to; return whether it is."""
    is_first = open_index(root) is None
    if is_first and sum(size for size, _ in root.states("articles").values()) > MAX_FIRST_BYTES:
        return False
    if not _updating.acquire(blocking=False):
        return False
    thread = Thread(target=_update_and_release, args=(root,), daemon=True)
    thread.start()
    thread.join(MAX_FIRST_SECONDS if is_first else MAX_UPDATE_SECONDS)
    return not thread.is_alive()


def _update_and_release(root: Root) -> None:
    try:
        # Another process is at it, this one may not write there, or nothing can be read, as the page itself says.
        with suppress(WarehouseError, OSError):
            update_index(root, 0.0)
    finally:
        _updating.release()


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
