"""The scope of a run that ingests one shard."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from config.sources import Source
from flows.ingestion.scope import Scope, WholeSource
from flows.sharding.shards import Shard, list_shard
from tasks.listings.discovered import Discovered
from warehouse.model.vocabulary import RunKind

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import IngestRun


@dataclass(frozen=True)
class OneShard(Scope):
    """The documents of one shard, judged as if the runs `beside` it had not been.

    Whoever starts it holds the lock of the source.
    """

    shard: Shard
    beside: Collection[str] = ()
    kind: ClassVar[RunKind] = RunKind.SHARD

    @property
    def shard_id(self) -> str:
        """The run_id of the shard."""
        return self.shard.run_id

    @property
    def shard_key(self) -> str:
        """The key of the shard."""
        return self.shard.key

    def documents(self, run: IngestRun) -> Iterator[Discovered]:
        """Yield the documents of the shard."""
        return list_shard(run, self.shard)

    def source_to_read(self, source: Source) -> Source:
        """Return the source without times of recheck: known pages are not the business of a shard."""
        return source.model_copy(update={"recheck": ()})

    def learn(self, run: IngestRun) -> None:
        """Land nothing: what a shard strips would depend on which shards had ended before it."""


def scope_of(shard: Shard | None, beside: Collection[str] = ()) -> Scope:
    """Return the scope of a task: one shard, or the whole source if there is none."""
    return WholeSource() if shard is None else OneShard(shard, beside)
