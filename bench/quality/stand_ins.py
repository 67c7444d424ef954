"""Count articles of a corpus that are taken for pages in the place of an article.

    python -m bench.quality.stand_ins CORPUS [SET ...]

Each page is looked at as an address from a list, as announced in a feed under its own title, and as announced and then
moved to another address. Every refusal is false. At last it is announced under the title of another page: the share of
refusals says how often a contradiction is noticed.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.quality.score_pages import raw_page
from tasks.extract import extract
from tasks.html import stand_in
from tasks.text.decode import Refusal, decode
from warehouse.model.records import Candidate, Rejection
from warehouse.model.vocabulary import STAND_INS, Origin

SETS = ("news", "news2", "articles", "web")


def pages(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "gold.jsonl").read_text("utf-8").split("\n")
    return [
        page for page in map(json.loads, filter(None, lines)) if (folder / "pages" / f"{page['id']}.html.gz").exists()
    ]


def main() -> None:
    corpus, names = Path(sys.argv[1]), sys.argv[2:] or SETS
    for name in names:
        gold = pages(corpus / name)
        refused: Counter[str] = Counter()
        seconds = 0.0
        for page, other in zip(gold, gold[1:] + gold[:1], strict=True):
            content = gzip.decompress((corpus / name / "pages" / f"{page['id']}.html.gz").read_bytes())
            raw = raw_page(content, page["url"])
            visits = {
                "list": ((), None),
                "feed": ((page.get("title") or "",), None),
                "moved": ((page.get("title") or "",), page["url"] + "/moved"),
                "other": ((other.get("title") or "",), None),
            }
            for kind, (titles, final_url) in visits.items():
                candidates = tuple(Candidate("title", (title,), Origin.FEED) for title in titles if title)
                visited = replace(
                    raw,
                    item=replace(raw.item, candidates=candidates),
                    capture=replace(raw.capture, final_url=final_url),
                )
                if kind == "list":
                    extracted = extract(visited)
                    decoded = decode(content, None, html=True)
                    if isinstance(extracted, Rejection) or isinstance(decoded, Refusal):
                        is_stand_in = isinstance(extracted, Rejection) and extracted.reason in STAND_INS
                        refused["list"] += is_stand_in
                        if is_stand_in:
                            print(f"{name} {page['id']} list: {extracted}")
                        break
                    text, own = extracted.paragraphs.text, tuple(c for c in extracted.candidates)
                    continue
                began = time.process_time()
                visit = stand_in.Visit(page["url"], final_url or page["url"], tuple(filter(None, titles)))
                if refusal := stand_in.find_stand_in(decoded.text, text, own, visit):
                    refused[kind] += 1
                    if kind != "other":
                        print(f"{name} {page['id']} {kind}: {refusal.reason} {refusal.detail}")
                seconds += time.process_time() - began
        print(f"{name}: {len(gold)} pages; {dict(refused)}; {seconds / 3 / len(gold) * 1000:.2f} ms a page", flush=True)


if __name__ == "__main__":
    main()
