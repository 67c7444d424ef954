"""What an entry's markup says: its title and summary as plain text, and its article where it holds one."""

from __future__ import annotations

import html
import re
from typing import Final

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from tasks.listings.entries import article_url
from tasks.listings.xml import mend_characters, shorten_tags
from tasks.text.characters import clean_line, split_lines

SHORTEST_ARTICLE: Final = 300
"""Characters of a content that is more than a summary."""
LONGEST_SUMMARY: Final = 1_500
"""Characters; a longer one is the article."""
MOST_TAGS: Final = 20_000
"""In the markup of one entry."""

_ENTITY: Final = re.compile(r"&#?\w{2,31};")
_BLOCKS: Final = {"p", "div", "br", "li", "tr", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "figure"}
_NOT_READ: Final = ("script", "style", "template", "noscript", "iframe", "svg", "object")


def plain_text(markup: str, *, is_html: bool = True, link: str = "", title: str = "") -> str:
    """Markup as one clean line.

    A last paragraph that links to the entry itself by its title, which WordPress adds in each of its languages
    (`The post … appeared first on …`), is left out.
    """
    # Without its semicolon an entity may be a part of a word, or of an address.
    if not is_html or ("<" not in markup and not _ENTITY.search(markup)):
        return clean_line(markup)
    markup = mend_characters(markup)
    tree = _parse(markup) if "<" in markup and markup.count("<") <= MOST_TAGS else None
    if tree is None:
        return clean_line(html.unescape(markup))
    etree.strip_elements(tree, *_NOT_READ, with_tail=False)
    if link:
        _drop_footer(tree, link, title)
    for element in tree.iter(*_BLOCKS):
        element.text = " " + (element.text or "")
        element.tail = " " + (element.tail or "")
    return clean_line(str(tree.xpath("string()")))


def summary_and_article(
    summary: str, content: str, content_is_html: bool, link: str, title: str
) -> tuple[str, str | None]:
    """The summary as plain text, empty where there is none, and the article's HTML where the entry holds it."""
    summary, content = mend_characters(summary), mend_characters(content)
    if not content and len(plain := plain_text(summary, link=link, title=title)) <= LONGEST_SUMMARY:
        return plain, None
    if summary.strip() == content.strip() or not content:
        content, summary = content or summary, ""
    said = plain_text(summary, link=link, title=title)
    article = plain_text(content, is_html=content_is_html)
    if len(article) < max(SHORTEST_ARTICLE, len(said)):
        return said or article, None
    return said, content if content_is_html else _paragraphs(content)


def _paragraphs(text: str) -> str:
    return "\n".join(f"<p>{html.escape(line)}</p>" for line in split_lines(text) if line.strip())


def _drop_footer(tree: HtmlElement, link: str, title: str) -> None:
    paragraph = next(iter(tree.xpath("(//p)[last()]")), None)
    if paragraph is None:
        return
    page = link.partition("?")[0]
    for anchor in paragraph.iter("a"):
        to = (article_url(anchor.get("href") or "", link) or "").partition("?")[0]
        if to == page and clean_line(anchor.text_content()) == title != "":
            paragraph.drop_tree()
            return


def _parse(markup: str) -> HtmlElement | None:
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=False)
    try:
        return document_fromstring(f"<div>{shorten_tags(markup)}</div>".encode(), parser=parser)
    except (etree.LxmlError, ValueError):
        return None
