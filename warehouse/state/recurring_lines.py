"""Load the habits of a source, its recurring lines, and the articles that they are learned from."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from warehouse.connect import connect, rows
from warehouse.model.instants import moment
from warehouse.model.rows import Habit
from warehouse.model.vocabulary import HabitPlace
from warehouse.state.address import not_before
from warehouse.state.source_files import current_files, read_rows
from warehouse.storage.root import Root, escape_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

MAX_ARTICLES: Final = 300
"""Articles that habits are learned from."""
MAX_ARTICLE_AGE: Final = timedelta(days=90)
"""By how much they may have landed before the newest of them."""
MIN_RENEWAL_INTERVAL: Final = timedelta(days=7)
"""After which it is worth a row that a habit was seen again."""


def known_habits(root: str, source_id: str) -> list[Habit]:
    """Return the habits of a source as last learned, without forgotten ones, as the view `habits` does.

    Raises `StorageError`.
    """
    newest: dict[str, Habit] = {}
    for habit in _landed(Root.at(root), source_id):
        before = newest.get(habit.line)
        if before is None or (habit.learned_at, habit.articles) > (before.learned_at, before.articles):
            newest[habit.line] = habit
    return [newest[line] for line in sorted(newest) if newest[line].articles]


def learning_time(root: str, source_id: str, now: datetime) -> datetime:
    """Return the time of what a source learns now, not before that of what it last learned. Raises `StorageError`."""
    return not_before(max((habit.learned_at for habit in _landed(Root.at(root), source_id)), default=None), now)


def _landed(root: Root, source_id: str) -> Iterator[Habit]:
    for name in current_files(root, "habits", source_id):
        with suppress(FileNotFoundError):  # taken down meanwhile
            for row in read_rows(root, name, source_id, Habit.__slots__):
                facts = dict(zip(Habit.__slots__, row, strict=True))
                times = {column: moment(facts[column]) for column in ("first_seen_at", "last_seen_at", "learned_at")}
                yield Habit(**facts | times | {"place": HabitPlace(facts["place"])})


def newest_articles(root: str, source_id: str) -> list[tuple[Any, ...]]:
    """Return the articles of a source that landed last, each in its newest version.

    A row is article_id, title, first_seen_at, published_at, text, stripped lines (`reason`, `text`), the provenance of
    the title (`origin`, `lost`; None without a title), whether any field has a candidate of a feed.
    Raises `WarehouseError`.
    """
    names = current_files(Root.at(root), "articles", source_id)
    if not names:
        return []
    locations = [escape_pattern(Root.at(root).location(name)) for name in names]
    with connect(root) as connection:
        # Two looks, so that texts are read of few articles: the first one reads a column of times and nothing else.
        ((since,),) = rows(connection, _SINCE, [locations, source_id, 2 * MAX_ARTICLES])
        article_rows = rows(connection, _NEWEST, [locations, source_id, since, 2 * MAX_ARTICLES]) if since else []
    newest: dict[str, tuple[Any, ...]] = {}
    for row in article_rows:
        if row[-1] >= article_rows[0][-1] - MAX_ARTICLE_AGE:
            newest.setdefault(row[0], row[:-1])
    return list(newest.values())[:MAX_ARTICLES]


def news_of(known: Iterable[Habit], learned: Iterable[Habit], now: datetime) -> list[Habit]:
    """Return the habits worth a row: new, forgotten, moved, far more or less frequent, or seen again after a week."""
    before = {habit.line: habit for habit in known}
    news = [habit for habit in learned if _is_news(before.pop(habit.line, None), habit)]
    return news + [replace(habit, articles=0, learned_at=now) for habit in before.values()]


def _is_news(before: Habit | None, now: Habit) -> bool:
    if before is None or before.place != now.place or now.last_seen_at >= before.last_seen_at + MIN_RENEWAL_INTERVAL:
        return True
    return not before.articles / 2 < now.articles < before.articles * 2


_FILES: Final = "read_parquet($1, union_by_name = true, hive_partitioning = false)"
_SINCE: Final = f"""
    SELECT min(landed_at)
    FROM (SELECT landed_at FROM {_FILES} WHERE source_id = $2 AND NOT deleted ORDER BY landed_at DESC LIMIT $3)
"""  # noqa: S608  ours
_NEWEST: Final = f"""
    SELECT article_id, title, first_seen_at, published_at, text, stripped, map_extract(provenance, 'title')[1],
        len([field FOR field IN map_values(provenance)
            IF field.origin = 'feed' OR list_contains([lost.origin FOR lost IN field.lost], 'feed')]) > 0,
        landed_at
    FROM {_FILES}
    WHERE source_id = $2 AND landed_at >= $3 AND NOT deleted
        AND article_id NOT IN (SELECT article_id FROM {_FILES} WHERE source_id = $2 AND deleted)
    ORDER BY landed_at DESC, article_id, fetched_at DESC, capture_id
    LIMIT $4
"""  # noqa: S608  ours
