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

_AGENT: Final = re.compile(r"user[- ]?agent\s*+:?+\s*+(?=[^\s#])", re.IGNORECASE)
"""What stands before a crawler's name, at the beginning of a line."""
_OWN_NAME: Final = re.compile(rf"{TOKEN}(?![\w-])", re.IGNORECASE)
"""Our name, whatever version or other names stand behind it."""
_EVERYBODY: Final = re.compile(r"\*\s*+(?:#|$)")


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
    parsed = Protego.parse("\n".join(map(_rename_agent, text.splitlines())))
    delay = parsed.crawl_delay(TOKEN)
    return Rules(
        parsed,
        crawl_delay=min(delay, MAX_CRAWL_DELAY) if delay and delay > 0 and not math.isnan(delay) else None,
        large=len(content) > LARGE_BYTES,
        sitemaps=tuple(dict.fromkeys(parsed.sitemaps))[:MAX_SITEMAPS],
    )


def _rename_agent(line: str) -> str:
    """Return a line with our bare name for any form of it, `other` for another crawler's; other lines as they are."""
    line = line.strip()
    agent = _AGENT.match(line)
    if agent is None or _EVERYBODY.match(line, agent.end()):
        return line
    return agent[0] + (TOKEN if _OWN_NAME.match(line, agent.end()) else "other")
