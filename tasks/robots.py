"""robots.txt, as RFC 9309 has it: which addresses of an origin we may fetch."""

from __future__ import annotations

import re
from typing import Final

from protego import Protego

TOKEN: Final = "Copydesk"  # noqa: S105  the name a site calls us by
MAX_BYTES: Final = 500 * 1024
MAX_REDIRECTS: Final = 5

_OTHER_AGENT: Final = re.compile(
    rf"(\s*user[- ]?agent\s*+:?+\s*+)(?!(?:\*|{TOKEN})\s*(?:#|$))[^\s#].*", re.IGNORECASE | re.DOTALL
)


def read_rules(content: bytes) -> Protego:
    """The rules of one robots.txt, of which the first 500 KiB count."""
    text = content.decode("utf-8-sig", "replace")
    if len(content) >= MAX_BYTES:
        text = text.rpartition("\n")[0]  # half a line, `Disallow: /` of `Disallow: /private`, would say something else
    # Groups of other crawlers become one: the parser copies each rule to every crawler of its group, so a hostile
    # file of 500 KiB, half of it names and half of it rules, would become hundreds of millions of rules in memory.
    return Protego.parse("\n".join(_OTHER_AGENT.sub(r"\1other", line) for line in text.splitlines()))


def allows(rules: Protego, url: str) -> bool:
    """Whether a crawler named `Copydesk` may fetch this address."""
    return bool(rules.can_fetch(url, TOKEN))
