"""Import the list of a feed reader, one source a feed, and export the feeds of all sources as such a list."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from lxml import etree
from pydantic import TypeAdapter, ValidationError

from config.errors import ConfigError
from config.inputs import FeedInput, Url
from config.settings import Settings
from config.sources import DEFAULT_DELAY_SECONDS, LANGUAGE_PATTERN, MAX_TAG_CHARACTERS, Source, load_sources
from config.write import free_id, source_toml, write_source

_SPACE: Final = re.compile(r"[\s\x00-\x1f\x7f]+")
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_IN_TAG: Final = re.compile(r"[\s,/\x00-\x1f\x7f-\x9f-]+")
_MAX_TITLE_CHARACTERS: Final = 200
# Until somebody has seen how often the feed changes; a feed that is not due is not asked.
IMPORT_SCHEDULE: Final = "every 30 minutes"
_MAX_LABEL_CHARACTERS: Final = 120  # of a title in a message


@dataclass(frozen=True, slots=True)
class ListedFeed:
    """A feed that a list names."""

    url: str
    title: str
    language: str | None
    categories: tuple[str, ...]  # the folders that it lies in, outermost first, then its own


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of each feed of a list."""

    written: tuple[Path, ...]  # the files of the new sources
    known: tuple[str, ...]  # a sentence for each feed that a source has already
    refused: tuple[str, ...]  # a sentence for each entry that has no address of a feed


def import_opml(location: str, settings: Settings) -> ImportReport:
    """Write a source for each feed of an OPML file or URL that no source has yet; no file is ever overwritten.

    Raises `ConfigError` where the list cannot be read, or the configuration cannot be written.
    """
    sources = _configured(settings.config)
    feeds = {_key(entry.url): source.id for source in sources.values() for entry in source.inputs_of(FeedInput)}
    source_ids = {path.stem for path in (settings.config / "sources").glob("*.toml")}
    written: list[Path] = []
    known: list[str] = []
    refused: list[str] = []
    for listed in read_opml(_content(location, settings), location):
        if problem := _url_problem(listed.url):
            refused.append(f"{listed.title[:_MAX_LABEL_CHARACTERS]}: {problem}")
        elif source_id := feeds.get(_key(listed.url)):
            known.append(f"{listed.title[:_MAX_LABEL_CHARACTERS]}: {listed.url} is a feed of source '{source_id}'")
        else:
            source_id = free_id(source_ids, listed.title, _host(listed.url))
            written.append(write_source(settings.config, source_id, _toml(listed)))
            source_ids.add(source_id)
            feeds[_key(listed.url)] = source_id
    return ImportReport(tuple(written), tuple(known), tuple(refused))


def check_not_configured(url: str, config: Path) -> None:
    """Raise `ConfigError` if an address is the feed of a source already."""
    for source in _configured(config).values():
        if _key(url) in {_key(entry.url) for entry in source.inputs_of(FeedInput)}:
            path = config / "sources" / f"{source.id}.toml"
            raise ConfigError(f"{url}: is the feed of source '{source.id}' already; see {path}")


def export_opml(sources: Iterable[Source], stream: BinaryIO) -> int:
    """Write the feeds of the sources as OPML 2.0 in UTF-8; return how many there are."""
    opml = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(opml, "head"), "title").text = "Copydesk sources"
    body = etree.SubElement(opml, "body")
    for source in sources:
        title = _NOT_XML.sub("", source.title)
        for entry in source.inputs_of(FeedInput):
            facts = {"text": title, "title": title, "type": "rss", "xmlUrl": _NOT_XML.sub("", entry.url)}
            facts |= {"language": source.language} if source.language else {}
            facts |= {"category": ",".join(source.tags)} if source.tags else {}
            etree.SubElement(body, "outline", facts)
    stream.write(etree.tostring(opml, encoding="UTF-8", xml_declaration=True, pretty_print=True))
    return len(body)


