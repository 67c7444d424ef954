"""Whether what a source yields has changed against its own history, in what, since when, and by how much.

Of each measure a window of the last whole days is compared with windows of the same weekdays in the weeks before, so
that a weekend is compared with weekends. Windows are as short as `ENOUGH` documents allow: a day of a large source,
four weeks of a small one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from flows.monitoring.measures import (
    LANGUAGE,
    LANGUAGE_TOLD,
    MEASURES,
    Change,
    Measure,
    Row,
    Sample,
    compare,
    compare_mixes,
    part_of,
    pool,
)
from flows.monitoring.mixes import Mix, pool_mixes
from warehouse.connect import rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ENOUGH: Final = 30
"""Documents of a window that is judged."""
WINDOWS: Final = ((1, 7, 8), (2, 7, 8), (4, 7, 8), (7, 7, 8), (14, 14, 6), (28, 28, 4))
"""Days of a window, days from one to the one before, and how many before it are looked at."""
FEWEST: Final = 4
"""Windows with at least half of `ENOUGH` documents that make a history."""
BEGINS: Final = 4.0
"""Robust z from which on something has changed, two days in a row; `CERTAIN` is enough by itself.

`CONTINUES` holds it, so that a value at the edge is told once."""
CERTAIN: Final = 8.0
CONTINUES: Final = 2.5
QUIET_DAYS: Final = 3
"""Days in a row on which it is as usual again, before it is over."""
LOOKS_BACK: Final = 28
"""Days on which a change may have begun and still be told; by then the history holds it as usual."""
HISTORY: Final = timedelta(days=LOOKS_BACK + max(days + apart * before for days, apart, before in WINDOWS))


@dataclass(frozen=True, slots=True)
class Drift:
    """One measure of a source that has changed, and has not changed back."""

    source_id: str
    measure: str
    since: date
    sentence: str


def find_drifts(source_id: str, days: Sequence[Row | None], last: date) -> Iterator[Drift]:
    """What has changed at a source, and not changed back.

    `days` holds a row for each day up to the `last`, None where nothing came. A source without a history long enough
    yields nothing.
    """
    for name, measure in MEASURES.items():
        samples = [measure.read(row) if row else Sample() for row in days]
        if found := _follow(partial(_judge, samples, measure)):
            yield _drift(source_id, name, found, samples, last, measure.told, measure.shown)
    mixes: list[Mix] = [(row["languages"] or {}) if row else {} for row in days]
    if found := _follow(partial(_judge_mixes, mixes)):
        parts = [part_of(mix, found[1].label) for mix in mixes]
        yield _drift(source_id, LANGUAGE, found, parts, last, LANGUAGE_TOLD, "{:.0%}".format)


def _drift(
    source_id: str,
    measure: str,
    found: tuple[int, Change],
    samples: Sequence[Sample],
    last: date,
    words: str,
    shown: Callable[[float], str],
) -> Drift:
    ago, change = found
    since = last - timedelta(days=_onset(samples, ago, change))
    told = words.format(now=shown(change.now), usual=shown(change.usual), since=since, label=change.label)
    return Drift(source_id, measure, since, told)


def has_history(days: Sequence[Row | None]) -> bool:
    """Whether a source has yielded enough, for long enough, that its articles are judged."""
    return _windows([row["articles"] if row else 0 for row in days]) is not None


def _windows(counts: Sequence[int]) -> list[list[slice]] | None:
    """The shortest window at the end that holds enough documents, and those before it; then those of other weekdays.

    None without a history.
    """
    for length, apart, before in WINDOWS:
        phases = []
        for offset in (0, *range(length, apart - length + 1, length)):
            ends = (len(counts) - offset - apart * number for number in range(before + 1))
            phases.append([slice(end - length, end) for end in ends if end >= length])
        known = [[part for part in phase if sum(counts[part]) >= ENOUGH / 2] for phase in phases]
        own = phases[0][:1]
        if own and sum(counts[own[0]]) >= ENOUGH and len(known[0]) > FEWEST:
            return [known[0], *(phase for phase in known[1:] if len(phase) >= FEWEST)]
    return None


def _judge(samples: Sequence[Sample], measure: Measure, ago: int) -> Change | None:
    """How it stood some days ago."""
    samples = samples[: len(samples) - ago]
    found = _windows([one.n for one in samples])
    return None if found is None else compare([[pool(samples[part]) for part in phase] for phase in found], measure)


def _judge_mixes(mixes: Sequence[Mix], ago: int) -> Change | None:
    mixes = mixes[: len(mixes) - ago]
    found = _windows([sum(mix.values()) for mix in mixes])
    return None if found is None else compare_mixes([[pool_mixes(mixes[part]) for part in phase] for phase in found])


def _follow(judge: Callable[[int], Change | None]) -> tuple[int, Change] | None:
    """How many days ago it was found that what is changed now had changed, and how it is now."""
    # Most sources are well, and seeing that takes a tenth of the time.
    if not any(_score(judge(ago)) >= CONTINUES for ago in range(QUIET_DAYS)):
        return None
    found: int | None = None
    latest, quiet, before = None, 0, 0.0
    for ago in reversed(range(LOOKS_BACK)):
        change = judge(ago)
        z = _score(change)
        if found is None:
            z = z if change and change.is_new else 0.0
            if z >= (BEGINS if before >= BEGINS else CERTAIN):
                found, latest, quiet = ago, change, 0
            before = z
        elif z >= CONTINUES:
            latest, quiet = change, 0
        else:
            quiet += 1
            found = None if quiet == QUIET_DAYS else found
    return None if found is None or latest is None else (found, latest)


def _score(change: Change | None) -> float:
    return abs(change.z) if change else 0.0


def _onset(samples: Sequence[Sample], ago: int, change: Change) -> int:
    """How many days ago it changed, at the latest when that was found: after the lowest point of a cumulative sum.

    What lies on the changed side of the middle adds, the rest takes away (Page, Continuous inspection schemes, 1954).
    """
    sign, middle = (1 if change.now > change.usual else -1), (change.now + change.usual) / 2
    found = len(samples) - 1 - ago
    total, lowest, onset = 0.0, 0.0, max(0, found - LOOKS_BACK)
    for day in range(onset, found + 1):
        total += sign * (samples[day].mean - middle) * samples[day].n
        if total <= lowest:
            lowest, onset = total, day + 1
    return len(samples) - 1 - min(onset, found)


def load_days(connection: DuckDBPyConnection, now: datetime) -> dict[str, list[Row | None]]:
    """Rows of `quality_by_day` for each source, one for each of the last whole days. Raises `WarehouseError`."""
    last = last_day(now)
    held = rows(connection, "FROM quality_by_day WHERE day > $1 AND day <= $2", [last - HISTORY, last])
    names = [column[0] for column in connection.description or ()]
    found: dict[str, list[Row | None]] = {}
    for values in held:
        row = dict(zip(names, values, strict=True))
        days = found.setdefault(row["source_id"], [None] * HISTORY.days)
        days[(row["day"] - last).days - 1] = row
    return found


def last_day(now: datetime) -> date:
    """The last day in UTC that is over."""
    return now.astimezone(UTC).date() - timedelta(days=1)
