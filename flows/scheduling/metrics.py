"""The metrics of `copydesk serve` in the text format of Prometheus.

What is counted is counted from the start of the process on, as Prometheus expects of a counter. Runs are processes of
their own, so their figures come from the warehouse.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from logging import WARNING
from time import monotonic
from typing import Final

from prometheus_client import ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from flows.monitoring.figures import Figures, load_figures
from flows.scheduling.server_status import ServerStatus
from flows.scheduling.service_log import log_event
from warehouse.model.vocabulary import Outcome

MIN_CACHE_SECONDS: Final = 15.0
# Figures are kept for so many times as long as loading them took, so loading takes at most 2 % of the time.
CACHE_TIMES_LOADING: Final = 50
MAX_WAIT_SECONDS: Final = 5.0  # that a scrape waits for new figures; Prometheus gives up after 10 by default
COUNTED_OUTCOMES: Final = tuple(outcome for outcome in Outcome if outcome is not Outcome.PENDING)
ENDINGS: Final = ("succeeded", "failed", "interrupted")


@dataclass(slots=True)
class FigureCache:
    """The figures of a warehouse as they were last loaded, and how that went."""

    data: str
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    figures: Figures = field(default_factory=Figures)
    seconds: float = 0.0  # that the last loading took
    _loaded: float | None = None  # on the clock of `monotonic`
    _loading: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        """Load the figures if those that are there are old; wait `MAX_WAIT_SECONDS` for them at most."""
        kept_seconds = max(MIN_CACHE_SECONDS, CACHE_TIMES_LOADING * self.seconds)
        if self._loaded is not None and monotonic() - self._loaded < kept_seconds:
            return
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load())
        await asyncio.wait([self._loading], timeout=MAX_WAIT_SECONDS)

    async def _load(self) -> None:
        began = monotonic()
        before, self.figures = self.figures, await asyncio.to_thread(load_figures, self.data, self.since)
        if self.figures.problem and self.figures.problem != before.problem:
            log_event("metrics_missing", f"metrics are missing: {self.figures.problem}", level=WARNING)
        self._loaded = monotonic()
        self.seconds = self._loaded - began


@dataclass(frozen=True, slots=True)
class ServerMetrics(Collector):
    """The metrics of a server and its warehouse at a moment."""

    status: ServerStatus
    cache: FigureCache
    now: datetime

    def collect(self) -> Iterator[Metric]:
        """Yield every family of metrics."""
        yield from self.server_families()
        yield from self.source_families()
        yield from self.warehouse_families()
        yield from ProcessCollector(registry=None).collect()

    def server_families(self) -> Iterator[Metric]:
        """Yield what the server knows of itself."""
        status = self.status
        yield InfoMetricFamily("copydesk", "The release that serves.", {"version": status.copydesk})
        yield gauge("server_reachable", "1 if the Prefect server answers.", status.server_reachable)
        yield gauge("sources", "Sources that are served.", status.sources)
        yield gauge("sources_paused", "Those of them that are paused.", status.paused)
        yield gauge("configuration_problems", "Files of the configuration that are wrong.", len(status.problems))
        yield gauge("runs_running", "Runs that are under way.", status.running)
        yield gauge("runs_limit", "Runs that may be under way together.", status.limit)
        yield gauge("runs_late", "Runs that are due and wait for others to end.", status.late)
        polled = self._age(status.last_poll)
        yield gauge("seconds_since_poll", "Since the Prefect server was last asked for runs that are due.", polled)

    def source_families(self) -> Iterator[Metric]:
        """Yield what the runs of each source came to."""
        rows = self.cache.figures.sources
        runs = counter("runs", "Runs that ended; a turn at which nothing was due is none.", "source", "status")
        seconds = counter("run_seconds", "Seconds that runs took.", "source")
        documents = counter("documents", "Documents of runs that ended, by what came of them.", "source", "outcome")
        skips = counter("runs_with_skips", "Runs whose inputs passed something over.", "source")
        for name, row in rows.items():
            for ending in ENDINGS:
                runs.add_metric([name, ending], row[f"runs_{ending}"])
            seconds.add_metric([name], row["seconds"])
            for outcome in COUNTED_OUTCOMES:
                documents.add_metric([name, outcome], row[outcome])
            skips.add_metric([name], row["runs_with_skips"])
        rejects = counter("rejects", "Refused documents, by reason.", "source", "reason")
        for labels, count in self.cache.figures.rejects.items():
            rejects.add_metric(labels, count)
        yield from (runs, seconds, documents, skips, rejects)
        # A source that is no longer served would be late for ever, which is no reason for an alarm.
        served = {name: row for name, row in rows.items() if name in self.status.served}
        for name, text, column in (
            ("source_last_run_succeeded", "1 if its last run succeeded.", "last_succeeded"),
            ("source_last_run_seconds", "Seconds that its last run took.", "last_seconds"),
            ("source_pending", "Documents that its last run left for the next one.", "pending"),
        ):
            yield gauge_of_sources(name, text, ((source, row[column]) for source, row in served.items()))
        for name, text, column in (
            ("source_seconds_since_success", "Since its last run that succeeded ended.", "succeeded_at"),
            ("source_seconds_since_article", "Since its last run that stored an article ended.", "stored_at"),
        ):
            yield gauge_of_sources(name, text, ((source, self._age(row[column])) for source, row in served.items()))

    def warehouse_families(self) -> Iterator[Metric]:
        """Yield the state of the warehouse's files."""
        cache, figures = self.cache, self.cache.figures
        yield gauge("warehouse_readable", "1 if the figures of the warehouse could be read.", figures.problem is None)
        yield gauge("figures_seconds", "Seconds that it took to read them.", cache.seconds)
        yield gauge("data_free_bytes", "Free bytes of the disk that the data root is on.", figures.free_bytes)
        state, verification = figures.compaction, figures.verification
        files = state.log_files if state else None
        yield gauge("files_to_compact", "Small files that wait for compaction.", files)
        compacted = self._age(state.compacted_at if state else None)
        yield gauge("seconds_since_compaction", "Since small files were last joined.", compacted)
        verified = self._age(verification.at if verification else None)
        yield gauge("seconds_since_verification", "Since the warehouse was last verified.", verified)
        has_passed = verification.has_passed if verification else None
        yield gauge("verification_passed", "1 if nothing was wrong then.", has_passed)

    def _age(self, moment: datetime | None) -> float | None:
        """Return the seconds since a moment."""
        return None if moment is None else (self.now - moment).total_seconds()


def gauge(name: str, text: str, value: float | None) -> GaugeMetricFamily:
    """Return a family with one value, or none if that is not known."""
    family = GaugeMetricFamily(f"copydesk_{name}", text, labels=())
    if value is not None:
        family.add_metric((), value)
    return family


def gauge_of_sources(name: str, text: str, values: Iterable[tuple[str, float | None]]) -> GaugeMetricFamily:
    """Return a family with a value for each source of which it is known."""
    family = GaugeMetricFamily(f"copydesk_{name}", text, labels=("source",))
    for source, value in values:
        if value is not None:
            family.add_metric([source], value)
    return family


def counter(name: str, text: str, *labels: str) -> CounterMetricFamily:
    """Return a family of counters by labels, without values."""
    return CounterMetricFamily(f"copydesk_{name}", text, labels=labels)


async def metrics_text(status: ServerStatus, cache: FigureCache, accept: str) -> tuple[bytes, str]:
    """Return the metrics in the format that an `Accept` header asks for, and its media type."""
    await cache.refresh()
    try:
        encode, media_type = choose_encoder(accept)
    except TypeError:  # of a version that is no number
        encode, media_type = choose_encoder("")
    return encode(ServerMetrics(status, cache, datetime.now(UTC))), media_type
