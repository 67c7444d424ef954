"""What the warehouse holds of the listings that a source polls: feeds, sitemaps, section pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from warehouse.archive.writer import Earlier
from warehouse.connect import connect, rows
from warehouse.model.records import LISTED
from warehouse.model.vocabulary import Purpose, RunStatus

CLOCKS: Final = timedelta(minutes=1)
"""By how much the clocks of two machines may differ."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One listing as its last polls left it."""

    url: str
    polled_at: datetime | None = None
    """When it was last asked for."""
    next_poll_at: datetime | None = None
    read_at: datetime | None = None
    """When it was last read whole; a server that says 304 may have hidden entries since."""
    interval: timedelta | None = None
    """Between two looks while all goes well; failures do not change it."""
    failures: float = 0.0
    """Sum of their weights since it was last read."""
    unchanged_in_row: int = 0
    """Answers 304 since it was last sent whole."""
    moved_to: str | None = None
    capture_id: str | None = None
    """Of the last whole answer; with what follows."""
    fetched_at: datetime | None = None
    etag: str | None = None
    last_modified: str | None = None
    payload_digest: str | None = None
    media_type: str | None = None
    charset: str | None = None
    final_url: str | None = None
    lied: bool = False
    """Whether the same validators once stood for two different bodies."""

    @property
    def earlier(self) -> Earlier | None:
        """The capture of the last whole answer, for one that finds the same."""
        if self.capture_id is None or self.fetched_at is None or self.payload_digest is None:
            return None
        return Earlier(
            self.capture_id,
            self.final_url or self.url,
            self.fetched_at,
            self.payload_digest,
            self.etag,
            self.last_modified,
            self.media_type,
            self.charset,
        )


def load_endpoints(root: str, source_id: str, now: datetime) -> tuple[dict[str, Endpoint], datetime | None]:
    """Return the listings of a source by URL, and the start of the first of its runs that were killed last.

    What a clock wrote that was ahead of `now` is not believed: nothing would be due before that day.
    Raises `WarehouseError`.
    """
    with connect(root) as connection:
        poll_rows = rows(connection, _QUERY, [source_id, now + CLOCKS])
        ((killed_since,),) = rows(connection, _KILLED, [source_id, now + CLOCKS])
    endpoint_rows = ([*row[:4], row[4] and timedelta(seconds=row[4]), *row[5:]] for row in poll_rows)
    return {row[0]: Endpoint(*row) for row in endpoint_rows}, killed_since


_QUERY: Final = f"""
    WITH poll AS (
        SELECT
            endpoint AS url,
            max(polled_at) AS polled_at,
            arg_max(next_poll_at, polled_at) AS next_poll_at,
            max(polled_at) FILTER (WHERE error IS NULL AND http_status IS DISTINCT FROM 304) AS read_at,
            -- Seconds: differences of times with a zone are an extension's.
            arg_max(epoch(next_poll_at) - epoch(polled_at), polled_at) FILTER (WHERE error IS NULL) AS seconds,
            arg_max(failures, polled_at) AS failures,
            arg_max(moved_to, polled_at) AS moved_to,
            list(http_status ORDER BY polled_at DESC) AS statuses
        FROM polls WHERE source_id = $1 AND polled_at <= $2 GROUP BY endpoint
    ),
    whole AS (
        SELECT url, capture_id, fetched_at, etag, last_modified, payload_digest, media_type, charset, final_url
        FROM captures
        WHERE source_id = $1 AND fetched_at <= $2 AND outcome = '{LISTED}' AND purpose = '{Purpose.LISTING}'
            AND http_status = 200 AND payload_bytes > 0 AND is_read
        QUALIFY row_number() OVER (PARTITION BY url ORDER BY fetched_at DESC) = 1
    ),
    liar AS (
        SELECT DISTINCT url
        FROM captures
        WHERE source_id = $1 AND outcome = '{LISTED}' AND purpose = '{Purpose.LISTING}' AND http_status = 200
            AND payload_bytes > 0 AND (etag IS NOT NULL OR last_modified IS NOT NULL)
        GROUP BY url, etag, last_modified HAVING count(DISTINCT payload_digest) > 1
    )
    SELECT
        url, polled_at, next_poll_at, read_at, seconds, coalesce(failures, 0),
        coalesce(list_position(list_transform(statuses, lambda status: status IS DISTINCT FROM 304), true) - 1,
            len(statuses), 0),
        moved_to, capture_id, fetched_at, etag, last_modified, payload_digest, media_type, charset, final_url,
        url IN (SELECT url FROM liar)
    FROM poll FULL JOIN whole USING (url)
"""  # noqa: S608  a value of ours

_KILLED: Final = f"""
    SELECT min(started_at) FROM runs
    WHERE source_id = $1 AND status IN ('{RunStatus.RUNNING}', '{RunStatus.INTERRUPTED}') AND started_at <= $2
        AND started_at > coalesce(
        -- One of named addresses, which has no digest, looked at no listing.
        (SELECT max(started_at) FROM runs
         WHERE source_id = $1 AND started_at <= $2 AND config_digest <> ''
            AND status IN ('{RunStatus.SUCCEEDED}', '{RunStatus.FAILED}')),
        '0001-01-01 00:00:00+00'
    )
"""  # noqa: S608  values of ours
