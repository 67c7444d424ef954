"""Rewrite a feed's XML for feedparser: well-formed, bounded, and with only the elements that are read.

feedparser alone takes minutes over a few megabytes of namespaces, of categories in one entry or of a long `xml:base`,
and takes the caption of a picture for the summary of its article.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from tasks.listings.xml import local_name
from tasks.metadata.urls import is_web_url

MAX_ENTRIES: Final = 10_000
MAX_ELEMENTS: Final = 200_000  # in all entries; 10,000 usual ones have 150,000
MAX_PARTS: Final = 100  # elements of one entry, and as many pictures
MAX_SIBLINGS: Final = 20_000  # of which the parts of the feed, or of one entry, are searched
MAX_VALUE_CHARACTERS: Final = 8_000  # of a text or an attribute; a longer one is left out
MAX_BASE_CHARACTERS: Final = 1_000
MAX_NAME_CHARACTERS: Final = 300
MAX_MARKUP_CHARACTERS: Final = 2_000_000  # of an entry's content

_MEDIA: Final = "http://search.yahoo.com/mrss/"
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XML: Final = "http://www.w3.org/XML/1998/namespace"
_NAMESPACES: Final = {
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "media": _MEDIA,
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
}
_BASIC_NAMESPACES: Final = (
    "", "http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#", "http://purl.org/rss/1.0/",
    "http://my.netscape.com/rdf/simple/0.9/", "http://backend.userland.com/rss", "http://backend.userland.com/rss2",
    "http://blogs.law.harvard.edu/tech/rss",
)  # fmt: skip
_ENTRY_TAGS: Final = ("{*}item", "{*}entry")
_COUNT_ENTRIES: Final = "count(//*[local-name()='item' or local-name()='entry'])"
_DATE_NAMES: Final = {"created", "issued", "modified", "pubdate", "published", "updated"}
_MARKUP_NAMES: Final = {"content", "description", "encoded", "subtitle", "summary", "tagline", "title"}
_PERSON_NAMES: Final = {"author", "creator", "email", "name"}
_READ_NAMES: Final = {
    "": _DATE_NAMES | _MARKUP_NAMES | _PERSON_NAMES
    | {"category", "enclosure", "guid", "id", "language", "link", "ttl"},
    "content": {"encoded"},
    "dc": {"creator", "date", "description", "language", "subject", "title"},
    "dcterms": _DATE_NAMES,
    "feedburner": {"origlink"},
    "media": {"category", "keywords"},
    "sy": {"updatefrequency", "updateperiod"},
}  # fmt: skip
# Basic elements beside which one of Dublin Core says nothing new.
_REPEATED_BY: Final = {
    "date": {"created", "issued", "pubdate", "published"},
    "description": {"description", "summary"},
    "title": {"title"},
}
_ATTRIBUTES: Final = {
    "domain", "height", "href", "label", "medium", "mode", "rel", "scheme", "term", "type", "url", "version", "width",
    f"{{{_XML}}}base", f"{{{_XML}}}lang",
}  # fmt: skip

# feedparser looks for an address of mail in a name from each of its letters on.
_LONG_WORD: Final = re.compile(r"\S{81}")
# feedparser takes an end such as `.online` for a part of the name that follows.
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,64}")
_PICTURE_FIELDS: Final = {("media", "description"): "caption", ("media", "credit"): "credit"}

_Name = tuple[str, str]
_Prefixes = dict[str, str]


def rewrite_feed(root: etree._Element) -> tuple[bytes, int]:
    """Return the feed in UTF-8, its entries side by side, and how many of them were left out."""
    prefixes = _prefixes(root)
    is_atom = local_name(root) == "feed"
    feed = etree.Element("feed" if is_atom else "rss", _attributes(root), nsmap=_NAMESPACES)
    channel = next((child for child in root.iterchildren(etree.Element) if local_name(child) == "channel"), root)
    top = feed if is_atom else etree.SubElement(feed, "channel", _attributes(channel))
    _copy_parts(channel, top, prefixes)
    copied = elements = 0
    # At any depth: an element that is never closed swallows the entries after it, each into the one before.
    for entry in root.iter(*_ENTRY_TAGS):
        if copied == MAX_ENTRIES or elements >= MAX_ELEMENTS:
            break
        if _name(entry, prefixes) in {("", "item"), ("", "entry")}:
            copy = etree.SubElement(top, "entry" if is_atom else "item", _attributes(entry))
            _copy_parts(entry, copy, prefixes)
            _copy_pictures(entry, copy, prefixes)
            copied, elements = copied + 1, elements + 1 + len(copy)
    else:
        return etree.tostring(feed, encoding="utf-8"), 0
    return etree.tostring(feed, encoding="utf-8"), int(root.xpath(_COUNT_ENTRIES)) - copied


def channel_base(root: etree._Element, url: str) -> str:
    """Return the address against which the links of the feed at `url` are resolved: in RSS, that of its site.

    A feed often lies on the host of a service. Source: RSS Advisory Board, RSS Best Practices Profile, `link`.
    """
    if local_name(root) == "feed":
        return url
    channel = next((child for child in root.iterchildren(etree.Element) if local_name(child) == "channel"), root)
    links = (
        child.text for child in islice(channel.iterchildren(etree.Element), MAX_SIBLINGS) if local_name(child) == "link"
    )
    site = next((link.strip() for link in links if link and link.strip()), "")[:MAX_BASE_CHARACTERS]
    # A site that was set up on its maker's own machine still says so: `http://localhost/`.
    return site if is_web_url(site) and "." in (urlsplit(site).hostname or "") else url


def _prefixes(root: etree._Element) -> _Prefixes:
    """Return our prefix of each namespace; the feed's own is a basic one, whatever its name."""
    prefixes = {_normalized(name): prefix for prefix, name in _NAMESPACES.items()}
    prefixes |= dict.fromkeys(map(_normalized, _BASIC_NAMESPACES), "")
    return prefixes if local_name(root) == "rdf" else {_normalized(_namespace(root)): "", **prefixes}


