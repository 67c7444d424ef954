"""The closed lists: of stages, reasons, origins, outcomes. Each is a column somewhere."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    """The step at which a document was refused."""

    DISCOVER = "discover"
    FETCH = "fetch"
    EXTRACT = "extract"
    STRIP = "strip"
    NORMALISE = "normalise"
    DEDUPE = "dedupe"


class Reason(StrEnum):
    """Why a document did not become an article."""

    VANISHED = "vanished"
    UNREADABLE = "unreadable"
    FETCH_FAILED = "fetch_failed"
    DISALLOWED = "disallowed"
    TOO_LARGE = "too_large"
    EMPTY = "empty"
    BINARY = "binary"
    BAD_GZIP = "bad_gzip"
    BAD_RECORD = "bad_record"
    NO_ARTICLE = "no_article"
    NOT_AN_ARTICLE = "not_an_article"
    FRONT_PAGE = "front_page"
    CONSENT_WALL = "consent_wall"
    CHALLENGE = "challenge"
    SOFT_404 = "soft_404"
    LOGIN_WALL = "login_wall"
    NEEDS_JAVASCRIPT = "needs_javascript"
    MAINTENANCE = "maintenance"
    REGION_BLOCK = "region_block"
    DUPLICATE = "duplicate"
    FORGOTTEN = "forgotten"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"


# A page came in the place of the article, which may come another time.
STAND_INS: Final = frozenset({
    Reason.NOT_AN_ARTICLE, Reason.FRONT_PAGE, Reason.CONSENT_WALL, Reason.CHALLENGE, Reason.SOFT_404, Reason.LOGIN_WALL,
    Reason.NEEDS_JAVASCRIPT, Reason.MAINTENANCE, Reason.REGION_BLOCK,
})  # fmt: skip


class LineReason(StrEnum):
    """What a line taken out of a text was."""

    TITLE = "title"
    BYLINE = "byline"
    DATE_LINE = "date_line"
    SECTION = "section"
    CAPTION = "caption"
    CREDIT = "credit"
    AGENCY = "agency"
    TAGS = "tags"
    RELATED = "related"
    MENU = "menu"
    SHARE = "share"
    COMMENT = "comment"
    NEWSLETTER = "newsletter"
    LEGAL = "legal"
    SECOND_ARTICLE = "second_article"
    BOILERPLATE = "boilerplate"
    SITE_RULE = "site_rule"
    HABIT = "habit"


class Origin(StrEnum):
    """Where a field's value was found, most trusted first."""

    RECORD = "record"
    JSON_LD = "json-ld"
    MICRODATA = "microdata"
    OPEN_GRAPH = "open-graph"
    META = "meta"
    FEED = "feed"
    HTML = "html"
    TRAFILATURA = "trafilatura"
    TEXT = "text"
    URL = "url"
    SOURCE = "source"


class Precision(StrEnum):
    """How much of a date the article states."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    MINUTE = "minute"
    SECOND = "second"


class Zone(StrEnum):
    """Where a date's time zone comes from: printed with it, set for the source, or taken to be UTC."""

    EXPLICIT = "explicit"
    SOURCE = "source"
    ASSUMED = "assumed"


class Outcome(StrEnum):
    """The one count in which a document ends."""

    STORED = "stored"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    FAILED = "failed"
    PENDING = "pending"


class Purpose(StrEnum):
    """What a capture was read for."""

    DOCUMENT = "document"
    """To become an article."""
    LISTING = "listing"
    """For what it names: a feed, a sitemap, a section page that is an input of its source."""
    GAP_REPAIR = "gap_repair"
    """A listing, for what came and went between two polls of a feed."""
    BACKFILL = "backfill"
    """A listing, for the days that a backfill goes back to."""
    ROBOTS = "robots"
    """A robots.txt."""


class RunKind(StrEnum):
    """What a run takes in."""

    INGEST = "ingest"
    """All that its source's inputs name."""
    ADDRESSES = "addresses"
    """Some known addresses again."""
    SHARD = "shard"
    """One part of a source, with other runs beside it."""


class RunStatus(StrEnum):
    """How a run ended; before that it is `running`, and has no row.

    The source's next run lands the row of one that was killed, as `interrupted`.
    """

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class HabitPlace(StrEnum):
    """Where in a text a line that its site repeats is taken out; each place includes those before it."""

    END = "end"
    INSIDE = "inside"
    ANYWHERE = "anywhere"
    TITLE = "title"
    """No line: the origin whose title the source's feed has too."""
