"""Parse the schedule of a source: five cron fields, a word such as `@hourly`, or `every 20 minutes`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

# Words that leave the minute open: each source gets its own minute.
WORDS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}
MIN_PERIOD: Final = timedelta(minutes=1)
MAX_PERIOD: Final = timedelta(days=30)
_MINUTE: Final = timedelta(minutes=1)
_UNITS: Final = {"minute": _MINUTE, "min": _MINUTE, "hour": timedelta(hours=1), "day": timedelta(days=1)}
_EVERY: Final = re.compile(r"every (?:(\d{1,5}) )?(minute|hour|day|min)s?")
_STEP: Final = re.compile(r"\*/(\d{1,5})")
_CURE: Final = "not five cron fields such as '*/20 * * * *', @hourly or @daily, nor 'every 20 minutes'"


def read_period(text: str) -> timedelta:
    """Parse `10 minutes`, `2 hours` or `1 day`, with or without `every` before it. Raises ValueError."""
    match = _EVERY.fullmatch(f"every {text.removeprefix('every ')}")
    period = int(match[1] or 1) * _UNITS[match[2]] if match else timedelta()
    if not MIN_PERIOD <= period <= MAX_PERIOD:
        raise ValueError("not a time such as '10 minutes', '2 hours' or '1 day', from 1 minute to 30 days")
    return period


def read_schedule(text: str) -> str | timedelta:
    """Parse a schedule to five cron fields, or to the time between two turns. Raises ValueError."""
    if every := _EVERY.fullmatch(text):
        period = int(every[1] or 1) * _UNITS[every[2]]
        if period < MIN_PERIOD:
            raise ValueError("a source has its turn once a minute at most")
        return period
    cron = WORDS.get(text, text)
    if len(cron.split()) != 5:  # noqa: PLR2004
        raise ValueError(_CURE)
    for step, unit, length in zip(cron.split(), ("minutes", "hours"), (60, 24), strict=False):
        # Cron counts from 0 in each hour or day, and would give the source other turns than were meant.
        if (match := _STEP.fullmatch(step)) and int(match[1]) > length:
            cure = f"write 'every {match[1]} {unit}'"
            raise ValueError(f"'{step}' is a longer step than the {length} {unit} that it counts in; {cure}")
    try:
        # Only computing the next turn reveals that there is none, as for 30 February.
        next(CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        raise ValueError(f"{_CURE}: {error or 'it never has a turn'}") from None
    return cron


def turns(text: str, zone: str | None, since: datetime) -> Iterator[datetime]:
    """Return the turns after a time, in order and without end; cron fields are in the time zone, or in UTC."""
    schedule = read_schedule(text)
    if isinstance(schedule, timedelta):
        while True:
            since += schedule
            yield since
    for turn in CronSim(schedule, since.astimezone(ZoneInfo(zone or "UTC"))):
        yield turn.astimezone(UTC)
