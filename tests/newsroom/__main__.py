"""`python -m tests.newsroom`: the pipeline at work on the simulated newsroom, and what came of it."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from rich.console import Console

from tests.newsroom.checks import check
from tests.newsroom.clock import ScaledClock, SimClock
from tests.newsroom.configure import configure
from tests.newsroom.drive import at_work, drive
from tests.newsroom.ledger import report, write_requests
from tests.newsroom.plan import Plan
from tests.newsroom.scenario import small, week
from tests.newsroom.server import Newsroom
from warehouse.model.rows import Run

PLANS: dict[str, Callable[[int], Plan]] = {"small": small, "week": week}
DELAY = 5.0


def main() -> int:
    """Work or serve as the arguments ask; return exit code 1 if something went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.newsroom", description=__doc__)
    parser.add_argument("--plan", choices=PLANS, default="small", help="nine hours of five sites, or a week of nine")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another plan")
    parser.add_argument("--data", type=Path, help="folder to work in; a temporary one unless said")
    parser.add_argument("--serve", type=float, metavar="SCALE", help="only serve, so many times as fast as the world")
    chosen = parser.parse_args()
    plan = PLANS[chosen.plan](chosen.seed)
    folder = chosen.data or Path(tempfile.mkdtemp(prefix="newsroom-"))
    return serve(plan, folder, chosen.serve) if chosen.serve else work(plan, folder)


def work(plan: Plan, folder: Path, stream: IO[str] = sys.stdout) -> int:
    """Let the pipeline work to the plan's end in simulated time, and write the ledger to `stream`; return the exit code."""
    console, clock, began = Console(), SimClock(plan.span.start), time.monotonic()

    def watch(run: Run) -> None:
        ends = f"{run.stored} stored, {run.unchanged} unchanged, {run.rejected + run.duplicate + run.failed} refused"
        console.print(f"{clock.peek():%a %H:%M:%S}  {run.source_id:<18} {ends}", highlight=False)

    with at_work(plan, clock, folder, DELAY) as (newsroom, settings):
        runs = drive(newsroom, settings, watch)
        root = Path(settings.data)
        report(newsroom, root, stream)
        wrong = check(newsroom, settings, DELAY)
    for sentence in wrong:
        print(sentence, file=stream)
    seconds = time.monotonic() - began
    counted = f"{len(runs)} runs, {len(newsroom.ledger)} requests, {len(wrong)} things wrong; {seconds:.0f} s"
    print(counted, file=stream)
    requests = write_requests(newsroom, folder / "requests.jsonl")
    console.print(
        f"every request: {requests}\nquery it with: copydesk sql --data {root}", highlight=False, soft_wrap=True
    )
    return 1 if wrong else 0


def serve(plan: Plan, folder: Path, scale: float) -> int:
    """Serve until interrupted; print the addresses."""
    clock = ScaledClock(plan.span.start, scale)
    with Newsroom(plan, clock) as newsroom:
        config = configure(folder / "config", newsroom, delay=0.1)
        print(f"copydesk run --config {config} --data {folder / 'data'}")
        for site in plan.sites:
            print(f"  {site.id:<18} {newsroom.url(site.id, site.listing_path)}")
        try:
            while clock() < plan.span.end:
                time.sleep(1)
        except KeyboardInterrupt:
            print(f"{len(newsroom.ledger)} requests", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
