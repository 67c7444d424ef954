"""What discovery names: an address to read, a document that was read already, or a refusal."""

from __future__ import annotations

from dataclasses import replace

from warehouse.model.records import Fetched, Item, Rejection

Found = Item | Fetched | Rejection


def named(found: Found) -> Item | Rejection:
    """The part of it that names the address."""
    return found.item if isinstance(found, Fetched) else found


def renamed(found: Found, item: Item) -> Found:
    """The same document under another item."""
    return replace(found, item=item) if isinstance(found, Fetched) else item


def guid_of(found: Found) -> str:
    """What identifies a document; of a refusal, its address."""
    one = named(found)
    return one.guid if isinstance(one, Item) else one.url


def stated(item: Item, name: str) -> str | None:
    """What the place that named an item says of one field."""
    return next((one.values[0] for one in item.candidates if one.field == name and one.values), None)
