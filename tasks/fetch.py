"""Read the bytes behind an address: a record already in hand, a file, a page."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from config.settings import Settings
from tasks import jsonl
from warehouse.records import Fetched, Item, Reason, Rejection, Stage

# By the end of a file's name; the address that an article states for itself may end otherwise.
_MEDIA_TYPES: Final = {".txt": "text/plain", ".md": "text/markdown", ".htm": "text/html", ".html": "text/html"}


def fetch(
    item: Item, settings: Settings, clock: Callable[[], datetime], *, allow_private: bool = False
) -> Fetched | Rejection:
    """The document's bytes, at most `max_document_bytes` of them, or why they could not be had."""
    if item.content is not None:
        return Fetched(item, item.content, clock(), media_type=jsonl.MEDIA_TYPE)
    if item.url.startswith("file:"):
        return _read_file(item, settings.max_document_bytes, clock())

    from tasks.download import Downloaded, download

    got = download(item.url, settings, allow_private=allow_private, max_bytes=settings.max_document_bytes)
    if not isinstance(got, Downloaded):
        return item.reject(Stage.FETCH, got.reason, got.detail)
    return Fetched(
        item,
        got.content,
        clock(),
        media_type=got.media_type,
        charset=got.charset,
        final_url=got.final_url,
        http_status=got.http_status,
        etag=got.etag,
        last_modified=got.last_modified,
    )


def _read_file(item: Item, limit: int, now: datetime) -> Fetched | Rejection:
    address = urlsplit(item.url)
    # A name need not be UTF-8.
    path = Path(os.fsdecode(unquote_to_bytes(address.path)))
    shown = str(path).encode("utf-8", "backslashreplace").decode()
    if address.fragment:
        return item.reject(Stage.FETCH, Reason.VANISHED, f"{shown}: the record {address.fragment} is no longer in it")
    try:
        # Opening a pipe would wait for a writer for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            return item.reject(Stage.FETCH, Reason.UNREADABLE, f"{shown}: not a regular file; leave it out with `glob`")
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
        if len(content) > limit:
            size = path.stat().st_size
            detail = f"{shown}: {size:,} bytes, the limit is {limit:,}; raise max_document_bytes to take it"
            return item.reject(Stage.FETCH, Reason.TOO_LARGE, detail)
        return Fetched(item, content, now, media_type=_MEDIA_TYPES.get(_suffix(path)))
    except FileNotFoundError:
        return item.reject(Stage.FETCH, Reason.VANISHED, f"{shown}: no such file")
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        detail = f"{shown}: {told}; make it readable, the next run takes it"
        return item.reject(Stage.FETCH, Reason.UNREADABLE, detail)


def _suffix(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix
