"""Facts of captures as earlier releases wrote them into the archive, in the form of this one."""

from __future__ import annotations

from typing import Any, Final

from warehouse.model.records import LISTED
from warehouse.model.vocabulary import Purpose

REPAIR: Final = "#repair"


def current_facts(facts: dict[str, Any]) -> dict[str, Any]:
    """Add what a capture was read for where it is missing; until 0.1 it was told by the end of the address."""
    if "purpose" in facts:
        return facts | {"purpose": Purpose(facts["purpose"])}
    url = facts["url"]
    if facts["outcome"] != LISTED:
        purpose = Purpose.DOCUMENT
    elif url.endswith(REPAIR):
        purpose = Purpose.BACKFILL if facts["run_id"].startswith("plan-") else Purpose.GAP_REPAIR
    else:
        purpose = Purpose.ROBOTS if url.endswith("/robots.txt") else Purpose.LISTING
    return facts | {"url": url.removesuffix(REPAIR), "purpose": purpose}
