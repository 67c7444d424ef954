"""Parse robots.txt by RFC 9309: which URLs of an origin we may fetch, and how fast."""

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
MAX_CRAWL_DELAY_SECONDS: Final = 3_600.0
MAX_SITEMAPS: Final = 1_000
LARGE_BYTES: Final = 20_000

_AGENT: Final = re.compile(r"user[- ]?agent\s*+:?+\s*+(?=[^\s#])", re.IGNORECASE)
"""What stands before a crawler's name, at the beginning of a line."""
_OWN_NAME: Final = re.compile(rf"{TOKEN}(?![\w-])", re.IGNORECASE)
"""Our name, whatever version or other names stand behind it."""
_FIELD: Final = re.compile(
    rf"\s*+(?:{_AGENT.pattern}|(?:disallow|allow|noindex|sitemap|crawl-delay|request-rate|visit-time|host|clean-param"
    r"|content-(?:signal|usage))\s*+:)",
    re.IGNORECASE,
)
_EVERYBODY: Final = re.compile(r"\*\s*+(?:#|$)")


@dataclass(frozen=True, slots=True)
class Rules:
    """An origin's rules for us; empty if it has no robots.txt."""

    parsed: Protego | None = None
    crawl_delay: float | None = None  # seconds between two requests
    sitemaps: tuple[str, ...] = ()  # not resolved
    large: bool = False  # whether a look-up may take long
    is_readable: bool = True  # whether what was sent, if anything, has the form of a robots.txt
    exchanges: tuple[Exchange, ...] = ()  # to fetch it, if it was not cached

    def allows(self, url: str) -> bool:
        """Return whether a crawler named `Copydesk` may fetch a URL."""
        return self.parsed is None or bool(self.parsed.can_fetch(url, TOKEN))


def read_rules(content: bytes) -> Rules:
    """Parse one robots.txt, of which the first 500 KiB count."""
    text = content.decode("utf-8-sig", "replace")
    if len(content) >= MAX_BYTES:
        text = text.rpartition("\n")[0]  # half a line, `Disallow: /` of `Disallow: /private`, would say something else
    # Groups of other crawlers become one: the parser copies each rule to every crawler of its group, so a hostile
    # file of 500 KiB, half of it names and half of it rules, would become hundreds of millions of rules in memory.
    parsed = Protego.parse("\n".join(map(_rename_agent, text.splitlines())))
    delay = parsed.crawl_delay(TOKEN)
    return Rules(
        parsed,
        crawl_delay=min(delay, MAX_CRAWL_DELAY_SECONDS) if delay and delay > 0 and not math.isnan(delay) else None,
        large=len(content) > LARGE_BYTES,
        sitemaps=tuple(dict.fromkeys(parsed.sitemaps))[:MAX_SITEMAPS],
        is_readable=_has_form_of_rules(text),
    )


def _has_form_of_rules(text: str) -> bool:
    """Return whether a text has a line of a robots.txt, or says nothing at all; false for a page of HTML."""
    lines = [line for line in text.splitlines() if line.partition("#")[0].strip()]
    return not lines or any(map(_FIELD.match, lines))


def _rename_agent(line: str) -> str:
    """Return a line with our bare name for any form of it, `other` for another crawler's; other lines as they are."""
    line = line.strip()
    agent = _AGENT.match(line)
    if agent is None or _EVERYBODY.match(line, agent.end()):
        return line
    return agent[0] + (TOKEN if _OWN_NAME.match(line, agent.end()) else "other")
