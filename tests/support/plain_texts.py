"""Plain texts as an extractor leaves them, and what stripping makes of them."""

from __future__ import annotations

from conftest import NOW

from config.sources import StripRules
from tasks.strip import strip
from tasks.text.characters import clean_lines
from warehouse.model.records import Candidate, Capture, ExtractedArticle, Item, Paragraphs, RawArticle
from warehouse.model.vocabulary import Origin

STORY = (
    "The council of Norby met on Tuesday and agreed to repair the old bridge before the winter.",
    "Work will begin in March and cost about four million crowns, the mayor said after the meeting.",
    "Until then lorries have to take the long way round the bay, which adds an hour to every trip.",
)


def document(text: str, extractor: str = "text", title: str | None = None) -> ExtractedArticle:
    item = Item("paper", "file:///a.txt", "a.txt", "file:///", NOW)
    capture = Capture("c", "paper", "r", item.url, None, NOW, None, "text/plain", None, None, None, "", 0, "", 0, 0, "")
    candidates = (Candidate("title", (title,), Origin.RECORD),) if title else ()
    return ExtractedArticle(
        RawArticle(item, capture, b""), Paragraphs(tuple(clean_lines(text))), candidates, extractor, "utf-8"
    )


def stripped(text: str, rules: StripRules | None = None, **known: str) -> ExtractedArticle:
    article = strip(document(text, **known), rules or StripRules())
    assert isinstance(article, ExtractedArticle), article.detail
    return article


def paragraphs(*parts: str) -> str:
    return "\n\n".join(parts)
