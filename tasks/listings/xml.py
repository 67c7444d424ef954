"""Parse untrusted XML and HTML as far as they can be read, in bounded time; nothing outside is fetched or opened."""

from __future__ import annotations

import html
import re
from itertools import islice
from typing import Final

from lxml import etree

from tasks.html.tag_attributes import bound_attributes
from tasks.listings.listing import ListingError
from tasks.text.decode import Refusal, decode
from tasks.text.xml_characters import mend_characters

# `<` in one listing: a tree of so many elements fills 250 MB. A sitemap of 50,000 URLs has a fifth of it.
MAX_TAGS: Final = 2_000_000
MAX_AMPERSANDS: Final = 2_000_000
_HEAD_CHARACTERS: Final = 8_000  # in which a web page shows that it is one
_MAX_MESSAGE_CHARACTERS: Final = 150

_ROOT_TAG: Final = r"(?P<tag><(?:[\w.-]{1,50}:)?(rss|feed|rdf|channel|urlset|sitemapindex)(?=[\s>/]))"
_ROOT: Final = re.compile(_ROOT_TAG, re.IGNORECASE)
# A page, such as that of an error, may be printed before a feed; one about feeds shows them escaped.
_ROOT_AFTER_PAGE: Final = re.compile(
    r"(?:</html\s*>|<\?xml\s[^<>]{0,200}\?>)\s*+(?:<(?:\?[^<>]{0,500}\?|!--(?:[^-]|-(?!->)){0,2000}+--)>\s*+)*+"
    + _ROOT_TAG,
    re.IGNORECASE,
)
_WEB_PAGE: Final = re.compile(
    r"\s*(?:<\?xml[^<>]*>\s*|<!--(?:[^-]|-(?!->))*+-->\s*)*+<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE
)
# A section that is never closed runs to the end: looking for the end again from each would take quadratic time.
_CDATA_OR_AMPERSAND: Final = re.compile(
    r"<!\[CDATA\[(?:.*?\]\]>|.*)|&(?:(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{1,32});)?", re.DOTALL
)
_XML_ENTITIES: Final = frozenset({"lt", "gt", "amp", "quot", "apos"})


def cut_tags(text: str, max_tags: int = MAX_TAGS) -> tuple[str, str | None]:
    """Return the text up to `max_tags` tags, and one sentence if there were more."""
    if text.count("<") <= max_tags:
        return text, None
    end = next(islice(re.finditer("<", text), max_tags, None)).start()
    return text[:end], f"It has more than {max_tags:,} tags; what comes before was read."


def read_text(content: bytes, charset: str | None) -> str:
    """Decode the text of a listing. Raises `ListingError` if it is empty or no text."""
    decoded = decode(content, charset, html=True)
    if isinstance(decoded, Refusal):
        raise ListingError("The answer is empty." if not content.strip() else decoded.detail)
    return decoded.text


def root_name(text: str) -> str | None:
    """Return the name of a listing's outermost element, in lower case; None if the text is no XML listing."""
    root = _find_root(text)
    return root[2].lower() if root else None


def _find_root(text: str) -> re.Match[str] | None:
    """Return the start tag of a listing's outermost element; behind a web page only where a document begins."""
    if _WEB_PAGE.match(text[:_HEAD_CHARACTERS]):
        return _ROOT_AFTER_PAGE.search(text)
    return _ROOT.search(text)


def describe_wrong_text(text: str, media_type: str | None = None) -> str:
    """Return one sentence on a text that is neither a feed nor a sitemap."""
    if _WEB_PAGE.match(text[:_HEAD_CHARACTERS]) or media_type == "text/html":
        return "A web page came instead of a feed or sitemap: the address may be wrong, or ask for a login."
    return "This is neither a feed nor a sitemap."


def read_tree(text: str, max_tags: int = MAX_TAGS) -> tuple[etree._Element, str | None]:
    """Parse an XML listing; return its root and one sentence if it is damaged. Raises `ListingError` if it has none.

    All text before the outermost element is dropped, and with it every declaration of an entity: those of HTML are
    resolved, others stay as text, so that nothing can grow or name a file.
    """
    text, damage = cut_tags(text, max_tags)
    root_tag = _find_root(text)
    if root_tag is None:
        raise ListingError(describe_wrong_text(text))
    if text.count("&") > MAX_AMPERSANDS:
        raise ListingError(f"It has more than {MAX_AMPERSANDS:,} ampersands, as no feed or sitemap has.")
    text = bound_attributes(text[root_tag.start("tag") :]).rstrip()
    if not text.endswith(">"):
        # Cut short: half an address would be taken for one.
        text = text[: text.rfind("<")]
    text = _CDATA_OR_AMPERSAND.sub(_resolve_entity, mend_characters(text))
    parser = etree.XMLParser(
        recover=True, encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.LxmlError, ValueError):
        root = None
    if root is None:
        raise ListingError("The XML is too damaged to be read.")
    first = next((error for error in parser.error_log if error.level_name == "FATAL"), None)
    return root, damage or (f"The XML is damaged: {_sentence(first.message)}" if first is not None else None)


def local_name(element: etree._Element) -> str:
    """Return the name of an element without namespace or prefix, in lower case."""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2].lower()


def _resolve_entity(match: re.Match[str]) -> str:
    name = match[1]
    if match[0].startswith("<"):
        return match[0]
    if name is None:
        return "&amp;"  # a bare ampersand, as in addresses
    if name.startswith("#") or name in _XML_ENTITIES:
        return match[0]
    character = html.unescape(f"&{name};")
    return html.escape(character) if not character.startswith("&") else f"&amp;{name};"


def _sentence(message: str) -> str:
    sentence = " ".join(message.split())[:_MAX_MESSAGE_CHARACTERS].rstrip(".")
    return f"{sentence}."
