"""A simulated week of nine sites with faults: the newsroom's ledger, and what went wrong (exit code 1).

    python -m bench.quality.newsroom_week [SEED]

Takes some minutes. It is `python -m tests.newsroom --plan week`; what it prints in the end is written into RESULTS.md.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from bench.results import write_section
from tests.newsroom.__main__ import work
from tests.newsroom.scenario import week

if __name__ == "__main__":
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    report = io.StringIO()
    code = work(week(seed), Path(tempfile.mkdtemp(prefix="newsroom-")), report)
    write_section("Newsroom: a simulated week with faults", report.getvalue())
    sys.exit(code)
