"""Times as whole numbers: microseconds since 1970 in UTC, which is what the tables and their footers hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

MAX_MACHINE_CLOCK_DIFFERENCE: Final = timedelta(minutes=1)
"""Between the clocks of two machines that write to one data root."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def moment(microseconds: int) -> datetime:
    """Return the time, in UTC, of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def microseconds_of(time: datetime) -> int:
    """Return the microseconds from 1970 to a time."""
    return (time - _EPOCH) // _MICROSECOND
