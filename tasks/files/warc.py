"""The pages that WARC files hold, whoever made them; each becomes a document as if it had been fetched just then."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Final, cast
from urllib.parse import quote

from fastwarc.warc import ArchiveIterator, HeaderMap, WarcRecord, WarcRecordType

from config.inputs import WarcInput
from config.redact import redact
from config.settings import Settings
from config.sources import Source
from tasks.files import warc_files as warcfiles
from tasks.files.decompress import Section, Unpacked, unpacked
from tasks.files.errors import InputError
from tasks.files.warc_http import RecordError, http_facts, printable, read_headers, too_large, unpack_page
from tasks.http.content_coding import PackedError
from tasks.metadata.urls import is_address
from warehouse.model.records import Fetched, Item, Rejection
from warehouse.model.vocabulary import Reason, Stage

if TYPE_CHECKING:
    from tasks.http.fetcher import Fetcher

__all__ = ["address", "read_warcs"]

Window = tuple[datetime, datetime]
WHOLE: Final = (0, None)
log: Final = logging.getLogger("copydesk")
address = warcfiles.address

_TEXTS: Final = frozenset({"text/html", "application/xhtml+xml", "text/plain", "text/markdown"})
_MAX_WARC_HEADERS: Final = 1 << 20
_LONGEST_URL: Final = 2_000
_NAMED: Final = 10
"""Files that a message names, of those that could not be read whole."""
_MEDIA_TYPE: Final = re.compile(r"\s*([\w.+-]{1,60}/[\w.+-]{1,60})", re.ASCII)
_CHARSET: Final = re.compile(r""";\s*charset\s*=\s*["']?([\w.:+-]{1,40})""", re.ASCII | re.IGNORECASE)
_MAGIC_BYTES: Final = 64
_NOTES: Final = ("metadata:", "urn:")
"""How crawlers name records of their own: logs, settings, lists of files."""
_HTML: Final = re.compile(
    rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype html|html|head|\?xml[^>]*>\s*<!doctype html)", re.IGNORECASE | re.DOTALL
)


def read_warcs(
    source: Source,
    entry: WarcInput,
    settings: Settings,
    seen_at: datetime,
    fetcher: Fetcher | None = None,
    *,
    places: Iterable[warcfiles.Place] | None = None,
    span: tuple[int, int | None] = WHOLE,
    window: Window | None = None,
) -> Iterator[Fetched | Rejection]:
    """The HTML and text documents of the files that an input names, with the HTTP exchange that gave each.

    Of these only `places` where they are given, of each file only the bytes of `span`, which begins and ends between
    members, of its records only those dated within `window`.

    Taken are `response` records of a status 2xx, and `resource` records. A file at an address is fetched by `fetcher`,
    or else by one of its own. What is damaged does not hide the rest: `InputError` is raised after all that could be
    read, naming file and place.
    """
    wrong: list[str] = []
    with warcfiles.Opener(source, settings, fetcher) as opener:
        for place in _each(warcfiles.find_files(source, entry, opener) if places is None else places, wrong):
            limit, address = settings.max_document_bytes, warcfiles.place_address(place)
            reader = _Reader(source, entry, limit, address, seen_at, window, span[0])
            try:
                with opener.open(place) as file:
                    yield from reader.read(file if span == WHOLE else cast("IO[bytes]", Section(file, *span)))
            except InputError as error:
                wrong.append(str(error))
            except (OSError, PackedError) as error:
                wrong.append(f"{place}: {error}; {reader.taken:,} documents before that place were taken")
            log.info("%s: %d of %d records are documents", place, reader.taken, reader.records)
    if wrong:
        others = [sentence.partition(": ")[0] for sentence in wrong[1:]]
        rest = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        raise InputError(wrong[0] + (f"; nor were read whole: {', '.join(others[:_NAMED])}{rest}" if others else ""))


def _each(places: Iterable[warcfiles.Place], wrong: list[str]) -> Iterator[warcfiles.Place]:
    try:
        yield from places
    except InputError as error:
        wrong.append(str(error))


