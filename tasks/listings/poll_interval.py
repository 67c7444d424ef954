"""When to poll a feed, a sitemap or a section page again: decisions without a clock, a network or a memory.

Numbers: the share of known entries that is aimed at, the bounds of the interval, the weights of failures and the
30 days follow what open feed fetchers, Media Cloud's above all, have settled on. How fast an interval grows, and how
often a 304 is checked by asking without conditions, are our own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from warehouse.state.endpoints import Endpoint

# The share of a listing's entries that should be known already: with fewer, some may have come and gone unseen; with
# more, the request was for nothing.
MIN_KNOWN_SHARE: Final = 0.33
MAX_KNOWN_SHARE: Final = 0.67
MIN_INTERVAL: Final = timedelta(minutes=10)
MAX_INTERVAL: Final = timedelta(hours=24)
FIRST_INTERVAL: Final = timedelta(minutes=30)  # unless a listing's dates show how often it changes
MAX_RETRY_INTERVAL: Final = timedelta(days=30)
MAX_UNCHANGED_POLLS: Final = 3  # `304 Not Modified` in a row, before a request without conditions

# Entries of a longer listing are counted as so many, or a sitemap of 50,000 would be polled once a day.
MAX_WINDOW_ENTRIES: Final = 100
MAX_HINT: Final = timedelta(hours=1)
NONE_KNOWN_FACTOR: Final = 0.25  # how much was missed is not known
MAX_GROWTH_FACTOR: Final = 1.5
MIN_DATES: Final = 3
MAX_DOUBLINGS: Final = 20

_TARGET_SHARE: Final = (MIN_KNOWN_SHARE + MAX_KNOWN_SHARE) / 2


class Failure(Enum):
    """The weight of a failed poll."""

    HARD = 1.0  # stays until somebody acts: 404, 410, a bad certificate, disallowed, not a listing
    SOFT = 0.5  # may pass: 5xx, time-outs, no connection
    TEMPORARY = 0.25  # the server says when to come back: 429 and 503 with Retry-After


def next_interval(
    previous: timedelta | None,
    entries: int,
    known: int,
    hint_minutes: float | None = None,
    dates: Sequence[datetime] = (),
) -> timedelta:
    """Return the time to the next poll of a listing that had `entries`, so many of them `known`; a 304 knows all.

    If the known share lies inside the band the interval stays; outside it goes towards the middle, down at once and up
    by half at a time, as a quiet night must not stretch it beyond what the morning fills. `previous` is None at the
    first poll, which goes by the `dates` in the listing. The listing's own hint (ttl) only lengthens the interval, to
    an hour at most, and only while no entry is at risk: many hint at a day and change by the minute.
    """
    window = min(entries, MAX_WINDOW_ENTRIES)
    new = min(1.0, (entries - known) / window) if window else 0.0
    if previous is None:
        interval = _estimate(dates) or FIRST_INTERVAL
    elif known == 0 and entries:
        interval = previous * NONE_KNOWN_FACTOR
    elif not MIN_KNOWN_SHARE <= 1 - new <= MAX_KNOWN_SHARE:
        interval = previous * (min(_TARGET_SHARE / new, MAX_GROWTH_FACTOR) if new else MAX_GROWTH_FACTOR)
    else:
        interval = previous
    if hint_minutes is not None and math.isfinite(hint_minutes) and (previous is None or 1 - new >= MIN_KNOWN_SHARE):
        interval = max(interval, MAX_HINT * min(max(hint_minutes, 0) / 60, 1))
    return min(max(interval, MIN_INTERVAL), MAX_INTERVAL)


def _estimate(dates: Sequence[datetime]) -> timedelta | None:
    """Return the time in which the newer half of the entries came: after so long again, half of them will be new."""
    newest = sorted(dates, reverse=True)[:MAX_WINDOW_ENTRIES]
    if len(newest) < MIN_DATES or newest[0] == newest[-1]:
        return None
    return newest[0] - newest[len(newest) // 2]


def classify_failure(http_status: int | None = None, *, until: datetime | None = None, final: bool = False) -> Failure:
    """Classify a failure by its status and by whether the server said `until` when to wait.

    `final` is a failure without such a status that will not pass by itself: a bad certificate, disallowed by
    robots.txt, not a listing.
    """
    if final or http_status in {400, 401, 403, 404, 405, 406, 410, 451}:
        return Failure.HARD
    if until is not None and http_status in {None, 429, 503}:
        return Failure.TEMPORARY
    return Failure.SOFT


def retry_interval(interval: timedelta | None, failures: float) -> timedelta:
    """Return the wait after a failure: doubled for each weight of 1 since the last success, 30 days at most."""
    usual = min(max(interval or FIRST_INTERVAL, MIN_INTERVAL), MAX_INTERVAL)
    return min(usual * 2 ** min(max(failures, 0.0), MAX_DOUBLINGS), MAX_RETRY_INTERVAL)


def sends_validators(endpoint: Endpoint) -> bool:
    """Return whether to request conditionally: not if the server's validators lied, nor after three 304 in a row."""
    has_any = endpoint.etag is not None or endpoint.last_modified is not None
    return has_any and not endpoint.lied and endpoint.unchanged_in_row < MAX_UNCHANGED_POLLS


def suspects_gap(endpoint: Endpoint, entries: int, known: int) -> bool:
    """Return whether entries may have come and gone since the last poll: there are some, and not one is known."""
    return entries > 0 and known == 0 and endpoint.read_at is not None


def gap_window(endpoint: Endpoint, dates: Sequence[datetime], now: datetime) -> tuple[datetime, datetime] | None:
    """Return when articles that a gap may hide were published: from the last read to the oldest entry since, or `now`.

    None for a listing that was never read: nothing is known to be missing from it. An entry from before the last poll
    is passed over: some feeds keep an old one pinned.
    """
    if endpoint.read_at is None or endpoint.read_at >= now:
        return None
    return endpoint.read_at, min((date for date in dates if endpoint.read_at < date <= now), default=now)
