"""Where the CPU time of a run goes: the whole of `ingest` over a WARC in one process, its steps timed.

    python -m bench.speed.stages FILE.warc.gz DATA

Prints JSON: documents, and seconds of CPU by stage, each without the stages that it calls. `rest` is what `ingest`
does outside all of them. What processes cost beside it, `throughput.py` tells from the run with a pool.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, Final

from config.inputs import WarcInput
from config.settings import Settings
from config.sources import Source
from flows import ingest as path
from flows.ingestion.process_pool import Workers
from tasks.http.fetcher import Fetcher

STAGES: Final = {
    "read": ("tasks.files.warc:read_warcs",),
    "archive": ("warehouse.archive.writer:ArchiveWriter.write", "warehouse.archive.writer:ArchiveWriter.close"),
    "decode": ("tasks.extract:unpack", "tasks.extract:decode"),
    "parse": ("tasks.html.article:parse_html",),
    "metadata": (
        "tasks.html.article:read_json_ld",
        "tasks.html.article:read_metadata",
        "tasks.html.article:guess_date",
    ),
    "extraction": ("tasks.extract:read_page",),
    "checks": ("tasks.extract:extract",),
    "strip": ("tasks.strip:strip",),
    "language": ("tasks.detect:detect",),
    "normalise": ("tasks.normalise:normalise",),
    "provenance": ("tasks.normalise:Candidates.choose", "tasks.normalise:Candidates.choose_list"),
    "ledger": (
        "flows.ingestion.ingest_run:IngestRun.discover",
        "flows.ingestion.identify:KnownDocuments.known_as",
        "flows.ingestion.identify:KnownDocuments.redirect_target",
        "warehouse.state.ledger:Ledger.conclude",
        "warehouse.state.ledger:Ledger.holds",
        "warehouse.state.ledger:Ledger.identify",
    ),
    "parquet": ("warehouse.storage.tables:Store.land", "warehouse.storage.tables:Store.prepare"),
    "start and end": (
        "warehouse.state.source_state:SourceState.take_forward",
        "flows.ingestion.ingest_run:SourceState",
        "flows.ingestion.ingest_run:write_catalogue",
    ),
}
PARSING: Final = ("parse", "extraction", "metadata")
"""What a hand-written loop does too."""


class Stopwatch:
    """CPU seconds by stage; a stage that another one calls stops that one's clock."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self._inside = ["rest"]
        self._since = time.process_time()

    def switch(self) -> None:
        now = time.process_time()
        self.spent[self._inside[-1]] += now - self._since
        self._since = now

    def enter(self, stage: str) -> None:
        self.switch()
        self._inside.append(stage)

    def leave(self) -> None:
        self.switch()
        self._inside.pop()

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            self.enter(stage)
            try:
                result = function(*args, **kwargs)
            finally:
                self.leave()
            return self.each(stage, result) if isinstance(result, Iterator) else result

        return call

    def each(self, stage: str, items: Iterator[Any]) -> Iterator[Any]:
        while True:
            self.enter(stage)
            try:
                item = next(items)
            except StopIteration:
                return
            finally:
                self.leave()
            yield item

    def watch(self, stages: dict[str, tuple[str, ...]]) -> None:
        for stage, places in stages.items():
            for name in places:
                module, _, attribute = name.partition(":")
                owner: Any = importlib.import_module(module)
                *outer, attribute = attribute.split(".")
                for part in outer:
                    owner = getattr(owner, part)
                setattr(owner, attribute, self.timed(stage, getattr(owner, attribute)))


class Here(Workers):
    """Workers that are this process."""

    def each(self, step: Any, raws: Iterable[Any], source: Source) -> Iterator[tuple[Any, Any]]:
        for raw in raws:
            yield raw, step(raw, source, self._settings.max_document_bytes)


def main(warc: str, data: str) -> None:
    clock = Stopwatch()
    clock.watch(STAGES)
    source = Source(id="bench", title="Bench", input=(WarcInput(kind="warc", path=Path(warc)),), folder=Path("/"))
    settings = Settings(data=data)
    with Here(settings) as workers, Fetcher(settings) as fetcher:
        clock.enter("rest")
        run = path.ingest(source, settings, workers, fetcher)
        clock.leave()
    documents = run.discovered
    print(json.dumps({"documents": documents, "stored": run.stored, "spent": dict(clock.spent)}))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
