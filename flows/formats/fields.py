"""The fields that an article may state, in the order in which people read them."""

from __future__ import annotations

from typing import Final

STATED_FIELDS: Final = (
    "title", "by", "authors", "located", "published_at", "published_raw", "published_precision", "published_zone",
    "published_local", "published_offset", "modified_at", "section", "tags", "info_sources", "description", "image_url",
    "image_caption", "image_credit", "is_accessible_for_free", "license", "canonical_url",
)  # fmt: skip
