"""Read the pages of one WARC file, and count its records and documents."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from typing import IO, Final
from urllib.parse import quote

from fastwarc.warc import ArchiveIterator, HeaderMap, WarcRecord, WarcRecordType

from config.inputs import WarcInput
from config.redact import redact
from config.sources import Source
from tasks.files.arc import MAGIC, ArcAsWarc
from tasks.files.warc_http import RecordError, http_facts, read_headers, too_large, unpack_page
from tasks.http.headers import charset_of, printable
from tasks.listings.input_reader import ReadContext
from tasks.metadata.urls import is_web_url
from tasks.text.decompress import DecompressedFile, DecompressionError, open_decompressed
from warehouse.model.records import Fetched, Item, Rejection
from warehouse.model.vocabulary import Reason, Stage

_TEXT_TYPES: Final = frozenset({"text/html", "application/xhtml+xml", "text/plain", "text/markdown"})
_MAX_WARC_HEADERS_BYTES: Final = 1 << 20
_MAX_URL_CHARACTERS: Final = 2_000
_MEDIA_TYPE: Final = re.compile(r"\s*([\w.+-]{1,60}/[\w.+-]{1,60})", re.ASCII)
_PEEK_BYTES: Final = 64
_CRAWLER_URIS: Final = ("metadata:", "urn:")  # of a crawler's own records: logs, settings, lists of files
_HTML: Final = re.compile(
    rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype html|html|head|\?xml[^>]*>\s*<!doctype html)", re.IGNORECASE | re.DOTALL
)


class WarcPages:
    """Reads the pages of one file, and counts its records and documents."""

    def __init__(self, source: Source, entry: WarcInput, context: ReadContext, found_in: str, first: int = 0) -> None:
        self._source = source
        self._entry = entry
        self._limit = context.settings.max_document_bytes
        self._found_in = found_in
        self._seen_at = context.seen_at
        self._window = context.window
        self._number_prefix = f"{first}+" if first else ""
        self._has_pages = False
        self._kinds: Counter[str] = Counter()
        self.records = 0
        self.taken = 0

    def read(self, file: IO[bytes]) -> Iterator[Fetched | Rejection]:
        """Return the documents in order. Raises `DecompressionError` and OSError if the file is damaged."""
        is_arc = _is_arc(file)
        damaged: str | None = None
        # Not buffered: a buffer that meets damage would lose the whole records before it.
        for record in ArchiveIterator(
            ArcAsWarc(DecompressedFile(file)) if is_arc else DecompressedFile(file),
            parse_http=False,
            quirks_mode=True,
            max_header_len=_MAX_WARC_HEADERS_BYTES,
            stream_detect=False,
        ):
            self.records += 1
            self._kinds[(printable(record.headers.get("WARC-Type")) or "unknown").lower()] += 1
            if not _has_length(record):
                # The reader goes on where the next record begins.
                damaged = damaged or f"the record at byte {record.stream_pos:,} (unpacked) states no valid length"
                continue
            document = self._document(record) if self._is_in_window(record) else None
            if document is not None:
                self.taken += isinstance(document, Fetched)
                yield document
            record.consume()
            _check_whole(record)
        if damaged:
            raise DecompressionError(f"it is damaged: {damaged}")

    def describe_skipped(self) -> str | None:
        """Return a sentence on a file whose records hold no page at all; None for any other."""
        page_kinds = {"response", "resource", "conversion"}
        if not self.records or page_kinds & self._kinds.keys():
            return None
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self._kinds.most_common())
        return f"It holds no pages, only other records: {kinds}."

    def _is_in_window(self, record: WarcRecord) -> bool:
        return self._window is None or self._window[0] <= (record.record_date or self._seen_at) < self._window[1]

    def _document(self, record: WarcRecord) -> Fetched | Rejection | None:
        """Return the page of a record; None if it is no page, or one that the input does not take."""
        is_response = record.record_type == WarcRecordType.response and record.is_http
        self._has_pages = self._has_pages or is_response
        # A page as text is for files without the page itself, such as the WET files of Common Crawl.
        is_only_text = record.record_type == WarcRecordType.conversion and not self._has_pages
        if not (is_response or is_only_text or record.record_type == WarcRecordType.resource):
            return None
        if (record.headers.get("WARC-Target-URI") or "").strip("< ").startswith(_CRAWLER_URIS):
            return None
        item = self._item(record)
        if item.url.endswith("/robots.txt") or not self._entry.accepts(item.url):
            return None
        try:
            headers = read_headers(record) if is_response else None
            if headers is not None and not HTTPStatus.OK <= (headers.status_code or 0) < HTTPStatus.MULTIPLE_CHOICES:
                return None
            return self._fetched(item, record, headers)
        except RecordError as error:
            detail = f"record {record.record_id or self.records} of {self._found_in}: {error}"
            return item.reject(Stage.DISCOVER, error.reason, detail)

    def _fetched(self, item: Item, record: WarcRecord, headers: HeaderMap | None) -> Fetched | None:
        declared = (record.headers if headers is None else headers).get("Content-Type") or ""
        kind = _media_type(declared) or _media_type(record.headers.get("WARC-Identified-Payload-Type"))
        if kind not in _TEXT_TYPES and kind is not None:
            return None
        content = unpack_page(self._payload(record), headers, self._limit)
        if kind is None and not _HTML.match(content):
            return None
        date = record.record_date or self._seen_at
        return Fetched(
            item,
            content,
            date,
            media_type=kind or "text/html",
            charset=charset_of(declared),
            **({} if headers is None else http_facts(item.url, date, record, headers, content)),
        )

    def _item(self, record: WarcRecord) -> Item:
        """Return the item of a record: its own URL if it can be fetched and shown, else a URL inside the file."""
        url = redact((record.headers.get("WARC-Target-URI") or "").strip().strip("<>"), "")
        if len(url) > _MAX_URL_CHARACTERS or not is_web_url(url):
            # A record may name a file of this machine, which must not be fetched one day.
            record_id = record.record_id or self._number_prefix + str(self.records)
            key = f"uri={quote(url)}" if url else f"record={quote(record_id)}"
            if len(key) > _MAX_URL_CHARACTERS:
                key = f"sha256={hashlib.sha256(key.encode()).hexdigest()[:32]}"
            url = f"{self._found_in}#{key}"
        return Item(self._source.id, url, url, self._found_in, self._seen_at, is_record=True)

    def _payload(self, record: WarcRecord) -> bytes:
        if reason := record.headers.get("WARC-Truncated"):
            # Half an article would be stored as if it were all of it.
            raise RecordError(Reason.BAD_RECORD, f"the crawler cut the page short ({printable(reason)})")
        if record.headers.get("WARC-Segment-Number"):
            raise RecordError(Reason.BAD_RECORD, "the page is divided over several records")
        size = record.content_length
        if size > self._limit:
            raise too_large(f"{size:,}", self._limit)
        payload: bytes = record.reader.read(size) if size else b""
        if len(payload) < size:
            raise _cut_short(record)
        return payload


def _is_arc(file: IO[bytes]) -> bool:
    """Return whether a file is an ARC file. Raises `DecompressionError` if it is neither that nor WARC."""
    head = open_decompressed(file).peek(_PEEK_BYTES).lstrip()
    file.seek(0)
    if head.startswith(MAGIC):
        return True
    if head and not head.startswith(b"WARC/"):
        raise DecompressionError("it is not a WARC file; correct the path or the address")
    return False


def _has_length(record: WarcRecord) -> bool:
    # The reader takes a length that it cannot parse for 0.
    length = (record.headers.get("Content-Length") or "").strip()
    return length != "" and (length.lstrip("0") or "0") == str(record.content_length)


def _check_whole(record: WarcRecord) -> None:
    if record.reader.tell() < record.content_length:
        raise _cut_short(record)


def _cut_short(record: WarcRecord) -> DecompressionError:
    return DecompressionError(f"it is cut short in the record that begins at byte {record.stream_pos:,} (unpacked)")


def _media_type(declared: str | None) -> str | None:
    media_type = _MEDIA_TYPE.match(declared or "")
    return media_type[1].lower() if media_type else None
