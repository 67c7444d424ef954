"""The results of discovery: an address to read, a document that was read already, or a refusal."""

from __future__ import annotations

from dataclasses import replace

from warehouse.model.records import Fetched, Item, Rejection

Discovered = Item | Fetched | Rejection


def item_of(discovered: Discovered) -> Item | Rejection:
    """Return the part that holds the address: the item of a fetched document, else the argument."""
    return discovered.item if isinstance(discovered, Fetched) else discovered


def with_item(discovered: Discovered, item: Item) -> Discovered:
    """Return the same document under another item."""
    return replace(discovered, item=item) if isinstance(discovered, Fetched) else item


def guid_of(discovered: Discovered) -> str:
    """Return the guid of a document, or the URL of a rejection."""
    item = item_of(discovered)
    return item.guid if isinstance(item, Item) else item.url


def candidate_value(item: Item, field: str) -> str | None:
    """Return the first value that the listing of an item gives for a field; None if it gives none."""
    return next(
        (candidate.values[0] for candidate in item.candidates if candidate.field == field and candidate.values), None
    )
