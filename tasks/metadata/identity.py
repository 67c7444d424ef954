"""Identities: of an article, which survives its edits, and of one version of it, which does not."""

from __future__ import annotations

from hashlib import blake2b

from tasks.metadata.urls import identity_url, normalize_url


def article_id(source_id: str, guid: str, url: str) -> str:
    """32 hex digits that stay when title, slug or tracking parameters change, wherever `guid` or a number in it allows.

    A `guid` that is an address is taken without what an address may change; its fragment counts only where it
    is more than a mark on the article's own address, as some feeds count revisions there.
    """
    key = identity_url(guid)
    before, mark, fragment = guid.strip().partition("#")
    if key != guid.strip() and mark and normalize_url(before) != normalize_url(url):
        key = f"{identity_url(before)}#{fragment}"
    return _digest(source_id, key)


def version_id(title: str | None, text: str) -> str:
    """32 hex digits that change when the normalised title or text does."""
    return _digest(title or "", text)


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()
