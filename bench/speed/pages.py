"""Distinct news pages in any number, and the WARC file, folder and list of addresses that hold them.

Pages come from a corpus folder, any depth of folders named `pages` with `.html` or `.html.gz` in them and a
`gold.jsonl` beside that knows their addresses; each page of a folder in turn, the folders in turn. A page that is
wanted again is varied: other title, days, address, and the sentences of its paragraphs in another order, so that
neither a cache nor a duplicate shortens the work. Without a folder pages are rendered from invented sentences.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import json
import random
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Final

_PROSE: Final = re.compile(r"(?<=>)[^<>{}]{80,}(?=<)")
_SENTENCE: Final = re.compile(r"(?<=[.!?…。])\s+")
_OPAQUE: Final = re.compile(r"(<(script|style)\b.*?</\2\s*>)", re.IGNORECASE | re.DOTALL)
_DAY: Final = re.compile(r"(?<!\d)(20[012]\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?!\d)")
_TITLE: Final = re.compile(r"<title[^<>]*>\s*([^<]{8,300}?)\s*</title", re.IGNORECASE)
_CRAWLED: Final = "2026-01-15T12:00:00Z"


@dataclass(frozen=True, slots=True)
class Page:
    url: str
    content: bytes


def make_pages(corpus: Path | None, page_count: int) -> Iterator[Page]:
    """Make pages, no two with the same address, title or text; the same ones each time."""
    return islice(rendered() if corpus is None else varied(corpus), page_count)


def varied(corpus: Path) -> Iterator[Page]:
    folders = [originals(folder) for folder in sorted(corpus.rglob("pages")) if folder.is_dir()]
    if not any(folders):
        raise SystemExit(f"bench: {corpus} holds no folder 'pages' with .html or .html.gz in it")
    for number in count():
        folder = folders[number % len(folders)]
        copy, index = divmod(number // len(folders), len(folder))
        path, url = folder[index]
        content = path.read_bytes()
        yield vary(gzip.decompress(content) if path.suffix == ".gz" else content, url, copy)


def originals(folder: Path) -> list[tuple[Path, str]]:
    gold, urls = folder.parent / "gold.jsonl", {}
    if gold.exists():
        # A text in it may hold a U+2028, which ends a line for `splitlines`.
        urls = {page["id"]: page["url"] for page in map(json.loads, gold.read_text("utf-8").strip().split("\n"))}
    paths = sorted(path for path in folder.iterdir() if path.name.endswith((".html", ".html.gz")))
    names = [path.name.removesuffix(".gz").removesuffix(".html") for path in paths]
    return [(path, urls.get(name, f"https://news.example/{name}")) for path, name in zip(paths, names, strict=True)]


def vary(content: bytes, url: str, copy: int) -> Page:
    """Make the `copy`-th form of a page; markup, length and language stay as they are."""
    chance = random.Random(f"{url} {copy}")  # noqa: S311  the same pages each time
    text = content.decode("utf-8", "surrogateescape")
    other = f"{url}{'&' if '?' in url else '?'}edition={copy}"
    text = text.replace(url, other)
    if title := _TITLE.search(text):
        words = title[1].split()
        text = text.replace(title[1], " ".join([*words[:-1], str(copy + 2), words[-1]]))
    text = _DAY.sub(lambda day: _earlier(day, copy), text)
    # Every other piece is a script or style with its name behind it, and stays.
    pieces = _OPAQUE.split(text)
    texts = pieces[::3]
    sentences = [part for piece in texts for prose in _PROSE.findall(piece) for part in _SENTENCE.split(prose)]
    chance.shuffle(sentences)
    left = iter(sentences)

    def reorder(prose: re.Match[str]) -> str:
        return " ".join(islice(left, len(_SENTENCE.split(prose[0]))))

    pieces[::3] = [_PROSE.sub(reorder, piece) for piece in texts]
    del pieces[2::3]
    return Page(other, "".join(pieces).encode("utf-8", "surrogateescape"))


def _earlier(day: re.Match[str], days: int) -> str:
    try:
        return str(date.fromisoformat(day[0]) - timedelta(days=days))
    except ValueError:
        return day[0]


_SUBJECTS: Final = "council, harbour office, school board, ferry company, theatre, fire service, museum, farmers' union"
_VERBS: Final = "postponed, approved, questioned, praised, extended, cancelled, reopened, delayed, explained, defended"
_OBJECTS: Final = (
    "the new bridge, its winter plan, a second hearing, the old market hall, free bus rides, the flood wall"
)
_CIRCUMSTANCES: Final = (
    "after a long debate, before the holidays, despite the cost, in spite of the rain, as was expected"
)
_PARTS: Final = tuple(
    tuple(part.strip() for part in parts.split(",")) for parts in (_SUBJECTS, _VERBS, _OBJECTS, _CIRCUMSTANCES)
)


def rendered() -> Iterator[Page]:
    """Make pages of a newspaper that does not exist, of the weight of real ones."""
    return map(render, count())


def render(number: int) -> Page:
    chance = random.Random(number)  # noqa: S311  the same pages each time

    def sentence() -> str:
        subject, verb, object_, circumstance = (chance.choice(parts) for parts in _PARTS)
        return f"The {subject} {verb} {object_} {circumstance}, {chance.randrange(2, 900)} people were told."

    title = f"{sentence()[4:60].rsplit(' ', 1)[0]} ({number})".capitalize()
    url = f"https://gazette.example/news/{number}/{title.split()[0].lower()}.html"
    day = f"{date(2025, 1, 1) + timedelta(days=number % 360)}T{number % 24:02d}:{number % 60:02d}:00+00:00"
    body = "".join(f"<p>{' '.join(sentence() for _ in range(3))}</p>\n" for _ in range(12))
    lists = [f'<li><a href="/{part}/{n}">{sentence()}</a></li>' for part in ("menu", "more") for n in range(40)]
    linked = {"@type": "NewsArticle", "headline": title, "datePublished": day, "author": {"name": "Ada Quill"}}
    page = f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<title>{html.escape(title)} | Gazette</title>
<meta property="og:title" content="{html.escape(title)}"><meta property="og:url" content="{url}">
<script type="application/ld+json">{json.dumps(linked)}</script><script>{"var a = [1, 2, 3];" * 1000}</script></head>
<body><nav><ul>{"".join(lists[:40])}</ul></nav><main><article><h1>{html.escape(title)}</h1>
<p class="byline">By Ada Quill</p><time datetime="{day}">{day[:10]}</time>{body}</article></main>
<aside><h2>More</h2><ul>{"".join(lists[40:])}</ul></aside><footer><p>All rights reserved.</p></footer></body></html>"""
    return Page(url, page.encode())


def write_warc(path: Path, pages: Iterator[Page]) -> int:
    """Write a gzip WARC of responses, as a crawler leaves them; return their number."""
    written = 0
    with path.open("wb") as file:
        for page in pages:
            file.write(gzip.compress(response(page), 6, mtime=0))
            written += 1
    return written


def response(page: Page) -> bytes:
    record = uuid.UUID(hashlib.sha256(page.url.encode()).hexdigest()[:32])
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page.content
    head = (
        f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{record}>\r\nWARC-Date: {_CRAWLED}\r\n"
        f"WARC-Target-URI: {page.url}\r\nContent-Type: application/http; msgtype=response\r\n"
        # datatrove guesses the type of what names none, and drops pages that it guesses wrong.
        f"WARC-Identified-Payload-Type: text/html\r\nContent-Length: {len(answer)}\r\n\r\n"
    )
    return head.encode() + answer + b"\r\n\r\n"
