"""An article that a page prints nowhere is read from what its scripts make the page of, and from its templates."""

from __future__ import annotations

import html
import json

import pytest

from config.sources import StripRules
from tasks.extract import extract
from tasks.strip import strip
from tests.support.raws import raw_page
from warehouse.model.records import Rejection

STORY = [
    "The mill at Vester has ground its last sack of rye, forty years after the railway that brought the grain was closed.",
    "Its owner, Karin Holm, handed the keys to the parish on Friday. She had run the mill alone since her brother died.",
    "The parish wants to open a museum there in two years, with a bakery in the stable and a room for the school.",
]
MARKUP = "".join(f"<p>{text}</p>" for text in STORY)
LAYOUT = {"layouts": {"article": {"id": 1}}, "menu": [{"label": "News"}, {"label": "Sport"}]}


def page(body: str) -> bytes:
    head = '<meta charset="utf-8"><title>The mill falls silent</title>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'.encode()


def text_of(body: str) -> list[str]:
    extracted = extract(raw_page(page(body)))
    assert not isinstance(extracted, Rejection), extracted
    article = strip(extracted, StripRules())
    assert not isinstance(article, Rejection), article
    return list(article.paragraphs.lines)


def flat(value: object) -> list[object]:
    """Return a value as Nuxt 3 writes it: a list of values that refer to each other by index."""
    values: list[object] = []

    def add(part: object) -> int:
        values.append(part)
        index = len(values) - 1
        if isinstance(part, dict):
            values[index] = {key: add(inner) for key, inner in part.items()}
        elif isinstance(part, list):
            values[index] = [add(inner) for inner in part]
        return index

    add(value)
    return values


def literal(value: object) -> str:
    return json.dumps(json.dumps(value)).replace("<", "\\u003c")


REFERENCES = {
    "ROOT_QUERY": {"post": {"__ref": "Post:7"}},
    "Post:7": {"__typename": "Post", "body": {"paragraphs": [{"__ref": f"Paragraph:{number}"} for number in range(3)]}},
    **{f"Paragraph:{number}": {"__typename": "Paragraph", "type": "P", "text": text} for number, text in enumerate(STORY)},
}  # fmt: skip
ARTICLE = {"article": {"id": 7, "html": MARKUP}}
ISLAND = [1, [[0, {"type": [0, "paragraph"], "text": [0, text]}] for text in STORY]]


def streamed(*rows: object) -> str:
    """Return rows as Next.js streams them to React: in pieces of text that end anywhere."""
    stream = "".join(
        f"{number:x}:T{len(row.encode()):x},{row}" if isinstance(row, str) else f"{number:x}:{json.dumps(row)}\n"
        for number, row in enumerate(rows)
    )
    pieces = (stream[begin : begin + 150] for begin in range(0, len(stream), 150))
    return "".join(f"<script>self.__next_f.push([1,{json.dumps(piece)}])</script>" for piece in pieces)


def drawn(tag: str, children: object) -> list[object]:
    return ["$", tag, None, {"className": "x", "children": children}]


STATES = {
    "a stream of rows": streamed(drawn("nav", "News"), *(drawn("p", text) for text in STORY)),
    "a text in a stream": streamed(drawn("nav", "News"), "Ünder", MARKUP, drawn("p", "$1")),
    "a stream of one tree": streamed(
        drawn("main", [drawn("h1", "The mill"), drawn("div", [drawn("p", [text, "$undefined"]) for text in STORY])])
    ),
    "a second assignment": f"<script>App.tree={json.dumps(LAYOUT)};App.content={json.dumps(ARTICLE)};run()</script>",
    "a string of JSON": f"<script>window.__STATE__ = JSON.parse({literal(ARTICLE)});</script>",
    "a string in single quotes": "<script>var state = JSON.parse('"
    + json.dumps(ARTICLE).replace("'", "\\x27").replace("/", "\\/")
    + "')</script>",
    "a call of a function": f"<script>window.__NUXT__=(function(a){{return {{data:[{{id:a,body:{json.dumps(MARKUP)}}}]}}}}(7))</script>",
    "a flat list": '<script type="application/json">'
    + json.dumps(flat({"data": {"author": "Karin Holm", "parts": STORY}}))
    + "</script>",
    "references": f"<script>window.__APOLLO_STATE__={json.dumps(REFERENCES)}</script>",
    "an attribute": f'<div id="app" data-page="{html.escape(json.dumps(ARTICLE))}"></div>',
    "an island": f'<my-island props="{html.escape(json.dumps({"blocks": ISLAND}))}"></my-island>',
    "a template in a script": f'<script type="text/x-template"><div>{MARKUP}</div></script>',
    "a template": f"<template id='story'><article>{MARKUP}</article></template>",
    "a text for readers without scripts": f"<noscript><article>{MARKUP}</article></noscript>",
    "escaped markup": '<script type="application/ld+json">'
    + json.dumps({"@type": "NewsArticle", "headline": "The mill falls silent", "articleBody": html.escape(MARKUP)})
    + "</script>",
}  # fmt: skip


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_the_article_is_in_the_data_of_a_page(state: str) -> None:
    assert text_of(f"<div id='root'></div>{state}<script src='/app.js'></script>") == STORY


def test_the_shadow_of_an_element_is_printed() -> None:
    shadow = f'<story-page><template shadowrootmode="open"><article>{MARKUP}</article></template></story-page>'
    assert text_of(f"{shadow}<footer><p>© 2026 Vester Post. All rights reserved.</p></footer>") == STORY


def test_what_readers_without_scripts_are_shown_is_no_part_of_a_printed_article() -> None:
    notice = (
        "<noscript><p>Please switch on scripts in your browser. This page needs them for its pictures.</p></noscript>"
    )
    assert text_of(f"<article>{notice}{MARKUP}</article>") == STORY


def test_data_that_refers_to_itself_is_read_in_bounded_time() -> None:
    values = [{"parts": 1}, *([index + 1] * 9 for index in range(1, 60)), 0]
    extracted = extract(raw_page(page(f'<script type="application/json">{json.dumps(values)}{" " * 300}</script>')))
    assert isinstance(extracted, Rejection)
