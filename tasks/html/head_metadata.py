"""The candidates for an article's metadata in an HTML page: its head, its embedded data, the lines at its headline."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from tasks.html.headline import find_site_headings
from tasks.html.jsonld import JsonLd, strip_markup
from tasks.html.microdata import read_microdata
from tasks.html.printed_authors import find_printed_authors
from tasks.html.titles import host_name, prefers_headline, site_names, whole_title, without_site
from tasks.html.visible_metadata import read_visible_metadata
from tasks.text.characters import text_key
from warehouse.model.records import Candidate
from warehouse.model.vocabulary import Origin

MAX_VALUES_PER_META_NAME: Final = 100
MAX_VALUE_CHARACTERS: Final = 5_000
MAX_LOGO_NAMES: Final = 3
MAX_TITLES: Final = 30

# Values by column of `articles`.
Fields = dict[str, tuple[str, ...]]

# Names of `meta` elements without punctuation: `article:published_time`, `article.publishedTime` and the like are one.
_OPEN_GRAPH: Final = {
    "title": "ogtitle",
    "description": "ogdescription",
    "authors": "articleauthor ogarticleauthor bookauthor",
    "section": "articlesection ogarticlesection",
    "tags": "articletag ogarticletag",
    "image_url": "ogimagesecureurl ogimage ogimageurl",
    "is_accessible_for_free": "articlecontenttier",
    "language": "oglocale",
    "published_at": "articlepublishedtime ogarticlepublishedtime articlepublished ogpublishedtime",
    "modified_at": "articlemodifiedtime ogarticlemodifiedtime articlemodified ogupdatedtime",
    "canonical_url": "ogurl",
}
_META: Final = {
    "title": "twittertitle parselytitle sailthrutitle cxenseparsetitle citationtitle dctitle headline articletitle",
    "description": "description twitterdescription sailthrudescription dcdescription abstract",
    "authors": "author authors byl byline parselyauthor sailthruauthor cxenseparseauthor citationauthor dccreator "
    "dctermscreator dcsextauthor authorname creator",
    "section": "parselysection section cxenseparsesection sailthrusection category articlesectionname dcsubject",
    "tags": "newskeywords parselytags sailthrutags keywords cxenseparsekeywords",
    "image_url": "twitterimage twitterimagesrc parselyimageurl sailthruimagefull thumbnail",
    "language": "contentlanguage language dclanguage inlanguage",
    "published_at": "parselypubdate datepublished publisheddate publishdate pubdate publicationdate "
    "articledateoriginal "
    "dateavailable datecreated dctermscreated dcdateissued dctermsissued dcdate dctermsdate dcdatecreated "
    "citationpublicationdate citationdate sailthrudate cxenseparserecspublishtime cxenseparsearticlepublishtime "
    "dcsextarticlefirstpublished originalpublicationdate publishtime publishedat published "
    "publishedon publishedtime wpublisheddate articledate displaydate date",
    "modified_at": "datemodified modifieddate lastmodified lastmod dctermsmodified dcdatemodified articledateupdated "
    "dateupdated revised updatedate",
    "canonical_url": "parselylink twitterurl",
}
_SITE_NAMES: Final = "ogsitename applicationname twittersite publisher copyright dcpublisher"
_LIST_FIELDS: Final = frozenset({"authors", "tags"})
_TIERS: Final = {"free": "true", "metered": "false", "locked": "false"}
# The names of the site under its pictures that link to the home page.
_LOGO_NAMES: Final = etree.XPath("//a[@href='/']/img/@alt|//a[@href='/']/*/img/@alt|//a[@rel='home']//img/@alt")
_URL_OR_HANDLE: Final = re.compile(r"(?:https?:)?//|www\.|@?[\w.-]+@|@\w+$", re.IGNORECASE)
# Two writers have two names each, and a role is longer than an initial.
_CATALOGUE_NAME: Final = re.compile(r"([^\W\d_]+(?:['’-][^\W\d_]+)*),\s([^\W\d_]+(?:[\s-][^\W\d_]\.?)*\.?)")
_NO_TITLES: Final = frozenset({"untitled", "untitleddocument", "home", "homepage", "index", "undefined", "null"})
_CLOCK: Final = re.compile(r"\d\d:\d\d")
_ZONE_LAST: Final = re.compile(r"(?:[+-]\d\d:?\d\d|Z)$")
# For other fields JSON-LD, made for machines, is trusted most. Its headline and URL are often those meant for a search
# engine, whereas og:title is the site's own headline and the link its own URL.
_MOST_TRUSTED: Final = {
    "title": Origin.OPEN_GRAPH,
    "canonical_url": Origin.HTML,
    "language": Origin.HTML,
}


def read_metadata(tree: HtmlElement, json_ld: JsonLd, url: str) -> tuple[Candidate, ...]:
    """Return the candidates of the page at `url` for each column of `articles`, the most trusted first.

    They come from its JSON-LD, microdata and RDFa of schema.org, OpenGraph, `meta` names of common systems, and its
    headline, links, times and byline. Titles lack the site's name and authors lack URLs; values are raw otherwise. An
    author who is the site itself or another organisation comes last.
    """
    metas = _metas(tree)
    visible = read_visible_metadata(tree, metas.get("ogimage", []))
    fields_of = {
        Origin.JSON_LD: json_ld.fields,
        Origin.MICRODATA: read_microdata(tree),
        Origin.OPEN_GRAPH: _read_metas(metas, _OPEN_GRAPH),
        Origin.META: _read_metas(metas, _META),
        Origin.HTML: visible,
    }
    names = [name for key in _SITE_NAMES.split() for name in metas.get(key, ())]
    names += [*_LOGO_NAMES(tree)[:MAX_LOGO_NAMES], *find_site_headings(tree, visible.get("title", ("",))[-1])]
    sites = site_names([json_ld.publisher, *names], url)
    page_titles = tuple(without_site(title, sites) for title in visible.get("title", ()))
    headlines = [*visible.get("title", ())[:-1], *json_ld.fields.get("title", ())]
    _add_zones(fields_of)
    _clean_titles_and_authors(fields_of, lambda title: without_site(title, sites, headlines))
    _drop_site_titles(fields_of, sites)
    organisations = frozenset(map(text_key, json_ld.organisations))
    own_names = sites | {host_name(url)}
    no_persons = organisations | own_names
    for fields in fields_of.values():
        if authors := fields.get("authors"):
            fields["authors"] = _persons_first(authors, sites, organisations)
    if _has_no_person(fields_of, no_persons) and (authors := find_printed_authors(tree, no_persons)):
        visible["authors"] = authors
    headline = visible["title"][0] if len(page_titles) > 1 else ""
    is_headline_first = _is_headline_first(fields_of, headline, page_titles[-1] if page_titles else "")
    return tuple(_in_order_of_trust(fields_of, own_names, organisations, is_headline_first))


def _metas(tree: HtmlElement) -> dict[str, list[str]]:
    """Return the contents of the page's `meta` elements by the key of their names (see `text_key`)."""
    metas: dict[str, list[str]] = defaultdict(list)
    for meta in tree.iter("meta"):
        content = meta.get("content")
        name = meta.get("property") or meta.get("name") or meta.get("http-equiv") or meta.get("itemprop")
        if not (name and content):
            continue
        values = metas[text_key(name)]
        if len(values) < MAX_VALUES_PER_META_NAME and (value := strip_markup(content[:MAX_VALUE_CHARACTERS])):
            values.append(value)
    return metas


