"""Score articles made of a corpus of news pages, and time the steps.

    python -m bench.quality.score_pages CORPUS

CORPUS holds `score.py`, `news/gold.jsonl` (id, url, body, title, ...) and `news/pages/<id>.html.gz`. Printed are the
figures of its `score.py` for Copydesk (`page`) and for trafilatura alone (`alone`), and the mean CPU time of a page in
each step.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import trafilatura

from config.inputs import FolderInput
from config.sources import Source
from tasks.detect import detect
from tasks.extract import extract
from tasks.normalise import normalise
from tasks.strip import strip
from warehouse.model.records import Article, Capture, Item, RawArticle, Rejection
from warehouse.model.vocabulary import Precision

NOW = datetime.now(UTC)
SOURCE = Source(id="corpus", title="Corpus", input=(FolderInput(kind="folder", path=Path()),))

Result = TypeVar("Result")


class Stopwatch:
    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)

    def time(self, step: str, work: Callable[[], Result]) -> Result:
        began = time.process_time()
        result = work()
        self.spent[step] += time.process_time() - began
        return result


def raw_page(content: bytes, url: str) -> RawArticle:
    item = Item("corpus", url, url, url, NOW)
    capture = Capture(
        "c", "corpus", "r", url, None, NOW, 200, "text/html", None, None, None, "", len(content), "", 0, 0, "stored"
    )
    return RawArticle(item, capture, content)


def make(raw: RawArticle, clock: Stopwatch) -> Article | Rejection:
    extracted = clock.time("extract", lambda: extract(raw))
    if isinstance(extracted, Rejection):
        return extracted
    stripped = clock.time("strip", lambda: strip(extracted, SOURCE.strip))
    if isinstance(stripped, Rejection):
        return stripped
    detected = clock.time("detect", lambda: detect(stripped, SOURCE.language))
    return clock.time("normalise", lambda: normalise(detected, SOURCE))


def prediction(page: dict[str, Any], outcome: Article | Rejection) -> dict[str, Any]:
    if isinstance(outcome, Rejection):
        print(f"{page['id']}: {outcome.reason}: {outcome.detail}")
        return {"id": page["id"]}
    published = outcome.published_at.isoformat() if outcome.published_at else None
    if published and outcome.published_precision not in {Precision.MINUTE, Precision.SECOND}:
        published = published[:10]
    return {
        "id": page["id"],
        "body": outcome.text,
        "title": outcome.title,
        "authors": outcome.authors,
        "published": published,
        "language": outcome.language,
    }


def alone(page: str, content: bytes, clock: Stopwatch) -> dict[str, Any]:
    """Extract the page with trafilatura alone: its default settings, with metadata."""
    parameters = {"original_date": True, "outputformat": "%Y-%m-%dT%H:%M:%S%z"}
    document = clock.time(
        "trafilatura alone",
        lambda: trafilatura.bare_extraction(
            content, with_metadata=True, include_comments=False, date_extraction_params=parameters
        ),
    )
    if document is None or isinstance(document, dict):
        return {"id": page, "rendering": "alone"}
    return {
        "id": page,
        "rendering": "alone",
        "body": document.text,
        "title": document.title,
        "authors": (document.author or "").split("; "),
        "published": document.date,
    }


def main(corpus: Path) -> int:
    gold = corpus / "news" / "gold.jsonl"
    pages = [json.loads(line) for line in gold.read_text("utf-8").splitlines() if line.strip()]
    clock = Stopwatch()
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".jsonl") as predictions:
        for page in pages:
            content = gzip.decompress((corpus / "news" / "pages" / f"{page['id']}.html.gz").read_bytes())
            outcome = make(raw_page(content, page["url"]), clock)
            predictions.write(json.dumps(prediction(page, outcome)) + "\n")
            predictions.write(json.dumps(alone(page["id"], content, clock)) + "\n")
        predictions.flush()
        subprocess.run([sys.executable, corpus / "score.py", gold, predictions.name], check=True)
    print("CPU ms a page:", ", ".join(f"{step} {1000 * spent / len(pages):.1f}" for step, spent in clock.spent.items()))
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
