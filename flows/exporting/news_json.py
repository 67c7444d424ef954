"""Articles in the JSON formats of the field: CC-News names, schema.org NewsArticle, IPTC ninjs 3.1."""

from __future__ import annotations

from typing import Any, Final

from flows.exporting.values import Row, domain_of, instant, language_of, published_text, uri, without_empty

NINJS_SCHEMA: Final = "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json#"
WITH_A_TIME: Final = ("minute", "second")


def cc_news_record(row: Row) -> dict[str, Any]:
    """Return an article under the names of the CC-News data sets, and five of its own columns after them."""
    moment = row["published_at"]
    return {
        "title": row["title"],
        "text": row["text"],
        "domain": domain_of(row),
        "date": None if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}",
        "description": row["description"],
        "url": row["url"],
        "image_url": row["image_url"],
        "language": row["language"],
        "authors": row["authors"],
        "date_precision": row["published_precision"],
        "source_id": row["source_id"],
        "article_id": row["article_id"],
    }


def news_article(row: Row) -> dict[str, Any]:
    """Return an article as a schema.org NewsArticle, without its `@context`."""
    return without_empty(
        {
            "@type": "NewsArticle",
            "identifier": row["article_id"],
            "url": uri(row["url"]),
            "headline": row["title"],
            "description": row["description"],
            "articleBody": row["text"],
            "inLanguage": language_of(row),
            "datePublished": published_text(row),
            "dateModified": instant(row["modified_at"]),
            "author": [{"@type": "Person", "name": name} for name in row["authors"]],
            "dateline": row["located"],
            "articleSection": row["section"],
            "keywords": row["tags"],
            "sourceOrganization": [{"@type": "Organization", "name": name} for name in row["info_sources"]],
            "image": _image_object(row),
            "isAccessibleForFree": row["is_accessible_for_free"],
            "license": row["license"],
            "wordCount": row["word_count"],
        }
    )


def ninjs_item(row: Row) -> dict[str, Any]:
    """Return an article as an item of ninjs 3.1; a date without a time of day has no place in it."""
    text = row["text"]
    body = {
        "role": "main",
        "contentType": "text/plain",
        "charCount": len(text),
        "wordCount": row["word_count"],
        "value": text,
    }
    return without_empty(
        {
            "uri": uri(row["url"]),
            "type": "text",
            "version": row["version_id"],
            "versionCreated": instant(row["fetched_at"]),
            "contentCreated": instant(row["published_at"]) if row["published_precision"] in WITH_A_TIME else None,
            "usageTerms": row["license"],
            "language": language_of(row),
            "headlines": _texts("main", row["title"]),
            "descriptions": _texts("summary", row["description"]),
            "bodies": [body],
            "people": [{"name": name, "rel": "creator"} for name in row["authors"]],
            "by": row["by"],
            "located": row["located"],
            "subjects": [*_subjects("section", filter(None, [row["section"]])), *_subjects("keyword", row["tags"])],
            "infoSources": [{"name": name} for name in row["info_sources"]],
            "associations": _lead_image(row),
            "altIds": [{"role": "article_id", "value": row["article_id"]}],
            "standard": {"name": "ninjs", "version": "3.1", "schema": NINJS_SCHEMA},
        }
    )


def _image_object(row: Row) -> dict[str, Any] | None:
    if row["image_url"] is None:
        return None
    return without_empty(
        {
            "@type": "ImageObject",
            "contentUrl": uri(row["image_url"]),
            "caption": row["image_caption"],
            "creditText": row["image_credit"],
        }
    )


def _lead_image(row: Row) -> list[dict[str, Any]]:
    if row["image_url"] is None:
        return []
    address = uri(row["image_url"])
    image = {
        "name": "lead image",
        "uri": address,
        "type": "picture",
        "by": row["image_credit"],
        "descriptions": _texts("caption", row["image_caption"]),
        "renditions": [{"name": "main", "href": address}],
    }
    return [without_empty(image)]


def _texts(role: str, value: str | None) -> list[dict[str, str]]:
    return [] if value is None else [{"role": role, "value": value}]


def _subjects(rel: str, names: Any) -> list[dict[str, str]]:
    return [{"name": name, "rel": rel} for name in names]
