"""datatrove over a WARC file: its reader, its trafilatura, its Parquet writer; one task, as one file gives no more.

python -m bench.speed.datatrove_loop FOLDER FILE.warc.gz OUT
"""

from __future__ import annotations

import sys

from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.readers import WarcReader
from datatrove.pipeline.writers import ParquetWriter

SECONDS = 30.0


def main(folder: str, name: str, out: str) -> None:
    steps = [
        WarcReader(folder, glob_pattern=name),
        Trafilatura(favour_precision=True, timeout=SECONDS, deduplicate=False),
        ParquetWriter(out, compression="zstd"),
    ]
    stats = LocalPipelineExecutor(steps, logging_dir=f"{out}/logs", skip_completed=False).run()
    print(stats.to_json())


if __name__ == "__main__":
    main(*sys.argv[1:])
