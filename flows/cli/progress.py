"""A progress bar a source, on a terminal."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from flows.cli.console import console
from flows.ingestion.progress import SourceProgress, SourceResult
from flows.scheduling.run_log import RunLog
from flows.scheduling.service_log import writes_json


class ProgressBars(SourceProgress):
    """Bars on stderr while sources are ingested; a context manager. Shows nothing where stderr is no terminal."""

    def __init__(self) -> None:
        terminal = console(stderr=True)
        self._bars: dict[str, TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=terminal,
            transient=True,
            disable=not terminal.is_terminal,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, source_id: str, documents: int | None) -> None:
        """Add the bar of a source; it has no end where `documents` is None."""
        # Not before, as bars would be drawn over a question that the command asks first.
        self._progress.start()
        self._bars[source_id] = self._progress.add_task(source_id, total=documents)

    def advance(self, source_id: str, documents: int) -> None:
        """Move the bar of a source by so many documents."""
        self._progress.advance(self._bars[source_id], documents)

    def correct(self, source_id: str, documents: int) -> None:
        """Set the bar of a source to so many documents."""
        self._progress.update(self._bars[source_id], completed=documents)

    def end(self, source_id: str, result: SourceResult | None = None) -> None:  # noqa: ARG002
        """Remove the bar of a source."""
        self._progress.remove_task(self._bars.pop(source_id))


def show_progress() -> AbstractContextManager[SourceProgress]:
    """Return bars for people, or lines of the log where that is JSON."""
    return nullcontext(RunLog()) if writes_json() else ProgressBars()
