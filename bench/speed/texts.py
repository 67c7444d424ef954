"""CPU time of plain texts of some 200 lines from their bytes to a record, step by step.

    python -m bench.speed.texts CORPUS [--texts 120] [--passes 5]

CORPUS is a folder in which, at any depth, files `text.jsonl.gz` lie. Of each text counts the fastest pass. With fewer
texts a pass would find many lines read: so many short ones are remembered as some 60 texts have.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from config.inputs import FolderInput
from config.sources import Source
from tasks.detect import detect
from tasks.extract import extract
from tasks.normalise import normalise
from tasks.strip import strip
from warehouse.model.records import Fetched, Item, RawArticle, Rejection

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE: Final = Source(id="bench", title="Bench", input=(FolderInput(kind="folder", path=Path("/")),))
LINES: Final = range(150, 251)
STEPS: Final = ("extract", "strip", "detect", "normalise")


def read_texts(corpus: Path) -> Iterator[bytes]:
    """Yield the texts of so many lines."""
    for path in sorted(corpus.rglob("text.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as rows:
            yield from (text.encode() for row in rows if (text := json.loads(row)["text"]).count("\n") in LINES)


def measure(text: bytes) -> list[float]:
    """Return the seconds of CPU of each step."""
    item = Item("bench", "file:///bench.txt", "bench.txt", "file:///", NOW)
    document = RawArticle.of(Fetched(item, text, NOW, "text/plain"))
    steps: tuple[Callable[..., object], ...] = (
        extract,
        lambda extracted: strip(extracted, SOURCE.strip),
        lambda stripped: detect(stripped, SOURCE.language),
        lambda detected: normalise(detected, SOURCE),
    )
    times = [0.0] * len(steps)
    value: object = document
    for number, step in enumerate(steps):
        began = time.thread_time()
        value = step(value)
        times[number] = time.thread_time() - began
        if isinstance(value, Rejection):
            break
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--texts", type=int, default=120)
    parser.add_argument("--passes", type=int, default=5)
    arguments = parser.parse_args()
    texts = list(read_texts(arguments.corpus))
    texts = texts[:: max(1, len(texts) // arguments.texts)][: arguments.texts]
    passes = [[measure(text) for text in texts] for _ in range(arguments.passes + 1)]
    # The first pass reads models and compiles patterns.
    fastest = [[min(times) for times in zip(*of_text, strict=True)] for of_text in zip(*passes[1:], strict=True)]
    means = [1000 * sum(times) / len(texts) for times in zip(*fastest, strict=True)]
    by_step = ", ".join(f"{step} {mean:.2f}" for step, mean in zip(STEPS, means, strict=True))
    print(
        f"{len(texts)} texts of {LINES.start} to {LINES.stop - 1} lines: {sum(means):.2f} ms of CPU a text: {by_step}"
    )


if __name__ == "__main__":
    main()
