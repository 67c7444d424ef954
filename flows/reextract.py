"""Extract the archive again, and land what that changes where it is no loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from config.settings import Settings
from config.sources import Source
from flows.ingestion.archived import current_articles, is_archived, open_refusals, raw_article
from flows.ingestion.compare import Change
from flows.ingestion.ingest_run import Clock
from flows.ingestion.process_pool import Workers
from flows.ingestion.recurring_lines import load_habits, with_habits
from flows.ingestion.run_rows import new_run_id
from tasks.article import make_article
from tasks.http.fetcher import utc_now
from warehouse.connect import connect, rows
from warehouse.errors import WarehouseError
from warehouse.model.records import Article, RawArticle, Rejection
from warehouse.state.address import not_before
from warehouse.storage.staging import Staged
from warehouse.storage.tables import Store


@dataclass(frozen=True, slots=True)
class Reextraction:
    """What extracting one source again changes, or the problem for which it could not be done."""

    source_id: str
    change: Change | None
    problem: str | None = None


def reextract(
    sources: Iterable[Source],
    settings: Settings,
    *,
    dry_run: bool = False,
    force: bool = False,
    clock: Clock = utc_now,
    workers: Workers | None = None,
) -> list[Reextraction]:
    """Extract every current article, and every refused document, again from the archive; one result a source.

    A source's rows are promoted, all of them or none, if its change is no loss or with `force`; never in a `dry_run`.
    `workers` are those of the caller, if any. Raises `WarehouseError` where nothing landed.
    """
    results = []
    connect(settings.data).close()
    with nullcontext(workers) if workers else Workers(settings) as pool:
        for source in sources:
            try:
                change = reextract_source(source, settings, pool, dry_run=dry_run, force=force, clock=clock)
                results.append(Reextraction(source.id, change))
            except WarehouseError as error:
                results.append(Reextraction(source.id, None, str(error)))
    return results


def reextract_source(
    source: Source,
    settings: Settings,
    workers: Workers,
    *,
    dry_run: bool = False,
    force: bool = False,
    clock: Clock = utc_now,
) -> Change:
    """Return what extracting a source again changes; its changed rows have landed where `promoted` says so.

    Killed at any moment and repeated it ends in the same rows. Raises `LockedError` and other `WarehouseError`s.
    """
    store, now = Store(settings.data), clock()
    change = Change(source.id)
    with store.lock(source.id, settings.lock_seconds), Staged(store, "articles", source.id, now) as staged:
        # `runs` gets no row for it: that would tell the next ingestion that what was refused had been judged by the
        # present rules, and `status` that the source had been read.
        run_id = f"reextract-{new_run_id(now)}"
        batch: list[tuple[Article, str]] = []
        for article, previous_landing in _changed_articles(source, settings, workers, change):
            landing = replace(article, run_id=run_id, landed_at=not_before(previous_landing, now))
            batch.append((landing, f"{article.capture_id} {previous_landing or ''}"))
            if len(batch) == settings.batch:
                _stage(staged, batch)
        _stage(staged, batch)
        change.left = change.loss()
        if not dry_run and (force or change.left is None):
            staged.land()
            change.promoted = change.changed + change.accepted
            change.left = None
    return change


def _stage(staged: Staged, batch: list[tuple[Article, str]]) -> None:
    staged.add([article for article, _ in batch], [f"{name} {article.version_id}" for article, name in batch])
    batch.clear()


def _changed_articles(
    source: Source, settings: Settings, workers: Workers, change: Change
) -> Iterator[tuple[Article, datetime | None]]:
    """Yield each row that differs from the stored one, with the moment at which the stored one landed, if any."""
    with connect(settings.data) as connection:
        known = _version_ids(connection, source)
        for row, made in _extracted(current_articles(connection, source), source, settings, workers, change):
            stored = row["article"]
            if isinstance(made, Rejection):
                change.refuse(made)
                continue
            article = replace(made, article_id=stored["article_id"], first_seen_at=stored["first_seen_at"])
            if change.compare(stored, article):
                known.add(article.version_id)
                yield article, stored["landed_at"]
        refusals = (row for row in open_refusals(connection, source) if is_archived(row))
        for _, made in _extracted(refusals, source, settings, workers, change):
            change.rejects += 1
            if isinstance(made, Article) and made.version_id not in known:
                known.add(made.version_id)
                change.accepted += 1
                yield made, None


def _extracted(
    archived: Iterable[Any], source: Source, settings: Settings, workers: Workers, change: Change
) -> Iterator[tuple[Any, Article | Rejection]]:
    """Yield each row of an archived document and what extraction makes of the document now."""
    underway: dict[str, Any] = {}

    def documents() -> Iterator[RawArticle]:
        for row in archived:
            try:
                raw = raw_article(settings.data, row, source)
            except WarehouseError as error:
                change.miss(row, str(error))
                continue
            underway[raw.capture.capture_id] = row
            yield raw

    step = with_habits(make_article, load_habits(settings.data, source.id))
    for raw, made in workers.each(step, documents(), source):
        yield underway.pop(raw.capture.capture_id), made


def _version_ids(connection: Any, source: Source) -> set[str]:
    """Return the version_id of every article of a source: a document with one of them is a duplicate."""
    query = "SELECT DISTINCT version_id FROM landed('articles') WHERE source_id = $1"
    return {version_id for (version_id,) in rows(connection, query, [source.id])}
