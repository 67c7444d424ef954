"""`copydesk reextract`: extraction run again over the archive: what that changes, landed where it is no loss."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from config.settings import Settings
from config.sources import Source
from flows.cli.output import Format
from flows.cli.sql import write_out
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

COLUMNS: Final = (
    "source", "articles", "unchanged", "changed", "refused", "unreadable", "accepted", "gained", "lost",
    "text_growth", "median_growth", "promoted",
)  # fmt: skip
"""`articles` is the sum of the four counts after it; `accepted` are documents refused so far that are articles now.

`text_growth` is in characters, `median_growth` in percent, of the texts that changed.
"""
FIELD_COLUMNS: Final = ("source", "field", "gained", "lost", "altered")


def reextract(
    sources: Iterable[Source],
    settings: Settings,
    *,
    dry_run: bool,
    since: datetime | None = None,
    limit: int | None = None,
    force: bool = False,
    form: Format = Format.TABLE,
    output: Path | None = None,
    clock: Clock = utc_now,
    workers: Workers | None = None,
) -> int:
    """Read every current article, and what was refused, again from the archive; report by source; the exit code.

    A source's rows are promoted, all of them or none, where its change is no loss or with `force`; never in a
    `dry_run`. `workers` are those of the caller, if any. 1 where a source was left as it is, or could not be read.
    Raises `WarehouseError` where nothing landed.
    """
    changes, sentences, failed = [], [], False
    connect(settings.data).close()
    with nullcontext(workers) if workers else Workers(settings) as pool:
        for source in sources:
            try:
                change = reextract_source(
                    source, settings, pool, dry_run=dry_run, since=since, limit=limit, force=force, clock=clock
                )
            except WarehouseError as error:
                sentences.append(f"{source.id}: {error}")
                failed = True
                continue
            changes.append(change)
            sentences += [f"{source.id}: {sentence}" for sentence in _sentences(change, dry_run=dry_run)]
            failed |= change.left is not None and not dry_run
    _write(changes, form, output)
    for sentence in sentences:
        print(f"copydesk: {sentence}", file=sys.stderr)
    return 1 if failed else 0


def reextract_source(
    source: Source,
    settings: Settings,
    workers: Workers,
    *,
    dry_run: bool,
    since: datetime | None = None,
    limit: int | None = None,
    force: bool = False,
    clock: Clock = utc_now,
) -> Change:
    """What reading a source again changes; its changed rows have landed where `promoted` says so.

    Killed at any moment and repeated it ends in the same rows. Raises `LockedError` and other `WarehouseError`s.
    """
    store, now = Store(settings.data), clock()
    change = Change(source.id)
    with store.lock(source.id, settings.lock_seconds), Staged(store, "articles", source.id, now) as staged:
        # `runs` gets no row for it: that would tell the next ingestion that what was refused had been judged by the
        # present rules, and `status` that the source had been read.
        run_id = f"reextract-{new_run_id(now)}"
        batch: list[tuple[Article, str]] = []
        for article, replaced in _articles(source, settings, workers, change, since, limit):
            landing = replace(article, run_id=run_id, landed_at=not_before(replaced, now))
            batch.append((landing, f"{article.capture_id} {replaced or ''}"))
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


def _articles(
    source: Source, settings: Settings, workers: Workers, change: Change, since: datetime | None, limit: int | None
) -> Iterator[tuple[Article, datetime | None]]:
    """The rows that are others now than they were, each with the moment at which the one it replaces had landed."""
    with connect(settings.data) as connection:
        known = _versions(connection, source)
        for row, made in _again(current_articles(connection, source, since, limit), source, settings, workers, change):
            stored = row["article"]
            if isinstance(made, Rejection):
                change.refuse(made)
                continue
            article = replace(made, article_id=stored["article_id"], first_seen_at=stored["first_seen_at"])
            if change.compare(stored, article):
                known.add(article.version_id)
                yield article, stored["landed_at"]
        if since is not None or limit is not None:
            return
        refusals = (row for row in open_refusals(connection, source) if is_archived(row))
        for _, made in _again(refusals, source, settings, workers, change):
            change.rejects += 1
            if isinstance(made, Article) and made.version_id not in known:
                known.add(made.version_id)
                change.accepted += 1
                yield made, None


def _again(
    held: Iterable[Any], source: Source, settings: Settings, workers: Workers, change: Change
) -> Iterator[tuple[Any, Article | Rejection]]:
    underway: dict[str, Any] = {}

    def raws() -> Iterator[RawArticle]:
        for row in held:
            try:
                raw = raw_article(settings.data, row, source)
            except WarehouseError as error:
                change.miss(row, str(error))
                continue
            underway[raw.capture.capture_id] = row
            yield raw

    step = with_habits(make_article, load_habits(settings.data, source.id))
    for raw, made in workers.each(step, raws(), source):
        yield underway.pop(raw.capture.capture_id), made


def _versions(connection: Any, source: Source) -> set[str]:
    """What the source's articles say: a document that says the same is a duplicate."""
    query = "SELECT DISTINCT version_id FROM landed('articles') WHERE source_id = $1"
    return {version_id for (version_id,) in rows(connection, query, [source.id])}


def _sentences(change: Change, *, dry_run: bool) -> Iterator[str]:
    if change.unreadable:
        more = "" if change.unreadable == 1 else f" and {change.unreadable - 1:,} more"
        yield f"not to be read from the archive: {change.first_unreadable}{more}"
    if not change.articles and not change.rejects:
        yield "nothing to read again: the archive holds none of its documents"
    elif change.left is not None:
        told = "would be left as it is" if dry_run else "left as it is"
        yield f"{told}: {change.left}; --force promotes it all the same"
    elif not change.changed and not change.accepted:
        yield "nothing to promote: its articles are as extraction gives them now"


def _write(changes: list[Change], form: Format, output: Path | None) -> None:
    """A row a source, and below it a row a field; where only rows can be written, a source's hold its fields."""
    below = form in (Format.TABLE, Format.MARKDOWN) and output is None
    columns = COLUMNS if below else (*COLUMNS, "fields")
    told = [[getattr(change, name) for name in ("source_id", *columns[1:])] for change in changes]
    write_out(form, columns, told, output)
    fields = [(change.source_id, *field.values()) for change in changes for field in change.fields]
    if below and fields:
        print()
        write_out(form, FIELD_COLUMNS, fields, None)
