"""Headlines, and the name of the site that pages print around them: `Storm hits coast | Example News`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final
from urllib.parse import urlsplit

from tasks.text.characters import text_key

# In characters; half as many in scripts that write a word with two.
MIN_HEADLINE_LENGTH: Final = 10
MIN_SITE_NAME_LENGTH: Final = 3
# A shorter part of an address is also part of other words.
MIN_HOST_LENGTH: Final = 5
# A section may follow the name of the site, as in `CNN Politics`.
MAX_SECTION_LENGTH: Final = 6
# A title that was cut has at least so much of the whole one.
MIN_CUT_LENGTH: Final = 15
# Headlines that say the same in other words share so many of these.
MIN_SHARED_WORDS: Final = 0.5
MIN_SHARED_OF_LONGER: Final = 0.3

_SEPARATOR: Final = re.compile(
    r"(?<!\s)\s++(?:--|::|[-–—·•*:<>«~/])\s+|(?:(?<!\s)\s++)?[|｜»›ㅣ]\s*|_(?=[^\x00-\u02ff])|："
    r"|(?<!\s)\s++[-–—](?=\w+$)|(?<=[\u1100-\uffff])[-–—](?=[\u1100-\uffff][^-–—]*$)"
)
_FOLLOWS: Final = re.compile(r"\s*(?:[|｜»›：ㅣ_]|--|\s(?:::|[-–—·•*:<«~/])\s)|[-–—](?=[\u1100-\uffff])")
_PRECEDES: Final = re.compile(r"(?:[|｜»›ㅣ]|(?<!\s)\s[-–—•*])\s*$")
_FIRST_SEPARATOR: Final = re.compile(r"(?:(?<!\s)\s++)?[|｜»›ㅣ]\s*|(?<!\s)\s++[-–—•*]\s+|(?<=\w):\s+")
_STRONG_MARKS: Final = frozenset("|｜»›ㅣ*•·")
_CUT: Final = re.compile(r"(?:(?<!\s)\s++)?(?:…|\.\.\.|\[(?:…|\.\.\.)\])$")
_WORD: Final = re.compile(r"\w+")


def site_names(declared_names: Iterable[str | None], url: str) -> frozenset[str]:
    """Return the keys (see `text_key`) of the names of a site: those that its page declares, and its host."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    labels = [label for label in host.split(".")[:-1] if len(label) >= MIN_HOST_LENGTH]
    names = {text_key(name) for name in (*declared_names, host, *labels[-1:]) if name}
    return frozenset(name for name in names if len(name) >= MIN_SITE_NAME_LENGTH)


def host_name(url: str) -> str:
    """Return the key of the name in an address: `lto` of `https://www.lto.de/`; empty if there is none."""
    return text_key("".join((urlsplit(url).hostname or "").split(".")[-2:-1]))


def without_site(title: str, sites: frozenset[str], headlines: Iterable[str] = ()) -> str:
    """Return a title without site names at its ends, or the one of `headlines` before or after a separator."""
    for headline in headlines:
        if headline == title:  # printed whole: what another one leaves out is no name of the site
            break
        if not _is_headline(headline):
            continue
        is_before = title.startswith(headline) and _FOLLOWS.match(title, len(headline))
        if is_before or (title.endswith(headline) and _PRECEDES.search(title[: -len(headline)])):
            title = headline
            break
    return _without_site_before(_without_site_after(title, sites), sites)


def _without_site_after(title: str, sites: frozenset[str]) -> str:
    for match in list(_SEPARATOR.finditer(title))[:-1]:
        # What follows a whole name of the site is a section or a writer: `| Example News | by Ann Lee`.
        after = _SEPARATOR.search(title, match.end())
        if (
            after
            and match[0].strip() in _STRONG_MARKS
            and text_key(title[match.end() : after.start()]) in sites
            and _is_headline(title[: match.start()])
        ):
            return title[: match.start()]
    mark = ""
    for _ in range(3):
        last = max(_SEPARATOR.finditer(title), key=re.Match.start, default=None)
        if last is None or not _is_headline(title[: last.start()]):
            return title
        tail = title[last.end() :]
        is_section = mark == last[0] == "_" and len(tail) <= MAX_SECTION_LENGTH
        if not (is_section or _is_site(tail, sites)):
            return title
        title, mark = title[: last.start()], last[0]
    return title


