"""The types that flow through the pipeline, in the order in which an article meets them.

    Item -> Fetched -> RawArticle -> ExtractedArticle -> Article | Rejection

A stage's type says what may be trusted: bytes in a `RawArticle` are safe in the archive, nothing in an
`ExtractedArticle` has been checked, everything in an `Article` has. `Article`, `Capture` and `Rejection` are rows of
tables too, as are the accounts in `warehouse.model.rows`; `warehouse.model.schema` gives each its Arrow schema.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from warehouse.model.vocabulary import LineReason, Origin, Outcome, Precision, Purpose, Reason, Stage, Zone


@dataclass(frozen=True, slots=True)
class Candidate:
    """One statement of one column of `articles`, by one origin; several values for a list column."""

    field: str
    values: tuple[str, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Item:
    """One discovered address, and what the place that named it says of it."""

    source_id: str
    url: str
    """Absolute; `file:` for a file, with a fragment for a record inside one."""
    guid: str
    """What identifies the article for good: a record's own id, a path inside the folder, else the address."""
    found_in: str
    """Address of the folder, file or feed that named it."""
    seen_at: datetime
    candidates: tuple[Candidate, ...] = ()
    is_record: bool = False
    """One of several documents inside a file; the file may hold an address's old and new form at once."""
    modified: str | None = None
    """When the place that named it says that it last changed: ISO 8601 in UTC once it was read; later is news."""
    purpose: Purpose = Purpose.DOCUMENT
    """What it is read for."""

    def reject(self, stage: Stage, reason: Reason, detail: str) -> Rejection:
        """Return the refusal of a document that was not archived."""
        return Rejection(self.source_id, self.url, None, stage, reason, detail)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request and what came of it, as the archive keeps it."""

    url: str
    """Asked for; it never holds a password."""
    started_at: datetime
    request_headers: tuple[tuple[str, str], ...] = ()
    http_version: str = "HTTP/1.1"
    status: int | None = None
    """None where there was no answer."""
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """Of the answer, as they came."""
    content: bytes = b""
    """The answer's body, freed of its content codings; its beginning at most where `error` says so."""
    ip_address: str | None = None
    error: str | None = None
    """Why there was no answer, or not a whole one."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes behind an address, as they came; not archived yet."""

    item: Item
    content: bytes
    fetched_at: datetime
    media_type: str | None = None
    charset: str | None = None
    """As declared by the transport; a file declares none."""
    final_url: str | None = None
    http_status: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    exchanges: tuple[Exchange, ...] = ()
    """All that was said over HTTP to get it, redirects and failed attempts too; the last one gave the content."""

    @property
    def payload_digest(self) -> str:
        """`sha256:` and 64 hex digits, of the bytes as they came."""
        return "sha256:" + hashlib.sha256(self.content).hexdigest()


LISTED: Final = "listed"
"""The outcome of a capture that was read for what it names: a feed, a sitemap, a section page, robots.txt."""
RECOVERED: Final = "recovered"
"""The outcome of a capture that a killed run had archived, going no further."""
FORGOTTEN: Final = "forgotten"
"""The outcome of a capture whose content was taken down."""


@dataclass(frozen=True, slots=True)
class Capture:
    """A row of `captures`: one response or file that was read, and where the archive holds it."""

    capture_id: str
    """UUID of the WARC record."""
    source_id: str
    """Name of the source, as in `config/sources`."""
    run_id: str
    """The run that read it."""
    url: str
    """Address that was asked for, or of the file."""
    final_url: str | None
    """Address that answered; NULL where that is `url`."""
    fetched_at: datetime
    """When it was read, in UTC."""
    http_status: int | None
    """Status of the answer; NULL for a file and where there was no answer."""
    media_type: str | None
    """As declared by the server, or told from a file's name."""
    charset: str | None
    """As declared by the server; a file declares none."""
    etag: str | None
    """Validator that the server sent, for the next conditional request."""
    last_modified: str | None
    """Validator that the server sent, as it was printed."""
    payload_digest: str
    """`sha256:` and 64 hex digits, of the content as it came; empty once it was taken down."""
    payload_bytes: int
    """Length of the content; 0 for an answer 304 and for what was taken down."""
    warc_filename: str
    """WARC file that holds it, relative to the data root; empty where it is past the time that the archive keeps."""
    warc_offset: int
    """Where its gzip member begins in the WARC file, in bytes; 0 without a file."""
    warc_length: int
    """Length of its gzip member, in bytes; 0 without a file."""
    outcome: str
    """What came of it: an outcome of a document, or `listed`, `recovered`, `forgotten`."""
    error: str | None = None
    """Why it could not be read, or not all of it."""
    is_read: bool = True
    """False where nothing could be read of it: a request that failed, a listing that is none."""
    purpose: Purpose = Purpose.DOCUMENT
    """What it was read for: `document`, `listing`, `gap_repair`, `backfill` or `robots`."""

    @classmethod
    def of(
        cls, fetched: Fetched, *, capture_id: str = "", run_id: str = "", warc_filename: str = "", warc_offset: int = 0
    ) -> Capture:
        """Return the `pending` capture of a fetched document; without a file name, it is not in the archive yet."""
        return cls(
            capture_id=capture_id,
            source_id=fetched.item.source_id,
            run_id=run_id,
            url=fetched.item.url,
            final_url=fetched.final_url,
            fetched_at=fetched.fetched_at,
            http_status=fetched.http_status,
            media_type=fetched.media_type,
            charset=fetched.charset,
            etag=fetched.etag,
            last_modified=fetched.last_modified,
            payload_digest=fetched.payload_digest,
            payload_bytes=len(fetched.content),
            warc_filename=warc_filename,
            warc_offset=warc_offset,
            warc_length=0,
            outcome=Outcome.PENDING,
            purpose=fetched.item.purpose,
        )


