"""Extract the paragraphs and the metadata candidates of a document from its bytes."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from tasks.html.article import read_page
from tasks.html.parse import needs_scripts, parse_html
from tasks.html.stand_in import StandIn, Visit, find_stand_in
from tasks.listings.entry_text import plain_text
from tasks.metadata.candidates import order_by_trust
from tasks.metadata.refused import add_metadata
from tasks.text.characters import clean_lines
from tasks.text.decode import Refusal, decode, unpack
from tasks.text.document import Document
from tasks.text.markdown import read_markdown
from tasks.text.quoted_mail import without_quote_marks
from tasks.text.words import estimate_words
from warehouse.model.records import ExtractedArticle, Paragraphs, RawArticle, Rejection
from warehouse.model.vocabulary import Reason, Stage

HTML: Final = "html"
MARKDOWN: Final = "markdown"
TEXT: Final = "text"
# A page of fewer words is a notice in place of an article (a missing video, a paywall), or an article without text yet.
MIN_ARTICLE_WORDS: Final = 10

_MEDIA_TYPES: Final = {
    "text/html": HTML, "application/xhtml+xml": HTML, "text/markdown": MARKDOWN, "text/x-markdown": MARKDOWN,
    "text/plain": TEXT,
}  # fmt: skip
_SUFFIXES: Final = {"html": HTML, "htm": HTML, "xhtml": HTML, "md": MARKDOWN, "markdown": MARKDOWN, "txt": TEXT}
_DATA_TYPE: Final = re.compile(r"\w+/(?:[\w.-]+\+)?(?:json|javascript|css|csv)|application/(?:rss|atom)\+xml")
_SNIFFED_BYTES: Final = 2_048
_FIRST_LINES_CHARACTERS: Final = 2_048
_PROLOGUE: Final = rb"[\s\xef\xbb\xbf\xff\xfe]*+(?:<\?xml[^>]*>\s*)?(?:<!--(?:[^-]|-(?!->))*+-->\s*)*+"
_PAGE: Final = re.compile(_PROLOGUE + rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_ELEMENT: Final = re.compile(rb"<(?:p|div|article|section|h1|br|span)\b[^<>]*>", re.IGNORECASE)


def extract(raw: RawArticle, max_bytes: int = 10_000_000, timezone: str | None = None) -> ExtractedArticle | Rejection:
    """Return the paragraphs of a page or the lines of a text, with the candidates, the most trusted first; never raise.

    Candidates are those of the item and those of the document itself. Rejected, at the stage `EXTRACT`, are documents
    of more than `max_bytes` (unpacked), damaged gzip, what is empty or no text, and pages without an article. These
    keep the title, date and language that they state; `timezone` (IANA) is the zone of a time without one.
    """
    media_type = (raw.capture.media_type or "").partition(";")[0].strip().lower()
    if _DATA_TYPE.fullmatch(media_type):
        return raw.reject(Stage.EXTRACT, Reason.NO_ARTICLE, f"A document of type {media_type} holds no article.")
    content = unpack(raw.content, max_bytes)
    if isinstance(content, Refusal):
        return raw.reject(Stage.EXTRACT, content.reason, content.detail)
    url = raw.capture.final_url or raw.item.url
    kind = _kind(media_type, url, content)
    decoded = decode(content, raw.capture.charset, html=kind == HTML)
    if isinstance(decoded, Refusal):
        return raw.reject(Stage.EXTRACT, decoded.reason, decoded.detail)
    document = _read_document(decoded.text, kind, url)
    text = document.article_text if document and kind == HTML else ""
    if kind == HTML and (stand_in := _find_stand_in(raw, decoded.text, text, document) or _frame(decoded.text, text)):
        return _reject_stand_in(raw, stand_in, timezone)
    if document is None or (kind == HTML and _is_notice(text)):
        words = " ".join(text.split())[:100]
        beginning = f"but '{words}'" if words else "at all"
        detail = f"No paragraphs of an article were found on the page {beginning}."
        rejection = raw.reject(Stage.EXTRACT, Reason.NO_ARTICLE, detail)
        candidates = raw.item.candidates + (document.candidates if document else ())
        return add_metadata(rejection, raw, order_by_trust(candidates), timezone)
    candidates = order_by_trust(raw.item.candidates + document.candidates)
    return ExtractedArticle(
        raw, document.paragraphs, candidates, document.extractor, decoded.charset, document.stripped
    )


def _reject_stand_in(raw: RawArticle, stand_in: StandIn, timezone: str | None) -> Rejection:
    # As where a page could not be fetched, its address is asked again: the article may come another time.
    is_fetched = raw.capture.http_status is not None and not raw.item.is_record
    rejection = raw.reject(Stage.FETCH if is_fetched else Stage.EXTRACT, stand_in.reason, stand_in.detail)
    # What stands in place of the article has a title of its own: only the feed's is the article's.
    return add_metadata(rejection, raw, raw.item.candidates, timezone)


def _find_stand_in(raw: RawArticle, page: str, text: str, document: Document | None) -> StandIn | None:
    # Only a page has titles of its own: the text of a feed's entry need not repeat that of the entry.
    announced = raw.item.candidates if raw.capture.http_status is not None else ()
    titles = [value for candidate in announced if candidate.field == "title" for value in candidate.values]
    visit = Visit(raw.item.url, raw.capture.final_url or raw.item.url, tuple(titles))
    candidates = document.candidates if document and text else ()
    return find_stand_in(page, text, candidates, visit)


def _frame(page: str, text: str) -> StandIn | None:
    """Return the reason to reject a page that is an empty frame for its scripts; None if it is not."""
    tree = None if text else parse_html(page)
    if tree is None or not needs_scripts(tree):
        return None
    return StandIn(Reason.NEEDS_JAVASCRIPT, "The page is empty until its scripts have run, as with render = true.")


def _read_document(text: str, kind: str, url: str) -> Document | None:
    if kind == HTML:
        return read_page(text, url)
    if kind == MARKDOWN:
        return read_markdown(text, plain_text)
    return Document(Paragraphs(tuple(without_quote_marks(clean_lines(text)))), (), TEXT)


def _is_notice(text: str) -> bool:
    # The first lines of most articles have enough words: the rest of a long text is not counted.
    return all(estimate_words(part) < MIN_ARTICLE_WORDS for part in (text[:_FIRST_LINES_CHARACTERS], text))


def _kind(media_type: str, url: str, content: bytes) -> str:
    head = content[:_SNIFFED_BYTES].replace(b"\0", b"")  # UTF-16 writes one beside each ASCII character
    if _PAGE.match(head):
        return HTML
    kind = _MEDIA_TYPES.get(media_type) or _SUFFIXES.get(_suffix(url))
    if kind is None:
        return HTML if _ELEMENT.search(head) else TEXT
    # Servers send text as text/html; as a page it would be one paragraph.
    return TEXT if kind == HTML and b"<" not in content else kind


def _suffix(url: str) -> str:
    try:
        path = urlsplit(url).path.lower()
    except ValueError:
        return ""
    return path.removesuffix(".gz").rpartition("/")[2].rpartition(".")[2]