class _Reader:
    """Reads one file, and counts what it meets."""

    def __init__(
        self,
        source: Source,
        entry: WarcInput,
        limit: int,
        found_in: str,
        seen_at: datetime,
        window: Window | None = None,
        first: int = 0,
    ) -> None:
        self._source = source
        self._entry = entry
        self._limit = limit
        self._found_in = found_in
        self._seen_at = seen_at
        self._window = window
        self._before = f"{first}+" if first else ""
        self.records = 0
        self.taken = 0

    def read(self, file: IO[bytes]) -> Iterator[Fetched | Rejection]:
        """Its documents in order. Raises `InputError`, `PackedError` and OSError where the file is damaged."""
        _check_magic(file)
        damaged: str | None = None
        # Not buffered: a buffer that meets damage would lose the whole records before it.
        for record in ArchiveIterator(
            Unpacked(file), parse_http=False, quirks_mode=True, max_header_len=_MAX_WARC_HEADERS, stream_detect=False
        ):
            self.records += 1
            if not _has_length(record):
                # The reader goes on where the next record begins.
                damaged = damaged or f"the record at byte {record.stream_pos:,} (unpacked) states no valid length"
                continue
            made = self._document(record) if self._is_wanted(record) else None
            if made is not None:
                self.taken += isinstance(made, Fetched)
                yield made
            record.consume()
            _check_whole(record)
        if damaged:
            raise PackedError(f"it is damaged: {damaged}")

    def _is_wanted(self, record: WarcRecord) -> bool:
        return self._window is None or self._window[0] <= (record.record_date or self._seen_at) < self._window[1]

    def _document(self, record: WarcRecord) -> Fetched | Rejection | None:
        """What a record holds; None where that is no page, or none that is wanted."""
        is_response = record.record_type == WarcRecordType.response and record.is_http
        if not is_response and record.record_type != WarcRecordType.resource:
            return None
        if (record.headers.get("WARC-Target-URI") or "").strip("< ").startswith(_NOTES):
            return None
        item = self._item(record)
        if item.url.endswith("/robots.txt") or not self._entry.takes(item.url):
            return None
        try:
            headers = read_headers(record) if is_response else None
            if headers is not None and not HTTPStatus.OK <= (headers.status_code or 0) < HTTPStatus.MULTIPLE_CHOICES:
                return None
            return self._fetched(item, record, headers)
        except RecordError as refused:
            detail = f"record {record.record_id or self.records} of {self._found_in}: {refused}"
            return item.reject(Stage.DISCOVER, refused.reason, detail)

    def _fetched(self, item: Item, record: WarcRecord, headers: HeaderMap | None) -> Fetched | None:
        declared = (record.headers if headers is None else headers).get("Content-Type") or ""
        kind = _media_type(declared) or _media_type(record.headers.get("WARC-Identified-Payload-Type"))
        if kind not in _TEXTS and kind is not None:
            return None
        content = unpack_page(self._payload(record), headers, self._limit)
        if kind is None and not _HTML.match(content):
            return None
        date = record.record_date or self._seen_at
        charset = _CHARSET.search(declared)
        return Fetched(
            item,
            content,
            date,
            media_type=kind or "text/html",
            charset=charset[1].lower() if charset else None,
            **({} if headers is None else http_facts(item.url, date, record, headers, content)),
        )

    def _item(self, record: WarcRecord) -> Item:
        """The document's address: what the record states, where that can be fetched and shown, else one in the file."""
        stated = redact((record.headers.get("WARC-Target-URI") or "").strip().strip("<>"), "")
        url = stated
        if len(stated) > _LONGEST_URL or not is_address(stated):
            # What is fetched again one day must not be a file of this machine, which a record may well name.
            key = (
                f"uri={quote(stated)}"
                if stated
                else f"record={quote(record.record_id or self._before + str(self.records))}"
            )
            long = len(key) > _LONGEST_URL
            url = f"{self._found_in}#{'sha256=' + hashlib.sha256(key.encode()).hexdigest()[:32] if long else key}"
        return Item(self._source.id, url, url, self._found_in, self._seen_at, is_record=True)

    def _payload(self, record: WarcRecord) -> bytes:
        if cut := record.headers.get("WARC-Truncated"):
            # Half an article would be stored as if it were all of it.
            raise RecordError(Reason.BAD_RECORD, f"the crawler cut the page short ({printable(cut)})")
        if record.headers.get("WARC-Segment-Number"):
            raise RecordError(Reason.BAD_RECORD, "the page is divided over several records")
        size = record.content_length
        if size > self._limit:
            raise too_large(f"{size:,}", self._limit)
        payload: bytes = record.reader.read(size) if size else b""
        if len(payload) < size:
            raise _cut_short(record)
        return payload


def _check_magic(file: IO[bytes]) -> None:
    head = unpacked(file).peek(_MAGIC_BYTES).lstrip()
    file.seek(0)
    if head.startswith(b"filedesc:"):
        raise PackedError("it is an ARC file, the form before WARC; convert it, for example with `warcio recompress`")
    if head and not head.startswith(b"WARC/"):
        raise PackedError("it is not a WARC file")


def _has_length(record: WarcRecord) -> bool:
    # The reader takes what it cannot read for 0.
    stated = (record.headers.get("Content-Length") or "").strip()
    return stated != "" and (stated.lstrip("0") or "0") == str(record.content_length)


def _check_whole(record: WarcRecord) -> None:
    if record.reader.tell() < record.content_length:
        raise _cut_short(record)


def _cut_short(record: WarcRecord) -> PackedError:
    return PackedError(f"it is cut short in the record that begins at byte {record.stream_pos:,} (unpacked)")


def _media_type(declared: str | None) -> str | None:
    found = _MEDIA_TYPE.match(declared or "")
    return found[1].lower() if found else None
