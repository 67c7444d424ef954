"""Read feeds: RSS 0.9x to 2.0, RSS 1.0 and Atom by feedparser, JSON Feed.

Source: the RSS specifications, RFC 4287 (Atom), RFC 5005 (paged and archived feeds), the Media RSS specification.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from config.inputs import FeedInput
from tasks.listings.entries import article_url, describe_damage, feed_candidates, own_entries
from tasks.listings.entry_text import plain_text, summary_and_article
from tasks.listings.feed_xml import channel_base, rewrite_feed
from tasks.listings.input_reader import InputReader
from tasks.listings.jsonfeed import read_json_feed
from tasks.listings.listing import Entry, Listing, ListingError
from tasks.listings.packed import unpack_listing
from tasks.listings.xml import describe_wrong_text, read_text, read_tree, root_name
from tasks.text.characters import clean_line

MAX_TAGS: Final = 1_000_000  # `<` in a feed; 10,000 usual entries have half of it
MAX_NUMBER_DIGITS: Final = 6  # of a width or a number of minutes

_KINDS: Final = {"rss", "feed", "rdf", "channel"}
_PERIOD_MINUTES: Final = {"hourly": 60, "daily": 1_440, "weekly": 10_080, "monthly": 43_200, "yearly": 525_600}
_IMAGE_PATH: Final = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)(?:$|[?#])", re.IGNORECASE)

_Parsed = Mapping[str, Any]


class FeedReader(InputReader[FeedInput]):
    """Polls a feed."""

    fetches_pages = True
    is_polled = True

    @property
    def endpoint(self) -> str:
        """The URL of the feed."""
        return self.entry.url

    def read_listing(self, content: bytes, url: str, media_type: str | None, charset: str | None) -> Listing:
        """Parse the feed. Raises `ListingError`."""
        return read_feed(content, url, media_type, charset, holds_articles=self.entry.full_text)


def read_feed(
    content: bytes,
    url: str,
    media_type: str | None = None,
    charset: str | None = None,
    *,
    holds_articles: bool = False,
) -> Listing:
    """Return the entries of the feed at `url`, each URL once; with `holds_articles` each has the text that it gives.

    A feed is recognised by its content, as many come as `text/html`; `media_type` is only used in an error's sentence.
    Nothing is fetched or opened; time and memory are bounded. Raises `ListingError`.
    """
    unpacked, packing_damage = unpack_listing(content)
    text = read_text(unpacked, charset)
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        return read_json_feed(text, url, holds_articles=holds_articles)
    if root_name(text) not in _KINDS:
        raise ListingError(describe_wrong_text(text, media_type))
    root, damage = read_tree(text, MAX_TAGS)
    rewritten, left_out = rewrite_feed(root)
    base = channel_base(root, url)
    parsed = _parse(rewritten, base)
    feed, is_atom = dict(parsed["feed"]), parsed["version"].startswith("atom")
    entries = [_entry(dict(entry), base, is_atom, holds_articles) for entry in parsed["entries"]]
    own, shared_url = own_entries(entries, hold_articles=holds_articles)
    return Listing(
        entries=own,
        older_url=_older(feed, url),
        title=_title(feed) or None,
        language=(feed.get("language") or "").strip() or None,
        minutes=_minutes(feed),
        damage=describe_damage(packing_damage or damage, left_out, entries.count(None), shared_url=shared_url),
    )


def _parse(rewritten: bytes, url: str) -> _Parsed:
    import feedparser

    headers = {"content-type": "application/xml; charset=utf-8", "content-location": url}
    try:
        # feedparser would take a string for a URL or a path, and open it.
        parsed: _Parsed = feedparser.parse(
            io.BytesIO(rewritten), response_headers=headers, resolve_relative_uris=False, sanitize_html=False
        )
    except Exception:  # noqa: BLE001  any error of the parser means that this feed cannot be read
        raise ListingError("The feed holds something that cannot be read.") from None
    return parsed


def _entry(entry: _Parsed, url: str, is_atom: bool, holds_articles: bool) -> Entry | None:
    own_link = _link(entry, url)
    link = own_link or url
    if own_link is None and not (holds_articles and entry.get("id")):
        return None
    title = _title(entry)
    published, modified = _dates(entry, is_atom)
    content = max(entry.get("content", ()), key=lambda part: len(part["value"]), default={"value": "", "type": ""})
    summary, article = summary_and_article(
        _text(entry, "summary"),
        content["value"],
        "html" in content["type"],
        link,
        title,
        holds_articles=holds_articles,
    )
    image = _image(entry, link)
    fields: dict[str, Iterable[str]] = {
        "title": [title],
        "published_at": [published],
        "modified_at": [modified],
        "authors": [author.get("name") or "" for author in entry.get("authors", ())],
        "description": [summary],
        "tags": _tags(entry),
        "image_url": [image.get("href", "")],
        "image_caption": [plain_text(image.get("caption", ""))],
        "image_credit": [plain_text(image.get("credit", ""))],
        "language": [entry.get("language") or ""],
    }
    guid = clean_line(entry.get("id") or "") or None
    return Entry(link, guid, feed_candidates(fields), clean_line(modified) or None, article, own_link is None)


def _link(entry: _Parsed, url: str) -> str | None:
    """Return the article's URL: behind a counting redirect if the entry names that, else its link, else its guid."""
    links = [link for link in entry.get("links", ()) if link.get("rel") == "alternate" and link.get("href")]
    pages = [link["href"] for link in links if "html" in link.get("type", "text/html")]
    hrefs = [entry.get("feedburner_origlink"), *pages, *(link["href"] for link in links), entry.get("link")]
    return next((article for href in hrefs if href and (article := article_url(href, url))), None)


