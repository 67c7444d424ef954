"""`copydesk rejects replay`: what was refused is tried again now, from the archive where that holds it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from config.errors import ConfigError
from config.settings import Settings
from config.sources import Source
from flows.cli.output import Format
from flows.cli.sql import write_out
from flows.ingest import ingest
from flows.ingestion.archived import is_archived, open_refusals, raw_article
from flows.ingestion.ingest_run import Clock
from flows.ingestion.process_pool import Workers
from flows.ingestion.recurring_lines import load_habits, with_habits
from flows.ingestion.run_rows import new_run_id, rules_of
from flows.ingestion.scope import KnownAddresses
from flows.run import open_fetcher
from tasks.article import make_article
from tasks.http.fetcher import Fetcher, utc_now
from warehouse.connect import connect, rows
from warehouse.errors import WarehouseError
from warehouse.model.records import Article, RawArticle, Rejection
from warehouse.model.vocabulary import Outcome, Reason, RunStatus, Stage
from warehouse.state.ledger import Conclusion
from warehouse.state.load_ledger import load_ledger
from warehouse.storage.tables import Store

COLUMNS: Final = ("source", "tried", "stored", "duplicate", "still_refused", "unreadable", "waiting", "reasons")
"""`tried` is the sum of the five counts after it; `reasons` are those for which documents are refused still."""


@dataclass(slots=True)
class Replay:
    """What came of trying again what one source had refused."""

    source_id: str
    stored: int = 0
    duplicate: int = 0
    unreadable: int = 0
    waiting: int = 0
    """Records that were refused before they were archived: the next run of their file has them."""
    sentences: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def still_refused(self) -> int:
        """Documents that were refused again."""
        return self.refused.total()

    @property
    def tried(self) -> int:
        """Documents that were to be tried."""
        return self.stored + self.duplicate + self.still_refused + self.unreadable + self.waiting

    @property
    def reasons(self) -> dict[str, int]:
        """Those of the documents refused again, the most frequent first."""
        return dict(self.refused.most_common())


def replay(
    sources: Iterable[Source],
    settings: Settings,
    *,
    reason: str | None = None,
    url: str | None = None,
    form: Format = Format.TABLE,
    output: Path | None = None,
    clock: Clock = utc_now,
    workers: Workers | None = None,
) -> int:
    """Try the open rejects of the sources again, those of one `reason` or `url` if given; report; the exit code.

    A document that the archive holds is extracted from there; one that could not be had is fetched again, politely.
    `workers` are those of the caller, if any. 1 where a source could not be done, or what is in the archive could not
    be read. Raises `ConfigError` for an unknown reason, `WarehouseError` where nothing has landed.
    """
    if reason is not None and reason not in set(Reason):
        raise ConfigError(f"no reason '{reason}'; known: {', '.join(sorted(Reason))}")
    connect(settings.data).close()
    done, failures = [], []
    with nullcontext(workers) if workers else Workers(settings) as pool, open_fetcher(settings) as fetcher:
        for source in sources:
            one = Replay(source.id)
            try:
                replay_archived(source, settings, pool, one, reason=reason, url=url, clock=clock)
                replay_fetched(source, settings, pool, fetcher, one, reason=reason, url=url, clock=clock)
            except WarehouseError as error:
                one.sentences.append(str(error))
            done.append(one)
            failures += [f"{source.id}: {sentence}" for sentence in one.sentences]
    told = ((one.source_id, *(getattr(one, name) for name in COLUMNS[1:])) for one in done)
    shown = ((*row[:-1], ", ".join(f"{why} {count}" for why, count in row[-1].items())) for row in told)
    write_out(form, COLUMNS, shown if form is Format.TABLE else told, output)
    if not any(one.tried for one in done) and not failures:
        what = " and ".join(filter(None, (reason and f"with reason {reason}", url and f"at {url}")))
        print(f"copydesk: nothing to try again: no open reject{' ' + what if what else ''}", file=sys.stderr)
    for sentence in failures:
        print(f"copydesk: {sentence}", file=sys.stderr)
    return 1 if failures else 0


def replay_archived(
    source: Source,
    settings: Settings,
    workers: Workers,
    report: Replay,
    *,
    reason: str | None = None,
    url: str | None = None,
    clock: Clock = utc_now,
) -> None:
    """Extract again what the archive holds and was refused; what comes of it has landed. Raises `WarehouseError`."""
    store, now = Store(settings.data), clock()
    # As with `reextract` it is no run's, and `runs` gets no row for it.
    run_id = f"replay-{new_run_id(now)}"
    with store.lock(source.id, settings.lock_seconds), connect(settings.data) as connection:
        ledger = load_ledger(settings.data, source.id, rules_of(source, settings), now)
        batch: list[Conclusion] = []

        def raws() -> Iterator[RawArticle]:
            for row in open_refusals(connection, source, reason, url):
                if is_archived(row):
                    try:
                        yield raw_article(settings.data, row, source)
                    except WarehouseError as error:
                        report.unreadable += 1
                        report.sentences.append(f"{row['reject']['url']}: {error}")

        step = with_habits(make_article, load_habits(settings.data, source.id))
        for raw, made in workers.each(step, raws(), source):
            concluded = ledger.conclude(raw, made, clock())
            if concluded.outcome is Outcome.STORED:
                report.stored += 1
            elif concluded.outcome is Outcome.DUPLICATE or not isinstance(made, Rejection):
                report.duplicate += 1
            else:
                report.refused[made.reason] += 1
            batch.append(concluded)
            if len(batch) == settings.batch:
                _land(store, source, run_id, batch, clock)
        _land(store, source, run_id, batch, clock)


def _land(store: Store, source: Source, run_id: str, batch: list[Conclusion], clock: Clock) -> None:
    # The captures stay as they are: they say what came of them when they were read.
    made = [replace(one.row, run_id=run_id) for one in batch if one.row is not None]
    articles = [row for row in made if isinstance(row, Article)]
    rejects = [row for row in made if isinstance(row, Rejection)]
    names = {
        "articles": [f"{row.capture_id} {row.version_id}" for row in articles],
        "rejects": [f"{row.url} {row.attempts}" for row in rejects],
    }
    for table, landing in (("articles", articles), ("rejects", rejects)):
        key = blake2b("\n".join(["replay", *names[table]]).encode(), digest_size=12).hexdigest()
        store.land(table, landing, source_id=source.id, key=key, now=clock())
    batch.clear()


def replay_fetched(
    source: Source,
    settings: Settings,
    workers: Workers,
    fetcher: Fetcher,
    report: Replay,
    *,
    reason: str | None = None,
    url: str | None = None,
    clock: Clock = utc_now,
) -> None:
    """Fetch again what could not be had; it lands as any document of a run. Raises `WarehouseError`."""
    with connect(settings.data) as connection:
        refused = [row["reject"] for row in open_refusals(connection, source, reason, url) if not is_archived(row)]
    # Only a run of its file finds a record again.
    addresses = [row["url"] for row in refused if not _is_record(row)]
    report.waiting += len(refused) - len(addresses)
    if not addresses:
        return
    run = ingest(source, settings, workers, fetcher, KnownAddresses(addresses), clock=clock)
    if run.status is not RunStatus.SUCCEEDED:
        report.sentences.append(run.error or f"the run ended as {run.status}")
    left = _left(settings, source, addresses)
    report.stored += len(addresses) - left.total()
    report.duplicate += left.pop(Reason.DUPLICATE, 0)
    report.refused.update(left)


def _is_record(refused: dict[str, Any]) -> bool:
    return refused["stage"] == Stage.DISCOVER or (refused["url"].startswith("file:") and "#" in refused["url"])


def _left(settings: Settings, source: Source, addresses: list[str]) -> Counter[str]:
    """Why those of the addresses that are no article now are refused."""
    query = "SELECT reason, count(*) FROM rejects_open WHERE source_id = $1 AND url IN (SELECT unnest($2)) GROUP BY ALL"
    with connect(settings.data) as connection:
        return Counter(dict(rows(connection, query, [source.id, addresses])))
