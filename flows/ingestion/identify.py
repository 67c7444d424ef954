"""Which known address of its source a discovered document belongs to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from config.sources import Source
from flows.ingestion.listing_dates import listed_publication, with_utc_change
from tasks.listings.discovered import Discovered, candidate_value, guid_of, item_of, with_item
from tasks.metadata.identity import article_id
from tasks.metadata.urls import normalize_url
from tasks.text.characters import text_key
from warehouse.model.records import Candidate, Fetched, Item
from warehouse.model.vocabulary import Origin
from warehouse.state.address import Known
from warehouse.state.ledger import Ledger

MAX_DATE_SHIFT: Final = timedelta(hours=1)
"""By how much an article's date may differ when its address and title are edited."""


@dataclass(slots=True)
class KnownDocuments:
    """The documents of a source by their addresses, spellings of addresses and guids."""

    source: Source
    ledger: Ledger

    def identify(self, document: Discovered) -> Discovered:
        """Return a document with the address, the guid and the first sighting that it has in the ledger."""
        document = self._with_own_guid(with_utc_change(self.source, document))
        return self._with_first_sighting(self.known_as(document))

    def known_as(self, document: Discovered) -> Discovered:
        """Return a document under the address by which it was first known."""
        item = item_of(document)
        if not isinstance(item, Item) or item.is_record or item.url in self.ledger.addresses:
            return document
        first_url = self.ledger.addresses.first_spelled(normalize_url(item.url))
        return document if first_url is None else with_item(document, replace(item, url=first_url))

    def add(self, document: Discovered) -> None:
        """Note the guid of a document that is new in the ledger."""
        self.ledger.addresses.first_guid(guid_of(document), item_of(document).url)

    def redirect_target(self, fetched: Fetched) -> str | None:
        """Return the URL of the known article that a page redirects to, or None and record the target as its alias."""
        item, final_url = fetched.item, fetched.final_url
        if item.is_record or final_url is None or final_url == item.url:
            return None
        first_url = self.ledger.addresses.first_spelling(normalize_url(final_url), item.url)
        known = self.ledger.addresses.get(first_url)
        return first_url if first_url != item.url and known is not None and known.version_id is not None else None

    def item(self, url: str) -> Item:
        """Return a known address as an item, with what its listing gave."""
        known = self.ledger.addresses[url]
        values = {"title": known.title, "published_at": known.published_at and known.published_at.isoformat()}
        candidates = tuple(Candidate(name, (value,), Origin.FEED) for name, value in values.items() if value)
        return Item(self.source.id, url, known.guid, known.found_in, known.first_seen_at, candidates)

    def is_forgotten(self, url: str) -> bool:
        """Return whether a known address is that of an article that was taken down, there or elsewhere."""
        known, forgotten_ids = self.ledger.addresses[url], self.ledger.forgotten
        return known.is_forgotten or (
            bool(forgotten_ids) and article_id(self.source.id, known.guid, url) in forgotten_ids
        )

    def _with_own_guid(self, document: Discovered) -> Discovered:
        """Return a document with its address as guid if its guid was another article's before."""
        item = item_of(document)
        if not isinstance(item, Item) or item.is_record:
            return document
        first_url = self.ledger.addresses.first_with_guid(item.guid)
        if first_url is None or first_url == item.url:
            return document
        is_other = self._is_other_article(self.ledger.addresses[first_url], item)
        return with_item(document, replace(item, guid=item.url)) if is_other else document

    def _is_other_article(self, known: Known, item: Item) -> bool:
        """Return whether both the title and the day of an item differ from those of a known article."""
        title, published_at = candidate_value(item, "title"), listed_publication(self.source, item)
        if not known.title or not title or known.published_at is None or published_at is None:
            return False
        has_other_title = text_key(known.title) != text_key(title)
        return has_other_title and abs(known.published_at - published_at) > MAX_DATE_SHIFT

    def _with_first_sighting(self, document: Discovered) -> Discovered:
        """Return a document with the time of its first sighting, if the row that holds it was lost."""
        item = item_of(document)
        known = self.ledger.addresses.get(item.url)
        if not isinstance(item, Item) or known is None or known.is_sighted:
            return document
        return with_item(document, replace(item, seen_at=min(item.seen_at, known.first_seen_at)))