def _read_metas(metas: dict[str, list[str]], names: dict[str, str]) -> Fields:
    fields = {}
    for field, keys in names.items():
        values = [tuple(metas[key]) for key in keys.split() if metas.get(key)]
        if field == "authors":
            values = [authors for names in values if (authors := tuple(map(_in_order, _without_urls(names))))]
        if values:
            # Of several pictures the first may be a logo.
            is_list = field in _LIST_FIELDS or field == "image_url"
            fields[field] = values[0] if is_list else tuple(dict.fromkeys(contents[0] for contents in values))
    if sections := fields.get("section"):
        fields["section"] = _without_urls(sections)
    if tiers := fields.get("is_accessible_for_free"):
        fields["is_accessible_for_free"] = tuple(_TIERS[tier] for tier in tiers if tier in _TIERS)
    return fields


def _in_order(name: str) -> str:
    """Return a name that is printed as in a catalogue, `Lee, Ann`, with its first name first."""
    match = _CATALOGUE_NAME.fullmatch(name)
    return f"{match[2]} {match[1]}" if match else name


def _without_urls(authors: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in authors if not _URL_OR_HANDLE.match(name))


def _clean_titles_and_authors(fields_of: dict[Origin, Fields], headline: Callable[[str], str]) -> None:
    for fields in fields_of.values():
        if titles := fields.get("title"):
            fields["title"] = tuple(dict.fromkeys(map(headline, titles)))
    all_titles = [title for fields in fields_of.values() for title in fields.get("title", ())][:MAX_TITLES]
    for fields in fields_of.values():
        if titles := fields.get("title"):
            fields["title"] = tuple(dict.fromkeys(whole_title(title, all_titles) for title in titles))
        if authors := fields.get("authors"):
            fields["authors"] = _without_urls(authors)


