"""The article and the metadata of an HTML page, read from one parse of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from lxml import etree
from lxml.html import HtmlElement

from tasks.boilerplate.boosted_trees import Floats
from tasks.html.block_features import BlockFeatures, PageStatements, read_block_features
from tasks.html.block_model import score_blocks
from tasks.html.blocks import PageBlocks, read_blocks
from tasks.html.correct_selection import complete, correct_selection
from tasks.html.date_lines import find_date_line
from tasks.html.gallery_credits import split_credits
from tasks.html.guessed_date import configure_libraries, guess_date
from tasks.html.head_metadata import read_metadata
from tasks.html.jsonld import JsonLd, read_json_ld
from tasks.html.label_blocks import label_blocks
from tasks.html.other_articles import find_other_articles
from tasks.html.page_state import read_page_state, split_article_body
from tasks.html.parse import parse_html
from tasks.html.paywall import find_offers
from tasks.html.second_reader import EXTRACTOR, read_text
from tasks.html.select_blocks import find_longest_run, is_sure, select_blocks, select_seconded
from tasks.html.standfirst import find_named_standfirst, find_standfirst
from tasks.html.state_values import read_data_attributes
from tasks.metadata.dates import parse_date
from tasks.text.characters import clean_line, clean_lines
from tasks.text.document import Document
from warehouse.model.records import Candidate, Paragraphs, StrippedLine
from warehouse.model.vocabulary import LineReason, Origin

BLOCK_EXTRACTOR: Final = "blocks 1"
STATE_EXTRACTOR: Final = "page state"

MAX_PAGE_TAGS: Final = 50_000
# Without tags and scripts.
MAX_PAGE_CHARACTERS: Final = 1_000_000
# A page with less text may print its article by a script.
MIN_PRINTED_CHARACTERS: Final = 500
MIN_STATE_CHARACTERS: Final = 200
# The page's data must hold that many times the text that it prints.
MIN_STATE_RATIO: Final = 2

# Parts of a title that are printed in styles of their own.
MAX_TITLE_TEXTS: Final = 20

_UNREAD_TAGS: Final = ("script", "style", "template", "svg", "noscript", "iframe", "object", "canvas")
_FOLDED: Final = re.compile("<(?:noscript|template)[ >]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OpenPage:
    """A parsed page without scripts, and what it states about its article."""

    tree: HtmlElement
    scripts: tuple[str, ...]
    """The texts of its scripts, those of JSON-LD left out."""
    json_ld: JsonLd
    candidates: tuple[Candidate, ...]

    def values(self, field: str) -> tuple[str, ...]:
        """Return the values of all candidates of one field, the most trusted first."""
        return tuple(value for candidate in self.candidates if candidate.field == field for value in candidate.values)


class _ScoredBlocks(NamedTuple):
    """The blocks of a page, and for each the probability that it is text of the article."""

    blocks: PageBlocks
    features: BlockFeatures
    probability: Floats


class _JudgedBlocks(NamedTuple):
    """The blocks of a page, for each why it is stripped (None: it is not), and the name of what selected them."""

    texts: list[str]
    reasons: list[LineReason | None]
    extractor: str

    def count_selected(self) -> int:
        """Return the number of characters of the article."""
        return sum(len(text) for text, reason in zip(self.texts, self.reasons, strict=True) if reason is None)

    def min_replaced_characters(self) -> int:
        """Return how many characters a text must have that stands in place of this one."""
        return max(MIN_STATE_CHARACTERS, MIN_STATE_RATIO * self.count_selected())


def open_page(text: str, url: str, *, is_unfolded: bool = False) -> OpenPage | None:
    """Parse the HTML page at `url` and read its metadata; return None if it has no element.

    A browser shows templates that are the shadow of an element. `is_unfolded` shows all others too, and what is printed
    for readers without scripts; their pictures are always read.
    """
    tree = parse_html(text)
    if tree is None:
        return None
    for element in list(tree.iter("template", "noscript")):
        if is_unfolded or element.get("shadowrootmode") or _is_picture(element):
            element.drop_tag()
    json_ld_scripts: list[str] = []
    scripts: list[str] = []
    for script in tree.iter("script"):
        if script.text:
            (json_ld_scripts if "ld+json" in (script.get("type") or "") else scripts).append(script.text)
    etree.strip_elements(tree, *_UNREAD_TAGS, with_tail=False)
    titles = (" ".join(islice(element.itertext(), MAX_TITLE_TEXTS)) for element in tree.iter("title", "h1"))
    json_ld = read_json_ld(json_ld_scripts, url, titles)
    return OpenPage(tree, tuple(scripts), json_ld, read_metadata(tree, json_ld, url))


def _is_picture(element: HtmlElement) -> bool:
    """Return whether an element holds nothing but the picture for whose address another one waits for a script."""
    return element.find(".//img") is not None and not "".join(element.itertext()).strip()


def read_statements(page: OpenPage) -> PageStatements:
    """Return what a page states that its blocks are compared with."""
    return PageStatements(page.values("title"), page.values("description"), page.json_ld.body)


def read_page(text: str, url: str) -> Document | None:
    """Return the article of the HTML page at `url`, or None if the page has no element.

    A page without an article has a document without lines. The lines of others are all blocks of the page, a blank line
    between two; those that are not the article are in `stripped`.
    """
    configure_libraries()
    page = open_page(text, url)
    if page is None:
        return None
    is_large = _is_too_large(text, page.tree)
    scored = _score_blocks(page)
    candidates = page.candidates
    if scored is not None and not page.values("published_at"):
        candidates += _read_date(page, scored, url, is_large)
    judged = _judge_blocks(page, scored, is_large)
    if judged.count_selected() < MIN_PRINTED_CHARACTERS and "false" not in page.values("is_accessible_for_free"):
        judged = _add_unprinted(judged, page, text, url, is_large)
    if None not in judged.reasons:
        return Document(Paragraphs(()), candidates, judged.extractor)
    return _make_document(judged, candidates)


def _is_too_large(text: str, tree: HtmlElement) -> bool:
    """Return whether trafilatura would take minutes; the largest known news pages are a seventh of that."""
    if text.count("<") > MAX_PAGE_TAGS:
        return True
    return len(text) > MAX_PAGE_CHARACTERS and tree.xpath("string-length()") > MAX_PAGE_CHARACTERS


def _score_blocks(page: OpenPage) -> _ScoredBlocks | None:
    """Return the blocks of a page with their scores; None if it has no block."""
    blocks = read_blocks(page.tree)
    if not blocks.blocks:
        return None
    features = read_block_features(blocks, read_statements(page))
    return _ScoredBlocks(blocks, features, score_blocks(features))


def _read_date(page: OpenPage, scored: _ScoredBlocks, url: str, is_large: bool) -> tuple[Candidate, ...]:
    """Return the date that a page prints as a candidate; where it is not readable, also one that a library guesses."""
    line = find_date_line(*scored)
    candidates = (Candidate("published_at", (line,), Origin.TEXT),) if line else ()
    if is_large or (line and parse_date(line)):
        return candidates
    address = next((value for value in page.values("canonical_url") if value.startswith("http")), url)
    guess = guess_date(page.tree, address)
    return (*candidates, Candidate("published_at", (guess,), Origin.TRAFILATURA)) if guess else candidates


def _judge_blocks(page: OpenPage, scored: _ScoredBlocks | None, is_large: bool) -> _JudgedBlocks:
    """Return the blocks of a page, each with why it is not the article's.

    The second reader is asked only where the model is not sure.
    """
    if scored is None:
        return _JudgedBlocks([], [], BLOCK_EXTRACTOR)
    blocks, features, probability = scored
    is_paid = "false" in page.values("is_accessible_for_free")
    offers = find_offers(page.tree, page.json_ld.paid_selectors, blocks, is_paid=is_paid)
    others = find_other_articles(blocks, features, probability)
    probability[list(offers | others)] = 0
    if is_large or is_sure(probability, features.words):
        extractor = BLOCK_EXTRACTOR
        selected = select_blocks(blocks.texts, probability, features.words)
    else:
        extractor = f"{BLOCK_EXTRACTOR}, {EXTRACTOR}"
        second_text = read_text(blocks, probability, len(page.json_ld.body))
        selected = select_seconded(blocks.texts, features, probability, second_text)
    selected = complete(features, probability, selected) or find_longest_run(features) - offers - others
    selected = correct_selection(blocks.texts, features, probability, selected)
    title = next(iter(page.values("title")), "")
    selected |= find_standfirst(blocks.texts, selected, page.values("description"), title)
    selected |= find_named_standfirst(blocks, features, selected)
    reasons = label_blocks(features, selected)
    for index in offers | others:
        reasons[index] = LineReason.NEWSLETTER if index in offers else LineReason.SECOND_ARTICLE
    return _JudgedBlocks(*split_credits(blocks.texts, reasons, features), extractor)


def _add_unprinted(judged: _JudgedBlocks, page: OpenPage, text: str, url: str, is_large: bool) -> _JudgedBlocks:
    """Return the blocks of a page that prints hardly any text with the article in its templates or its data.

    What readers without scripts are shown counts as a template. An article must be longer than what the page prints.
    """
    if _FOLDED.search(text) and (unfolded_page := open_page(text, url, is_unfolded=True)):
        unfolded = _judge_blocks(unfolded_page, _score_blocks(unfolded_page), is_large)
        if unfolded.count_selected() >= judged.min_replaced_characters():
            judged = unfolded
    state = read_page_state((*page.scripts, *read_data_attributes(text)))
    longest = max(state, split_article_body(page.json_ld.body), key=lambda lines: sum(map(len, lines)))
    if sum(map(len, longest)) < judged.min_replaced_characters():
        return judged
    reasons = [reason or LineReason.BOILERPLATE for reason in judged.reasons]
    return _JudgedBlocks(judged.texts + longest, reasons + [None] * len(longest), STATE_EXTRACTOR)


def _make_document(judged: _JudgedBlocks, candidates: tuple[Candidate, ...]) -> Document:
    texts, reasons, extractor = judged
    lines: list[str] = []
    stripped = []
    cleaned = clean_lines("\n".join(texts))
    if len(cleaned) != len(texts):  # a text may hold a character that ends a line
        cleaned = list(map(clean_line, texts))
    for line, reason in zip(cleaned, reasons, strict=True):
        if reason is not None and line:
            stripped.append(StrippedLine(len(lines), reason, line))
        # The blank line keeps a paragraph from being joined with the next one.
        lines += (line, "")
    return Document(Paragraphs(tuple(lines[:-1])), candidates, extractor, tuple(stripped))