@dataclass(frozen=True, slots=True)
class RawArticle:
    """The bytes of a document, which are safe in the archive first, with the facts of their capture."""

    item: Item
    capture: Capture
    content: bytes

    @classmethod
    def of(cls, fetched: Fetched) -> RawArticle:
        """Return a fetched document as the steps take it, in no archive."""
        return cls(fetched.item, Capture.of(fetched), fetched.content)

    def reject(self, stage: Stage, reason: Reason, detail: str) -> Rejection:
        """Return the refusal of a document whose bytes stay in the archive."""
        return Rejection(self.item.source_id, self.item.url, self.capture.capture_id, stage, reason, detail)


@dataclass(frozen=True, slots=True)
class StrippedLine:
    """A line that is not article text."""

    line: int
    """Its number in the document's text, counted from 0."""
    reason: LineReason
    text: str

    def __reduce__(self) -> tuple[type[StrippedLine], tuple[int, LineReason, str]]:
        """Return how a copy is made: a page has hundreds, and a worker process sends them in half the time so."""
        return StrippedLine, (self.line, self.reason, self.text)


@dataclass(frozen=True, slots=True)
class Language:
    """A detected language."""

    tag: str
    """BCP 47; `und` where it cannot be known."""
    confidence: float
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class LanguageShare:
    """Another language that a part of a text is in."""

    language: str
    """BCP 47."""
    share: float
    """Of the text's letters, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Paragraphs:
    """A text as clean lines: Unicode NFC, single spaces, nothing invisible. Once stripped, each is a paragraph."""

    lines: tuple[str, ...]
    """A blank line is empty."""

    @property
    def text(self) -> str:
        """The lines that are not blank, a blank one between two of them."""
        return "\n\n".join(filter(None, self.lines))

    def beginning(self, max_characters: int) -> list[str]:
        """Return the lines in the first `max_characters` of `text`; the last one may be cut."""
        lines = []
        remaining = max_characters
        for line in filter(None, self.lines):
            if remaining <= 0:
                break
            lines.append(line[:remaining])
            remaining -= len(line) + len("\n\n")
        return lines


@dataclass(frozen=True, slots=True)
class ExtractedArticle:
    """What a document says about itself; nothing here has been checked."""

    raw: RawArticle
    paragraphs: Paragraphs
    candidates: tuple[Candidate, ...]
    extractor: str
    """Name and version of what read the text, such as `blocks 1` or `trafilatura 2.3.1`."""
    charset: str
    stripped: tuple[StrippedLine, ...] = ()
    language: Language | None = None
    languages: tuple[LanguageShare, ...] = ()
    """The languages of parts of the text, the largest first; its main language is not among them."""


@dataclass(frozen=True, slots=True)
class LostCandidate:
    """A statement of a field that did not win."""

    origin: Origin
    value: str


@dataclass(frozen=True, slots=True)
class FieldProvenance:
    """Where a field's value comes from, and what else was stated."""

    origin: Origin
    lost: tuple[LostCandidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """A row of `articles`: one version of one article, checked.

    What the document does not state is None (a list: empty). Times are in UTC.
    """

    article_id: str
    """Identity of the article; stays the same when its title, slug or tracking parameters are edited."""
    version_id: str
    """Digest of the normalised title and text; another one after each edit."""
    source_id: str
    """Name of the source, as in `config/sources`."""
    url: str
    """Address under which it was first discovered; `file:` for a file."""
    canonical_url: str | None
    """Address that the page itself calls its canonical one."""
    normalized_url: str
    """`url` in its one spelling: without tracking parameters, fragment and default port."""
    canonical_domain: str | None
    """Registered domain of the site that published it, such as `example.co.uk`."""
    capture_id: str
    """The capture it was extracted from; joins `captures`."""
    run_id: str
    """The run that landed it; joins `runs`."""

    title: str | None
    """Headline."""
    text: str
    """Article text; paragraphs are separated by a blank line. Empty once it was taken down."""
    description: str | None
    """Summary that the publisher states."""
    authors: tuple[str, ...]
    """Names of the persons who wrote it."""
    by: str | None
    """Byline as it is printed. The name is a word of SQL: write it in double quotes."""
    located: str | None
    """Place of its dateline, such as `London`."""
    section: str | None
    """Section of the site, such as `world`."""
    tags: tuple[str, ...]
    """Keywords that the publisher states."""
    info_sources: tuple[str, ...]
    """Agencies that are credited, such as AFP or TASS."""
    image_url: str | None
    """Address of the lead image."""
    image_caption: str | None
    """Caption of the lead image."""
    image_credit: str | None
    """Photographer or agency of the lead image."""
    is_accessible_for_free: bool | None
    """Whether the publisher says that no subscription is needed."""
    license: str | None
    """Licence that the publisher states, most often an address."""

    language: str
    """Language of the text (BCP 47); `und` where it cannot be told."""
    language_confidence: float
    """How sure that is, 0 to 1."""
    languages: tuple[LanguageShare, ...]
    """Other languages that more than a tenth of the text is in, the largest share first."""

    published_at: datetime | None
    """When it was published, in UTC; see `published_precision` and `published_zone`."""
    modified_at: datetime | None
    """When the publisher says that it was last changed, in UTC."""
    published_raw: str | None
    """Date of publication as it is printed, also where it could not be read."""
    published_precision: Precision | None
    """How much of the date is printed: `year`, `month`, `day`, `minute` or `second`."""
    published_zone: Zone | None
    """Where its time zone comes from: `explicit` (printed), `source` (configured) or `assumed` (UTC)."""
    first_seen_at: datetime
    """When its address was first discovered, in UTC."""
    fetched_at: datetime
    """When this version was read, in UTC."""
    landed_at: datetime | None
    """When this row was written, in UTC."""

    provenance: dict[str, FieldProvenance]
    """For each field: where its value comes from, and the candidates that lost."""
    stripped: tuple[StrippedLine, ...]
    """Lines that were taken out of the text: number, reason, text."""
    quality: float
    """How complete and clean it is, 0 to 1."""
    extractor: str
    """Name and version of what extracted the text, such as `blocks 1` or `trafilatura 2.3.1`."""
    word_count: int
    """Words of the text."""
    deleted: bool = False
    """True for the tombstone of an article that was taken down."""
    published_local: date | None = None
    """Day of publication where it was published: as printed, or in the zone that is printed or set for the source."""
    published_offset: int | None = None
    """Minutes by which that zone is ahead of UTC, such as 420 for `+07:00`; NULL where no zone is known."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row of `rejects`: one refusal. The steps fill the first six; landing fills the rest."""

    source_id: str
    """Name of the source, as in `config/sources`."""
    url: str
    """Address that was refused."""
    capture_id: str | None
    """The capture that it was refused from; NULL where nothing was archived."""
    stage: Stage
    """Step that refused it: `discover`, `fetch`, `extract`, `strip`, `normalise` or `dedupe`."""
    reason: Reason
    """Why, as one of a closed list, such as `no_article` or `duplicate`."""
    detail: str
    """Why, as a sentence."""
    attempts: int = 1
    """How many times it was tried up to this refusal."""
    first_seen_at: datetime | None = None
    """When the address was first refused, in UTC."""
    last_seen_at: datetime | None = None
    """When this refusal was made, in UTC."""
    run_id: str | None = None
    """The run that refused it."""
    duplicate_of: str | None = None
    """Of a duplicate: address of the article that it duplicates."""
    is_settled: bool = False
    """Whether it was written after a backfill, when its shards were compared with each other."""
    title: str | None = None
    """Headline that the refused document or its feed states."""
    published_at: datetime | None = None
    """When the refused document or its feed says that it was published, in UTC."""
    language: str | None = None
    """Language that the refused document states: the first part of a BCP 47 tag."""
