"""Count false alarms and delays of drift detection over made-up histories.

    python -m bench.quality.drift [--sources N]

A false alarm is a drift that begins at a source that does not change; it is looked for once a day, as a served
installation does. The delay is in whole days from the first changed one to the look that tells, 1 at best.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from datetime import date, timedelta
from math import log
from statistics import median
from typing import Any

from bench.results import write_section
from flows.monitoring.drift import HISTORY, find_drifts
from tests.support.histories import Habits, history

FIRST = date(2026, 1, 1)
DAYS_BEFORE, DAYS_WATCHED, DAYS_AFTER = 60, 180, 25
"""Days before a source is watched, days it is, and days after a change."""
KINDS = {
    "300 a day": Habits(300),
    "60 a day": Habits(60),
    "20 a day": Habits(20),
    "5 a day": Habits(5),
    "1.5 a day": Habits(1.5),
    "60 a day, two languages": Habits(60, french=0.35),
    "60 a day, very uneven": Habits(60, scatter=0.08),
}
CHANGES = {
    "no author at all": {"author": 0.0},
    "half as many authors": {"author": 0.42},
    "half of the dates gone": {"date": 0.5},
    "texts half as long": {"log_words": 6 - log(2)},
    "40 % without text": {"textless": 0.4},
    "40 % in another language": {"french": 0.4},
    "quality 0.55 for 0.75": {"quality": 0.55},
}


def begins(rows: list[Any], first: int) -> Iterator[tuple[int, str, int]]:
    """Yield the day, the measure and the onset (all in days) of each drift that begins on or after the day `first`."""
    before: set[str] = set()
    for end in range(first, len(rows)):
        days = [*[None] * HISTORY.days, *rows[: end + 1]][-HISTORY.days :]
        drifts = {drift.measure: drift for drift in find_drifts("source", days, FIRST + timedelta(days=end))}
        for name in drifts.keys() - before:
            yield end, name, (drifts[name].since - FIRST).days
        before = set(drifts)


def make_history(days: int, habits: Habits, seed: int, at: int = 10**6, **changed: float) -> list[Any]:
    return history(days, habits, random.Random(seed), at=at, **changed)  # noqa: S311  a simulation


def main() -> None:
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        print(line, flush=True)

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=5, help="histories of each kind")
    sources = parser.parse_args().sources
    say(f"{sources} histories of each kind, watched for {DAYS_WATCHED} days\n")
    say("| source | false alarms a year |\n|---|---|")
    for name, habits in KINDS.items():
        histories = [make_history(DAYS_BEFORE + DAYS_WATCHED, habits, seed) for seed in range(sources)]
        alarms = sum(len(list(begins(rows, DAYS_BEFORE))) for rows in histories)
        say(f"| {name} | {alarms / sources / DAYS_WATCHED * 365:.2f} |")
    say("\n| change | " + " | ".join(list(KINDS)[:5]) + " |\n|---|" + "---|" * 5)
    for change, changed in CHANGES.items():
        cells = []
        for habits in list(KINDS.values())[:5]:
            delays = []
            for seed in range(sources):
                at = HISTORY.days + seed % 7
                rows = make_history(at + DAYS_AFTER, habits, seed, at, **changed)
                delays += [end - at + 1 for end, _, _ in list(begins(rows, at))[:1]]
            cells.append(f"{median(delays):g} d ({len(delays)}/{sources})" if delays else f"- (0/{sources})")
        say(f"| {change} | " + " | ".join(cells) + " |")
    write_section("Drift: false alarms and delays, over histories that are made up", "\n".join(lines))


if __name__ == "__main__":
    main()
