"""A feed's XML rewritten for feedparser: well-formed, bounded, and only what is read of it.

feedparser alone takes minutes over a few megabytes of namespaces, of categories in one entry or of a long `xml:base`,
and takes the caption of a picture for the summary of its article.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from lxml import etree

from tasks.listings.xml import local_name

MOST_ENTRIES: Final = 10_000
MOST_ELEMENTS: Final = 200_000
"""In all entries; 10,000 usual ones have 150,000."""
MOST_PARTS: Final = 100
"""Elements of one entry, and as many pictures."""
MOST_SIBLINGS: Final = 20_000
"""Elements among which those of the feed itself, or of one entry, are looked for."""
LONGEST: Final = 8_000
"""Characters of a value or an attribute; what is longer is none."""
LONGEST_BASE: Final = 1_000
LONGEST_NAME: Final = 300
LONGEST_MARKUP: Final = 2_000_000
"""Characters of an entry's content."""

_MEDIA: Final = "http://search.yahoo.com/mrss/"
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XML: Final = "http://www.w3.org/XML/1998/namespace"
_MODULES: Final = {
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "media": _MEDIA,
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
}
_BASIC: Final = (
    "", "http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#", "http://purl.org/rss/1.0/",
    "http://my.netscape.com/rdf/simple/0.9/", "http://backend.userland.com/rss", "http://backend.userland.com/rss2",
    "http://blogs.law.harvard.edu/tech/rss",
)  # fmt: skip
_ENTRIES: Final = ("{*}item", "{*}entry")
_COUNT: Final = "count(//*[local-name()='item' or local-name()='entry'])"
_DATES: Final = {"created", "issued", "modified", "pubdate", "published", "updated"}
_MARKUP: Final = {"content", "description", "encoded", "subtitle", "summary", "tagline", "title"}
_NAMES: Final = {"author", "creator", "email", "name"}
_READ: Final = {
    "": _DATES | _MARKUP | _NAMES | {"category", "enclosure", "guid", "id", "language", "link", "ttl"},
    "content": {"encoded"},
    "dc": {"creator", "date", "description", "language", "subject", "title"},
    "dcterms": _DATES,
    "feedburner": {"origlink"},
    "media": {"category", "keywords"},
    "sy": {"updatefrequency", "updateperiod"},
}  # fmt: skip
_SAID_BY: Final = {
    "date": {"created", "issued", "pubdate", "published"},
    "description": {"description", "summary"},
    "title": {"title"},
}
"""Basic elements beside which one of Dublin Core says nothing new."""
_ATTRIBUTES: Final = {
    "domain", "height", "href", "label", "medium", "mode", "rel", "scheme", "term", "type", "url", "version", "width",
    f"{{{_XML}}}base", f"{{{_XML}}}lang",
}  # fmt: skip

# feedparser looks for an address of mail in a name from each of its letters on.
_NO_NAME: Final = re.compile(r"\S{81}")
# feedparser takes an end such as `.online` for a part of the name that follows.
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,64}")
_ABOUT_PICTURES: Final = {("media", "description"): "caption", ("media", "credit"): "credit"}

_Name = tuple[str, str]
_Prefixes = dict[str, str]


def rewrite(root: etree._Element) -> tuple[bytes, int]:
    """The feed in UTF-8, its entries where they belong, and how many of them were left out."""
    prefixes = _prefixes(root)
    is_atom = local_name(root) == "feed"
    feed = etree.Element("feed" if is_atom else "rss", _attributes(root), nsmap=_MODULES)
    channel = next((child for child in root.iterchildren(etree.Element) if local_name(child) == "channel"), root)
    top = feed if is_atom else etree.SubElement(feed, "channel", _attributes(channel))
    _copy_parts(channel, top, prefixes)
    copied = elements = 0
    # At any depth: an element that is never closed swallows the entries after it, each into the one before.
    for entry in root.iter(*_ENTRIES):
        if copied == MOST_ENTRIES or elements >= MOST_ELEMENTS:
            break
        if _name(entry, prefixes) in {("", "item"), ("", "entry")}:
            copy = etree.SubElement(top, "entry" if is_atom else "item", _attributes(entry))
            _copy_parts(entry, copy, prefixes)
            _copy_pictures(entry, copy, prefixes)
            copied, elements = copied + 1, elements + 1 + len(copy)
    else:
        return etree.tostring(feed, encoding="utf-8"), 0
    return etree.tostring(feed, encoding="utf-8"), int(root.xpath(_COUNT)) - copied


def _prefixes(root: etree._Element) -> _Prefixes:
    """Our prefix of each namespace, without its scheme; the feed's own is a basic one, whatever it is called."""
    known = {_spelled(name): prefix for prefix, name in _MODULES.items()} | dict.fromkeys(map(_spelled, _BASIC), "")
    rdf = local_name(root) == "rdf"
    return known if rdf else {_spelled(_namespace(root)): "", **known}


