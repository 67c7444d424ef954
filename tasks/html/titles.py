"""Headlines without the name of the site that pages print behind them: `Storm hits coast | Example News`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

SHORTEST: Final = 10
"""Characters that a headline keeps at least; four of them in scripts that write a word with two."""

_SHORTEST_PART: Final = 3
_SECTION: Final = 6
_SEPARATOR: Final = re.compile(
    r"(?<!\s)\s++(?:--|::|[-–—·•:>/])\s+|(?:(?<!\s)\s++)?[|｜»›]\s*|：|(?<!\s)\s++[-–—](?=\w+$)"
)
_NO_LETTER: Final = re.compile(r"[\W_]+")
_FOLLOWS: Final = re.compile(r"\s*(?:[|｜»›：]|--|\s(?:::|[-–—·•:/])\s)")


def site_names(stated: Iterable[str | None], url: str) -> frozenset[str]:
    """What a site may be called behind a headline: its stated names and its host, folded as `fold` does."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    names = {fold(name) for name in stated if name} | {fold(host)}
    return frozenset(name for name in names if len(name) >= _SHORTEST_PART)


def fold(name: str) -> str:
    """Letters and digits only, without case."""
    return _NO_LETTER.sub("", name).casefold()


def without_site(title: str, sites: frozenset[str], headlines: Iterable[str] = ()) -> str:
    """The title without site names at its end, or the one of `headlines` that it begins with, before a separator."""
    for headline in headlines:
        if len(headline) >= SHORTEST and title.startswith(headline) and _FOLLOWS.match(title, len(headline)):
            return headline
    for _ in range(3):
        last = max(_SEPARATOR.finditer(title), key=re.Match.start, default=None)
        if last is None or not _is_site(fold(title[last.end() :]), sites) or not _is_headline(title[: last.start()]):
            return title
        title = title[: last.start()]
    return title


def _is_site(tail: str, sites: frozenset[str]) -> bool:
    if len(tail) < _SHORTEST_PART:
        return False
    # `Times are changing` is no name of TIME, whereas `CNN Politics` is one of CNN.
    return any(
        site.startswith(tail) or (tail.startswith(site) and len(tail) <= 2 * len(site) + _SECTION) for site in sites
    )


def _is_headline(head: str) -> bool:
    return len(head.strip()) >= SHORTEST or sum(character > "\u2fff" for character in head) >= SHORTEST // 2
