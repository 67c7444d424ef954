"""When to look at a feed, a sitemap or a section page again: deciders without a clock, a network or a memory.

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

KNOWN_SHARE: Final = (0.33, 0.67)
"""How many of a listing's entries should be known already: fewer, and some may have come and gone unseen; more, and
the server was asked for nothing."""
SHORTEST: Final = timedelta(minutes=10)
LONGEST: Final = timedelta(hours=24)
FIRST: Final = timedelta(minutes=30)
"""Until the second look at a listing that does not tell how often it changes."""
LONGEST_FAILING: Final = timedelta(days=30)
MOST_UNCHANGED: Final = 3
"""Answers `304 Not Modified` in a row, before the listing is asked for without conditions."""

LARGEST_WINDOW: Final = 100
"""Entries of a longer listing are counted as so many, or a sitemap of 50,000 would be looked at once a day."""
LONGEST_HINT: Final = timedelta(hours=1)
NONE_KNOWN: Final = 0.25
"""Times the interval where nothing was known: how much was missed cannot be told."""
MOST_GROWTH: Final = 1.5
FEWEST_DATES: Final = 3
MOST_DOUBLINGS: Final = 20

_TARGET: Final = sum(KNOWN_SHARE) / 2


class Failure(Enum):
    """What a look at a listing that gave nothing weighs."""

    HARD = 1.0
    """It will stay so until somebody acts: 404, 410, a bad certificate, disallowed, not a listing."""
    SOFT = 0.5
    """It may pass: 5xx, time-outs, no connection."""
    TEMPORARY = 0.25
    """The server says when to come back: 429 and 503 with Retry-After."""


def next_interval(
    previous: timedelta | None,
    entries: int,
    known: int,
    hint_minutes: float | None = None,
    printed: Sequence[datetime] = (),
) -> timedelta:
    """How long to wait after a listing was read, of whose `entries` so many were `known`; a 304 knows all of them.

    Where the known share lies inside the band the interval stays; outside it goes towards the middle, down at once
    and up by half at a time, as a quiet night must not stretch it beyond what the morning fills. `previous` is None
    at the first look, which goes by the dates `printed` in the listing. Its own hint (ttl) only lengthens the
    interval, to an hour at most, and only while no entry is at risk: many state a day and change by the minute.
    """
    window = min(entries, LARGEST_WINDOW)
    new = min(1.0, (entries - known) / window) if window else 0.0
    if previous is None:
        interval = _estimate(printed) or FIRST
    elif known == 0 and entries:
        interval = previous * NONE_KNOWN
    elif 1 - new < KNOWN_SHARE[0] or 1 - new > KNOWN_SHARE[1]:
        interval = previous * (min(_TARGET / new, MOST_GROWTH) if new else MOST_GROWTH)
    else:
        interval = previous
    if hint_minutes is not None and math.isfinite(hint_minutes) and (previous is None or 1 - new >= KNOWN_SHARE[0]):
        interval = max(interval, LONGEST_HINT * min(max(hint_minutes, 0) / 60, 1))
    return min(max(interval, SHORTEST), LONGEST)


def _estimate(printed: Sequence[datetime]) -> timedelta | None:
    """The time in which the newer half of the entries came: after so long again, half of them will be new."""
    newest = sorted(printed, reverse=True)[:LARGEST_WINDOW]
    if len(newest) < FEWEST_DATES or newest[0] == newest[-1]:
        return None
    return newest[0] - newest[len(newest) // 2]


def weigh(http_status: int | None = None, *, until: datetime | None = None, final: bool = False) -> Failure:
    """What a failure weighs: by the answer's status, whether it said `until` when to wait, or `final` where no status
    tells that nothing will change by itself: a bad certificate, disallowed by robots.txt, not a listing."""
    if final or http_status in {400, 401, 403, 404, 405, 406, 410, 451}:
        return Failure.HARD
    if until is not None and http_status in {None, 429, 503}:
        return Failure.TEMPORARY
    return Failure.SOFT


def retry_interval(interval: timedelta | None, failures: float) -> timedelta:
    """How long to wait after a failure: twice as long for each weight of 1 since the last success, 30 days at most."""
    usual = min(max(interval or FIRST, SHORTEST), LONGEST)
    return min(usual * 2 ** min(max(failures, 0.0), MOST_DOUBLINGS), LONGEST_FAILING)


def sends_validators(endpoint: Endpoint) -> bool:
    """Whether to ask `only if it changed`: not of a server whose validators lied, nor after three 304 in a row."""
    has_any = endpoint.etag is not None or endpoint.last_modified is not None
    return has_any and not endpoint.lied and endpoint.unchanged_in_row < MOST_UNCHANGED


def suspects_gap(endpoint: Endpoint, entries: int, known: int) -> bool:
    """Whether entries may have come and gone since the last look: there are some, and not one is known."""
    return entries > 0 and known == 0 and endpoint.read_at is not None


def gap_window(endpoint: Endpoint, printed: Sequence[datetime], now: datetime) -> tuple[datetime, datetime] | None:
    """From when to when an article was published that a gap may hide: last read to oldest entry since, else `now`.

    None for a listing that was never read: nothing is known to be missing from it. An entry from before the last
    look is passed over: some feeds keep an old one pinned.
    """
    if endpoint.read_at is None or endpoint.read_at >= now:
        return None
    return endpoint.read_at, min((date for date in printed if endpoint.read_at < date <= now), default=now)
