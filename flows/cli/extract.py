"""`copydesk extract`: documents in, one clean record each out, nothing stored."""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from config.errors import ConfigError
from config.inputs import FolderInput
from config.settings import Settings
from config.sources import Source
from flows.cli.explain import Explained, explain, print_explained
from flows.cli.explain_page import Page
from flows.cli.output import plain
from flows.ingestion.process_pool import Workers
from flows.ingestion.recurring_lines import load_habits, with_habits
from tasks.article import make_article
from tasks.boilerplate.recurring_lines import NO_RECURRING_LINES
from tasks.fetch import ReadResult, fetch_each, read_file
from tasks.files.folder import list_files, unlisted_folders
from tasks.http.fetcher import Fetcher, utc_now
from tasks.http.response import Refused
from warehouse.model.records import Article, Capture, Fetched, Item, RawArticle, Rejection
from warehouse.model.vocabulary import Precision, Reason, Stage

WAREHOUSE_COLUMNS: Final = frozenset(
    "article_id source_id capture_id run_id first_seen_at fetched_at landed_at deleted".split()
)
"""What a record does not have that was never stored."""

STDIN: Final = "-"
STDIN_URL: Final = "file:///dev/stdin"

Named = tuple[str, str | None]
"""A document as the user names it, and its address where that is known."""


def read_manifest(path: Path) -> list[Named]:
    """The documents that a JSON Lines file names. Raises `ConfigError` naming the line that does not."""
    named: list[Named] = []
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            document, url = (entry.get(key) or None for key in ("path", "url"))
            named.append((_checked(document or url), url if url is None else _checked(url)))
        except (ValueError, TypeError, AttributeError):
            raise ConfigError(f'{path}, line {number}: not {{"path": …, "url": …}} with one of them at least') from None
    return named


def _checked(name: object) -> str:
    """A name that can be one of a file or address. Raises ValueError, TypeError."""
    if not isinstance(name, str):
        raise TypeError(name)
    if not name or "\0" in name:
        raise ValueError(name)
    name.encode()
    return name


def extract_documents(
    named: Iterable[Named],
    source: Source | None,
    settings: Settings,
    *,
    show: Callable[[Explained], None] | None = None,
) -> None:
    """Write one record a document to stdout, in the order given, each as soon as it is made; or `show` it instead.

    A source brings its rules, and its habits where the data root knows them. Raises `WarehouseError`.
    """
    step = with_habits(make_article, load_habits(settings.data, source.id) if source else NO_RECURRING_LINES)
    source = source or Source(id="none", title="none", input=(FolderInput(kind="folder", path=Path()),))
    labels: deque[str] = deque()

    def raws(fetcher: Fetcher) -> Iterator[RawArticle | Rejection]:
        urls: deque[str] = deque()

        def items() -> Iterator[Item]:
            for label, url, item in _items(named, source):
                labels.append(label)
                urls.append(url or item.url)
                yield item

        for item, read in fetch_each(items(), source, settings, fetcher, utc_now, read=_read):
            yield _unarchived(item, read, urls.popleft())

    with Workers(settings) as workers, Fetcher(settings) as fetcher:
        for raw, made in workers.each(step, raws(fetcher), source):
            label = labels.popleft().encode("utf-8", "backslashreplace").decode()
            if show:
                show(explain(label, raw, made, source))
            else:
                print(json.dumps(record(label, made), ensure_ascii=False), flush=True)


@contextmanager
def explaining(page: Path | None, *, explain: bool) -> Iterator[Callable[[Explained], None] | None]:
    """What shows a document: on stdout with `explain`, on an HTML page where one is named; None without both.

    Raises `ConfigError` where the page cannot be written.
    """
    if page is None:
        yield print_explained if explain else None
        return
    try:
        with page.open("w", encoding="utf-8", errors="replace") as stream:
            written = Page(stream)

            def show(told: Explained) -> None:
                written.add(told)
                if explain:
                    print_explained(told)

            yield show
            written.close()
    except OSError as error:
        raise ConfigError(f"{page}: cannot be written: {error.strerror}") from None


def record(label: str, made: Article | Rejection) -> dict[str, Any]:
    """What is printed of a document: the columns of `articles` that need no warehouse, or why there are none."""
    if isinstance(made, Rejection):
        return {"input": label, "rejected": str(made.reason), "detail": made.detail}
    columns = {name: plain(value) for name, value in asdict(made).items() if name not in WAREHOUSE_COLUMNS}
    # A day that is stated without a time is no instant; printed with one, its zone would move it to another day.
    if made.published_at and made.published_precision not in (Precision.MINUTE, Precision.SECOND):
        columns["published_at"] = made.published_at.date().isoformat()
    return {"input": label, **columns}


def _items(named: Iterable[Named], source: Source) -> Iterator[tuple[str, str | None, Item]]:
    """Each document with its name as given and its known address; a folder gives its documents."""
    now = utc_now()
    for name, url in named:
        if name.startswith(("http://", "https://")):
            yield name, url, Item(source.id, name, name, name, now)
            continue
        path = Path(url2pathname(urlsplit(name).path) if name.startswith("file://") else name)
        paths = [path]
        if name != STDIN and os.path.isdir(path):  # noqa: PTH112  Path.is_dir raises where it may not look
            # A folder that cannot be listed is refused as if it were a document: what is in it is missing.
            paths = [*list_files(path), *(Path(error.filename) for error in unlisted_folders(path))]
        for one in paths:
            address = STDIN_URL if name == STDIN else Path(os.path.abspath(one)).as_uri()  # noqa: PTH100
            yield name if one is path else str(one), url, Item(source.id, address, str(one), name, now)


def _read(item: Item, settings: Settings, now: datetime) -> Fetched | Rejection:
    if item.url == STDIN_URL:
        return Fetched(item, sys.stdin.buffer.read(), now)
    return read_file(item, settings, now)


def _unarchived(item: Item, read: ReadResult, url: str) -> RawArticle | Rejection:
    """A document as the steps take it, in no archive."""
    if isinstance(read, Rejection):
        return read
    if not isinstance(read, Fetched):
        reason, told = (read.reason, read.detail) if isinstance(read, Refused) else (Reason.FETCH_FAILED, "")
        return item.reject(Stage.FETCH, reason, told or getattr(read, "detail", ""))
    named = replace(read, item=replace(item, url=url))
    return RawArticle(named.item, Capture.of(named), named.content)
