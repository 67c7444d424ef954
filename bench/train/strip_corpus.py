"""The texts that the line model learns from: gold bodies and pages rendered to plain text, each line with a label.

A gold line is text where at least half of its 4-grams stand in the gold body, in the body's order: subheadings,
bullets and captions are text where the gold has them. A page without a gold body has the one that Copydesk reads from
its HTML.
"""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from tasks.text.decode import decode
from tasks.text.words import UNSPACED_CHARACTERS

GOLD_SETS = ("news", "news2", "articles")
SETS = (*GOLD_SETS, "web")
RENDERINGS = ("main", "all", "layout")
MIN_WEB_TOKENS = 50
"""Of the article of a web page; in less, nothing was found that can be learned from."""
LONGEST = 3_000
"""Lines of the longest page that is learnt from."""
_TOKEN = re.compile(rf"[{UNSPACED_CHARACTERS}]|[^\W{UNSPACED_CHARACTERS}]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


@dataclass(frozen=True)
class Page:
    """One page of the corpus."""

    kind: str
    """The set it is in."""
    id: str
    url: str
    title: str
    authors: list[str]
    body: str
    """The gold body; of a web page the one that is read from its HTML."""
    comments: list[str]
    """Lines of readers' comments, of a web page only."""
    renderings: dict[str, str]
    snippets: dict[str, list[str]]
    """Parts that must stand `with` the text of a web page and those it must be `without`."""


@dataclass
class Text:
    """One text to learn from."""

    page: str
    kind: str
    lines: list[str]
    label: np.ndarray
    table: np.ndarray
    """Lines x features."""
    tokens: np.ndarray
    rendering: str = ""
    spaced: list[bool] = field(default_factory=list)
    group: str = ""
    gold: list[str] = field(default_factory=list)


def tokens_of(text: str) -> list[str]:
    return _TOKEN.findall(unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold())


def read_gold(corpus: Path, kind: str) -> dict[str, dict[str, Any]]:
    lines = (corpus / kind / "gold.jsonl").read_text("utf-8").split("\n")
    return {page["id"]: page for page in map(json.loads, filter(None, lines))}


def read_content(corpus: Path, kind: str, record: dict[str, Any]) -> bytes:
    """Return the bytes of the page of a gold record."""
    return gzip.decompress((corpus / kind / "pages" / f"{record['id']}.html.gz").read_bytes())


def read_pages(corpus: Path, cache: Path) -> list[Page]:
    """Return every page of the corpus; what is read from the HTML is kept in the cache."""
    if not cache.is_file():
        jobs = [(corpus, kind, record) for kind in SETS for record in read_gold(corpus, kind).values()]
        cache.parent.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(2) as pool, cache.open("w", encoding="utf-8") as output:
            for page in pool.map(_read_page, jobs, chunksize=4):
                output.write(json.dumps(page, ensure_ascii=False) + "\n")
    pages = [Page(**json.loads(line)) for line in cache.open(encoding="utf-8")]
    renderings = {kind: _read_renderings(corpus / kind / "text.jsonl.gz") for kind in GOLD_SETS}
    return [
        replace(page, renderings=renderings[page.kind][page.id]) if page.kind in renderings else page for page in pages
    ]


def _read_renderings(path: Path) -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = defaultdict(dict)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for text in map(json.loads, lines):
            texts[text["id"]][text["rendering"]] = text["text"]
    return texts


def _read_page(job: tuple[Path, str, dict[str, Any]]) -> dict[str, Any]:
    import copydesk

    corpus, kind, record = job
    content = read_content(corpus, kind, record)
    article = copydesk.extract(content, url=record["url"], media_type="text/html")
    is_read = isinstance(article, copydesk.Article)
    comments, renderings = _render(content) if kind == "web" else ([], {})
    return {
        "kind": kind,
        "id": record["id"],
        "url": record["url"],
        "title": " ".join((record.get("title") or (article.title if is_read else None) or "").split()),
        "authors": record.get("authors") or [],
        "body": record.get("body") or (article.text if is_read else None) or "",
        "comments": comments,
        "renderings": renderings,
        "snippets": {key: record[key] for key in ("with", "without")} if kind == "web" else {},
    }


def _render(content: bytes) -> tuple[list[str], dict[str, str]]:
    """Return the comments of a page and its renderings as plain text; empty where a reader fails on it."""
    import inscriptis
    import trafilatura
    from resiliparse.extract.html2text import extract_plain_text

    try:
        html = content.decode("utf-8")
    except UnicodeDecodeError:
        html = getattr(decode(content, None, html=True), "text", None) or content.decode("utf-8", "replace")
    makers: dict[str, Callable[[], str | None]] = {
        "main": lambda: extract_plain_text(html, main_content=True),
        "all": lambda: extract_plain_text(html),
        "layout": lambda: inscriptis.get_text(html),
        "comments": lambda: trafilatura.bare_extraction(html, include_comments=True).comments,
    }
    texts: dict[str, str] = {}
    for name, make in makers.items():
        try:
            texts[name] = make() or ""
        except Exception:  # noqa: BLE001 - a page that one reader fails on has the other renderings
            texts[name] = ""
    comments = [line.strip() for line in texts.pop("comments").split("\n") if line.strip()]
    return comments, texts


def group_pages(pages: Sequence[Page]) -> dict[str, str]:
    """Return a name for the pages of one publisher or template: of one domain, or with six equal lines of furniture."""
    parent = {page.id: page.id for page in pages}

    def find(page: str) -> str:
        while parent[page] != page:
            parent[page] = parent[parent[page]]
            page = parent[page]
        return page

    domains: dict[str, list[str]] = defaultdict(list)
    pages_of_line: dict[str, list[str]] = defaultdict(list)
    for page in pages:
        labels = (urlsplit(page.url).hostname or page.id).lower().split(".")
        short = len(labels) >= 2 and len(labels[-2]) > 3
        shared = ".".join(labels[-2:]) in {"wordpress.com", "blogspot.com", "blogspot.de", "archive.org"}
        domains[".".join(labels if shared else labels[-2:] if short else labels[-3:])].append(page.id)
        for line in {line.strip() for line in page.renderings["all"].split("\n")}:
            if len(line) >= 15 and line not in page.body:
                pages_of_line[line].append(page.id)
    together: Counter[tuple[str, str]] = Counter()
    for page_ids in pages_of_line.values():
        if len(page_ids) <= 12:
            together.update((page_ids[low], page_ids[high]) for high in range(len(page_ids)) for low in range(high))
    same = [pair for pair, count in together.items() if count >= 6]
    same += [(page_ids[0], other) for page_ids in domains.values() for other in page_ids[1:]]
    for page_id, other in same:
        parent[find(page_id)] = find(other)
    return {page: find(page) for page in parent}


def overrule(label: np.ndarray, texts: Sequence[str], snippets: dict[str, list[str]]) -> None:
    """Label each of these texts that holds a snippet as the snippets of its web page say."""
    required, forbidden = ([" ".join(part.split()) for part in snippets[key]] for key in ("with", "without"))
    for index, text in enumerate(" ".join(text.split()) for text in texts):
        if any(part in text for part in required):
            label[index] = 1
        elif any(part in text for part in forbidden):
            label[index] = 0


def share_inside(lines: Sequence[Sequence[str]], body: Sequence[str]) -> np.ndarray:
    """Return the share of each line's 4-grams that a body has; of a shorter line, 1 if the body has it, else 0."""
    grams = {size: set(zip(*(body[skip:] for skip in range(size)), strict=False)) for size in (1, 2, 3, 4)}
    shares = np.zeros(len(lines), np.float32)
    for index, line in enumerate(lines):
        size = min(4, len(line))
        if size:
            own = list(zip(*(line[skip:] for skip in range(size)), strict=False))
            shares[index] = sum(gram in grams[size] for gram in own) / len(own)
    return shares


def align(lines: Sequence[Sequence[str]], gold: Sequence[str]) -> np.ndarray:
    """1 for each line that is the gold's: the heaviest chain of lines whose places in the gold follow each other.

    What the chain leaves uncovered may stand elsewhere: a standfirst that the gold has at its end.
    """
    shares = share_inside(lines, gold)
    candidates = sorted(_matching_spans(lines, gold, shares))
    best, back = [candidate[3] for candidate in candidates], [-1] * len(candidates)
    for index, (line, begin, _, weight) in enumerate(candidates):
        for before in range(max(0, index - 600), index):
            above, _, end, _ = candidates[before]
            worth = best[before] + weight - 0.02 * min(50, line - above - 1)
            if above < line and end <= begin + 2 and worth > best[index]:
                best[index], back[index] = worth, before
    spans: dict[int, tuple[int, int]] = {}
    index = int(np.argmax(best)) if candidates else -1
    while index >= 0:
        spans[candidates[index][0]] = candidates[index][1:3]
        index = back[index]
    covered = np.zeros(len(gold) + 4, np.bool_)
    for begin, end in spans.values():
        covered[begin:end] = True
    for line, begin, end, weight in sorted(candidates, key=lambda candidate: -candidate[3]):
        if line not in spans and weight >= 8 and shares[line] >= 0.7 and covered[begin:end].mean() < 0.3:
            spans[line] = (begin, end)
            covered[begin:end] = True
    return np.array([float(index in spans and shares[index] >= 0.5) for index in range(len(lines))], np.float32)


def _matching_spans(
    lines: Sequence[Sequence[str]], gold: Sequence[str], shares: np.ndarray
) -> Iterator[tuple[int, int, int, float]]:
    """Line, first and last-but-one token of the gold, and weight, of every place where a line may stand."""
    grams: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, gram in enumerate(zip(gold, gold[1:], gold[2:], gold[3:], strict=False)):
        grams[gram].append(index)
    for number, line in enumerate(lines):
        if 0 < len(line) < 4 and shares[number]:
            starts = [index for index, token in enumerate(gold) if token == line[0]][:200]
            yield from (
                (number, index, index + len(line), float(len(line)))
                for index in starts
                if list(gold[index : index + len(line)]) == list(line)
            )
        if len(line) < 4 or shares[number] < 0.4:
            continue
        hits = [
            (skip, index)
            for skip, gram in enumerate(zip(line, line[1:], line[2:], line[3:], strict=False))
            for index in grams.get(gram, ())[:50]
        ]
        reach = max(10, len(line) // 3)
        spans = set()
        for offset, _ in Counter(index - skip for skip, index in hits).most_common(4):
            near = {index for skip, index in hits if abs(index - skip - offset) <= reach}
            span = (min(near), max(near) + 4)
            if span not in spans:
                spans.add(span)
                yield number, *span, len(near) + 0.5 * (shares[number] > 0.95)


def right(predicted: Sequence[str], gold: Sequence[str]) -> tuple[float, float]:
    """Precision and recall of 4-grams."""
    predicted_grams, gold_grams = (
        Counter(zip(*(tokens[skip:] for skip in range(4)), strict=False)) for tokens in (predicted, gold)
    )
    both = (predicted_grams & gold_grams).total()
    return both / max(1, predicted_grams.total()), both / max(1, gold_grams.total())
