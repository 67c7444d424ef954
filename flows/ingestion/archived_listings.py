"""Reads listings again that are in the archive: those of a killed run, and those that name lost discoveries."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from config.inputs import FeedInput, Input, SitemapInput
from flows.ingestion.fetch_listing import is_recent, parse
from flows.ingestion.process_pool import CallError
from tasks.discover import endpoint, listed_documents
from tasks.listings.discovered import Discovered
from tasks.listings.listing import ListingError
from warehouse.archive.writer import read
from warehouse.errors import WarehouseError
from warehouse.model.records import Capture
from warehouse.model.vocabulary import Purpose

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import IngestRun

SITEMAP_ROOTS: Final = (b"<urlset", b"<sitemapindex")
MAX_BYTES_BEFORE_ROOT: Final = 4_000


def read_again(run: IngestRun, capture: Capture) -> tuple[list[Discovered], Capture]:
    """Return the documents of a listing that a killed run had archived and not settled, and its capture as read."""
    if capture.purpose == Purpose.LISTING:
        run.unsettled_listings.add(capture.url)
    return read_archived(run, capture)


def read_archived(run: IngestRun, capture: Capture) -> tuple[list[Discovered], Capture]:
    """Return the documents that an archived listing names, and its capture as read."""
    # What a repair reads it reads for a window of time, and will read again.
    is_whole = capture.http_status == HTTPStatus.OK and capture.payload_bytes and capture.is_read
    if capture.purpose != Purpose.LISTING or not is_whole:
        return [], capture
    try:
        content = read(run.settings.data, capture.warc_filename, capture.warc_offset, capture.warc_length)
        entry = _input_of(run, capture.url, content)
        if entry is None:
            return [], capture
        listing = parse(run, entry, content, capture.final_url or capture.url, capture.media_type, capture.charset)
    except (ListingError, CallError, WarehouseError) as error:
        return [], replace(capture, error=str(error), is_read=False)
    items = listed_documents(run.source, entry, listing, endpoint(run.source, entry), capture.fetched_at)
    return [item for item in items if is_recent(run, entry, item)], capture


def _input_of(run: IngestRun, url: str, content: bytes) -> Input | None:
    """Return the input that a listing belongs to: its own, or that of the index or the feed which led to it."""
    own = next((entry for entry in run.source.input if endpoint(run.source, entry) == url), None)
    is_sitemap = any(root in content[:MAX_BYTES_BEFORE_ROOT] for root in SITEMAP_ROOTS)
    if own is not None:
        return own
    if is_sitemap:
        return next(iter(run.source.inputs_of(SitemapInput)), None)
    return next(iter(run.source.inputs_of(FeedInput)), None)
