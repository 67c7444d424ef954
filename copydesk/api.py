"""The Python API: the same steps as the command line, which return values and print nothing."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from datetime import date

    import duckdb

    from config.settings import Settings
    from config.sources import Source
    from warehouse.model.records import Article, Rejection
    from warehouse.model.rows import Run
    from warehouse.search.search import Hit

UNKNOWN_URL: Final = "about:blank"
MAX_DOCUMENT_BYTES: Final = 10_000_000

Folder = str | os.PathLike[str]


def extract(
    document: str | bytes, *, url: str | None = None, media_type: str | None = None, language: str | None = None
) -> Article | Rejection:
    """Return the clean article of one HTML page, Markdown file or plain text, or why it holds none.

    Nothing is stored and nothing is fetched. `document` is the text, or the bytes as they came; `url` is the address
    that relative links and some dates are read by; `media_type`, such as `text/markdown`, is only needed where the
    document does not show what it is; `language`, a BCP 47 tag, is a prior for the detector.
    """
    from config.inputs import FolderInput
    from config.sources import Source
    from tasks.article import make_article
    from tasks.http.fetcher import utc_now
    from warehouse.model.records import Fetched, Item, RawArticle

    content = document.encode("utf-8", "surrogatepass") if isinstance(document, str) else document
    charset = "utf-8" if isinstance(document, str) else None
    source = Source(id="none", title="none", language=language, input=(FolderInput(kind="folder", path=Path()),))
    address = url or UNKNOWN_URL
    item = Item(source.id, address, address, address, utc_now())
    fetched = Fetched(item, content, item.seen_at, media_type=media_type, charset=charset)
    return make_article(RawArticle.of(fetched), source, MAX_DOCUMENT_BYTES)


def ingest(source: str | Source, *, data: Folder | None = None, config: Folder | None = None) -> Run:
    """Take in all that is new in one source, as `copydesk run SOURCE` does, and return the run with its counts.

    `source` is the id of a configured source, or a `Source`. `data` and `config` are the data root (a folder or the URL
    of an object store) and the configuration folder; both default as on the command line.
    Raises `ConfigError` where the source or the settings are wrong, `WarehouseError` where another run holds the source
    for too long. A run that failed is returned: `run.status` and `run.error` say so.
    """
    from config.sources import choose_sources
    from flows.ingest import ingest as ingest_source
    from flows.ingestion.process_pool import Workers
    from flows.ingestion.shared_fetcher import open_fetcher

    settings = _settings(data, config)
    if isinstance(source, str):
        (source,), _ = choose_sources(settings.config, (source,))
    with Workers(settings) as workers, open_fetcher(settings) as fetcher:
        return ingest_source(source, settings, workers, fetcher)


def sources(config: Folder | None = None) -> dict[str, Source]:
    """Return the configured sources by id. Raises `ConfigError` for the first file that is wrong."""
    from config.sources import load_sources

    loaded, errors = load_sources(_settings(None, config).config)
    if errors:
        raise errors[0]
    return loaded


def open(data: Folder | None = None) -> Warehouse:  # noqa: A001  the field's word: tarfile.open, dbm.open
    """Return the warehouse of a data root, for reading; `./data`, or what COPYDESK_DATA names, where none is given.

    Raises `WarehouseError` where nothing has landed.
    """
    return Warehouse(_settings(data, None).data)


class Warehouse:
    """A warehouse that is open for reading: the views of `copydesk sql`, and files of your own beside them."""

    def __init__(self, data: str) -> None:
        from warehouse.connect import connect

        self.data: Final = data
        self.connection: Final = connect(data)

    def sql(self, query: str, *, search: str | None = None) -> duckdb.DuckDBPyRelation:
        """Return the rows of a query as a DuckDB relation: `.df()`, `.pl()`, `.arrow()`, `.fetchall()`, `.show()`.

        `search` are words as the method `search` takes them; what they find is the view `found` of the connection, with
        `article_id`, `score` and `snippet`, until the next such call. Raises `WarehouseError`.
        """
        if search is not None:
            from warehouse.search.found_view import add_found
            from warehouse.storage.root import Root

            add_found(self.connection, Root.at(self.data), search)
        return self.connection.sql(query)

    def search(
        self,
        words: str,
        *,
        language: str | None = None,
        source: str | None = None,
        since: date | None = None,
        until: date | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> list[Hit]:
        """Return the articles that have the words, best first, as `copydesk search` does.

        Each has `article_id`, `score`, `snippet` and more; the words that were found stand between `**`. `since` and
        `until` are the first and the last day of publication, in UTC. What landed since the last search is indexed
        first. Raises `WarehouseError`, also for a search that is none.
        """
        from warehouse.search.search import MARKS, Scope, search
        from warehouse.storage.root import Root

        scope = Scope(language, source, since, until)
        return search(Root.at(self.data), words, scope, limit=limit, offset=offset, marks=MARKS)

    def close(self) -> None:
        """Close the connection; relations of it can no longer be read."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _settings(data: Folder | None, config: Folder | None) -> Settings:
    from config.settings import load_settings

    return load_settings(
        data=None if data is None else os.fspath(data), config=None if config is None else Path(config)
    )