def _drop_site_titles(fields_of: dict[Origin, Fields], sites: frozenset[str]) -> None:
    """Drop titles that are the name of the site, or none at all (`Untitled`), if there is another one."""
    titles_of = {
        origin: tuple(title for title in fields["title"] if text_key(title) not in sites | _NO_TITLES)
        for origin, fields in fields_of.items()
        if "title" in fields
    }
    if any(titles_of.values()):
        for origin, titles in titles_of.items():
            fields_of[origin]["title"] = titles


def _persons_first(authors: tuple[str, ...], sites: frozenset[str], organisations: frozenset[str]) -> tuple[str, ...]:
    """Return authors without the site, where there are others, and with other organisations behind the persons."""
    others = [name for name in authors if text_key(name) not in sites]
    return tuple(sorted(others, key=lambda name: text_key(name) in organisations)) or authors


def _has_no_person(fields_of: dict[Origin, Fields], organisations: frozenset[str]) -> bool:
    """Return whether nothing states an author other than `organisations`."""
    return all(text_key(name) in organisations for fields in fields_of.values() for name in fields.get("authors", ()))


def _is_headline_first(fields_of: dict[Origin, Fields], headline: str, page_title: str) -> bool:
    og_title, json_ld_title = (
        next((fields_of[origin]["title"][0] for origin in origins if fields_of[origin].get("title")), "")
        for origins in ((Origin.OPEN_GRAPH, Origin.META), (Origin.JSON_LD, Origin.MICRODATA))
    )
    return prefers_headline(headline, og_title, page_title, json_ld_title)


def _add_zones(fields_of: dict[Origin, Fields]) -> None:
    """Replace a time without a zone by the same time with its zone, where another origin has that."""
    for column in ("published_at", "modified_at"):
        times = [time for fields in fields_of.values() for time in fields.get(column, ())]
        zoned = {_minute(time): time for time in times if _is_zoned(time)}
        for fields in fields_of.values():
            if column in fields:
                fields[column] = tuple(
                    time if _is_zoned(time) else zoned.get(_minute(time), time) for time in fields[column]
                )


def _is_zoned(time: str) -> bool:
    zone = _ZONE_LAST.search(time)
    return zone is not None and _CLOCK.search(time, 0, zone.start()) is not None


def _minute(time: str) -> str:
    """Return the digits of a time from its year to its minute."""
    return re.sub(r"\D", "", time)[:12]


def _in_order_of_trust(
    fields_of: dict[Origin, Fields], sites: frozenset[str], organisations: frozenset[str], is_headline_first: bool
) -> Iterator[Candidate]:
    """Yield the candidates; a byline goes before `organisations`, and the site as its own author comes last."""
    doubtful = []
    first = [(Origin.HTML, "title")] if is_headline_first else []
    first += [(origin, field) for field, origin in _MOST_TRUSTED.items()]
    authors = fields_of[Origin.JSON_LD].get("authors", ())
    if organisations and all(text_key(name) in organisations for name in authors):
        first.append((Origin.HTML, "authors"))
    others = [(origin, field) for origin, fields in fields_of.items() for field in fields]
    for origin, field in dict.fromkeys(first + others):
        values = fields_of[origin].get(field)
        if not values:
            continue
        candidate = Candidate(field, values, origin)
        if field == "authors" and all(text_key(name) in sites for name in values):
            doubtful.append(candidate)
        else:
            yield candidate
    yield from doubtful
