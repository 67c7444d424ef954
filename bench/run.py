"""Run every benchmark over the corpus that COPYDESK_CORPUS names, and write its section of bench/RESULTS.md.

The folder holds `corpus/news/` with `gold.jsonl`, `pages/<id>.html.gz` and `text.jsonl.gz`, and `corpus/score.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench.results import write_section

PROJECT = Path(__file__).resolve().parent.parent
BENCHMARKS = {
    "Pages: HTML to record": ("bench.quality.score_pages", "."),
    "Texts: plain text with its furniture, rendered three ways": ("bench.quality.score_texts", "news"),
}


def main() -> int:
    gold_folder = os.environ.get("COPYDESK_CORPUS")
    if not gold_folder:
        print("bench: name a folder of gold data in COPYDESK_CORPUS; it has corpus/news/ in it", file=sys.stderr)
        return 2
    corpus = Path(gold_folder).resolve() / "corpus"
    for title, (module, folder) in BENCHMARKS.items():
        command = [sys.executable, "-m", module, str(corpus / folder)]
        ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        if ran.returncode:
            print(ran.stderr, file=sys.stderr)
            return 1
        print(title, ran.stdout, sep="\n")
        write_section(title, ran.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
