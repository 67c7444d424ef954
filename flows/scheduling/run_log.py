"""Lines of the log about runs: the same for a run on schedule and one of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from logging import DEBUG, ERROR, INFO

from flows.ingestion.progress import SourceProgress, SourceResult
from flows.scheduling.service_log import log_event
from warehouse.model.rows import Run


class RunLog(SourceProgress):
    """Logs each source as its run ends."""

    def end(self, source_id: str, result: SourceResult | None = None) -> None:
        """Log what came of a source."""
        if result is not None and result.run is not None:
            log_run(result.run)
        if result is not None and result.problem is not None:
            log_event("run_failed", result.problem, level=ERROR, source=source_id)


def log_run(run: Run) -> str:
    """Log the counts of a run that has ended; return the sentence."""
    return log_counts(run.source_id, run.counts, run.run_id)


def log_counts(source_id: str, counts: Mapping[str, int], run_id: str | None = None) -> str:
    """Log the counts of a source whose run, or shards, have ended; return the sentence."""
    text = counts_text(counts)
    message = f"{source_id}: {text or 'nothing was due'}"
    # Every source says so at nearly every turn.
    level = INFO if text else DEBUG
    log_event("run_ended", message, level=level, source=source_id, run=run_id, counts=counts)
    return message


def counts_text(counts: Mapping[str, int]) -> str:
    """Return the counts that are not 0, for people."""
    return ", ".join(f"{number} {name}" for name, number in counts.items() if number)


def run_name(run: Run) -> str:
    """Return a name for a run in the lists of the UI: its source, and what people look for among its counts."""
    counts = {"new": run.stored, "rejected": run.rejected, "failed": run.failed, "pending": run.pending}
    return f"{run.source_id} {counts_text(counts) or ('nothing new' if run.discovered else 'nothing was due')}"
