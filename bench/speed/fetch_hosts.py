"""Fetching measured against a fast server on this machine with many hosts; the section is written into RESULTS.md.

Three runs, each a process of its own: the fetcher alone, then `copydesk run` over a feed a host without a delay, and
with a delay of one second. The server (many_hosts.py) notes when each request came. Under 3 minutes in all.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from bench.results import write_section
from bench.speed.many_hosts import HOSTS

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
TITLE = "Fetching: 50 hosts on this machine, pages of 60 kB"

ALONE_PAGES, FAST_PAGES, PACED_PAGES = 60, 24, 16
"""Pages of each host: by the fetcher alone, through the pipeline without a delay, and with one."""
SECONDS = 55
"""After which a run is stopped, and reported as far as it came."""
WINDOW = 256

# What is measured


@dataclass
class Memory:
    """Resident memory of a process and all below it, twice a second; pages that they share count once."""

    pid: int
    sizes: list[int] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self.ended.wait(0.5):
            self.sizes.append(sum(map(resident, family(self.pid))))

    def summary(self) -> str:
        if not self.sizes:
            return "memory unknown"
        parts = [self.sizes[len(self.sizes) * quarter // 4 - 1 if quarter else 0] for quarter in range(5)]
        course = ", ".join(f"{size / 2**20:.0f}" for size in parts)
        return f"peak {max(self.sizes) / 2**20:.0f} MiB (at each quarter of the time: {course})"


def family(pid: int) -> list[int]:
    """Return the id of a process and those of all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            above = int(entry.read_text().rpartition(")")[2].split()[1])
            parents.setdefault(above, []).append(int(entry.parent.name))
    processes = [pid]
    for process in processes:
        processes += parents.get(process, [])
    return processes


def resident(pid: int) -> int:
    with contextlib.suppress(OSError):
        shares = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        return int(shares[1]) * 1024 if shares else 0
    return 0


@dataclass
class Server:
    """The server, in a process of its own."""

    requests: IO[str]
    answers: IO[str]
    ports: list[int]

    def report(self) -> dict[str, float]:
        print(file=self.requests, flush=True)
        answered: dict[str, float] = json.loads(self.answers.readline())
        return answered


def measure(server: Server, command: list[str], folder: Path) -> tuple[float, str, str]:
    """Run a command; return its seconds, its stdout, and lines of its cost and of the requests that the server saw."""
    before, cpu_before = server.report(), children_cpu()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("COPYDESK_")},
        "PYTHONPATH": str(PROJECT),
        "COPYDESK_SOURCES_AT_ONCE": str(HOSTS),
    }
    began = time.monotonic()
    with (folder / "stdout").open("w+") as out, (folder / "stderr").open("w+") as err:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=err, start_new_session=True)
        memory = Memory(process.pid)
        watch = threading.Thread(target=memory.watch)
        watch.start()
        try:
            code = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            code = None
            stop(process)
        took = time.monotonic() - began
        memory.ended.set()
        watch.join()
        out.seek(0)
        err.seek(0)
        output, failed = out.read(), err.read().strip()
    report = server.report()
    ending = {0: "", None: f"; stopped after {SECONDS} s"}.get(code, f"; EXIT CODE {code}: {failed[-300:]}")
    rate = report["pages"] / report["seconds"] if report["seconds"] else 0.0
    cost = (
        f"{report['pages']:.0f} pages of {report['hosts']:.0f} hosts fetched at {rate:.0f} a second{ending}\n"
        f"  between two requests to one host, as they arrived: least {report['least_gap']:.3f} s,"
        f" 5 % under {report['low_gap']:.3f} s, half under {report['middle_gap']:.3f} s\n"
        f"  {took:.1f} s in all, CPU {children_cpu() - cpu_before:.1f} s"
        f" (and the server's {report['cpu'] - before['cpu']:.1f} s), {memory.summary()}"
    )
    return took, output, cost


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process as Ctrl-C would, then whatever it left."""
    os.killpg(process.pid, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# The runs


def fetch_alone(ports: list[int]) -> None:
    """Fetch every page by the fetcher, hosts in turn, and throw it away."""
    from config.settings import Settings
    from tasks.http.fetcher import Downloaded, Fetcher, Request

    waiting: deque[Future[Any]] = deque()
    refused: Counter[str] = Counter()

    def settle() -> None:
        answer = waiting.popleft().result()
        if not isinstance(answer, Downloaded):
            refused[answer.detail] += 1

    with Fetcher(Settings()) as fetcher:
        for number, port in itertools.product(range(ALONE_PAGES), ports):
            url = f"http://127.0.0.1:{port}/story/{number}"
            waiting.append(fetcher.submit(Request(url, delay=0, allow_private=True)))
            if len(waiting) > WINDOW:
                settle()
        while waiting:
            settle()
    for detail, times in refused.most_common(3):
        print(f"  {times} refused: {detail}")


def run_pipeline(server: Server, folder: Path, delay: float, pages: int) -> str:
    """Time `copydesk run` over a feed a host; return the lines of the report."""
    sources = folder / "config" / "sources"
    sources.mkdir(parents=True)
    for number, port in enumerate(server.ports):
        (sources / f"host-{number:02}.toml").write_text(
            f'title = "Host {number}"\nlanguage = "en"\ndelay = {delay}\nallow_private = true\n'
            f'[[input]]\nkind = "feed"\nurl = "http://127.0.0.1:{port}/feed/{pages}"\n'
        )
    roots = ["--data", str(folder / "data")]
    command = [sys.executable, "-m", "copydesk", "run", *roots, "--config", str(folder / "config")]
    took, _, cost = measure(server, command, folder)
    query = [sys.executable, "-m", "copydesk", "sql", *roots, "--format", "csv", "SELECT count(*) FROM articles"]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    counted = subprocess.run(query, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    stored = int(counted.stdout.split()[-1]) if counted.returncode == 0 else 0
    page_count = HOSTS * pages
    return (
        f"pipeline, delay {delay:g} s: {stored} of {page_count} articles stored, {stored / took:.1f} a second from"
        f" start to end\n  {cost}"
    )


def main() -> int:
    lines = []
    with tempfile.TemporaryDirectory() as name, serving() as server:
        folder = Path(name)
        command = [sys.executable, str(Path(__file__).resolve()), "alone", *map(str, server.ports)]
        _, output, cost = measure(server, command, folder)
        lines += [f"fetcher alone, delay 0 s, {WINDOW} requests handed over\n  {cost}", *output.splitlines()]
        for delay, pages in ((0.0, FAST_PAGES), (1.0, PACED_PAGES)):
            lines.append(run_pipeline(server, folder / f"delay-{delay:g}", delay, pages))
    print("\n".join(lines))
    write_section(TITLE, "\n".join(lines))
    return 0


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    command = [sys.executable, "-m", "bench.speed.many_hosts"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        requests, answers = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
        yield Server(requests, answers, json.loads(answers.readline()))
        requests.close()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["alone", *ports]:
            fetch_alone(list(map(int, ports)))
        case []:
            sys.exit(main())
        case _:
            sys.exit(__doc__)
