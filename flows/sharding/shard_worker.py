"""Ingests one shard or one whole source in a worker of a cluster. Never imports Prefect."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Collection
from functools import lru_cache

from config.settings import Settings
from config.sources import Source
from flows.ingest import ingest
from flows.ingestion.process_pool import Workers
from flows.run import open_fetcher
from flows.sharding.one_shard import scope_of
from flows.sharding.shards import Shard
from warehouse.errors import WarehouseError
from warehouse.model.rows import Run

_starting = threading.Lock()


def run_shard(
    source: Source, settings: Settings, shard: Shard | None, beside: Collection[str], threads: int
) -> Run | str:
    """Ingest a shard, or the whole source where there is none, with a process a thread of this worker.

    Return its run, or a sentence with the reason it has none. What ends the process that this runs in costs only the
    shard: run again, here or elsewhere, it ends in the same rows.
    """
    with _starting:
        workers = _workers(settings.model_copy(update={"workers": threads}))
    others = [run_id for run_id in beside if shard is None or run_id != shard.run_id]
    try:
        with open_fetcher(settings) as fetcher:
            return ingest(source, settings, workers, fetcher, scope_of(shard, others))
    except WarehouseError as error:
        return str(error)


@lru_cache(maxsize=1)
def _workers(settings: Settings) -> Workers:
    # Kept for the next shards: to start one costs seconds. A worker of a cluster is a daemon, which may have no
    # children; ours end with it all the same.
    multiprocessing.current_process().daemon = False
    return Workers(settings)
