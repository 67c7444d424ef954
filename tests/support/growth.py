"""How the time of each step that takes foreign text grows with its input: the steps, hostile shapes, and a measure."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from config.errors import ConfigError
from config.inputs import JsonlInput
from config.sources import Source
from flows.site_setup.opml import read_opml
from tasks.article import make_article
from tasks.boilerplate import captions, cues, line_dates, line_patterns, title_line
from tasks.boilerplate.line_metadata import read_metadata_lines
from tasks.boilerplate.lines import _read_short_text, read_lines
from tasks.boilerplate.model import score_lines
from tasks.boilerplate.page_lines import label_page
from tasks.boilerplate.select_lines import select_lines
from tasks.boilerplate.text_lines import label_text
from tasks.detect import detect_language
from tasks.extract import extract
from tasks.files import csv_parquet as tables
from tasks.files import jsonl
from tasks.html import captions_and_links
from tasks.html.block_features import PageStatements, read_block_features
from tasks.html.blocks import read_blocks
from tasks.html.jsonld import read_json_ld, strip_markup
from tasks.html.lead_image import read_lead_image
from tasks.html.microdata import read_microdata
from tasks.html.page_state import read_page_state, split_article_body
from tasks.html.parse import parse_html
from tasks.html.paywall import find_offers
from tasks.html.standfirst import find_standfirst
from tasks.html.tag_attributes import bound_attributes
from tasks.html.titles import without_site
from tasks.html.visible_metadata import read_visible_metadata
from tasks.http import robots
from tasks.http.address_policy import read_url
from tasks.http.response import read_retry_after
from tasks.language.scripts import count_forms, count_scripts
from tasks.listings.entries import article_url
from tasks.listings.entry_text import plain_text, summary_and_article
from tasks.listings.feeds import read_feed
from tasks.listings.jsonfeed import read_json_feed
from tasks.listings.listing import Entry, Listing, ListingError
from tasks.listings.section_page import read_links
from tasks.listings.sitemaps import read_sitemap
from tasks.metadata import agencies, bylines, dates, month_names
from tasks.metadata.candidates import plain_line
from tasks.metadata.urls import absolute_url, canonical_url, identity_url, normalize_url
from tasks.site_probe.autodiscovery import detect_kind, rank_sitemaps, read_site_info
from tasks.site_probe.feed_statistics import measure_listing
from tasks.site_probe.trial_articles import needs_scripts
from tasks.text import words
from tasks.text.characters import clean_line, clean_lines
from tasks.text.decode import decode
from tasks.text.front_matter import split_front_matter
from tasks.text.markdown import read_markdown
from tasks.text.unwrap import group_lines
from tasks.text.xml_characters import mend_characters
from tests.support.raws import raw_page
from warehouse.model.records import ExtractedArticle
from warehouse.takedown.redact import named_by

Step = Callable[[str], object]

MAX_EXPONENT: Final = 1.3
FIRST_SIZE: Final = 4_000
MAX_SIZE: Final = 256_000
"""Characters of the longest input that is tried, unless a shorter one takes `MIN_SECONDS`."""
MIN_SECONDS: Final = 0.02
"""Of CPU, for the longest input of a measurement; less is noise, and fast whatever its growth."""
MAX_SECONDS: Final = 1.0
"""Of CPU, for an input that is doubled once more."""

URL: Final = "https://news.example/politics/a-vote-2026"
NOW: Final = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
PARAGRAPH: Final = "The council voted on Monday to close the old bridge, and nobody knew when a new one would open. "
SOURCE: Final = Source(id="example", title="Example", input=(JsonlInput(kind="jsonl", path="a.jsonl"),))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _page(inside: str) -> ExtractedArticle | Any:
    return extract(raw_page(_bytes(f"<!doctype html><html><body>{inside}</body></html>")))


def _article(text: str, media_type: str) -> object:
    return make_article(raw_page(_bytes(text), media_type=media_type), SOURCE, 10_000_000)


def _tree(inside: str) -> Any:
    return parse_html(f"<html><body>{inside}</body></html>")


def _feed(entry: str, head: str = "") -> object:
    text = f'<rss version="2.0"><channel><title>x</title>{head}<item><link>{URL}</link>{entry}</item></channel></rss>'
    return _lenient(lambda: read_feed(_bytes(text), URL))


def _lenient(read: Callable[[], object]) -> object:
    """Run a reader that may refuse its input by an error."""
    with contextlib.suppress(ConfigError, ListingError, tables.TableError, ValueError):
        return read()
    return None


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _csv(text: str, kind: str) -> object:
    stream = io.BufferedReader(io.BytesIO(_bytes(f"url,text\n{text}\n")))
    return _lenient(lambda: list(tables.read_csv(stream, kind, ["url", "text"], 1_000_000)))


def _lines(text: str) -> Any:
    return read_lines(f"{text}\n\n{PARAGRAPH * 2}\n\n{text}")


def _json_lines(text: str) -> object:
    line = json.dumps({"url": URL, "title": text, "text": text}).encode()
    return jsonl.open_record(raw_page(line, media_type=jsonl.MEDIA_TYPE), SOURCE)


STEPS: Final[dict[str, Step]] = {
    "robots rules": lambda text: robots.read_rules(_bytes(f"User-agent: *\n{text}")),
    "robots name": lambda text: robots.read_rules(_bytes(f"User-agent:{text}\nDisallow: /")),
    "robots rule": lambda text: robots.read_rules(_bytes(f"User-agent: *\nDisallow: /{text}")).allows(URL),
    "feed, garbage": lambda text: _lenient(lambda: read_feed(_bytes(f"<rss><channel>{text}"), URL)),
    "feed, text": lambda text: _feed(f"<description>{_escaped(text)}</description>"),
    "feed, CDATA": lambda text: _feed(f"<description><![CDATA[{text}]]></description>"),
    "feed, title": lambda text: _feed(f"<title>{_escaped(text)}</title>"),
    "feed, date": lambda text: _feed(f"<pubDate>{_escaped(text)}</pubDate>"),
    "feed, author": lambda text: _feed(f"<author>{_escaped(text)}</author>"),
    "feed, link": lambda text: _feed(f"<guid>https://news.example/{_escaped(text)}</guid>"),
    "feed, items": lambda text: _feed("", f"<item><link>/{_escaped(text[:20])}</link></item>" * (len(text) // 400)),
    "feed, name": lambda text: _feed("", f"<description>{_escaped(text)}</description>"),
    "feed, pace": lambda text: measure_listing("feed", URL, "", Listing((Entry(URL, html=text),)), NOW),
    "entry, text": lambda text: plain_text(f"<p>{text}", link=URL, title="x"),
    "entry, article": lambda text: summary_and_article("x", text, True, URL, "x"),
    "entry, address": lambda text: article_url(text, URL),
    "JSON feed": lambda text: read_json_feed(
        json.dumps({"items": [{"url": URL, "title": text, "content_html": text, "date_published": text}]}), URL
    ),
    "JSON feed, garbage": lambda text: _lenient(lambda: read_json_feed('{"items": [' + text, URL)),
    "sitemap": lambda text: _lenient(
        lambda: read_sitemap(_bytes(f"<urlset><url><loc>{URL}{_escaped(text)}</loc><lastmod>{_escaped(text)}</lastmod></url></urlset>"), URL)
    ),
    "sitemap, garbage": lambda text: _lenient(lambda: read_sitemap(_bytes(f"<urlset>{text}"), URL)),
    "links": lambda text: _lenient(lambda: read_links(_bytes(f"<html><a href='{text}'>{text}</a>"), URL, r"/\d{4}/")),
    "links, garbage": lambda text: _lenient(lambda: read_links(_bytes(f"<html>{text}"), URL, r"/\d{4}/")),
    "front page": lambda text: read_site_info(_bytes(f"<html><head><title>{text}</title></head>{text}"), URL),
    "kind of answer": lambda text: detect_kind(_bytes(text)),
    "sitemap names": lambda text: rank_sitemaps([f"https://news.example/{text}"]),
    "needs scripts": lambda text: needs_scripts(_bytes(f"<html>{text}")),
    "OPML": lambda text: _lenient(lambda: read_opml(_bytes(f'<opml><body><outline xmlUrl="{URL}">{text}'), "a.opml")),
    "OPML, title": lambda text: _lenient(
        lambda: read_opml(_bytes(f'<opml><outline xmlUrl="{URL}" title="{_escaped(text).replace(chr(34), "")}"/></opml>'), "a.opml")
    ),
    "header Retry-After": lambda text: read_retry_after(text, NOW),
    "redirect": read_url,
    "decode": lambda text: decode(_bytes(text)),
    "decode, HTML": lambda text: decode(_bytes(f"<meta {text}"), html=True),
    "decode, bytes": lambda text: decode(_bytes(text) + b"\xff\xe9\x00", None, html=True),
    "CSV": lambda text: _csv(text, "csv"),
    "TSV": lambda text: _csv(text, "tsv"),
    "JSON Lines": _json_lines,
    "JSON Lines, garbage": lambda text: jsonl.open_record(raw_page(_bytes(text), media_type=jsonl.MEDIA_TYPE), SOURCE),
    "JSON-LD": lambda text: read_json_ld([text], URL),
    "JSON-LD, object": lambda text: read_json_ld(['{"@type": "NewsArticle", "headline": "' + text], URL),
    "JSON-LD, value": lambda text: read_json_ld([json.dumps({"@type": "NewsArticle", "headline": text})], URL),
    "JSON-LD, plain": strip_markup,
    "statement, plain": plain_line,
    "microdata": lambda text: read_microdata(_tree(f"<i itemscope itemtype=NewsArticle>{text}<b itemprop=author>{text}")),
    "shown": lambda text: read_visible_metadata(_tree(f"<p class=byline>{text}<time>{text}</time>"), []),
    "captions": lambda text: read_lead_image(_tree(f"<figure><img src=/a.jpg><figcaption>{text}"), [f"{URL}/a.jpg"]),
    "asides": lambda text: captions_and_links.drop_captions_and_links(_tree(text)),
    "standfirst, HTML": lambda text: find_standfirst([text, *text.split("\n")], [0], [text], text),
    "blocks": lambda text: read_blocks(_tree(text)),
    "blocks, rows": lambda text: read_blocks(_tree(f"<table><tr><td>{text}<td>{text}")),
    "block features": lambda text: read_block_features(read_blocks(_tree(f"<p>x<p>{text}")), PageStatements((text,), (text,), text)),
    "page state": lambda text: read_page_state([text, json.dumps([text, {"body": [{"html": text}]}])]),
    "article body": split_article_body,
    "offers": lambda text: find_offers(
        _tree(f"<p class=x>{text}"), [".x", text], read_blocks(_tree(text)), is_paid=True
    ),
    "long tags": bound_attributes,
    "characters of XML": mend_characters,
    "markdown": lambda text: read_markdown(text, plain_text),
    "markdown, lines": lambda text: read_markdown("\n".join(text[at : at + 60] for at in range(0, len(text), 60)), plain_text),
    "front matter": lambda text: split_front_matter(["---", f"title: {text}", "---", "x"]),
    "front matter, TOML": lambda text: split_front_matter(["+++", f'title = "{text}', "+++", "x"]),
    "clean line": clean_line,
    "clean lines": clean_lines,
    "month names": month_names.without_accents,
    "date": dates.parse_date,
    "date, day": lambda text: dates.parse_date(f"12 March 2026 {text}", "en"),
    "byline": lambda text: bylines.split_byline(text, "en"),
    "agencies": agencies.find_agencies,
    "cues": cues.find_cues,
    "cues, folded": cues.fold_case_and_accents,
    "caption of a line": captions.read_caption,
    "day of a line": line_dates.find_day,
    "dates of a line": line_dates.read_dates,
    "section of a line": line_patterns.read_section,
    "dateline": line_patterns.read_dateline,
    "tags of a line": line_patterns.read_tags,
    "paragraphs": lambda text: list(group_lines(text.split("\n"))),
    "lines": read_lines,
    "credits": lambda text: read_metadata_lines(lines := _lines(text), [line.reason for line in lines]),
    "page lines": lambda text: label_page(_lines(text), [text]),
    "line model": lambda text: select_lines(lines := _lines(text), score_lines(lines)),
    "headline": lambda text: title_line.find_title(
        lines := _lines(text), {len(lines) // 2}, None, score_lines(lines).probability
    ),
    "headline, repeats": lambda text: title_line.repeats_title(text, [text + "x"]),
    "labels of a text": lambda text: label_text(_lines(text), None),
    "URL": normalize_url,
    "URL of a site": lambda text: (normalize_url(f"https://news.example/{text}"), identity_url(f"https://a.example/{text}")),
    "URL, absolute": lambda text: absolute_url(text, URL),
    "URL, canonical": lambda text: canonical_url(text, URL),
    "title": lambda text: without_site(text, frozenset({"examplenews"}), ["The council voted"]),
    "title and headlines": lambda text: without_site(f"The council voted{text}", frozenset({"x"}), ["The council voted"]),
    "language": detect_language,
    "scripts": lambda text: (count_scripts(text), count_forms(text)),
    "quality": lambda text: (words.count_words(text), words.estimate_words(text)),
    "take-down by name": lambda text: named_by(_bytes(text), None, ["Ada Byron"]),
    "take-down by name, HTML": lambda text: named_by(_bytes(f"<html>Ada{text}"), "utf-8", ["Ada Byron"]),
    "text to article": lambda text: _article(f"{text}\n\n{PARAGRAPH * 4}\n\n{text}", "text/plain"),
    "markdown to article": lambda text: _article(f"# {text}\n\n{PARAGRAPH * 4}\n\n{text}", "text/markdown"),
    "page": lambda text: _page(f"{text}<p>{PARAGRAPH * 4}</p>"),
    "page to article": lambda text: _article(
        f"<!doctype html><title>{text}</title><meta name=author content='{text}'><h1>{text}</h1><p>{PARAGRAPH * 4}</p>",
        "text/html",
    ),
    "page, names": lambda text: _page(
        "".join(f"<meta name=author content='{name}'>" for name in text.split(" ")) + f"<p>{PARAGRAPH * 4}</p>"
    ),
    "page, comments": lambda text: extract(raw_page(_bytes(f"{text}<html>"), media_type=None)),
}  # fmt: skip
"""By name: what each takes of a stranger, called with a hostile text in its place."""

UNITS: Final = (
    " ", "\t", "\n", " \n", "a", "A", "Ab ", "1", "1 ", "1. ", "-", "- ", " - ", ".", ". ", "... ", ",", ", ", ";", "; ", ":", ": ",
    "(", "( ", ")", "[", "![", "[a](", "[^", "^[", "]", "{", "{}", '{"a":', '[["', '"', '" ', "'", "`", "``a", "*", "*a ", "**a", "_a ", "~~a ",
    "|", " | ", "|a", "/", "/a", "\\", "\\u", "<", "<a", "<a ", "<a b=", '<a b="', "<b>", "</b>", "<!--", "<!---->", "<!-- a -->\n", "<![CDATA[", "]]>", "-->", "&", "&a", "&#1", "&amp;",
    "=", "#", "# a\n", "> ", ">", "@", "a@", "%", "%2", "é", "\u0301\u0323", "a\u0301", "\u00a0", "\u200b", "\u200c", "\u200d ", "\u202e",
    "\ufeff", "\u3042", "\u0e01", "\uac00", "\u0627", "\U0001f600", "By ", "By By", "and ", " and and", "by Ada and ", "Photo: ", "photo", "12:00 ", "12:0", "2026-", "12 March ", "1 thang ",
    "\x1c", "\x85", "http:/", "https://a.example/", "www.", "user-agent", "User-agent: a\n", "Allow: *a\n", "\r", "\r\n\r\n", "---\n", "```\n", "[a]: /b\n", "[^a]: b\n", "|a|b|\n|-|-|\n", "a\n===\n",
    "<tr>", "<td>", "<li>", "<ul><li>", "<p>", "<div>", "<h2>a</h2>", "<pre>", "<a href=x>y</a>", "<table><tr><td>", "<blockquote>", "<br>", "<i itemprop=a>", "<p class=byline>",
    '<script type="application/ld+json">{', "<style>", "word and more. ", "Word And More\n", "The Word | ", " – Word", "\n\nAnd he said so.\n\n", "\u2022 a\n", "(Reuters) - ",
)  # fmt: skip
"""What a text is made of, again and again."""


def numbered(pattern: str, size: int) -> str:
    """Repeat a pattern with a number in it, so that no two are the same."""
    return "".join(pattern.format(number) for number in range(size // len(pattern.format(1_000))))


SHAPES: Final[dict[str, Callable[[int], str]]] = {
    **{f"{unit!r} again and again": lambda size, unit=unit: unit * (size // len(unit)) for unit in UNITS},  # type: ignore[misc]
    **{
        f"{unit!r} before another sign": lambda size, unit=unit: f"x{unit * (size // len(unit))}\x00y"  # type: ignore[misc]
        for unit in (" ", "\t", ";", "-", "a", "1", "[", "<", "\u0301\u0323", "\u200c", " -", "12:00-")
    },
    "attributes": lambda size: f"<p{numbered(' a{}=1', size)}>",
    "attributes without values": lambda size: f"<p{numbered(' a{}', size)}>",
    "attributes, never closed": lambda size: f"<p{numbered(' a{}', size)}",
    "attributes by the slash": lambda size: f"<p{numbered('/a{}', size)}>",
    "link definitions": lambda size: numbered("[r{}]: /u\n", size // 2) + numbered("[r{}] ", size // 2),
    "footnotes": lambda size: numbered("[^r{}]: u\n", size // 2) + numbered("a[^r{}] ", size // 2),
    "wide table": lambda size: f"{'|a' * (size // 8)}\n{'|-' * (size // 8)}\n{'|' + chr(10)}" * 1 + "|\n" * (size // 4),
    "deep list": lambda size: "".join(f"{' ' * (2 * depth)}- a\n" for depth in range(int(size**0.5))),
    "nested brackets": lambda size: "[" * (size // 2) + "]" * (size // 2),
    "nested elements": lambda size: "<div>" * (size // 11) + "</div>" * (size // 11),
    "keys": lambda size: "{" + ",".join(f'"k{number}":1' for number in range(size // 9)) + "}",
    "words": lambda size: numbered("word{} ", size),
    "lines": lambda size: numbered("A line of words number {}.\n", size),
    "addresses": lambda size: numbered("https://a.example/{} ", size),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Growth:
    """How the time of a step grows with one shape of input."""

    step: str
    shape: str
    exponent: float
    seconds_per_mb: float

    @property
    def is_linear(self) -> bool:
        """Whether it grows no faster than its input, within what can be measured."""
        return self.exponent <= MAX_EXPONENT


def measure(name: str, shape: str, max_size: int = MAX_SIZE) -> Growth:
    """Measure a step on one shape; a growth that seems too fast is measured again, so that a busy machine is no fault.

    The input grows until what it takes stands out from what the step takes for any input, and further where the growth
    may be one that a bound will end, at most to `max_size`. A step that never takes `MIN_SECONDS` has the exponent 0.
    """
    step, text = STEPS[name], SHAPES[shape]
    enough = MIN_SECONDS + 3 * seconds_of_no_input(name)
    size = FIRST_SIZE
    while (last := seconds(step, text(size), repeats=1)) < enough and size < max_size:
        size *= 4
    exponent = math.log(last / seconds(step, text(size // 4), repeats=1), 4) if last >= MIN_SECONDS else 0.0
    # What seems to grow too fast is looked at again where noise weighs less.
    while exponent > MAX_EXPONENT and size < MAX_SIZE and last < MAX_SECONDS:
        size *= 2
        last = seconds(step, text(size), repeats=1)
        exponent = math.log(last / seconds(step, text(size // 4), repeats=1), 4)
    for repeats in (2, 3) if last < MAX_SECONDS else (1,):
        if exponent > MAX_EXPONENT:
            exponent = fitted(step, text, (size // 4, size // 2, size), repeats)
    return Growth(name, shape, exponent, last / size * 1e6)


def fitted(step: Step, text: Callable[[int], str], sizes: tuple[int, ...], repeats: int) -> float:
    """Return the exponent of the power of its size by which a step's time grows, fitted by least squares."""
    points = [(math.log(size), math.log(seconds(step, text(size), repeats))) for size in sizes]
    middle = sum(x for x, _ in points) / len(points)
    return sum((x - middle) * y for x, y in points) / sum((x - middle) ** 2 for x, _ in points)


@cache
def seconds_of_no_input(name: str) -> float:
    """Return what a step takes for any input."""
    return seconds(STEPS[name], "", repeats=2)


def seconds(step: Step, text: str, repeats: int) -> float:
    """Return the CPU seconds of the fastest of so many calls."""
    best = math.inf
    gc.disable()  # its pauses come at steps of memory, and would be taken for growth
    for _ in range(repeats):
        for function in (_read_short_text, bylines._split_line):
            function.cache_clear()  # lines that were met before take no time
        began = time.process_time()
        step(text)
        best = min(best, time.process_time() - began)
    gc.enable()
    return max(best, 1e-6)
