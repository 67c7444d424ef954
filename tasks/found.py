"""What discovery names: an address to read, a document that was read already, or a refusal."""

from __future__ import annotations

from warehouse.records import Fetched, Item, Rejection

Found = Item | Fetched | Rejection


def named(found: Found) -> Item | Rejection:
    """The part of it that names the address."""
    return found.item if isinstance(found, Fetched) else found
