"""The front page: how the sources stand, what came in, what was refused, and what the last hour brought."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from flows.desk.database import Database, Record
from flows.desk.paging import PAGE_ROWS, Page
from flows.desk.standing import Standing, Standings
from warehouse.connect import records
from warehouse.errors import EmptyWarehouseError
from warehouse.model.rows import RUN_COUNTS

DAYS: Final = 28
_BY_DAY: Final = """
    SELECT source_id, language, (epoch($today) - epoch_us(first_seen_at) // 1000000 + 86399) // 86400 AS days_ago,
        count(*) AS articles
    FROM articles
    WHERE first_seen_at >= $first AND first_seen_at <= $now
    GROUP BY ALL
"""
_LAST_HOUR: Final = """
    SELECT count(*) AS runs, count(*) FILTER (WHERE status = 'failed') AS failed_runs,
        sum(discovered) AS discovered, sum(stored) AS stored, sum(unchanged) AS unchanged,
        sum(duplicate) AS duplicate, sum(rejected) AS rejected, sum(failed) AS failed, sum(pending) AS pending
    FROM runs WHERE finished_at > $since
"""
_NEWEST: Final = """
    SELECT article_id, title, source_id, language, first_seen_at FROM articles
    WHERE first_seen_at >= $since ORDER BY first_seen_at DESC, article_id LIMIT 8
"""


@dataclass(frozen=True, slots=True)
class AddressCounts:
    """What became of every discovered address."""

    articles: int
    rejects: int
    pending: int

    @property
    def total(self) -> int:
        """All addresses."""
        return self.articles + self.rejects + self.pending


@dataclass(frozen=True, slots=True)
class Front:
    """What the front page shows, as of one moment."""

    at: datetime
    standings: Standings
    days: Mapping[str, Sequence[int]]  # articles first seen a day, of each source, the oldest first
    all_days: Sequence[int]
    languages: Sequence[tuple[str, int]]
    reasons: Sequence[tuple[str, int]]
    addresses: AddressCounts
    last_hour: Record
    newest: Sequence[Record]

    @property
    def states(self) -> list[tuple[str, int]]:
        """How many sources are in each state, the most urgent first."""
        counts = Counter(standing.state for standing in self.standings.sources)
        return [(state.label, counts[state]) for state in sorted(counts)]

    def sources(self, number: int, size: int = PAGE_ROWS) -> Page[Standing]:
        """Return a page of the sources, the most urgent first."""
        return Page.of(self.standings.sources[(number - 1) * size :], number, size)

    @property
    def troubled(self) -> list[Standing]:
        """The sources that have drifted."""
        return [standing for standing in self.standings.sources if standing.drifts]


def load_front(database: Database, standings: Standings) -> Front:
    """Return what the front page shows. Raises `WarehouseError`."""
    now = datetime.now(UTC)
    facts = [standing.facts for standing in standings.sources]
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        with database.cursor() as cursor:
            values = {"today": today, "first": today - timedelta(days=DAYS - 1), "now": now}
            by_day = records(cursor, _BY_DAY, values)
            [last_hour] = records(cursor, _LAST_HOUR, {"since": now - timedelta(hours=1)})
            newest = records(cursor, _NEWEST, {"since": now - timedelta(days=7)})
    except EmptyWarehouseError:
        by_day, last_hour, newest = [], dict.fromkeys(("runs", "failed_runs", *RUN_COUNTS), 0), []
    days, languages = count_days(by_day)
    reasons: Counter[str] = Counter()
    for row in facts:
        reasons.update(row.get("rejects_by_reason") or {})
    return Front(
        now,
        standings,
        days,
        [sum(counts) for counts in zip(*days.values(), strict=True)] or [0] * DAYS,
        languages.most_common(),
        reasons.most_common(),
        AddressCounts(*(sum(row.get(name) or 0 for row in facts) for name in ("articles", "rejects_open", "pending"))),
        {name: int(count or 0) for name, count in last_hour.items()},
        newest,
    )


def count_days(rows: Sequence[Record]) -> tuple[dict[str, list[int]], Counter[str]]:
    """Return the articles of each source a day, the oldest day first, and of each language."""
    days: dict[str, list[int]] = defaultdict(lambda: [0] * DAYS)
    languages: Counter[str] = Counter()
    for row in rows:
        days[row["source_id"]][DAYS - 1 - int(row["days_ago"])] += row["articles"]
        languages[row["language"]] += row["articles"]
    return days, languages