def _without_site_before(title: str, sites: frozenset[str]) -> str:
    first = _FIRST_SEPARATOR.search(title)
    if first is None or not _is_headline(title[first.end() :]):
        return title
    name = text_key(title[: first.start()])
    # Before a colon also stand kickers and speakers.
    is_colon = first[0].startswith(":")
    is_host = len(name) >= MIN_HOST_LENGTH and not is_colon and any(site.startswith(name) for site in sites)
    return title[first.end() :] if is_host or name in sites else title


def whole_title(title: str, others: Collection[str]) -> str:
    """Return the one of `others` that a title cut with `…` is the beginning of; any other title as it is.

    A title that one of `others` has with such a mark was cut, too.
    """
    cut = _CUT.search(title)
    beginning = text_key(title[: cut.start()] if cut else title)
    if len(beginning) < MIN_CUT_LENGTH:
        return title
    cuts = {text_key(other[: mark.start()]) for other in others if (mark := _CUT.search(other))}
    if cut is None and beginning not in cuts:
        return title
    wholes = (other for other in others if not _CUT.search(other) and text_key(other).startswith(beginning))
    return next((whole for whole in wholes if text_key(whole) != beginning), title)


def prefers_headline(headline: str, og_title: str, page_title: str, json_ld: str) -> bool:
    """Return whether the printed headline is trusted before the title that a page states for other sites.

    One that is also the page's `title` is made for search engines. The headline goes before it if JSON-LD has the
    headline too or has none, and the two share words: else the `h1` may be that of a form.
    """
    keys: Sequence[str] = list(map(text_key, (headline, og_title, page_title, json_ld)))
    headline_key, own_key, page_key, json_ld_key = keys
    if not headline_key or not own_key or headline_key == own_key:
        return False
    if json_ld_key:
        return json_ld_key == headline_key and own_key == page_key
    is_confirmed = own_key != page_key and own_key in page_key
    return not is_confirmed and not _is_dated(headline, og_title) and _share_words(headline, og_title)


def _is_dated(headline: str, og_title: str) -> bool:
    """Return whether a headline is a title with a date before it."""
    return headline.endswith(og_title) and any(map(str.isdecimal, headline[: -len(og_title)]))


def _share_words(title: str, other: str) -> bool:
    words, other_words = (set(_WORD.findall(text.casefold())) for text in (title, other))
    shared = len(words & other_words)
    return shared >= MIN_SHARED_WORDS * min(len(words), len(other_words)) and shared >= MIN_SHARED_OF_LONGER * max(
        len(words), len(other_words)
    )


def _is_site(tail: str, sites: frozenset[str]) -> bool:
    key = text_key(tail)
    if len(key) < MIN_SITE_NAME_LENGTH:
        return False
    # `Times are changing` is no name of TIME, whereas `CNN Politics` is one of CNN.
    return any(
        site.startswith(key)
        or (key.startswith(site) and len(key) <= 2 * len(site) + MAX_SECTION_LENGTH)
        or (len(key) >= MIN_HOST_LENGTH and site.endswith(key))
        or _spells(tail, site)
        or _initials(tail) == site
        for site in sites
    )


def _spells(tail: str, site: str) -> bool:
    """Return whether two or more of the words of a tail make up a site's name: `VCA Animal Hospitals`, vcahospitals."""
    rest = site
    words = [text_key(word) for word in tail.split()]
    for word in words:
        rest = rest.removeprefix(word)
    return not rest and len(words) > 1


def _initials(tail: str) -> str:
    """Return the initials of the words of a tail with a capital; empty for fewer than three: `uwsp`."""
    initials = [word[0] for word in _WORD.findall(tail) if word[0].isupper()]
    return "".join(initials).casefold() if len(initials) >= MIN_SITE_NAME_LENGTH else ""


def _is_headline(head: str) -> bool:
    return (
        len(head.strip()) >= MIN_HEADLINE_LENGTH
        or sum(character > "\u2fff" for character in head) >= MIN_HEADLINE_LENGTH // 2
    )
