"""What an HTML page says of its article in its head, in embedded data and around its headline."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final

from lxml.html import HtmlElement

from tasks.html.jsonld import JsonLd, plain
from tasks.html.microdata import read_microdata
from tasks.html.titles import fold, site_names, without_site
from tasks.html.visible_metadata import read_shown
from warehouse.model.records import Candidate
from warehouse.model.vocabulary import Origin

MOST_REPEATED: Final = 100
"""Values kept of a `meta` name that a page repeats."""

Stated = dict[str, tuple[str, ...]]
"""Values by column of `articles`."""

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
    "title": "twittertitle parselytitle sailthrutitle cxenseparsetitle citationtitle dctitle headline",
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
    "dcsextarticlefirstpublished originalpublicationdate publishtime publishedat articledate displaydate date",
    "modified_at": "datemodified modifieddate lastmodified lastmod dctermsmodified dcdatemodified articledateupdated "
    "dateupdated revised updatedate",
    "canonical_url": "parselylink twitterurl",
}
_OF_SITE: Final = "ogsitename applicationname twittersite publisher copyright dcpublisher"
_SEVERAL: Final = frozenset({"authors", "tags"})
_TIERS: Final = {"free": "true", "metered": "false", "locked": "false"}
_LONGEST: Final = 5_000
_ADDRESS: Final = re.compile(r"(?:https?:)?//|www\.|@?[\w.-]+@|@\w+$", re.IGNORECASE)
_CLOCK: Final = re.compile(r"\d\d:\d\d")
_ZONE_LAST: Final = re.compile(r"(?:[+-]\d\d:?\d\d|Z)$")
# Elsewhere JSON-LD is trusted most, which was made for machines. Its headline and address often are those that a search
# engine shall show, whereas og:title is the site's own headline and the link its own address.
_FIRST: Final = {
    "title": Origin.OPEN_GRAPH,
    "canonical_url": Origin.HTML,
    "language": Origin.HTML,
}


def read_metadata(tree: HtmlElement, linked: JsonLd, url: str) -> tuple[Candidate, ...]:
    """What the page at `url` states, for each column of `articles` in order of trust; values as printed.

    Read are its JSON-LD (`linked`), microdata and RDFa of schema.org, OpenGraph, `meta` names of common systems, and
    the headline, links, times and byline of the page. A headline is given without the site's name, authors without
    addresses; an author who is the site itself comes last.
    """
    metas = _metas(tree)
    shown = read_shown(tree, metas.get("ogimage", []))
    stated = {
        Origin.JSON_LD: linked.stated,
        Origin.MICRODATA: read_microdata(tree),
        Origin.OPEN_GRAPH: _read_metas(metas, _OPEN_GRAPH),
        Origin.META: _read_metas(metas, _META),
        Origin.HTML: shown,
    }
    names = [name for key in _OF_SITE.split() for name in metas.get(key, ())]
    sites = site_names([linked.publisher, *names], url)
    headlines = [*shown.get("title", ())[:-1], *linked.stated.get("title", ())]
    _state_zones(stated)
    _correct(stated, lambda title: without_site(title, sites, headlines))
    return tuple(_in_order(stated, sites))


def _metas(tree: HtmlElement) -> dict[str, list[str]]:
    metas: dict[str, list[str]] = defaultdict(list)
    for meta in tree.iter("meta"):
        content = meta.get("content")
        key = meta.get("property") or meta.get("name") or meta.get("http-equiv") or meta.get("itemprop")
        if key and content and len(metas[fold(key)]) < MOST_REPEATED and (value := plain(content[:_LONGEST])):
            metas[fold(key)].append(value)
    return metas


def _read_metas(metas: dict[str, list[str]], names: dict[str, str]) -> Stated:
    found = {}
    for field, keys in names.items():
        values = [tuple(metas[key]) for key in keys.split() if metas.get(key)]
        if field == "authors":
            values = [kept for stated in values if (kept := tuple(name for name in stated if not _ADDRESS.match(name)))]
        if values:
            found[field] = values[0] if field in _SEVERAL else tuple(dict.fromkeys(stated[0] for stated in values))
    if tiers := found.get("is_accessible_for_free"):
        found["is_accessible_for_free"] = tuple(_TIERS[tier] for tier in tiers if tier in _TIERS)
    return found


def _correct(stated: dict[Origin, Stated], headline: Callable[[str], str]) -> None:
    for values in stated.values():
        if titles := values.get("title"):
            values["title"] = tuple(dict.fromkeys(map(headline, titles)))
        if authors := values.get("authors"):
            values["authors"] = tuple(name for name in authors if not _ADDRESS.match(name))


def _state_zones(stated: dict[Origin, Stated]) -> None:
    """A time that one origin states without its zone, and another the same with it, is meant as the latter."""
    for column in ("published_at", "modified_at"):
        zoned = {
            _minute(printed): printed
            for values in stated.values()
            for printed in values.get(column, ())
            if _is_zoned(printed)
        }
        for values in stated.values():
            if column in values:
                values[column] = tuple(
                    printed if _is_zoned(printed) else zoned.get(_minute(printed), printed)
                    for printed in values[column]
                )


def _is_zoned(printed: str) -> bool:
    zone = _ZONE_LAST.search(printed)
    return zone is not None and _CLOCK.search(printed, 0, zone.start()) is not None


def _minute(printed: str) -> str:
    return re.sub(r"\D", "", printed)[:12]


def _in_order(stated: dict[Origin, Stated], sites: frozenset[str]) -> Iterator[Candidate]:
    doubtful = []
    first = [(origin, field) for field, origin in _FIRST.items()]
    rest = [(origin, field) for origin, values in stated.items() for field in values]
    for origin, field in dict.fromkeys(first + rest):
        values = stated[origin].get(field)
        if not values:
            continue
        candidate = Candidate(field, values, origin)
        if field == "authors" and all(fold(name) in sites for name in values):
            doubtful.append(candidate)
        else:
            yield candidate
    yield from doubtful
