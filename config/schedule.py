"""When a source has its turns: five cron fields, a word such as `@hourly`, or `every 20 minutes`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

WORDS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}
"""Words that leave the minute open: each source gets one of its own."""
_EVERY: Final = re.compile(r"every (?:(\d{1,5}) )?(minute|hour|day)s?")
_CURE: Final = "not five cron fields such as '*/20 * * * *', @hourly or @daily, nor 'every 20 minutes'"


def read_schedule(printed: str) -> str | timedelta:
    """A schedule as five cron fields, or as the time between two turns. Raises ValueError."""
    if found := _EVERY.fullmatch(printed):
        period = int(found[1] or 1) * timedelta(**{f"{found[2]}s": 1})
        if period < timedelta(minutes=1):
            raise ValueError("a source has its turn once a minute at most")
        return period
    cron = WORDS.get(printed, printed)
    if len(cron.split()) != 5:  # noqa: PLR2004
        raise ValueError(_CURE)
    try:
        # One that has no next turn, such as 30 February, is found out only by asking for it.
        next(CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        raise ValueError(f"{_CURE}: {error or 'it never has a turn'}") from None
    return cron


def turns(printed: str, zone: str | None, since: datetime) -> Iterator[datetime]:
    """The turns after a moment, in order and without end; cron fields are read in the zone, else in UTC."""
    schedule = read_schedule(printed)
    if isinstance(schedule, timedelta):
        while True:
            since += schedule
            yield since
    for turn in CronSim(schedule, since.astimezone(ZoneInfo(zone or "UTC"))):
        yield turn.astimezone(UTC)
