"""How a command follows sources while they are taken in, and what came of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from warehouse.model.rows import Run


@dataclass(frozen=True, slots=True)
class SourceResult:
    """What came of one source: its run, if it came to one, what failed, and the seconds it took.

    Those in which it waited for processes to start, and to end the documents of other sources, are left out.
    """

    run: Run | None
    problem: str | None
    seconds: float


class SourceProgress:
    """Called as sources are ingested, each from a thread of its own. This one shows nothing."""

    def begin(self, source_id: str, documents: int | None) -> None:
        """Take note that a source begins; `documents` is None where nobody knows how many there are."""

    def advance(self, source_id: str, documents: int) -> None:
        """Take note that so many more documents of a source are done."""

    def correct(self, source_id: str, documents: int) -> None:
        """Take note that so many documents of a source are done in all."""

    def end(self, source_id: str, result: SourceResult | None = None) -> None:
        """Take note that a source has ended; `result` says what came of it, if that is known by now."""


NO_PROGRESS: Final = SourceProgress()
