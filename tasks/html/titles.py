"""Headlines, and the name of the site that pages print behind them: `Storm hits coast | Example News`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from tasks.text.characters import text_key

# In characters; half as many in scripts that write a word with two.
MIN_HEADLINE_LENGTH: Final = 10
MIN_SITE_NAME_LENGTH: Final = 3
# A section may follow the name of the site, as in `CNN Politics`.
MAX_SECTION_LENGTH: Final = 6

_SEPARATOR: Final = re.compile(
    r"(?<!\s)\s++(?:--|::|[-–—·•:>/])\s+|(?:(?<!\s)\s++)?[|｜»›]\s*|：|(?<!\s)\s++[-–—](?=\w+$)"
)
_FOLLOWS: Final = re.compile(r"\s*(?:[|｜»›：]|--|\s(?:::|[-–—·•:/])\s)")


def site_names(declared_names: Iterable[str | None], url: str) -> frozenset[str]:
    """Return the keys (see `text_key`) of the names of a site: those that its page declares, and its host."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    names = {text_key(name) for name in declared_names if name} | {text_key(host)}
    return frozenset(name for name in names if len(name) >= MIN_SITE_NAME_LENGTH)


def without_site(title: str, sites: frozenset[str], headlines: Iterable[str] = ()) -> str:
    """Return a title without site names at its end, or the one of `headlines` before its first separator."""
    for headline in headlines:
        if len(headline) >= MIN_HEADLINE_LENGTH and title.startswith(headline) and _FOLLOWS.match(title, len(headline)):
            return headline
    for _ in range(3):
        last = max(_SEPARATOR.finditer(title), key=re.Match.start, default=None)
        if (
            last is None
            or not _is_site(text_key(title[last.end() :]), sites)
            or not _is_headline(title[: last.start()])
        ):
            return title
        title = title[: last.start()]
    return title


def _is_site(tail: str, sites: frozenset[str]) -> bool:
    if len(tail) < MIN_SITE_NAME_LENGTH:
        return False
    # `Times are changing` is no name of TIME, whereas `CNN Politics` is one of CNN.
    return any(
        site.startswith(tail) or (tail.startswith(site) and len(tail) <= 2 * len(site) + MAX_SECTION_LENGTH)
        for site in sites
    )


def _is_headline(head: str) -> bool:
    return (
        len(head.strip()) >= MIN_HEADLINE_LENGTH
        or sum(character > "\u2fff" for character in head) >= MIN_HEADLINE_LENGTH // 2
    )
