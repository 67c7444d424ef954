"""What knowing a site's habits is worth: each text of a publisher stripped without, and with what its others show.

    python -m bench.score_habits CORPUS [--fewest N]

CORPUS holds `metrics.py` and `news/` with `gold.jsonl` (id, body), `text.jsonl.gz` (id, rendering, text) and `pages/`;
a page's publisher is its id up to `_`. With two to four pages of a publisher `--fewest 1` shows the most that there is
to gain, and to lose: a line is then a habit that one other article has.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench.quality.score_pages import raw_page
from bench.quality.score_texts import NOW, document
from config.sources import StripRules
from tasks.boilerplate import learn_recurring_lines as learning
from tasks.boilerplate.learn_recurring_lines import LandedArticle
from tasks.boilerplate.recurring_lines import NO_RECURRING_LINES, RecurringLines
from tasks.extract import extract
from tasks.strip import strip
from warehouse.model.records import ExtractedArticle

PAGE = "page"


def read(corpus: Path, page_ids: set[str], gold: dict[str, Any]) -> Iterator[tuple[str, str, ExtractedArticle]]:
    """Rendering, id and document of each text of the wanted pages."""
    with gzip.open(corpus / "news" / "text.jsonl.gz", "rt", encoding="utf-8") as lines:
        for text in map(json.loads, lines):
            if text["id"] in page_ids:
                yield text["rendering"], text["id"], document(text["text"])
    for page in sorted(page_ids):
        content = gzip.decompress((corpus / "news" / "pages" / f"{page}.html.gz").read_bytes())
        article = extract(raw_page(content, gold[page]["url"]))
        if isinstance(article, ExtractedArticle):
            yield PAGE, page, article


def landed_article(page: str, number: int, article: ExtractedArticle) -> LandedArticle | None:
    stripped = strip(article, StripRules())
    if not isinstance(stripped, ExtractedArticle):
        return None
    stripped_lines = tuple((str(line.reason), line.text) for line in stripped.stripped)
    day = date(2026, 1, 1) + timedelta(days=number)
    return LandedArticle(page, None, NOW + timedelta(days=number), day, stripped.paragraphs.lines, stripped_lines)


def body(article: ExtractedArticle, recurring: RecurringLines) -> str:
    stripped = strip(article, StripRules(), recurring)
    return stripped.paragraphs.text if isinstance(stripped, ExtractedArticle) else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--fewest", type=int, default=learning.MIN_ARTICLES, help="other articles that make a habit")
    arguments = parser.parse_args()
    sys.path.insert(0, str(arguments.corpus))
    import metrics  # type: ignore[import-not-found]

    learning.MIN_ARTICLES = arguments.fewest  # type: ignore[misc]
    learning.MIN_ARTICLES_OF_ONE_DAY = arguments.fewest  # type: ignore[misc]
    learning.MIN_ARTICLES_TO_STRIP_INSIDE = arguments.fewest  # type: ignore[misc]
    rows = [
        json.loads(line) for line in (arguments.corpus / "news" / "gold.jsonl").read_text("utf-8").splitlines() if line
    ]
    gold = {row["id"]: row for row in rows}
    publishers = defaultdict(list)
    for page in sorted(gold):
        publishers[page.split("_", maxsplit=1)[0]].append(page)
    page_ids = {page for pages in publishers.values() if len(pages) > arguments.fewest for page in pages}
    documents: dict[tuple[str, str], ExtractedArticle] = {
        (rendering, page): article for rendering, page, article in read(arguments.corpus, page_ids, gold)
    }
    for rendering in sorted({rendering for rendering, _ in documents}):
        before, after = metrics.BodyScores(metrics.unitokens), metrics.BodyScores(metrics.unitokens)
        changes = []
        for pages in publishers.values():
            publisher_pages = [page for page in pages if (rendering, page) in documents and page in page_ids]
            landed = {
                page: landed_article(page, number, documents[rendering, page])
                for number, page in enumerate(publisher_pages)
            }
            for page in publisher_pages:
                others = [article for other, article in landed.items() if other != page and article]
                learned = learning.learn_recurring_lines("bench", others, NOW)
                recurring = RecurringLines.of({habit.line: habit.place for habit in learned})
                article, right = documents[rendering, page], gold[page]["body"]
                was = before.add(right, body(article, NO_RECURRING_LINES))
                now = after.add(right, body(article, recurring))
                if now != was:
                    changes.append((round(now - was, 3), page))
        was, now = before.result(), after.result()
        better, worse = (sum(sign * gain > 0 for gain, _ in changes) for sign in (1, -1))
        print(f"{rendering}: {was['n']} texts; body F1 {was['sh_f1']:.4f} -> {now['sh_f1']:.4f}, ", end="")
        print(f"exact {was['sh_acc']:.3f} -> {now['sh_acc']:.3f}; better {better}, worse {worse}")
        print("  ", *sorted(changes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
