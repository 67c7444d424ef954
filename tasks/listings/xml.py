"""Markup that anybody may have written: read as far as it can be, in bounded time, reaching for nothing outside it."""

from __future__ import annotations

import html
import re
import sys
from itertools import islice
from typing import Final

from lxml import etree

from tasks.listings.listing import ListingError
from tasks.text.decode import Refusal, decode

MOST_TAGS: Final = 2_000_000
"""`<` in one listing: a tree of so many elements fills 250 MB. A sitemap of 50,000 addresses has a fifth of it."""
MOST_AMPERSANDS: Final = 2_000_000
_HEAD: Final = 8_000
"""Characters in which a page shows that it is one."""


_ROOT: Final = re.compile(r"<(?:[\w.-]{1,50}:)?(rss|feed|rdf|channel|urlset|sitemapindex)(?=[\s>/])", re.IGNORECASE)
_WEB_PAGE: Final = re.compile(
    r"\s*(?:<\?xml[^<>]*>\s*|<!--(?:[^-]|-(?!->))*+-->\s*)*+<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE
)
# A section that is never closed runs to the end: looking for the end again from each would take quadratic time.
_CDATA_OR_AMPERSAND: Final = re.compile(
    r"<!\[CDATA\[(?:.*?\]\]>|.*)|&(?:(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{1,32});)?", re.DOTALL
)
_OF_XML: Final = frozenset({"lt", "gt", "amp", "quot", "apos"})
MAX_ATTRIBUTES: Final = 256
"""Of one tag."""
_STRETCH: Final = 6_000
_TAG_START: Final = re.compile(r"<[^\W\d][^\s/<>]{0,30}[\s/]")
_ATTRIBUTE: Final = r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?)?+"""
# What is no tag is passed over whole, as the parser does: a program's `i < n` is none.
_MARKUP: Final = re.compile(
    r"<!--[^-]*+(?:-(?!->)[^-]*+)*+|<(script|style|textarea|title|iframe|noframes|xmp)(?=[\s/>])"
    rf"(?:{_ATTRIBUTE}){{0,{MAX_ATTRIBUTES}}}+[\s/]*+>[^<]*+(?:<(?!/\1)[^<]*+)*+"
    rf"|(?P<kept><[^\W\d][^\s/>]*+(?:{_ATTRIBUTE}){{0,{MAX_ATTRIBUTES}}}+)(?:{_ATTRIBUTE})*+",
    re.DOTALL | re.IGNORECASE,
)
_REFERENCE: Final = re.compile(
    r"&#(?:[xX](?=[\da-fA-F])0*+([\da-fA-F]{0,6})(?![\da-fA-F])|(?=\d)0*+(\d{0,7})(?!\d));?", re.ASCII
)
_HALVES: Final = range(0xD800, 0xE000)
"""Of a character beyond 0xFFFF: what UTF-16 writes it as."""
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_XML_IN_ASCII: Final = bytes({*range(0x20)} - {*b"\t\n\r"})
# References that may be to such a character; nearly all pages have none, and their many others need no second look.
_DOUBTFUL: Final = re.compile(
    r"&#(?:0*(?:[012]?\d|3[01]|5[5-7]\d{3}|6553[45]|\d{7})(?!\d)"
    r"|[xX]0*(?:[01]?[\da-fA-F]|[dD][89a-fA-F][\da-fA-F]{2}|[fF]{3}[eEfF]|[\da-fA-F]{6})(?![\da-fA-F]))",
    re.ASCII,
)


def cut_tags(text: str, most: int = MOST_TAGS) -> tuple[str, str | None]:
    """The text up to so many tags, and one sentence where there were more."""
    if text.count("<") <= most:
        return text, None
    end = next(islice(re.finditer("<", text), most, None)).start()
    return text[:end], f"It has more than {most:,} tags; what comes before was read."


def shorten_tags(text: str) -> str:
    """Return markup whose tags have no more than `MAX_ATTRIBUTES` attributes.

    The parser walks over all attributes of a tag for each one that it adds: a tag of 10 MB would take hours. Found is a
    tag with more than 12,000 characters of which none is a `>`.
    """
    return _MARKUP.sub(lambda found: found["kept"] or found[0], text) if _may_hold_vast_tag(text) else text


def _may_hold_vast_tag(text: str) -> bool:
    """Tell whether a tag begins before a stretch without `>`; a few looks into each page, as nearly none does."""
    since = 0
    for begin in range(0, len(text), _STRETCH):
        end = begin + _STRETCH
        closed = text.rfind(">", begin, end)
        if closed < 0 and _TAG_START.search(text, since, end):
            return True
        since = max(since, closed + 1 or end - 33)
    return False


def read_text(content: bytes, charset: str | None) -> str:
    """The text of a listing; raises `ListingError` where it is none."""
    decoded = decode(content, charset, html=True)
    if isinstance(decoded, Refusal):
        raise ListingError("The answer is empty." if not content.strip() else decoded.detail)
    return decoded.text


def mend_characters(text: str) -> str:
    """The text without characters that XML forbids, printed or by a reference; halves of one (UTF-16) are joined."""
    # lxml gives strings that cannot be encoded for references to halves, as some write emoji, and raises for the rest.
    mended = text if _is_clean(text) else _join(text)
    if "&#" not in mended or not _DOUBTFUL.search(mended):
        return mended
    mended = _join(_REFERENCE.sub(_mended, mended))
    # What is gone may have stood inside another reference (`&&#8;#8;`), and a space ends that one.
    return _REFERENCE.sub(lambda found: found[0] if _mended(found) == found[0] else " ", mended)


def root_name(text: str) -> str | None:
    """What kind of XML listing a text is: the name of its outermost element, in lower case; None where it is none."""
    if _WEB_PAGE.match(text[:_HEAD]):
        return None
    found = _ROOT.search(text)
    return found[1].lower() if found else None


def objection(text: str, media_type: str | None = None) -> str:
    """One sentence for a text that is not the listing it should be."""
    if _WEB_PAGE.match(text[:_HEAD]) or media_type == "text/html":
        return "A web page came instead of a feed or sitemap: the address may be wrong, or ask for a login."
    return "This is neither a feed nor a sitemap."


def read_tree(text: str, most_tags: int = MOST_TAGS) -> tuple[etree._Element, str | None]:
    """The tree of an XML listing, and one sentence where it is damaged; raises `ListingError` where it has none.

    What stands before the outermost element is dropped, and with it every declaration of an entity: those of HTML
    are resolved, others stay as they are printed, so that nothing can grow or name a file.
    """
    text, damage = cut_tags(text, most_tags)
    start = _ROOT.search(text)
    if start is None:
        raise ListingError(objection(text))
    if text.count("&") > MOST_AMPERSANDS:
        raise ListingError(f"It has more than {MOST_AMPERSANDS:,} ampersands, as no feed or sitemap has.")
    text = shorten_tags(text[start.start() :]).rstrip()
    if not text.endswith(">"):
        # Cut short: half an address would be taken for one.
        text = text[: text.rfind("<")]
    text = _CDATA_OR_AMPERSAND.sub(_resolved, mend_characters(text))
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
    """The name of an element without namespace or prefix, in lower case."""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2].lower()


def _is_clean(text: str) -> bool:
    try:
        packed = text.encode()
    except UnicodeEncodeError:
        return False
    return len(packed.translate(None, _NO_XML_IN_ASCII)) == len(packed) and not ("\ufffe" in text or "\uffff" in text)


def _join(text: str) -> str:
    return _NO_XML.sub("", text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore"))


def _mended(reference: re.Match[str]) -> str:
    hexadecimal, decimal = reference.groups()
    code = int(decimal or "0") if hexadecimal is None else int(hexadecimal or "0", 16)
    if code > sys.maxunicode or _NO_XML.fullmatch(chr(code)):
        return chr(code) if code in _HALVES else ""
    return reference[0]


def _resolved(found: re.Match[str]) -> str:
    name = found[1]
    if found[0].startswith("<"):
        return found[0]
    if name is None:
        return "&amp;"  # a bare ampersand, as in addresses
    if name.startswith("#") or name in _OF_XML:
        return found[0]
    character = html.unescape(f"&{name};")
    return html.escape(character) if not character.startswith("&") else f"&amp;{name};"


def _sentence(message: str) -> str:
    said = " ".join(message.split())[:150].rstrip(".")
    return f"{said}."