def _title(entry: _Parsed) -> str:
    return plain_text(_text(entry, "title"), is_html="html" in entry.get("title_detail", {}).get("type", ""))


def _text(entry: _Parsed, field: str) -> str:
    return str(entry.get(field) or "")


def _dates(entry: _Parsed, is_atom: bool) -> tuple[str, str]:
    """Return the dates of publication and of change, as text; `updated` of an Atom entry is no date of publication."""
    published = _text(entry, "published") or _text(entry, "created")
    modified = _text(entry, "updated")
    return (published, modified) if published or is_atom else (modified, "")


def _tags(entry: _Parsed) -> list[str]:
    names = (tag.get("label") or tag.get("term") or "" for tag in entry.get("tags", ()))
    return [plain for name in names if not name.startswith(("http://", "https://")) and (plain := plain_text(name))]


def _image(entry: _Parsed, link: str) -> dict[str, str]:
    """Return the largest picture of an entry, with its URL as `href`; empty if it has none."""
    enclosures = [part for part in entry.get("links", ()) if part.get("rel") == "enclosure"]
    for parts in (entry.get("media_content", ()), entry.get("media_thumbnail", ()), enclosures):
        pictures = []
        for part in parts:
            url = article_url(part.get("url") or part.get("href") or "", link)
            if url and (parts is entry.get("media_thumbnail") or _is_image(part, url)):
                pictures.append({**part, "href": url})
        if pictures:
            return max(pictures, key=_width)
    return {}


def _is_image(part: _Parsed, url: str) -> bool:
    kind = part.get("medium") or part.get("type") or ""
    return kind.startswith("image") if kind else _IMAGE_PATH.search(url) is not None


def _width(part: _Parsed) -> int:
    return int(_number(str(part.get("width") or "")))


def _older(feed: _Parsed, url: str) -> str | None:
    links = {link.get("rel"): link.get("href") for link in reversed(feed.get("links", ()))}
    href = links.get("prev-archive") or links.get("next")
    older = article_url(href, url) if href else None
    return older if older != url else None


def _minutes(feed: _Parsed) -> float | None:
    """Return the longer of `ttl` and the update period, in minutes."""
    period = _PERIOD_MINUTES.get(_text(feed, "sy_updateperiod").strip().lower(), 0)
    return max(_number(_text(feed, "ttl")), period / (_number(_text(feed, "sy_updatefrequency")) or 1)) or None


def _number(text: str) -> float:
    digits = text.strip()
    return float(digits) if digits.isascii() and digits.isdigit() and len(digits) <= MAX_NUMBER_DIGITS else 0.0
