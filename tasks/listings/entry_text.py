"""Read an entry's markup: title and summary as plain text, and the article if the entry holds it."""

from __future__ import annotations

import html
import re
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from tasks.html.parse import parse_html
from tasks.listings.entries import article_url
from tasks.text.characters import clean_line, split_lines
from tasks.text.xml_characters import mend_characters

MIN_ARTICLE_CHARACTERS: Final = 300
MAX_SUMMARY_CHARACTERS: Final = 1_500  # a longer summary is the article
MAX_TAGS: Final = 20_000  # in the markup of one entry

_ENTITY: Final = re.compile(r"&#?\w{2,31};")
_BLOCK_TAGS: Final = {
    "p",
    "div",
    "br",
    "li",
    "tr",
    "td",
    "th",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "figure",
}
_UNREAD_TAGS: Final = ("script", "style", "template", "noscript", "iframe", "svg", "object")


def plain_text(markup: str, *, is_html: bool = True, link: str = "", title: str = "") -> str:
    """Return the text of markup as one clean line.

    A last paragraph that links to the entry itself by its title, which WordPress adds in each of its languages
    (`The post … appeared first on …`), is left out.
    """
    # Without its semicolon an entity may be a part of a word, or of an address.
    if not is_html or ("<" not in markup and not _ENTITY.search(markup)):
        return clean_line(markup)
    tree = parse_html(f"<div>{markup}</div>") if "<" in markup and markup.count("<") <= MAX_TAGS else None
    if tree is None:
        return clean_line(html.unescape(mend_characters(markup)))
    etree.strip_elements(tree, *_UNREAD_TAGS, with_tail=False)
    if link:
        _drop_footer(tree, link, title)
    for element in tree.iter(*_BLOCK_TAGS):
        element.text = " " + (element.text or "")
        element.tail = " " + (element.tail or "")
    return clean_line(str(tree.xpath("string()")))


def summary_and_article(
    summary: str, content: str, content_is_html: bool, link: str, title: str, *, holds_articles: bool = False
) -> tuple[str, str | None]:
    """Return the summary as plain text, empty if there is none, and the article's HTML if the entry holds it.

    With `holds_articles` the longer of both texts is the article, however short it is.
    """
    summary, content = mend_characters(summary), mend_characters(content)
    if holds_articles:
        return _declared_article(summary, content, content_is_html, link, title)
    if not content and len(plain := plain_text(summary, link=link, title=title)) <= MAX_SUMMARY_CHARACTERS:
        return plain, None
    if summary.strip() == content.strip() or not content:
        content, summary = content or summary, ""
    plain_summary = plain_text(summary, link=link, title=title)
    article = plain_text(content, is_html=content_is_html)
    if len(article) < max(MIN_ARTICLE_CHARACTERS, len(plain_summary)):
        return plain_summary or article, None
    return plain_summary, content if content_is_html else _paragraphs(content)


def _declared_article(
    summary: str, content: str, content_is_html: bool, link: str, title: str
) -> tuple[str, str | None]:
    plain_summary = plain_text(summary, link=link, title=title)
    if len(plain_text(content, is_html=content_is_html)) < len(plain_summary):
        return "", summary if "<" in summary else _paragraphs(html.unescape(summary))
    is_repeated = summary.strip() == content.strip()
    article = content if content_is_html and "<" in content else _paragraphs(content)
    return "" if is_repeated else plain_summary, article


def _paragraphs(text: str) -> str:
    return "\n".join(f"<p>{html.escape(line)}</p>" for line in split_lines(text) if line.strip())


def _drop_footer(tree: HtmlElement, link: str, title: str) -> None:
    paragraph = next(iter(tree.xpath("(//p)[last()]")), None)
    if paragraph is None:
        return
    page = link.partition("?")[0]
    for anchor in paragraph.iter("a"):
        target = (article_url(anchor.get("href") or "", link) or "").partition("?")[0]
        if target == page and clean_line(anchor.text_content()) == title != "":
            paragraph.drop_tree()
            return