def _normalized(namespace: str) -> str:
    return namespace.lower().partition("://")[2].rstrip("/#")


def _namespace(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[0][1:]


def _name(element: etree._Element, prefixes: _Prefixes) -> _Name | None:
    """Return prefix and lower-case name; None in a namespace that is not read."""
    namespace = _namespace(element)
    undeclared = "" if namespace else str(element.tag).rpartition(":")[0].lower()
    prefix = undeclared or prefixes.get(_normalized(namespace))
    return (prefix, local_name(element)) if prefix in _READ_NAMES else None


def _attributes(element: etree._Element) -> dict[str, str]:
    attributes = {
        name: value
        for name, value in islice(element.attrib.items(), MAX_PARTS)
        if name in _ATTRIBUTES
        and len(value) <= (MAX_BASE_CHARACTERS if name.endswith("base") else MAX_VALUE_CHARACTERS)
    }
    if element.get("isPermaLink", element.get("ispermalink", "true")).strip().lower() != "true":
        attributes["isPermaLink"] = "false"
    return attributes


def _copy_parts(parent: etree._Element, copy: etree._Element, prefixes: _Prefixes) -> None:
    parts = list(islice(_read_parts(parent, prefixes), MAX_PARTS))
    basic = {name for _, (prefix, name) in parts if not prefix}
    for part, (prefix, name) in parts:
        if prefix == "dc" and basic & _REPEATED_BY.get(name, set()):
            continue
        tag = f"{{{_NAMESPACES[prefix]}}}{name}" if prefix else name
        value = _value(part, name)
        if len(value) <= _max_characters(name) and not (name in _PERSON_NAMES and _LONG_WORD.search(value)):
            element = etree.SubElement(copy, "pubDate" if tag.endswith("}date") else tag, _attributes(part))
            element.text = value
            if len(part) and name in _MARKUP_NAMES:
                element.set("type", "html")
            elif len(part) and name == "author":
                _copy_parts(part, element, prefixes)
    language = parent.get(f"{{{_XML}}}lang")
    if language and copy.tag in {"item", "entry"}:
        etree.SubElement(copy, f"{{{_NAMESPACES['dc']}}}language").text = language[:MAX_NAME_CHARACTERS]
    about = parent.get(f"{{{_RDF}}}about")
    if about and len(about) <= MAX_VALUE_CHARACTERS and not basic & {"guid", "id"}:
        etree.SubElement(copy, "guid").text = about


def _read_parts(parent: etree._Element, prefixes: _Prefixes) -> Iterator[tuple[etree._Element, _Name]]:
    for part in islice(parent.iterchildren(etree.Element), MAX_SIBLINGS):
        name = _name(part, prefixes)
        if name and name[1] in _READ_NAMES[name[0]]:
            yield part, name


def _value(part: etree._Element, name: str) -> str:
    """Return the text of an element; markup inside it that was not escaped becomes text too."""
    has_swallowed_entry = next(part.iter(*_ENTRY_TAGS), None) is not None
    if name in _PERSON_NAMES - {"email"} and "@" in (text := part.text or "") and len(text) <= MAX_NAME_CHARACTERS:
        return _MAIL.sub("", text).strip(" ()<>,\t\r\n")
    if not len(part) or name not in _MARKUP_NAMES or has_swallowed_entry:
        return part.text or ""
    return html.escape(part.text or "", quote=False) + "".join(
        etree.tostring(child, encoding="unicode") for child in part
    )


def _max_characters(name: str) -> int:
    if name in _PERSON_NAMES or name in _DATE_NAMES:
        return MAX_NAME_CHARACTERS
    return MAX_MARKUP_CHARACTERS if name in _MARKUP_NAMES - {"title"} else MAX_VALUE_CHARACTERS


def _copy_pictures(entry: etree._Element, copy: etree._Element, prefixes: _Prefixes) -> None:
    """Copy the media of an entry, each with caption and credit from inside it, from its group or from the entry."""
    for picture, holder in islice(_pictures(entry, prefixes), MAX_PARTS):
        element = etree.SubElement(copy, f"{{{_MEDIA}}}{local_name(picture)}", _attributes(picture))
        for part in (*islice(picture, MAX_PARTS), *islice(holder, MAX_PARTS)):
            field = _PICTURE_FIELDS.get(_name(part, prefixes) or ("", ""))
            if field and field not in element.attrib and part.text and len(part.text) <= MAX_VALUE_CHARACTERS:
                element.set(field, part.text)


def _pictures(holder: etree._Element, prefixes: _Prefixes) -> Iterator[tuple[etree._Element, etree._Element]]:
    for part in islice(holder.iterchildren(etree.Element), MAX_SIBLINGS):
        prefix, name = _name(part, prefixes) or ("", "")
        if prefix == "media" and name in {"content", "thumbnail"}:
            yield part, holder
        if prefix == "media" and name in {"content", "group"}:
            yield from _pictures(part, prefixes)