def read_opml(content: bytes, location: str) -> list[ListedFeed]:
    """Parse the feeds of an OPML list of any version, in its order, each URL once. Raises `ConfigError`."""
    # Damage is common (a bare `&` in a title), and what is read of such a list is checked feed by feed.
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None or _tag(root) != "opml":
        reason = f"its first element is <{_tag(root)[:40]}>" if root is not None and _tag(root) else "it is not XML"
        raise ConfigError(f"{location}: not an OPML list of feeds: {reason}")
    doctype = root.getroottree().docinfo.internalDTD
    if doctype is not None and any(True for _ in doctype.iterentities()):
        raise ConfigError(f"{location}: declares XML entities, which no list of feeds needs; it was not read")
    feeds: dict[str, ListedFeed] = {}
    for outline in root.iter():
        if _tag(outline) == "outline" and (feed := _feed(outline)):
            feeds.setdefault(_key(feed.url), feed)
    if not feeds:
        raise ConfigError(f"{location}: names no feed; an outline of a feed has an attribute xmlUrl")
    return list(feeds.values())


def _feed(outline: etree._Element) -> ListedFeed | None:
    attributes = {str(name).lower(): _SPACE.sub(" ", value).strip() for name, value in outline.attrib.items()}
    # OPML 1 readers wrote `url` beside a type; without one it is a link to a page.
    is_feed = attributes.get("type", "").lower() in {"rss", "atom"}
    url = attributes.get("xmlurl") or (attributes.get("url") if is_feed else None)
    if not url:
        return None
    url = re.sub(r"^feed:(?://(?!/)|(?=https?:))", lambda mark: "http://" if "/" in mark[0] else "", url)
    language = re.sub(r"^\w+", lambda first: first[0].lower(), attributes.get("language", "").replace("_", "-"))
    folders = [_name(parent) for parent in reversed(list(outline.iterancestors())) if _tag(parent) == "outline"]
    own = re.split(r"[,/]", attributes.get("category", ""))
    return ListedFeed(
        url,
        (attributes.get("title") or attributes.get("text") or _host(url) or "Feed")[:_MAX_TITLE_CHARACTERS],
        language if LANGUAGE_PATTERN.fullmatch(language) else None,
        tuple(dict.fromkeys(name.strip() for name in [*folders, *own] if name.strip())),
    )


def _content(location: str, settings: Settings) -> bytes:
    limit = settings.max_listing_bytes
    if not location.startswith(("http://", "https://")):
        try:
            with Path(location).expanduser().open("rb") as file:
                content = file.read(limit + 1)
        except (OSError, ValueError) as error:
            raise ConfigError.of(error, Path(location)) from None
        if len(content) > limit:
            raise ConfigError(f"{location}: more than {limit:,} bytes; raise max_listing_bytes to take it")
        return content
    from tasks.http.fetcher import Downloaded, download

    response = download(location, settings, max_bytes=limit)
    if not isinstance(response, Downloaded):
        raise ConfigError(f"{location}: {getattr(response, 'detail', 'no content was sent')}")
    return response.content


def _configured(config: Path) -> dict[str, Source]:
    """Return the configured sources; none if there is no file yet, as a configuration may begin with such a list."""
    if not any((config / "sources").glob("*.toml")):
        return {}
    return load_sources(config)[0]


def _toml(listed: ListedFeed) -> str:
    declared = {
        "title": listed.title,
        "tags": list(dict.fromkeys(filter(None, map(_category_tag, listed.categories)))) or None,
        "language": listed.language,
        "schedule": IMPORT_SCHEDULE,
        "delay": DEFAULT_DELAY_SECONDS,
        "input": [{"kind": "feed", "url": listed.url}],
    }
    return source_toml(declared)


def _category_tag(category: str) -> str:
    """Return the name of a folder or category as a tag; empty if it has no letter or digit."""
    return _NOT_IN_TAG.sub("-", category.lower()).strip("-")[:MAX_TAG_CHARACTERS].rstrip("-")


def _url_problem(url: str) -> str | None:
    try:
        TypeAdapter(Url).validate_python(url)
        urlsplit(url)
    except (ValidationError, ValueError):
        # The address is not shown: what is wrong with it may be a password.
        return "its address is not one of http or https without spaces and password"
    return None


def _key(url: str) -> str:
    """Return what two URLs of one feed have in common: the scheme and `www.` make no difference."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    # No parameter is left out, as some sites tell their feeds apart by nothing else.
    return f"{parts.netloc.lower().removeprefix('www.')}{parts.path.rstrip('/')}?{parts.query}"


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _name(outline: etree._Element) -> str:
    attributes = {str(name).lower(): value for name, value in outline.attrib.items()}
    return _SPACE.sub(" ", attributes.get("title") or attributes.get("text") or "").strip()


def _tag(element: etree._Element) -> str:
    """Return the element's name in lower case, without a namespace; empty for comments."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""
