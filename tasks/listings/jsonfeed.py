"""Read JSON Feed 1.0 and 1.1 (jsonfeed.org)."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any, Final

from tasks.listings.entries import article_url, describe_damage, feed_candidates, own_entries
from tasks.listings.entry_text import plain_text, summary_and_article
from tasks.listings.listing import Entry, Listing, ListingError
from tasks.metadata.urls import is_web_url
from tasks.text.xml_characters import mend_characters

MAX_ENTRIES: Final = 10_000
MAX_VALUES: Final = 100  # authors or tags of one entry
_MAX_NUMBER: Final = 10**30


def read_json_feed(text: str, url: str, *, holds_articles: bool = False) -> Listing:
    """Return the entries of the JSON Feed at `url`, each URL once. Raises `ListingError`."""
    try:
        feed = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        raise ListingError("The JSON is damaged, and nothing of it can be read.") from None
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise ListingError("This is JSON, but no JSON Feed: it has no list of items.")
    site = _text(feed, "home_page_url").strip()
    base = site if is_web_url(site) else url
    entries = [_entry(item, base, holds_articles) if isinstance(item, dict) else None for item in items[:MAX_ENTRIES]]
    older = article_url(_text(feed, "next_url"), url)
    own, shared_url = own_entries(entries, hold_articles=holds_articles)
    return Listing(
        entries=own,
        older_url=older if older != url else None,
        title=plain_text(_text(feed, "title"), is_html=False) or None,
        language=_text(feed, "language").strip() or None,
        damage=describe_damage(None, max(0, len(items) - MAX_ENTRIES), entries.count(None), shared_url=shared_url),
    )


def _entry(item: Mapping[str, Any], url: str, holds_articles: bool) -> Entry | None:
    guid = _text(item, "id")
    # The format recommends the article's URL as its id.
    guid_url = guid if guid.startswith(("http://", "https://")) else ""
    links = (article_url(href, url) for href in (_text(item, "url"), guid_url, _text(item, "external_url")))
    own_link = next(filter(None, links), None)
    link = own_link or url
    if own_link is None and not (holds_articles and guid):
        return None
    title = plain_text(html.unescape(_text(item, "title")), is_html=False)
    markup = _text(item, "content_html")
    summary, article = summary_and_article(
        _text(item, "summary"),
        markup or _text(item, "content_text"),
        bool(markup),
        link,
        title,
        holds_articles=holds_articles,
    )
    fields = {
        "title": [title],
        "published_at": [_text(item, "date_published")],
        "modified_at": [_text(item, "date_modified")],
        "authors": _authors(item),
        "description": [summary],
        "tags": [mend_characters(tag) for tag in _list(item, "tags") if isinstance(tag, str)],
        "image_url": [article_url(_text(item, "image") or _text(item, "banner_image"), link) or ""],
        "language": [_text(item, "language")],
    }
    return Entry(
        link,
        guid.strip() or None,
        feed_candidates(fields),
        _text(item, "date_modified").strip() or None,
        article,
        own_link is None,
    )


def _authors(item: Mapping[str, Any]) -> list[str]:
    authors = _list(item, "authors") or [item.get("author")]
    return [_text(author, "name") for author in authors if isinstance(author, dict)]


def _list(item: Mapping[str, Any], name: str) -> list[Any]:
    value = item.get(name)
    return value[:MAX_VALUES] if isinstance(value, list) else []


def _text(item: Mapping[str, Any], name: str) -> str:
    """Return a value as text, also a number, such as an id; empty if it is anything else."""
    value = item.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAX_NUMBER:
        return str(value)
    return mend_characters(value) if isinstance(value, str) else ""