def _spelled(namespace: str) -> str:
    return namespace.lower().partition("://")[2].rstrip("/#")


def _namespace(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[0][1:]


def _name(element: etree._Element, prefixes: _Prefixes) -> _Name | None:
    """Prefix and lower-case name; None in a namespace that is not read."""
    namespace = _namespace(element)
    undeclared = "" if namespace else str(element.tag).rpartition(":")[0].lower()
    prefix = undeclared or prefixes.get(_spelled(namespace))
    return (prefix, local_name(element)) if prefix in _READ else None


def _attributes(element: etree._Element) -> dict[str, str]:
    kept = {
        name: value
        for name, value in islice(element.attrib.items(), MOST_PARTS)
        if name in _ATTRIBUTES and len(value) <= (LONGEST_BASE if name.endswith("base") else LONGEST)
    }
    if element.get("isPermaLink", element.get("ispermalink", "true")).strip().lower() != "true":
        kept["isPermaLink"] = "false"
    return kept


def _copy_parts(parent: etree._Element, copy: etree._Element, prefixes: _Prefixes) -> None:
    read = islice(_read_parts(parent, prefixes), MOST_PARTS)
    parts = [(part, name) for part, name in read]
    basic = {name for _, (prefix, name) in parts if not prefix}
    for part, (prefix, name) in parts:
        if prefix == "dc" and basic & _SAID_BY.get(name, set()):
            continue
        tag = f"{{{_MODULES[prefix]}}}{name}" if prefix else name
        value = _value(part, name)
        if len(value) <= _longest(name) and not (name in _NAMES and _NO_NAME.search(value)):
            made = etree.SubElement(copy, "pubDate" if tag.endswith("}date") else tag, _attributes(part))
            made.text = value
            if len(part) and name in _MARKUP:
                made.set("type", "html")
            elif len(part) and name == "author":
                _copy_parts(part, made, prefixes)
    language = parent.get(f"{{{_XML}}}lang")
    if language and copy.tag in {"item", "entry"}:
        etree.SubElement(copy, f"{{{_MODULES['dc']}}}language").text = language[:LONGEST_NAME]
    about = parent.get(f"{{{_RDF}}}about")
    if about and len(about) <= LONGEST and not basic & {"guid", "id"}:
        etree.SubElement(copy, "guid").text = about


def _read_parts(parent: etree._Element, prefixes: _Prefixes) -> Iterator[tuple[etree._Element, _Name]]:
    for part in islice(parent.iterchildren(etree.Element), MOST_SIBLINGS):
        name = _name(part, prefixes)
        if name and name[1] in _READ[name[0]]:
            yield part, name


def _value(part: etree._Element, name: str) -> str:
    """The text of an element; markup that was not escaped is, so that it is read as the one text that it is."""
    swallowed = next(part.iter(*_ENTRIES), None) is not None
    if name in _NAMES - {"email"} and "@" in (text := part.text or "") and len(text) <= LONGEST_NAME:
        return _MAIL.sub("", text).strip(" ()<>,\t\r\n")
    if not len(part) or name not in _MARKUP or swallowed:
        return part.text or ""
    return html.escape(part.text or "", quote=False) + "".join(
        etree.tostring(child, encoding="unicode") for child in part
    )


def _longest(name: str) -> int:
    if name in _NAMES or name in _DATES:
        return LONGEST_NAME
    return LONGEST_MARKUP if name in _MARKUP - {"title"} else LONGEST


def _copy_pictures(entry: etree._Element, copy: etree._Element, prefixes: _Prefixes) -> None:
    """Media of an entry, each with its caption and credit, which stand in it, in its group or in the entry."""
    for picture, holder in islice(_pictures(entry, prefixes), MOST_PARTS):
        made = etree.SubElement(copy, f"{{{_MEDIA}}}{local_name(picture)}", _attributes(picture))
        for part in (*islice(picture, MOST_PARTS), *islice(holder, MOST_PARTS)):
            field = _ABOUT_PICTURES.get(_name(part, prefixes) or ("", ""))
            if field and field not in made.attrib and part.text and len(part.text) <= LONGEST:
                made.set(field, part.text)


def _pictures(holder: etree._Element, prefixes: _Prefixes) -> Iterator[tuple[etree._Element, etree._Element]]:
    for part in islice(holder.iterchildren(etree.Element), MOST_SIBLINGS):
        prefix, name = _name(part, prefixes) or ("", "")
        if prefix == "media" and name in {"content", "thumbnail"}:
            yield part, holder
        if prefix == "media" and name in {"content", "group"}:
            yield from _pictures(part, prefixes)
