"""Identifiers of articles, which survive edits, and of their versions, which do not."""

from __future__ import annotations

from hashlib import blake2b

from tasks.metadata.urls import identity_url, normalize_url


def article_id(source_id: str, guid: str, url: str) -> str:
    """Return 32 hex digits that stay when title, slug or tracking parameters change, as far as `guid` allows.

    A `guid` that is a URL counts as `identity_url` gives it. Its fragment counts only on a URL other than the article's
    own, where some feeds put a number of the revision.
    """
    key = identity_url(guid)
    before, mark, fragment = guid.strip().partition("#")
    if key != guid.strip() and mark and normalize_url(before) != normalize_url(url):
        key = f"{identity_url(before)}#{fragment}"
    return _digest(source_id, key)


def version_id(title: str | None, text: str) -> str:
    """Return 32 hex digits that change when the normalised title or text does."""
    return _digest(title or "", text)


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()
