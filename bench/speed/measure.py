"""What a command costs, with every process it starts: CPU, time, memory, and how busy it kept its processes.

Linux only: memory and waiting times come from /proc.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

EVERY: Final = 0.1
_SUBREAPER: Final = 36
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sample:
    at: float
    memory: int
    """Bytes resident in all processes together; what they share is counted in each."""
    busy_seconds: dict[int, float]
    """Seconds that each process ran or waited for a core to run on."""
    done: int
    """The number that the caller's `done` returned."""


@dataclass(frozen=True, slots=True)
class Measured:
    cpu: float
    wall: float
    code: int
    samples: list[Sample]
    output: str

    @property
    def peak(self) -> int:
        return max((sample.memory for sample in self.samples), default=0)

    def peak_between(self, first: int, last: int) -> int:
        """Return the most bytes of memory while `done` was `first` to `last`."""
        return max((sample.memory for sample in self.samples if first <= sample.done <= last), default=0)

    def busy(self, processes: int) -> float:
        """Return the share of time in which the `processes` that work most ran or wanted to.

        The time counts from when all of them work.
        A process that waits for a core that others hold is not idle: this figure holds on a machine in use too.
        """
        most = {process: seconds for sample in self.samples for process, seconds in sample.busy_seconds.items()}
        workers = sorted(most, key=lambda process: -most[process])[:processes]
        shared = [
            sample for sample in self.samples if all(sample.busy_seconds.get(worker, 0) > 1 for worker in workers)
        ]
        if len(shared) < 2:
            return 0.0
        took = (shared[-1].at - shared[0].at) * len(workers)
        return sum(shared[-1].busy_seconds[worker] - shared[0].busy_seconds[worker] for worker in workers) / took


def measure(command: list[str], folder: Path, done: Callable[[], int] = lambda: 0) -> Measured:
    """Run a command in a folder, in fresh processes, to the end of the last process that it started."""
    report = folder / "usage.json"
    samples: list[Sample] = []
    began = time.perf_counter()
    ended = threading.Event()
    runner = [sys.executable, __file__, str(report), *command]
    with (folder / "output.txt").open("w+b") as output:
        process = subprocess.Popen(runner, stdout=output, stderr=subprocess.STDOUT, cwd=folder)

        def watch() -> None:
            while not ended.wait(EVERY):
                samples.append(_sample(process.pid, time.perf_counter() - began, done()))

        watching = threading.Thread(target=watch)
        watching.start()
        process.wait()
        ended.set()
        watching.join()
    used = json.loads(report.read_text("utf-8"))
    text = (folder / "output.txt").read_text("utf-8", "replace")
    return Measured(used["cpu"], used["wall"], used["code"], samples, text)


def _sample(root: int, at: float, done: int) -> Sample:
    memory, busy_seconds = 0, {}
    for process in _descendants(root)[1:]:
        try:
            memory += int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1]) * _PAGE
            ran, waited, _ = Path(f"/proc/{process}/schedstat").read_text("ascii").split()
            busy_seconds[process] = (int(ran) + int(waited)) / 1e9
        except (OSError, ValueError, IndexError):
            continue  # it has ended
    return Sample(at, memory, busy_seconds, done)


def _descendants(root: int) -> list[int]:
    processes = [root]
    for process in processes:
        for task in Path(f"/proc/{process}/task").glob("*/children"):
            try:
                processes += map(int, task.read_text("ascii").split())
            except OSError:
                continue
    return processes


def main(report: str, command: list[str]) -> None:
    # Orphans come to this process, not to the system's first: their CPU time counts too.
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    began = time.perf_counter()
    first = os.spawnvp(os.P_NOWAIT, command[0], command)  # noqa: S606  the caller's own command
    code = 0
    while True:
        try:
            ended, status = os.wait()
        except ChildProcessError:
            break
        if ended == first:
            code, wall = os.waitstatus_to_exitcode(status), time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = {"cpu": used.ru_utime + used.ru_stime, "wall": wall, "code": code}
    Path(report).write_text(json.dumps(spent), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
