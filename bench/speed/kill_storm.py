"""Kill workers, fork servers and whole runs at random moments, and count what was lost or doubled.

    python -m bench.speed.kill_storm [WORKERS] [RUNS]

Makes so many kills of each (300 and 50), with SIGKILL, as the system does when memory runs out. Writes its section of
bench/RESULTS.md; exits with 1 if anything was lost or doubled.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench.results import write_section
from tests.support.kill import fork_server, kill, workers
from warehouse.connect import connect
from warehouse.model.vocabulary import Outcome
from warehouse.verify import verify

PROJECT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = 1_200
STORY = """Story number {number} of the night desk

The {number} boats of the village came home late on Monday, and each of them had caught {number} baskets of fish.

"We have never had a night like number {number}," said the harbour master, who counted them all twice over.
"""


class Installation:
    """A folder source of stories and a data root of its own."""

    def __init__(self, folder: Path) -> None:
        pages, sources = folder / "pages", folder / "config" / "sources"
        pages.mkdir(parents=True)
        sources.mkdir(parents=True)
        for number in range(DOCUMENTS):
            (pages / f"{number:05}.txt").write_text(STORY.format(number=number))
        (sources / "paper.toml").write_text('title = "Paper"\n[[input]]\nkind = "folder"\npath = "../../pages"\n')
        self.data = str(folder / "data")
        self.config = str(folder / "config")

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "copydesk", "run", "--config", self.config, "--data", self.data],
            cwd=PROJECT,
            env=os.environ | {"COPYDESK_WORKERS": "2", "COPYDESK_BATCH": "100"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def settle(self) -> int:
        """Run undisturbed until a run has nothing left; how many runs that took."""
        for count in range(1, 5):
            process = self.start()
            _, errors = process.communicate()
            if process.returncode:
                sys.exit(f"an undisturbed run failed: {errors}")
            if self.rows("SELECT count(*) FROM rejects_open")[0][0] == 0:
                return count
        return 4

    def rows(self, query: str) -> list[tuple[int, ...]]:
        with connect(self.data) as warehouse:
            return warehouse.execute(query).fetchall()

    def ledger(self) -> Counter[str]:
        ((articles, distinct),) = self.rows("SELECT count(*), count(DISTINCT url) FROM articles")
        ((versions,),) = self.rows("SELECT count(*) FROM article_versions")
        doubled = max(articles - distinct, versions - distinct)
        return Counter(
            documents=DOCUMENTS,
            lost=DOCUMENTS - distinct,
            doubled=doubled,
            findings=len(verify(self.data).findings),
        )


def storm(folder: Path, kills: int) -> Counter[str]:
    """Kill workers, now and then all of them with their fork server, until there were so many kills."""
    total: Counter[str] = Counter()
    while total["worker kills"] < kills:
        installation = Installation(folder / f"storm-{total['runs']}")
        run = installation.start()
        while run.poll() is None:
            time.sleep(random.uniform(0.02, 0.2))  # noqa: S311
            targets = workers(run.pid)
            if not targets or total["worker kills"] >= kills:
                continue
            server = fork_server(run.pid) if random.random() < 0.05 else None  # noqa: S311
            if server is not None:
                total["fork server kills"] += kill(server)
            elif random.random() < 0.8:  # noqa: S311
                targets = [random.choice(targets)]  # noqa: S311
            total["worker kills"] += sum(map(kill, targets))
        _, errors = run.communicate()
        total["runs"] += 1
        total["runs failed"] += run.returncode != 0
        if run.returncode:
            print(errors, file=sys.stderr)
        counted = " + ".join(Outcome)
        query = f"SELECT sum(rejected), sum(discovered) - sum({counted}) FROM runs"  # noqa: S608
        ((refused, uncounted),) = installation.rows(query)
        total["documents killed twice, refused and tried again by the next run"] += refused
        total["documents in no count"] += uncounted
        installation.settle()
        total.update(installation.ledger())
    return total


def kills_of_runs(folder: Path, kills: int) -> Counter[str]:
    """Kill runs, each at a random moment, on one data root until one of them comes to its end; and so on."""
    total: Counter[str] = Counter()
    while total["run kills"] < kills:
        installation = Installation(folder / f"chain-{total['chains']}")
        while total["run kills"] < kills:
            run = installation.start()
            while run.poll() is None and not workers(run.pid):
                time.sleep(0.02)
            try:
                run.communicate(timeout=random.uniform(0, 4))  # noqa: S311
            except subprocess.TimeoutExpired:
                with_workers = workers(run.pid) if random.random() < 0.3 else []  # noqa: S311
                for process in [run.pid, *with_workers]:
                    total["run kills"] += process == run.pid and kill(process)
                    kill(process)
                run.communicate()
                continue
            total["runs to their end"] += 1
            total["runs failed"] += run.returncode != 0
            break
        total["chains"] += 1
        installation.settle()
        total.update(installation.ledger())
    return total


def table(title: str, total: Counter[str]) -> str:
    return "\n".join([title, *(f"  {name:<70}{number:>7,}" for name, number in total.items())])


def main(worker_kills: int = 300, run_kills: int = 50) -> int:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        totals = {
            "Workers killed": storm(Path(folder), worker_kills),
            "Runs killed": kills_of_runs(Path(folder), run_kills),
        }
    text = "\n".join(table(*item) for item in totals.items())
    text += f"\n{time.monotonic() - began:,.0f} s"
    print(text)
    write_section("Kill storm: what was lost and doubled", text)
    return int(any(total["lost"] or total["doubled"] or total["runs failed"] for total in totals.values()))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
