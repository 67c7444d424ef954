"""What each command asks of an object store, in requests; the section is written into RESULTS.md.

An S3 server on this machine (moto) counts them. A warehouse of 12 runs and 24 articles, about 100 objects; then every
command by a machine that has read the warehouse before, and `sql` and `status` by one that has not. About 3 minutes.

python -m bench.speed.object_store
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.results import write_section
from tests.support.bucket import CREDENTIALS, Bucket, serve_bucket

TITLE = "Object store: requests by command"
RUNS, PAGES_A_RUN = 12, 2
KINDS = ("LIST", "GET", "HEAD", "PUT", "POST", "DELETE")
SOURCE = 'title = "Harbour"\n[[input]]\nkind = "folder"\npath = "../pages"\nglob = "*.txt"\n'
# Log files are compacted an hour after they landed, and deleted an hour later.
COMPACT = """
import sys
from datetime import UTC, datetime, timedelta
from warehouse.storage.compaction import Ages, compact
from warehouse.storage.tables import Store

nothing = timedelta(0)
compact(Store(sys.argv[1]), datetime.now(UTC) + timedelta(hours=2), seconds=0, ages=Ages(nothing, nothing, nothing))
"""


@dataclass
class Bench:
    folder: Path
    bucket: Bucket
    lines: list[str] = field(default_factory=list)
    pages: int = 0

    def write_pages(self) -> None:
        for _ in range(PAGES_A_RUN):
            self.pages += 1
            lines = (f"Ferry {self.pages} met storm {number} on its way to the old port." for number in range(9))
            text = "\n\n".join((f"Ferry {self.pages} came back to port", *lines))
            (self.folder / f"pages/{self.pages}.txt").write_text(text)

    def call(self, *command: str, machine: str = "one") -> tuple[dict[str, int], float]:
        """Run a command; return its requests and seconds."""
        settings = {"COPYDESK_CONFIG": str(self.folder), "COPYDESK_WORKERS": "1", "COPYDESK_DATA": self.bucket.url()}
        folders = {name: str(self.folder / machine) for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME")}
        arguments = ["-m", "copydesk", *command] if command[0] != "-c" else [*command, self.bucket.url()]
        self.bucket.take()
        began = time.perf_counter()
        environment = {**os.environ, **CREDENTIALS, **settings, **folders}
        subprocess.run([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL, check=True)
        return dict(self.bucket.count()), time.perf_counter() - began

    def measure(self, label: str, *command: str, machine: str = "one") -> None:
        requests, _ = self.call(*command, machine=machine)
        counts = "".join(f"{requests.get(kind, 0):>8}" for kind in KINDS)
        self.lines.append(f"{label:<44}{counts}{sum(requests.values()):>8}")
        print(self.lines[-1], flush=True)

    def count_objects(self) -> int:
        program = "import sys; from warehouse.storage.root import Root; objects = Root.at(sys.argv[1]).objects()"
        program += "; print(len(objects.listing().all()) + len(objects.entries('archive')))"
        environment = {**os.environ, **CREDENTIALS, "XDG_STATE_HOME": str(self.folder / "count")}
        output = subprocess.check_output([sys.executable, "-c", program, self.bucket.url()], env=environment)
        return int(output)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, serve_bucket() as bucket:
        bench = Bench(Path(folder), bucket)
        (bench.folder / "sources").mkdir()
        (bench.folder / "pages").mkdir()
        (bench.folder / "sources/harbour.toml").write_text(SOURCE)
        bench.lines.append(f"{'':<44}{''.join(f'{kind:>8}' for kind in KINDS)}{'all':>8}")
        bench.write_pages()
        bench.measure("run, the very first", "run")
        for _ in range(RUNS - 2):
            bench.write_pages()
            bench.call("run")
        bench.write_pages()
        bench.measure(f"run, {PAGES_A_RUN} new articles", "run")
        bench.measure("run, nothing new", "run")
        bench.lines.append(f"from here on {bench.count_objects()} objects")
        bench.measure("status", "status")
        bench.measure("sql, count of articles", "sql", "SELECT count(*) FROM articles")
        newest = "SELECT title, text FROM articles ORDER BY published_at DESC LIMIT 20"
        bench.measure("sql, texts of the newest 20", "sql", newest)
        bench.measure("the same on another machine, for the first time", "sql", newest, machine="two")
        bench.measure("maintain verify", "maintain", "verify")
        bench.measure("forget, one article", "forget", (bench.folder / "pages/3.txt").as_uri())
        bench.measure("maintain compact, all log files", "-c", COMPACT)
        bench.measure("maintain compact, deleting what was replaced", "-c", COMPACT)
        bench.lines.append(f"from here on {bench.count_objects()} objects")
        bench.measure("status", "status")
        bench.measure("run, nothing new", "run")
        write_section(TITLE, "\n".join(bench.lines))


if __name__ == "__main__":
    main()
