"""bench/RESULTS.md: a section a benchmark, each with the day and the machine of its own last run."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

PATH = Path(__file__).resolve().parent / "RESULTS.md"


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def write_section(title: str, report: str) -> None:
    """Replace the section of that title by the report; the other sections stay."""
    text = PATH.read_text("utf-8") if PATH.exists() else "# Benchmark results\n"
    other_sections = re.sub(rf"\n## {re.escape(title)}\n.*?(?=\n## |\Z)", "", text, flags=re.DOTALL).rstrip("\n")
    measured = f"{datetime.now(UTC):%Y-%m-%d}, {machine()}."
    PATH.write_text(f"{other_sections}\n\n## {title}\n\n{measured}\n\n```\n{report.rstrip()}\n```\n", "utf-8")
