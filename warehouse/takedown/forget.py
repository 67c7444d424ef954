"""Taking an article down: out of every table and out of the archive; what stays says that it was there.

First its tombstones land, so that it shows no more and that a killed take-down finds it again; then content goes: with
the search index, from the archive, and last from `articles`, whose titles say which listings name it.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from warehouse.archive.warc_records import REMOVED
from warehouse.archive.writer import record_at, recover
from warehouse.copies.update import drop_sketches
from warehouse.errors import StorageError
from warehouse.model.records import LISTED, Article, Capture
from warehouse.model.schema import SCHEMAS
from warehouse.search.index import delete_index
from warehouse.state.state_file import delete_state
from warehouse.storage.rewrite import forget_captures, forget_details, forget_habits, forget_titles, keep_tombstones
from warehouse.storage.root import PARTIAL, Root
from warehouse.storage.tables import Store
from warehouse.takedown.redact import named_by, remove
from warehouse.takedown.trace import ArticleLocation, Traces, trace

Identify = Callable[[str, str, str], str]
"""The article_id for a source, a guid and an address."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was taken down, counted by place; all zero where that had been done before."""

    addresses: tuple[tuple[str, str], ...]
    """Source and address; none where nothing was found."""
    articles: int = 0
    """Rows, each one version as it landed."""
    discoveries: int = 0
    rejects: int = 0
    captures: int = 0
    listings: int = 0
    """Captures that named it and went with it."""
    records: int = 0
    """In the archive; requests and redirects that led to a capture count."""


def forget(
    root: str | os.PathLike[str] | Root,
    target: str,
    now: datetime,
    *,
    normalize: Callable[[str], str],
    identify: Identify,
    lock_seconds: float = 600.0,
) -> Forgotten:
    """Take down the article with this article_id or address, in all sources that hold it, and leave tombstones.

    Killed at any moment and called again, it ends the same. It holds the locks of the sources meanwhile. `normalize`
    gives an address its one spelling. Raises `LockedError`, `StorageError`, `WarehouseError`.
    """
    root = Root.at(root)
    while True:
        sources = trace(root, target, normalize).sources
        with ExitStack() as locks:
            for source_id in sources:
                locks.enter_context(Store(root).lock(source_id, lock_seconds))
            if sources:
                # A compaction would carry what is taken out here over into its base file.
                locks.enter_context(Store(root).maintenance(lock_seconds))
            # What landed while the locks were waited for belongs to it too.
            traces = trace(root, target, normalize)
            if set(traces.sources) <= set(sources):
                if not traces.addresses:
                    return Forgotten(())
                return _take_down(root, traces, identify, now, lock_seconds)


def _take_down(root: Root, traces: Traces, identify: Identify, now: datetime, lock_seconds: float) -> Forgotten:
    for source_id in traces.sources:
        delete_state(root, source_id)  # it has titles
    unlanded = [capture for source_id in traces.sources for capture in recover(root, source_id)]
    _land_tombstones(root, traces.locations, identify, now)
    delete_index(root, lock_seconds)  # it has the words; built again from here on, it has them not
    own = [*traces.captures, *(capture for capture in unlanded if (capture.source_id, capture.url) in traces.addresses)]
    listed = [*traces.listings, *(capture for capture in unlanded if capture.outcome == LISTED)]
    listings = [capture for capture in listed if _names(root, capture, traces.words)]
    removed = _empty_archive(root, [*own, *listings], now)
    forget_habits(root, traces.sources)
    drop_sketches(root, {location.article_id for location in traces.locations if location.article_id})
    done = Forgotten(
        addresses=tuple(sorted(traces.addresses)),
        captures=forget_captures(root, {capture.capture_id for capture in (*own, *listings)}),
        discoveries=forget_titles(root, traces.addresses),
        rejects=forget_details(root, traces.addresses),
        articles=keep_tombstones(root, traces.addresses),
        listings=len(listings),
        records=removed,
    )
    _delete_left_overs(root, traces.sources)
    return done


def _names(root: Root, capture: Capture, words: Iterable[str]) -> bool:
    try:
        headers, payload = record_at(root, capture.warc_filename, capture.warc_offset, capture.warc_length)
    except StorageError:
        return False  # lost, with all that it said
    # A take-down that was killed had emptied it, and its row does not say so yet.
    return REMOVED in headers or named_by(payload, capture.charset, words)


def _empty_archive(root: Root, captures: Iterable[Capture], now: datetime) -> int:
    by_file = defaultdict(set)
    for capture in captures:
        if capture.warc_filename:  # the archive has it no more otherwise
            by_file[capture.warc_filename].add(capture.capture_id)
    return sum(remove(root, filename, by_file[filename], now) for filename in sorted(by_file))


def _land_tombstones(root: Root, locations: Iterable[ArticleLocation], identify: Identify, now: datetime) -> None:
    by_source = defaultdict(list)
    for location in locations:
        if not location.is_tombstone:
            by_source[location.source_id].append(_tombstone(location, identify, now))
    for source_id, rows in by_source.items():
        key = _digest(*sorted(f"{row.article_id} {row.url}" for row in rows))
        Store(root).land("articles", rows, source_id=source_id, key=f"forgotten-{key}", now=now)


def _tombstone(location: ArticleLocation, identify: Identify, now: datetime) -> Article:
    return Article(
        article_id=location.article_id or identify(location.source_id, location.guid, location.url),
        version_id=_digest(location.source_id, location.url),  # of the address: one of the content would confirm it
        source_id=location.source_id,
        url=location.url,
        canonical_url=location.canonical_url,
        normalized_url=location.normalized_url,
        canonical_domain=location.canonical_domain,
        capture_id=location.capture_id,
        run_id=location.run_id,
        title=None,
        text="",
        description=None,
        authors=(),
        by=None,
        located=None,
        section=None,
        tags=(),
        info_sources=(),
        image_url=None,
        image_caption=None,
        image_credit=None,
        is_accessible_for_free=None,
        license=None,
        language="und",
        language_confidence=0.0,
        languages=(),
        published_at=None,
        modified_at=None,
        published_raw=None,
        published_precision=None,
        published_zone=None,
        first_seen_at=location.first_seen_at or now,
        fetched_at=location.fetched_at or now,
        landed_at=now,
        provenance={},
        stripped=(),
        quality=0.0,
        extractor="",
        word_count=0,
        deleted=True,
    )


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _delete_left_overs(root: Root, sources: Collection[str]) -> None:
    known = sorted((path.stem for path in (root.local / ".locks").glob("*.lock")), key=len, reverse=True)
    staged = {f"{table}-{source_id}": source_id for table in SCHEMAS for source_id in known}
    for path in (root.local / PARTIAL).glob("*"):
        # Else the name begins with the source's; that of another source may be longer, and its writer alive.
        first = next((source_id for source_id in known if path.name.startswith(f"{source_id}-")), None)
        if staged.get(path.stem, first) in sources:
            with suppress(FileNotFoundError):
                path.unlink()
