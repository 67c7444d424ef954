"""What knowing which title is a site's headline is worth: each page with what the publisher's other pages show.

    python -m bench.quality.score_title_habits CORPUS SET... [--fewest N]

A SET is a folder of CORPUS with `gold.jsonl` (id, url, title) and `pages/`. The label of every other page stands for
the title of its feed; `--fewest` pages that show the same make a habit. Without a habit, nothing changes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

from bench.quality.score_pages import NOW, SOURCE, raw_page
from tasks.extract import extract
from tasks.metadata import title_habit
from tasks.metadata.candidates import Candidates, read_line
from tasks.metadata.title_habit import LandedTitle, learn_title_origin, prefer_title
from tasks.text.characters import text_key
from warehouse.model.records import Candidate, Rejection
from warehouse.model.vocabulary import Origin


def choose(candidates: tuple[Candidate, ...]) -> str | None:
    return Candidates(candidates).choose("title", read_line)


def landed(candidates: tuple[Candidate, ...], label: str) -> LandedTitle | None:
    """Return what a page shows whose feed has the label as its title; None if no title of the page is the label."""
    titles = [candidate for candidate in candidates if candidate.field == "title"]
    right = [title for title in titles if text_key(title.values[0]) == text_key(label)]
    if not right:
        return None
    wrong_origins = {title.origin for title in titles for value in title.values if text_key(value) != text_key(label)}
    return LandedTitle(NOW, right[0].origin, frozenset(wrong_origins), is_from_feed=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--fewest", type=int, default=title_habit.MIN_ARTICLES)
    arguments = parser.parse_args()
    title_habit.MIN_ARTICLES = arguments.fewest  # type: ignore[misc]
    pages: dict[str, list[tuple[str, str, tuple[Candidate, ...]]]] = defaultdict(list)
    for name in arguments.sets:
        for page in map(json.loads, (arguments.corpus / name / "gold.jsonl").read_text("utf-8").splitlines()):
            path = arguments.corpus / name / "pages" / f"{page['id']}.html.gz"
            if not page.get("title") or not path.is_file():
                continue
            extracted = extract(raw_page(gzip.decompress(path.read_bytes()), page["url"]))
            candidates = () if isinstance(extracted, Rejection) else extracted.candidates
            publisher = (urlsplit(page["url"]).hostname or "").removeprefix("www.")
            pages[publisher].append((name, page["title"], candidates))
    right: dict[str, list[tuple[bool, bool, bool]]] = defaultdict(list)
    for own in pages.values():
        for number, (name, label, candidates) in enumerate(own):
            others = (landed(other, title) for index, (_, title, other) in enumerate(own) if index != number)
            habits = learn_title_origin(SOURCE.id, filter(None, others), NOW)
            preferred = prefer_title(candidates, Origin(habits[0].text)) if habits else candidates
            before, after = (text_key(choose(these) or "") == text_key(label) for these in (candidates, preferred))
            right[name].append((before, after, bool(habits)))
    for name, judged in [*right.items(), ("all", [page for these in right.values() for page in these])]:
        better, worse = (sum(sign * (after - before) > 0 for before, after, _ in judged) for sign in (1, -1))
        before, after = (sum(page[index] for page in judged) / len(judged) for index in (0, 1))
        habitual = [page for page in judged if page[2]]
        was, now = (sum(page[index] for page in habitual) for index in (0, 1))
        print(
            f"{name:6s} {len(judged)} pages  title {before:.3f} -> {after:.3f}  better {better}, worse {worse};  ",
            end="",
        )
        print(f"with a habit {len(habitual)}: {was} -> {now} right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
