"""Drift: what a source yields has changed against its own history; in what, since when, and by how much.

Of each measure a window of the last whole days is compared with windows of the same weekdays in the weeks before, so
that a weekend is compared with weekends. Windows are as short as `MIN_WINDOW_DOCUMENTS` allows: a day of a large
source, four weeks of a small one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from flows.monitoring.measures import (
    LANGUAGE,
    LANGUAGE_SENTENCE,
    MEASURES,
    Change,
    Row,
    Sample,
    compare,
    compare_mixes,
    pool_samples,
    share_of,
)
from flows.monitoring.mixes import Mix, pool_mixes
from warehouse.connect import records

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MIN_WINDOW_DOCUMENTS: Final = 30
# Days of a window, days from one to the one before, and how many earlier windows are compared.
WINDOWS: Final = ((1, 7, 8), (2, 7, 8), (4, 7, 8), (7, 7, 8), (14, 14, 6), (28, 28, 4))
MIN_HISTORY_WINDOWS: Final = 4  # with at least half of MIN_WINDOW_DOCUMENTS
# The robust z at which a drift begins: the lower one on two days in a row, the higher one on a single day. The drift
# goes on at a still lower z, so that a value at the edge is reported once.
MIN_Z_TWO_DAYS: Final = 4.0
MIN_Z_ONE_DAY: Final = 8.0
MIN_Z_GOING_ON: Final = 2.5
MIN_QUIET_DAYS: Final = 3  # in a row, before a drift is over
MAX_AGE_DAYS: Final = 28  # of a drift; by then the history has it as usual
HISTORY: Final = timedelta(days=MAX_AGE_DAYS + max(days + apart * before for days, apart, before in WINDOWS))

DayT = TypeVar("DayT", Sample, Mix)


@dataclass(frozen=True, slots=True)
class Drift:
    """A measure of a source that has changed, and has not changed back."""

    source_id: str
    measure: str
    since: date
    sentence: str


def find_drifts(source_id: str, days: Sequence[Row | None], last: date) -> Iterator[Drift]:
    """Yield the measures of a source that have changed, and not changed back.

    `days` has a row for each day up to the `last`, None for a day without articles. A source without a history that is
    long enough yields nothing.
    """
    for name, measure in MEASURES.items():
        samples = [measure.read(row) if row else Sample() for row in days]
        judge = partial(_judge, samples, lambda sample: sample.n, pool_samples, partial(compare, measure=measure))
        if drift := _follow(judge):
            sentence, format_value = measure.sentence, measure.format_value
            yield _drift(source_id, name, drift, samples, last, sentence, format_value)
    mixes: list[Mix] = [(row["languages"] or {}) if row else {} for row in days]
    if drift := _follow(partial(_judge, mixes, lambda mix: sum(mix.values()), pool_mixes, compare_mixes)):
        samples = [share_of(mix, drift[1].label) for mix in mixes]
        yield _drift(source_id, LANGUAGE, drift, samples, last, LANGUAGE_SENTENCE, "{:.0%}".format)


def _drift(
    source_id: str,
    measure: str,
    drift: tuple[int, Change],
    samples: Sequence[Sample],
    last: date,
    sentence: str,
    format_value: Callable[[float], str],
) -> Drift:
    days_ago, change = drift
    since = last - timedelta(days=_onset(samples, days_ago, change))
    now, usual = format_value(change.now), format_value(change.usual)
    return Drift(source_id, measure, since, sentence.format(now=now, usual=usual, since=since, label=change.label))


def has_history(days: Sequence[Row | None]) -> bool:
    """Return whether a source has enough articles, for long enough, to be compared with itself."""
    return _windows([row["articles"] if row else 0 for row in days]) is not None


def _windows(counts: Sequence[int]) -> list[list[slice]] | None:
    """Return the phases: the shortest last window with enough documents and those before it, then other weekdays.

    None without a history.
    """
    for length, apart, before in WINDOWS:
        phases = []
        for offset in (0, *range(length, apart - length + 1, length)):
            ends = (len(counts) - offset - apart * number for number in range(before + 1))
            phases.append([slice(end - length, end) for end in ends if end >= length])
        usable = [[window for window in phase if sum(counts[window]) >= MIN_WINDOW_DOCUMENTS / 2] for phase in phases]
        last = phases[0][:1]
        if last and sum(counts[last[0]]) >= MIN_WINDOW_DOCUMENTS and len(usable[0]) > MIN_HISTORY_WINDOWS:
            return [usable[0], *(phase for phase in usable[1:] if len(phase) >= MIN_HISTORY_WINDOWS)]
    return None


def _judge(
    days: Sequence[DayT],
    count: Callable[[DayT], int],
    pool: Callable[[Sequence[DayT]], DayT],
    compare_windows: Callable[[Sequence[Sequence[DayT]]], Change],
    days_ago: int,
) -> Change | None:
    """Compare the window that ended some days ago; None without a history."""
    days = days[: len(days) - days_ago]
    phases = _windows([count(day) for day in days])
    if phases is None:
        return None
    return compare_windows([[pool(days[window]) for window in phase] for phase in phases])


def _follow(judge: Callable[[int], Change | None]) -> tuple[int, Change] | None:
    """Return how many days ago the present drift was noticed, and the change as it is now; None without a drift."""
    # Most sources have none, and this check takes a tenth of the time.
    if not any(_score(judge(days_ago)) >= MIN_Z_GOING_ON for days_ago in range(MIN_QUIET_DAYS)):
        return None
    noticed: int | None = None
    latest, quiet_days, z_before = None, 0, 0.0
    for days_ago in reversed(range(MAX_AGE_DAYS)):
        change = judge(days_ago)
        z = _score(change)
        if noticed is None:
            z = z if change and change.is_new else 0.0
            if z >= (MIN_Z_TWO_DAYS if z_before >= MIN_Z_TWO_DAYS else MIN_Z_ONE_DAY):
                noticed, latest, quiet_days = days_ago, change, 0
            z_before = z
        elif z >= MIN_Z_GOING_ON:
            latest, quiet_days = change, 0
        else:
            quiet_days += 1
            noticed = None if quiet_days == MIN_QUIET_DAYS else noticed
    return None if noticed is None or latest is None else (noticed, latest)


def _score(change: Change | None) -> float:
    return abs(change.z) if change else 0.0


def _onset(samples: Sequence[Sample], days_ago: int, change: Change) -> int:
    """Return how many days ago it changed, no later than noticed: after the lowest point of a cumulative sum.

    What lies on the changed side of the middle adds, the rest takes away (Page, Continuous inspection schemes, 1954).
    """
    sign, middle = (1 if change.now > change.usual else -1), (change.now + change.usual) / 2
    noticed = len(samples) - 1 - days_ago
    total, lowest, onset = 0.0, 0.0, max(0, noticed - MAX_AGE_DAYS)
    for day in range(onset, noticed + 1):
        total += sign * (samples[day].mean - middle) * samples[day].n
        if total <= lowest:
            lowest, onset = total, day + 1
    return len(samples) - 1 - min(onset, noticed)


def load_days(connection: DuckDBPyConnection, now: datetime) -> dict[str, list[Row | None]]:
    """Load the rows of `quality_by_day` by source, one for each of the last whole days. Raises `WarehouseError`."""
    last = last_day(now)
    query = "FROM quality_by_day WHERE day > $1 AND day <= $2"
    days_by_source: dict[str, list[Row | None]] = {}
    for row in records(connection, query, [last - HISTORY, last]):
        days = days_by_source.setdefault(row["source_id"], [None] * HISTORY.days)
        days[(row["day"] - last).days - 1] = row
    return days_by_source


def last_day(now: datetime) -> date:
    """Return the last day in UTC that is over."""
    return now.astimezone(UTC).date() - timedelta(days=1)
