"""Markdown: its front matter as statements, its paragraphs without marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tasks.text.characters import clean_line, split_lines
from tasks.text.document import Document
from warehouse.model.records import Candidate, Paragraphs
from warehouse.model.vocabulary import Origin

MOST_FRONT_MATTER: Final = 200
"""Lines in which front matter must end; without an end it is text."""

_FIELDS: Final = {
    "title": "title", "headline": "title", "description": "description", "summary": "description",
    "author": "authors", "authors": "authors", "byline": "by", "section": "section", "category": "section",
    "categories": "section", "tags": "tags", "keywords": "tags", "image": "image_url", "cover": "image_url",
    "date": "published_at", "published": "published_at", "publishdate": "published_at", "pubdate": "published_at",
    "updated": "modified_at", "lastmod": "modified_at", "modified": "modified_at", "lang": "language",
    "language": "language", "canonical": "canonical_url", "canonical_url": "canonical_url", "license": "license",
}  # fmt: skip
_FENCES: Final = {"---": ":", "+++": "="}
_ENTRY: Final = r"([A-Za-z_][\w-]*)\s*[{0}]\s*(.*)"
_HEADING: Final = re.compile(r"#{1,6}\s+(.*?)\s*#*")
_RULE: Final = re.compile(r"(?:[-*_]\s*){3,}|={3,}|-{2,}")
_OWN_LINE: Final = re.compile(r"(?:[-*+•]|\d+[.)])\s|\||```|~~~")
_MARKS: Final = (
    (re.compile(r"!\[[^\]\n]*\]\([^()\n]*\)"), ""),  # images
    (re.compile(r"\[([^\]\n]+)\](?:\([^()\n]*\)|\[[^\]\n]*\])"), r"\1"),  # links
    (re.compile(r"<(https?://[^\s<>]+)>"), r"\1"),
    (re.compile(r"(\*\*\*|\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+)(?<=\S)\*(?![\w*])|(?<!\w)_(?=\S)([^_\n]+)(?<=\S)_(?!\w)"), r"\1\2"),
    (re.compile(r"`([^`\n]+)`"), r"\1"),
    (re.compile(r"\\([\\`*_{}\[\]()#+.!|>~-])"), r"\1"),
)


def read_markdown(text: str) -> Document:
    """The paragraphs of a Markdown text, a wrapped one on one line; headings, lists and quotes keep their words.

    Simple front matter (YAML between `---`, TOML between `+++`) and the first heading of level one are statements.
    """
    lines = split_lines(text)
    stated, lines = _front_matter(lines)
    candidates = [Candidate(field, values, Origin.META) for field, values in stated.items()]
    headings = (line for line in lines if line.startswith("# "))
    if heading := next(headings, None):
        candidates.append(Candidate("title", (_plain(heading),), Origin.TEXT))
    return Document(Paragraphs(tuple(map(clean_line, _paragraphs(lines)))), tuple(candidates), "markdown")


def _front_matter(lines: list[str]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    fence = lines[0].rstrip() if lines else ""
    ends = [number for number, line in enumerate(lines[1:MOST_FRONT_MATTER], 1) if line.rstrip() == fence]
    if fence not in _FENCES or not ends:
        return {}, lines
    entry = re.compile(_ENTRY.format(_FENCES[fence]))
    found: dict[str, list[str]] = {}
    values: list[str] = []
    for line in lines[1 : ends[0]]:
        if match := entry.fullmatch(line.rstrip()):
            field = _FIELDS.get(match[1].lower(), "")
            values = found.setdefault(field, []) if field else []
            values += _listed(match[2])
        elif line.lstrip().startswith("- "):
            values += _listed(line.lstrip()[2:])
    return {field: tuple(printed) for field, printed in found.items() if printed}, lines[ends[0] + 1 :]


def _listed(printed: str) -> list[str]:
    inner = printed.strip()
    parts = inner[1:-1].split(",") if inner.startswith("[") and inner.endswith("]") else [inner]
    return [value for part in parts if (value := part.strip().strip("\"'")) and value not in {"|", ">"}]


def _paragraphs(lines: list[str]) -> Iterator[str]:
    wrapped: list[str] = []
    for line in [*lines, ""]:
        bare = line.lstrip(" >\t").rstrip()
        begins = not bare or _RULE.fullmatch(bare) or _HEADING.fullmatch(bare) or _OWN_LINE.match(bare)
        if begins and wrapped:
            yield _plain(" ".join(wrapped))
            wrapped = []
        if _RULE.fullmatch(bare):
            continue
        if begins:
            yield _plain(bare)
        else:
            wrapped.append(bare)


def _plain(line: str) -> str:
    heading = _HEADING.fullmatch(line)
    text = heading[1] if heading else line
    for mark, plain in _MARKS:
        text = mark.sub(plain, text)
    return text.strip()
