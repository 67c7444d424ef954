"""robots.txt, as RFC 9309 has it: which addresses of an origin we may fetch, and how fast."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from protego import Protego

from warehouse.model.records import Exchange

TOKEN: Final = "Copydesk"  # noqa: S105  the name a site calls us by
MAX_BYTES: Final = 500 * 1024
MAX_REDIRECTS: Final = 5
MAX_CRAWL_DELAY: Final = 3_600.0
"""Seconds; a site that asks for more gets these."""
MAX_SITEMAPS: Final = 1_000
LARGE_BYTES: Final = 20_000

_OWN_AGENT: Final = re.compile(rf"(\s*user[- ]?agent\s*+:?+\s*+){TOKEN}(?![\w-]).*", re.IGNORECASE | re.DOTALL)
"""Our name, whatever version or other names stand behind it."""
_OTHER_AGENT: Final = re.compile(
    rf"(\s*user[- ]?agent\s*+:?+\s*+)(?!(?:\*|{TOKEN})\s*(?:#|$))[^\s#].*", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What an origin's robots.txt says to us; one that there is not says nothing."""

    parsed: Protego | None = None
    crawl_delay: float | None = None
    """Seconds between two requests."""
    sitemaps: tuple[str, ...] = ()
    """As printed."""
    large: bool = False
    """Whether a look-up may take a noticeable time."""
    exchanges: tuple[Exchange, ...] = ()
    """What was said to get it, where it had to be asked for now."""

    def allows(self, url: str) -> bool:
        """Whether a crawler named `Copydesk` may fetch this address."""
        return self.parsed is None or bool(self.parsed.can_fetch(url, TOKEN))


def read_rules(content: bytes) -> Rules:
    """The rules of one robots.txt, of which the first 500 KiB count."""
    text = content.decode("utf-8-sig", "replace")
    if len(content) >= MAX_BYTES:
        text = text.rpartition("\n")[0]  # half a line, `Disallow: /` of `Disallow: /private`, would say something else
    # Groups of other crawlers become one: the parser copies each rule to every crawler of its group, so a hostile
    # file of 500 KiB, half of it names and half of it rules, would become hundreds of millions of rules in memory.
    own = (_OWN_AGENT.sub(rf"\1{TOKEN}", line) for line in text.splitlines())
    parsed = Protego.parse("\n".join(_OTHER_AGENT.sub(r"\1other", line) for line in own))
    delay = parsed.crawl_delay(TOKEN)
    return Rules(
        parsed,
        crawl_delay=min(delay, MAX_CRAWL_DELAY) if delay and delay > 0 and not math.isnan(delay) else None,
        large=len(content) > LARGE_BYTES,
        sitemaps=tuple(dict.fromkeys(parsed.sitemaps))[:MAX_SITEMAPS],
    )
