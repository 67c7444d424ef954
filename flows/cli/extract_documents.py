"""The documents of `copydesk extract`: read, made into records or explained, and stored nowhere."""

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
from flows.formats.values import json_value
from flows.ingestion.process_pool import Workers
from flows.ingestion.recurring_lines import load_habits, with_habits
from tasks.article import make_article
from tasks.boilerplate.recurring_lines import NO_RECURRING_LINES
from tasks.fetch import ReadResult, fetch_each, read_file
from tasks.files.folder import list_files, unlisted_folders
from tasks.http.fetcher import Fetcher, utc_now
from tasks.http.response import Refused
from warehouse.model.records import Article, Fetched, Item, RawArticle, Rejection
from warehouse.model.vocabulary import Precision, Reason, Stage

# Columns of `articles` that only a stored record has.
WAREHOUSE_COLUMNS: Final = frozenset(
    "article_id source_id capture_id run_id first_seen_at fetched_at landed_at deleted".split()
)
# Columns of `rejects` that a refused document states itself.
STATED_COLUMNS: Final = ("title", "published_at", "language")

STDIN: Final = "-"
STDIN_URL: Final = "file:///dev/stdin"

# A document as the user names it, and its URL if that is known.
Input = tuple[str, str | None]


def read_manifest(path: Path) -> list[Input]:
    """Return the documents that a JSON Lines file names. Raises `ConfigError` for a line that names none."""
    inputs: list[Input] = []
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError.of(error, path) from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            document, url = (entry.get(key) or None for key in ("path", "url"))
            inputs.append((_checked(document or url), url if url is None else _checked(url)))
        except (ValueError, TypeError, AttributeError):
            raise ConfigError(f'{path}, line {number}: not {{"path": …, "url": …}} with one of them at least') from None
    return inputs


def _checked(name: object) -> str:
    """Return a name if a file or URL can have it. Raises ValueError, TypeError."""
    if not isinstance(name, str):
        raise TypeError(name)
    if not name or "\0" in name:
        raise ValueError(name)
    name.encode()
    return name


def extract_documents(
    inputs: Iterable[Input],
    source: Source | None,
    settings: Settings,
    *,
    show: Callable[[Explained], None] | None = None,
) -> None:
    """Write one record a document to stdout, in the order given, each as soon as it is made; or `show` it instead.

    A source brings its rules, and its recurring lines where the data root knows them. Raises `WarehouseError`.
    """
    step = with_habits(make_article, load_habits(settings.data, source.id) if source else NO_RECURRING_LINES)
    source = source or Source(id="none", title="none", input=(FolderInput(kind="folder", path=Path()),))
    labels: deque[str] = deque()

    def raws(fetcher: Fetcher) -> Iterator[RawArticle | Rejection]:
        urls: deque[str] = deque()

        def items() -> Iterator[Item]:
            for label, url, item in _items(inputs, source):
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
    """Yield what shows a document: on stdout with `explain`, on an HTML page if one is named; None without both.

    Raises `ConfigError` where the page cannot be written.
    """
    if page is None:
        yield print_explained if explain else None
        return
    try:
        with page.open("w", encoding="utf-8", errors="replace") as stream:
            html_page = Page(stream)

            def show(document: Explained) -> None:
                html_page.add(document)
                if explain:
                    print_explained(document)

            yield show
            html_page.close()
    except OSError as error:
        raise ConfigError.of(error, page, "written") from None


def record(label: str, made: Article | Rejection) -> dict[str, Any]:
    """Return the record of a document: the columns of `articles` that need no warehouse, or why there are none."""
    if isinstance(made, Rejection):
        values = {name: json_value(getattr(made, name)) for name in STATED_COLUMNS}
        columns = {name: value for name, value in values.items() if value is not None}
        return {"input": label, "rejected": str(made.reason), "detail": made.detail, **columns}
    columns = {name: json_value(value) for name, value in asdict(made).items() if name not in WAREHOUSE_COLUMNS}
    # A day that is stated without a time is no instant; printed with one, its zone would move it to another day.
    if made.published_at and made.published_precision not in (Precision.MINUTE, Precision.SECOND):
        columns["published_at"] = made.published_at.date().isoformat()
    return {"input": label, **columns}


def _items(inputs: Iterable[Input], source: Source) -> Iterator[tuple[str, str | None, Item]]:
    """Yield each document with its name as given and its known URL; a folder gives its documents."""
    now = utc_now()
    for name, url in inputs:
        if name.startswith(("http://", "https://")):
            yield name, url, Item(source.id, name, name, name, now)
            continue
        path = Path(url2pathname(urlsplit(name).path) if name.startswith("file://") else name)
        paths = [path]
        if name != STDIN and os.path.isdir(path):  # noqa: PTH112  Path.is_dir raises where it may not look
            # A folder that cannot be listed is refused as if it were a document: what is in it is missing.
            paths = [*list_files(path), *(Path(error.filename) for error in unlisted_folders(path))]
        for file in paths:
            address = STDIN_URL if name == STDIN else Path(os.path.abspath(file)).as_uri()  # noqa: PTH100
            yield name if file is path else str(file), url, Item(source.id, address, str(file), name, now)


def _read(item: Item, settings: Settings, now: datetime) -> Fetched | Rejection:
    if item.url == STDIN_URL:
        return Fetched(item, sys.stdin.buffer.read(), now)
    return read_file(item, settings, now)


def _unarchived(item: Item, read: ReadResult, url: str) -> RawArticle | Rejection:
    """Return a document as the steps take it, in no archive."""
    if isinstance(read, Rejection):
        return read
    if not isinstance(read, Fetched):
        reason, detail = (read.reason, read.detail) if isinstance(read, Refused) else (Reason.FETCH_FAILED, "")
        return item.reject(Stage.FETCH, reason, detail or getattr(read, "detail", ""))
    return RawArticle.of(replace(read, item=replace(item, url=url)))
