"""What the warehouse knows of the lines that a source repeats, and the articles that it is learned from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from warehouse.connect import connect, rows
from warehouse.records import Habit, HabitPlace

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

NEWEST: Final = 300
"""Articles that habits are learned from."""
OLDEST: Final = timedelta(days=90)
"""By how much they may have landed before the newest of them."""
AGAIN: Final = timedelta(days=7)
"""After which it is worth a row that a habit was seen again."""


def known_habits(root: str, source_id: str) -> list[Habit]:
    """The habits of a source as last learned, the forgotten ones not among them. Raises `WarehouseError`."""
    with connect(root) as connection:
        found = rows(connection, _KNOWN, [source_id])
    return [replace(habit, place=HabitPlace(habit.place)) for habit in (Habit(*row) for row in found)]


def newest_articles(root: str, source_id: str) -> list[tuple[Any, ...]]:
    """The articles of a source that landed last, each in its newest version.

    A row is article_id, title, first_seen_at, published_at, text, stripped lines (`reason`, `text`).
    Raises `WarehouseError`.
    """
    with connect(root) as connection:
        # Two looks, so that texts are read of few articles: the first one reads a column of times and nothing else.
        ((since,),) = rows(connection, _SINCE, [source_id, 2 * NEWEST])
        found = rows(connection, _NEWEST, [source_id, since, 2 * NEWEST]) if since else []
    newest: dict[str, tuple[Any, ...]] = {}
    for row in found:
        if row[-1] >= found[0][-1] - OLDEST:
            newest.setdefault(row[0], row[:-1])
    return list(newest.values())[:NEWEST]


def news_of(known: Iterable[Habit], learned: Iterable[Habit], now: datetime) -> list[Habit]:
    """Of what was learned, what is worth a row: new, forgotten, elsewhere, far more or less frequent, or seen again."""
    before = {habit.line: habit for habit in known}
    news = [habit for habit in learned if _is_news(before.pop(habit.line, None), habit)]
    return news + [replace(habit, articles=0, learned_at=now) for habit in before.values()]


def _is_news(before: Habit | None, now: Habit) -> bool:
    if before is None or before.place != now.place or now.last_seen_at >= before.last_seen_at + AGAIN:
        return True
    return not before.articles / 2 < now.articles < before.articles * 2


_KNOWN: Final = """
    SELECT source_id, line, text, place, articles, among, first_seen_at, last_seen_at, learned_at
    FROM habits WHERE source_id = $1 ORDER BY line
"""
_SINCE: Final = """
    SELECT min(landed_at)
    FROM (
        SELECT landed_at FROM landed('articles') WHERE source_id = $1 AND NOT deleted ORDER BY landed_at DESC LIMIT $2
    )
"""
_NEWEST: Final = """
    SELECT article_id, title, first_seen_at, published_at, text, stripped, landed_at
    FROM landed('articles')
    WHERE source_id = $1 AND landed_at >= $2 AND NOT deleted
        AND article_id NOT IN (SELECT article_id FROM landed('articles') WHERE source_id = $1 AND deleted)
    ORDER BY landed_at DESC, article_id, fetched_at DESC, capture_id
    LIMIT $3
"""
