"""From bytes to what a document says: its text, and what it states of itself. Which reader, and what is refused."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from tasks.html.article import read_page
from tasks.metadata.candidates import by_trust
from tasks.metadata.quality import weigh_words
from tasks.text.characters import split_lines
from tasks.text.decode import Refusal, decode, unpack
from tasks.text.markdown import read_markdown
from warehouse.model.records import ExtractedArticle, RawArticle, Rejection
from warehouse.model.vocabulary import Reason, Stage

HTML: Final = "html"
MARKDOWN: Final = "markdown"
TEXT: Final = "text"
LEAST_WORDS: Final = 10
"""A page with fewer is a notice in an article's place (a video that is missing, a wall), or one still to be written."""

_MEDIA_TYPES: Final = {
    "text/html": HTML, "application/xhtml+xml": HTML, "text/markdown": MARKDOWN, "text/x-markdown": MARKDOWN,
    "text/plain": TEXT,
}  # fmt: skip
_SUFFIXES: Final = {"html": HTML, "htm": HTML, "xhtml": HTML, "md": MARKDOWN, "markdown": MARKDOWN, "txt": TEXT}
_NO_DOCUMENT: Final = re.compile(r"\w+/(?:[\w.-]+\+)?(?:json|javascript|css|csv)|application/(?:rss|atom)\+xml")
_SNIFFED: Final = 2_048
_PROLOGUE: Final = rb"[\s\xef\xbb\xbf\xff\xfe]*+(?:<\?xml[^>]*>\s*)?(?:<!--(?:[^-]|-(?!->))*+-->\s*)*+"
_PAGE: Final = re.compile(_PROLOGUE + rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_ELEMENTS: Final = re.compile(rb"<(?:p|div|article|section|h1|br|span)\b[^<>]*>", re.IGNORECASE)


def extract(raw: RawArticle, max_bytes: int = 10_000_000) -> ExtractedArticle | Rejection:
    """The text of a document, one paragraph a line for a page and its lines as they are for others; never raises.

    Candidates are those of the item, then what the document itself states, in order of trust. Refused are, at the stage
    `EXTRACT`: more than `max_bytes` (unpacked), damaged gzip, what is empty or no text, and pages with no article.
    """

    def reject(reason: Reason, detail: str) -> Rejection:
        return raw.reject(Stage.EXTRACT, reason, detail)

    media_type = (raw.capture.media_type or "").partition(";")[0].strip().lower()
    if _NO_DOCUMENT.fullmatch(media_type):
        return reject(Reason.NO_ARTICLE, f"A document of type {media_type} holds no article.")
    content = unpack(raw.content, max_bytes)
    if isinstance(content, Refusal):
        return reject(content.reason, content.detail)
    address = raw.capture.final_url or raw.item.url
    kind = _kind(media_type, address, content)
    decoded = decode(content, raw.capture.charset, html=kind == HTML)
    if isinstance(decoded, Refusal):
        return reject(decoded.reason, decoded.detail)

    stated = raw.item.candidates
    if kind == TEXT:
        return ExtractedArticle(raw, "\n".join(split_lines(decoded.text)), stated, kind, decoded.charset)
    document = read_page(decoded.text, address) if kind == HTML else read_markdown(decoded.text)
    if document is None or (kind == HTML and _is_notice(document.text)):
        shown = f"but '{' '.join(document.text.split())[:100]}'" if document else "at all"
        return reject(Reason.NO_ARTICLE, f"No paragraphs of an article were found on the page {shown}.")
    candidates = by_trust(stated + document.candidates)
    return ExtractedArticle(raw, document.text, candidates, document.extractor, decoded.charset)


def _is_notice(text: str) -> bool:
    # Most articles show with their first lines that they are none.
    return weigh_words(text[:_SNIFFED]) < LEAST_WORDS and weigh_words(text) < LEAST_WORDS


def _kind(media_type: str, address: str, content: bytes) -> str:
    head = content[:_SNIFFED].replace(b"\0", b"")  # UTF-16 spells ASCII with them
    if _PAGE.match(head):
        return HTML
    kind = _MEDIA_TYPES.get(media_type) or _SUFFIXES.get(_suffix(address))
    if kind is None:
        return HTML if _ELEMENTS.search(head) else TEXT
    # Servers send text as text/html; as a page it would be one paragraph.
    return TEXT if kind == HTML and b"<" not in content else kind


def _suffix(address: str) -> str:
    try:
        path = urlsplit(address).path.lower()
    except ValueError:
        return ""
    return path.removesuffix(".gz").rpartition("/")[2].rpartition(".")[2]
