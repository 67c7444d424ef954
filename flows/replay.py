"""Try refused documents again, from the archive if it holds them, else by fetching them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from config.settings import Settings
from config.sources import Source
from flows.ingest import ingest
from flows.ingestion.archived import is_archived, open_refusals, raw_article
from flows.ingestion.ingest_run import Clock
from flows.ingestion.process_pool import Workers
from flows.ingestion.recurring_lines import load_habits, with_habits
from flows.ingestion.run_rows import new_run_id, rules_of
from flows.ingestion.scope import KnownAddresses
from flows.ingestion.shared_fetcher import open_fetcher
from tasks.article import make_article
from tasks.http.fetcher import Fetcher, utc_now
from tasks.metadata.urls import normalize_url
from warehouse.connect import connect, rows
from warehouse.errors import WarehouseError
from warehouse.model.records import Article, RawArticle, Rejection
from warehouse.model.vocabulary import Outcome, Reason, RunStatus, Stage
from warehouse.state.conclusion import Conclusion
from warehouse.state.ledger import Ledger
from warehouse.state.source_state import SourceState
from warehouse.storage.tables import Store, batch_key


@dataclass(slots=True)
class Replay:
    """What came of trying again what one source had refused."""

    source_id: str
    stored: int = 0
    duplicate: int = 0
    unreadable: int = 0
    waiting: int = 0  # records that were refused before they were archived: the next run of their file has them
    problems: list[str] = field(default_factory=list)
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
        """Reasons of the documents refused again, the most frequent first."""
        return dict(self.refused.most_common())

    def count(self, conclusion: Conclusion, made: Article | Rejection) -> None:
        """Count a document that was extracted again."""
        if conclusion.outcome is Outcome.STORED:
            self.stored += 1
        elif conclusion.outcome is Outcome.DUPLICATE or not isinstance(made, Rejection):
            self.duplicate += 1
        else:
            self.refused[made.reason] += 1


def replay(
    sources: Iterable[Source],
    settings: Settings,
    *,
    reason: str | None = None,
    url: str | None = None,
    clock: Clock = utc_now,
    workers: Workers | None = None,
) -> list[Replay]:
    """Try the open rejects of the sources again, those of one `reason` or `url` if given; one result a source.

    A document that the archive holds is extracted from there; a page that could not be had, or was
    empty, is fetched again, politely.
    `workers` are those of the caller, if any. Raises `WarehouseError` where nothing has landed.
    """
    connect(settings.data).close()
    results = []
    with nullcontext(workers) if workers else Workers(settings) as pool, open_fetcher(settings) as fetcher:
        for source in sources:
            result = Replay(source.id)
            try:
                replay_archived(source, settings, pool, result, reason=reason, url=url, clock=clock)
                replay_fetched(source, settings, pool, fetcher, result, reason=reason, url=url, clock=clock)
            except WarehouseError as error:
                result.problems.append(str(error))
            results.append(result)
    return results


def replay_archived(
    source: Source,
    settings: Settings,
    workers: Workers,
    result: Replay,
    *,
    reason: str | None = None,
    url: str | None = None,
    clock: Clock = utc_now,
) -> None:
    """Extract the refused documents of the archive again and land what comes of it. Raises `WarehouseError`."""
    store, now = Store(settings.data), clock()
    # As with `reextract` it is no run's, and `runs` gets no row for it.
    run_id = f"replay-{new_run_id(now)}"
    with (
        store.lock(source.id, settings.lock_seconds),
        connect(settings.data) as connection,
        Ledger(SourceState(settings.data, source.id, now, normalize_url), rules_of(source, settings)) as ledger,
    ):
        batch: list[Conclusion] = []

        def documents() -> Iterator[RawArticle]:
            for row in open_refusals(connection, source, reason, url):
                if is_archived(row):
                    try:
                        yield raw_article(settings.data, row, source)
                    except WarehouseError as error:
                        result.unreadable += 1
                        result.problems.append(f"{row['reject']['url']}: {error}")

        step = with_habits(make_article, load_habits(settings.data, source.id))
        for raw, made in workers.each(step, documents(), source):
            conclusion = ledger.conclude(raw, made, clock())
            result.count(conclusion, made)
            batch.append(conclusion)
            if len(batch) == settings.batch:
                _land(store, source, run_id, batch, clock)
        _land(store, source, run_id, batch, clock)


def _land(store: Store, source: Source, run_id: str, batch: list[Conclusion], clock: Clock) -> None:
    # The captures stay as they are: their outcome is that of the run which read them.
    made = [replace(conclusion.row, run_id=run_id) for conclusion in batch if conclusion.row is not None]
    articles = [row for row in made if isinstance(row, Article)]
    rejects = [row for row in made if isinstance(row, Rejection)]
    key = batch_key(["replay", *(f"{row.capture_id} {row.version_id}" for row in articles)])
    store.land("articles", articles, source_id=source.id, key=key, now=clock())
    key = batch_key(["replay", *(f"{row.url} {row.attempts}" for row in rejects)])
    store.land("rejects", rejects, source_id=source.id, key=key, now=clock())
    batch.clear()


def replay_fetched(
    source: Source,
    settings: Settings,
    workers: Workers,
    fetcher: Fetcher,
    result: Replay,
    *,
    reason: str | None = None,
    url: str | None = None,
    clock: Clock = utc_now,
) -> None:
    """Fetch again what could not be had, and land it as a run does. Raises `WarehouseError`."""
    with connect(settings.data) as connection:
        refused = [row["reject"] for row in open_refusals(connection, source, reason, url) if not is_archived(row)]
    # Only a run of its file finds a record again.
    addresses = [row["url"] for row in refused if not _is_record(row)]
    result.waiting += len(refused) - len(addresses)
    if not addresses:
        return
    run = ingest(source, settings, workers, fetcher, KnownAddresses(addresses), clock=clock)
    if run.status is not RunStatus.SUCCEEDED:
        result.problems.append(run.error or f"the run ended as {run.status}")
    left = _refused_reasons(settings, source, addresses)
    result.stored += len(addresses) - left.total()
    result.duplicate += left.pop(Reason.DUPLICATE, 0)
    result.refused.update(left)


def _is_record(reject: dict[str, Any]) -> bool:
    return reject["stage"] == Stage.DISCOVER or (reject["url"].startswith("file:") and "#" in reject["url"])


def _refused_reasons(settings: Settings, source: Source, addresses: list[str]) -> Counter[str]:
    """Return the reasons for which addresses are refused now, with how many each."""
    query = "SELECT reason, count(*) FROM rejects_open WHERE source_id = $1 AND url IN (SELECT unnest($2)) GROUP BY ALL"
    with connect(settings.data) as connection:
        return Counter(dict(rows(connection, query, [source.id, addresses])))
