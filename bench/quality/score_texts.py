"""Strip every plain text of a gold corpus and print the corpus's own score, and the CPU time a text.

    python -m bench.quality.score_texts CORPUS [--output PREDICTIONS.jsonl] [--half 0|1]

CORPUS is a folder with `text.jsonl.gz` (id, rendering, text) and `gold.jsonl`; `score.py` lies in it or above it.
`--half` takes the publishers of one half only: rules are chosen on one and checked on the other.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.sources import StripRules
from tasks.detect import detect
from tasks.metadata.bylines import split_byline
from tasks.metadata.dates import parse_date
from tasks.strip import strip
from tasks.text.characters import clean_lines
from warehouse.model.records import Capture, ExtractedArticle, Item, Paragraphs, RawArticle, Rejection

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def document(text: str) -> ExtractedArticle:
    item = Item("bench", "file:///bench.txt", "bench.txt", "file:///", NOW)
    capture = Capture("c", "bench", "r", item.url, None, NOW, None, "text/plain", None, None, None, "", 0, "", 0, 0, "")
    return ExtractedArticle(RawArticle(item, capture, b""), Paragraphs(tuple(clean_lines(text))), (), "text", "utf-8")


def half(page: str) -> int:
    publisher = page.split("_", maxsplit=1)[0]
    return hashlib.sha256(publisher.encode()).digest()[0] % 2


def read(article: ExtractedArticle | Rejection) -> dict[str, Any]:
    if isinstance(article, Rejection):
        return {}
    language = detect(article, None).language
    tag = language.tag if language and language.tag != "und" else None
    first = {candidate.field: candidate.values for candidate in reversed(article.candidates)}
    published = parse_date(first["published_at"][0], tag) if "published_at" in first else None
    return {
        "body": article.paragraphs.text,
        "title": first.get("title", (None,))[0],
        "language": tag,
        "authors": list(split_byline(first.get("by", ("",))[0], tag)),
        "published": published.instant.isoformat()[:10] if published else None,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--half", type=int, choices=(0, 1))
    arguments = parser.parse_args()

    def is_in_half(page: str) -> bool:
        return arguments.half is None or half(page) == arguments.half

    with tempfile.TemporaryDirectory() as folder:
        output = arguments.output or Path(folder) / "predictions.jsonl"
        gold = Path(folder) / "gold.jsonl"
        pages = (arguments.corpus / "gold.jsonl").read_text("utf-8").split("\n")
        gold.write_text("\n".join(line for line in pages if line and is_in_half(json.loads(line)["id"])), "utf-8")
        with gzip.open(arguments.corpus / "text.jsonl.gz", "rt", encoding="utf-8") as lines:
            texts = [text for text in map(json.loads, lines) if is_in_half(text["id"])]
        documents = [document(text["text"]) for text in texts]
        strip(documents[0], StripRules())
        began = time.process_time()
        articles = [strip(article, StripRules()) for article in documents]
        spent = time.process_time() - began
        predictions = [
            {"id": text["id"], "rendering": text["rendering"], **read(article)}
            for text, article in zip(texts, articles, strict=True)
        ]
        output.write_text(
            "".join(json.dumps(prediction, ensure_ascii=False) + "\n" for prediction in predictions), "utf-8"
        )
        score = (
            next(path for path in (arguments.corpus, arguments.corpus.parent) if (path / "score.py").is_file())
            / "score.py"
        )
        code = subprocess.run([sys.executable, str(score), str(gold), str(output)], check=False).returncode
    lines_each = sum(text["text"].count("\n") for text in texts) / len(texts)
    print(f"{len(texts)} texts of {lines_each:.0f} lines; {1000 * spent / len(texts):.1f} ms of CPU a text")
    return code


if __name__ == "__main__":
    sys.exit(main())
