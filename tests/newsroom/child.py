"""`python -m tests.newsroom.child CONFIG DATA CLOCK`: one run of every source in a process of its own, to be killed."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.newsroom.clock import ScaledClock
from tests.newsroom.drive import small_settings, take_all

FETCH_SECONDS = 10.0
"""Longer than a busy machine may need: a request that was given up is asked again, and looks like a hasty one."""


def main() -> None:
    """CLOCK is the `text` of the newsroom's clock."""
    config, data, clock = sys.argv[1:]
    take_all(small_settings(Path(data), Path(config), FETCH_SECONDS), ScaledClock.of(clock))


if __name__ == "__main__":
    main()
