"""Run every benchmark over the corpus that COPYDESK_CORPUS names, and write bench/RESULTS.md.

The folder holds `corpus/news/` with `gold.jsonl`, `pages/<id>.html.gz` and `text.jsonl.gz`, and `corpus/score.py`.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCHMARKS = {
    "Pages: HTML to record": ("score_pages.py", "."),
    "Texts: plain text with its furniture, rendered three ways": ("score_texts.py", "news"),
}


def main() -> int:
    named = os.environ.get("COPYDESK_CORPUS")
    if not named:
        print("bench: name a folder of gold data in COPYDESK_CORPUS; it has corpus/news/ in it", file=sys.stderr)
        return 2
    corpus = Path(named).resolve() / "corpus"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"
    lines = [
        "# Benchmark results",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}, trafilatura {version('trafilatura')}. `make bench` renews it.",
    ]
    for title, (script, folder) in BENCHMARKS.items():
        command = [sys.executable, str(HERE / script), str(corpus / folder)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            print(ran.stderr, file=sys.stderr)
            return 1
        print(title, ran.stdout, sep="\n")
        lines += ["", f"## {title}", "", "```", ran.stdout.rstrip(), "```"]
    (HERE / "RESULTS.md").write_text("\n".join(lines) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
