"""Scopes: which documents of its source a run takes, and what it may conclude about the whole source."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from config.sources import Source
from flows.ingestion.learn_habits import learn_habits
from flows.ingestion.restore import restore_documents
from flows.ingestion.worklist import list_documents
from tasks.listings.discovered import Discovered
from warehouse.model.vocabulary import RunKind

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import IngestRun


class Scope(ABC):
    """The documents that a run takes. A run of a scope is the only one of its source, but for shards."""

    kind: ClassVar[RunKind] = RunKind.INGEST
    is_whole: ClassVar[bool] = False
    """Whether every document of the source is judged, so that the next run may rely on the rules of this one."""
    fetches_known_pages: ClassVar[bool] = False
    """Whether pages are fetched again that are known and not due."""
    beside: Collection[str] = ()
    """Ids of runs that go on at the same time: what they land is as if it were not there."""

    @property
    def shard_id(self) -> str:
        """The run_id that a shard always has; empty for a scope that is no shard."""
        return ""

    @property
    def shard_key(self) -> str | None:
        """The key of the shard; None for a scope that is no shard."""
        return None

    @abstractmethod
    def documents(self, run: IngestRun) -> Iterable[Discovered]:
        """Yield the documents to take. What cannot be listed is a problem of the run."""

    def source_to_read(self, source: Source) -> Source:
        """Return the source as a run of this scope is to read it."""
        return source

    def learn(self, run: IngestRun) -> None:
        """Land what all the documents together show of the source."""
        learn_habits(run)


@dataclass(frozen=True)
class WholeSource(Scope):
    """All that the inputs list now, what waits to be read, and what is due to be read again."""

    is_whole: ClassVar[bool] = True

    def documents(self, run: IngestRun) -> Iterator[Discovered]:
        """Yield every document of a source, once lost rows are restored."""
        restore_documents(run)
        yield from list_documents(run)

    def learn(self, run: IngestRun) -> None:
        """Land discoveries that were lost and are listed nowhere any more, and recurring lines."""
        run.land_unsighted()
        super().learn(run)


@dataclass(frozen=True)
class DueInputs(WholeSource):
    """The whole source, but feeds, sitemaps and section pages only if they are due within `early`."""

    early: timedelta = timedelta()

    def documents(self, run: IngestRun) -> Iterator[Discovered]:
        """Yield every document of what is due, once lost rows are restored."""
        restore_documents(run)
        yield from list_documents(run, due_within=self.early)


@dataclass(frozen=True)
class KnownAddresses(Scope):
    """Some known addresses, read again now in place of what the inputs list."""

    urls: Collection[str]
    kind: ClassVar[RunKind] = RunKind.ADDRESSES
    fetches_known_pages: ClassVar[bool] = True

    def documents(self, run: IngestRun) -> Iterator[Discovered]:
        """Yield each address with what its listing gave."""
        return map(run.documents.item, self.urls)
