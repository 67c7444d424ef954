"""Markdown: its front matter and first heading as candidates, its paragraphs without marks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import escapedSplit, getLine, table
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from tasks.text.characters import clean_line, split_lines
from tasks.text.document import Document
from tasks.text.front_matter import split_front_matter
from tasks.text.unwrap import join_lines
from warehouse.model.records import Candidate, Paragraphs
from warehouse.model.vocabulary import Origin

_FIELDS: Final = {
    "title": "title", "headline": "title", "description": "description", "summary": "description",
    "author": "authors", "authors": "authors", "byline": "by", "section": "section", "category": "section",
    "categories": "section", "tags": "tags", "keywords": "tags", "image": "image_url", "cover": "image_url",
    "date": "published_at", "published": "published_at", "publishdate": "published_at", "pubdate": "published_at",
    "updated": "modified_at", "lastmod": "modified_at", "modified": "modified_at", "lang": "language",
    "language": "language", "canonical": "canonical_url", "canonical_url": "canonical_url", "license": "license",
}  # fmt: skip
_BREAKS: Final = ("softbreak", "hardbreak")
_ENDS: Final = ("bullet_list_close", "ordered_list_close", "table_close")


def read_markdown(text: str, html_text: Callable[[str], str]) -> Document:
    """Parse Markdown into paragraphs, one a line; front matter and the first level-one heading become candidates.

    CommonMark with tables, strikethrough and footnotes, whose texts come last. Lists keep their marks, code its lines;
    tags of HTML, comments and images are left out: `html_text` returns the text of a block of HTML.
    """
    front_matter, lines = split_front_matter(split_lines(text))
    values: dict[str, tuple[str, ...]] = {}
    for key, texts in front_matter.items():
        if field := _FIELDS.get(key):
            values[field] = values.get(field, ()) + texts
    candidates = [Candidate(field, texts, Origin.META) for field, texts in values.items()]
    tokens = _parser().parse("\n".join(lines))
    headings = (content for token, content in pairwise(tokens) if token.tag == "h1")
    if title := next((_inline_text(heading) for heading in headings), ""):
        candidates.append(Candidate("title", (title,), Origin.TEXT))
    return Document(Paragraphs(tuple(map(clean_line, _lines(tokens, html_text)))), tuple(candidates), "markdown")


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"]).use(footnote_plugin)
    parser.block.ruler.at("table", _read_table, {"alt": ["paragraph", "reference"]})
    return parser


def _read_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parse the rows of a table as lines of their cells.

    markdown-it's own rule fills each row up to the number of columns, and so makes 60,000 cells of a few hundred lines.
    """
    is_table = table(state, start, end, True)
    if silent or not is_table:
        return is_table
    parent, state.parentType = state.parentType, "table"
    line = start + 2
    while line < end and _is_row(state, line, end):
        line += 1
    state.parentType = parent
    for row in (start, *range(start + 2, line)):
        state.push("paragraph_open", "p", 1).hidden = True
        inline = state.push("inline", "", 0)
        cells = escapedSplit(getLine(state, row).strip().removeprefix("|"))
        inline.content = " | ".join(cell.strip() for cell in (cells if cells[-1] else cells[:-1]))
        inline.children = []
        state.push("paragraph_close", "p", -1)
    state.push("table_close", "table", -1)
    state.line = line
    return True


def _is_row(state: StateBlock, line: int, end: int) -> bool:
    if state.sCount[line] < state.blkIndent or state.is_code_block(line) or not getLine(state, line).strip():
        return False
    return not any(begins(state, line, end, True) for begins in state.md.block.ruler.getRules("blockquote"))


def _lines(tokens: Sequence[Token], html_text: Callable[[str], str]) -> Iterator[str]:
    """Print the blocks of a document, an empty line between them but not within a tight list, a table or code."""
    mark = ""
    is_tight = False
    for token in tokens:
        if token.type == "list_item_open":
            mark = f"{token.info}. " if token.info else "- "
        elif token.type == "list_item_close":
            mark = ""
        elif token.type in {"paragraph_open", "paragraph_close"}:
            is_tight = token.hidden and token.nesting > 0
        elif lines := _block(token, html_text):
            yield from (mark + lines[0], *lines[1:])
            mark = ""
            if not is_tight:
                yield ""
        elif token.type in _ENDS:
            yield ""


def _block(token: Token, html_text: Callable[[str], str]) -> list[str]:
    """Return the lines of a paragraph, heading, block of code or HTML; none for another token."""
    if token.type == "inline":
        return list(filter(None, [_inline_text(token)]))
    if token.type in {"fence", "code_block"}:
        return [line.strip() for line in split_lines(token.content) if line.strip()]
    if token.type == "html_block":
        return list(filter(None, [html_text(token.content)]))
    return []


def _inline_text(block: Token) -> str:
    """Return the words of a block on one line."""
    parts = []
    for token in block.children or ():
        if token.type in _BREAKS or (token.type == "html_inline" and token.content.lower().startswith("<br")):
            parts.append("\n")
        elif token.type in {"text", "code_inline"}:
            parts.append(token.content)
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return join_lines([line for line in lines if line] or [""])
