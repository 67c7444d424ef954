"""Patterns of single lines around an article: names of persons, breadcrumbs, datelines, tags."""

from __future__ import annotations

import re
from typing import Final

from tasks.metadata.agencies import find_agencies
from tasks.metadata.bylines import has_role, split_byline

_NAME: Final = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*\.?")
# Words of names that have no capital.
_PARTICLES: Final = frozenset(
    "de da do das dos di del dela della dello degli dei du des la las le los lo van von vom zu zum zur der den dem het "
    "'t ten ter te af av bin bint ibn al el ul abu ben y e i und v d san dan ap st".split()
)
_MAX_NAME_WORDS: Final = 4
# `Ann Lee, Bob Ray (foto)`
_PICTURES_BY: Final = re.compile(r",[^,()]{3,40}\s\((?:fotos?|photos?|bild(?:er)?|video|kuvat?)\)", re.IGNORECASE)
_HANDLE: Final = re.compile(r"(?<=\w)\s@\w+$")
_NAME_SEPARATOR: Final = re.compile(r"[,|•·/]|\s(?:and|und|et|y|e|og|och|en|i|и|ve|dan|&)\s")
_CRUMB_SEPARATOR: Final = re.compile(r"(?:(?<!\s)\s++)?[>›»→/]\s+")
# Found in a tenth of the time, as no search begins at a space.
_CRUMB_SIGN: Final = re.compile(r"[>›»→/]\s")
_MAX_CRUMB_WORDS: Final = 4
_MAX_HEADLINE_WORDS: Final = 30
_TAG_SEPARATOR: Final = re.compile(r"(?:(?<!\s)\s++)?[,،、;；|·•#]\s*")
_DATELINE: Final = re.compile(
    r"(?P<place>[^\W\d_a-zа-яёà-ÿ][^\W\d_]*(?:[ .'’/-]{1,2}[^\W\d_]+){0,4}\.?(?:,\s[^\W\d_]+(?:\s[^\W\d_]+)?)?)"
    r"(?:,?\s+(?:\d{1,2}\.?\s[^\W\d_]+\.?|[^\W\d_]+\.?\s\d{1,2})(?:,?\s\d{4})?)?\.?"
    r"(?:\s*[(/](?P<agency>[^()/]{2,40})[)/])?\s*[-–—.:]{1,2}\s"
)
_DASH_END: Final = re.compile(r"[-–—]{1,2}\s$")
# `(서울=연합뉴스) 김하나 기자 = `
_KOREAN_DATELINE: Final = re.compile(
    r"[(\[【](?P<place>[^=()\[\]【】]{1,20})=(?P<agency>[^=()\[\]【】]{2,20})[)\]】]\s*(?:(?P<writers>[^=.]{2,40}기자)\s*=)?"
)
# `김하나 기자`, `〔記者高美玲／台北報導〕`
_REPORTER: Final = re.compile(
    r"\W*(?:(?:[가-힣]{2,10}(?:신문|일보|뉴스|방송|타임스|투데이|경제)[\s=])?[가-힣]{2,4}(?:[\s·,]{1,2}[가-힣]{2,4})*\s?(?:선임|수습|인턴|전문|객원)?(?:기자|특파원)(?:\W{0,3}[\w.+-]+@[\w.-]+)?"
    r"|[一-鿿]{0,6}?(?:記者|记者)[:：]?\s?[一-鿿]{2,4}(?:[、·\s][一-鿿]{2,4})*(?:\W{1,2}[一-鿿]{2,6}(?:報導|报导|報道|报道))?)\W*"
    r"|[一-鿿]{2,12}[部局]\s[一-鿿]{2,3}\s?[一-鿿]{1,2}"
    r"|[（(〔【][一-鿿]{2,3}\s?[一-鿿]{1,3}(?<![社網网報报道聞闻信部局会會])[）)〕】]"
)
_MAX_REPORTER_CHARACTERS: Final = 60
_AGENCY_DATELINE: Final = re.compile(
    r"(?P<place>[^\W\d_][^\n,(/–—:]{1,40}?)(?:,\s[^\n–—:]{3,20}?)?\s*(?:\s[-–—]\s|[(/])\s*"
    r"(?P<agency>[^\n()/:.–—-]{2,30}?)\s*[)/]?\s*(?:[.:–—]|\s-)\s"
)


def is_name(text: str) -> bool:
    """Return whether a text is a few words with capitals and nothing else, as a person's name is."""
    words = text.split()
    return (
        2 <= len(words) <= _MAX_NAME_WORDS  # noqa: PLR2004
        and not text.isupper()
        and all(_NAME.fullmatch(word) and (not word[0].islower() or word in _PARTICLES) for word in words)
        and sum(word[0].isupper() for word in words) * 2 > len(words)
        and words[0][0].isupper()
        and words[-1][0].isupper()
    )


def is_reporter(line: str) -> bool:
    """Return whether a line is the byline of a reporter as Korean and Chinese papers print it, with the word for it."""
    return not line.isascii() and len(line) <= _MAX_REPORTER_CHARACTERS and _REPORTER.fullmatch(line) is not None


def read_persons(line: str) -> tuple[str, ...]:
    """Return the persons in a line that has only names, roles and agencies: `Ann Lee, Reporter`; empty for another."""
    first, *others = (part.strip() for part in _NAME_SEPARATOR.split(_HANDLE.sub("", _PICTURES_BY.sub("", line))))
    parts = [first, *(part for part in others if not part.isupper())]  # in capitals stands an outlet
    # A role may stand behind its bearer without a sign: `Ann Lee Reporter`.
    names = [name for part in parts for name in (split_byline(part) if has_role(part) else (part,))]
    persons = tuple(name for name in names if not has_role(name) and find_agencies(name) != (name,))
    return persons if all(map(is_name, persons)) else ()


def read_section(line: str) -> str | None:
    """Return the last part of a breadcrumb such as `News > Europe` before a headline; None if it is no breadcrumb."""
    if not _CRUMB_SIGN.search(line):
        return None
    parts = [part for part in _CRUMB_SEPARATOR.split(line) if part]
    if len(parts) > 2 and _MAX_CRUMB_WORDS < len(parts[-1].split()) <= _MAX_HEADLINE_WORDS:  # noqa: PLR2004
        parts = parts[:-1]
    if len(parts) < 2 or any(len(part.split()) > _MAX_CRUMB_WORDS for part in parts):  # noqa: PLR2004
        return None
    return parts[-1]


def read_dateline(paragraph: str) -> tuple[str | None, str | None]:
    """Return place and agency of the dateline of a first paragraph: `MOSCOW, Nov 9 (Reuters) - `, `Berlin (dpa) – `."""
    if korean := _KOREAN_DATELINE.match(paragraph[:160]):
        return korean["place"].strip(), korean["agency"].strip()
    match = _AGENCY_DATELINE.match(paragraph[:160])
    # A capitalised word and a dash begin many sentences; a place is in capitals, or an agency follows it.
    is_capitalised = match is not None and not any(word[0].islower() for word in match["place"].split())
    if match is not None and is_capitalised and find_agencies(match["agency"]) == (match["agency"].strip(),):
        return match["place"].strip(" ,."), match["agency"].strip()
    match = _DATELINE.match(paragraph[:160])
    if match is None or not (match["agency"] or (match["place"].isupper() and _DASH_END.search(match[0]))):
        return None, None
    return match["place"].strip(" ,."), match["agency"]


def read_dateline_writers(paragraph: str) -> str | None:
    """Return the writers in the dateline of a first paragraph, as Korean agencies print them; None without them."""
    match = _KOREAN_DATELINE.match(paragraph[:160])
    return match["writers"].strip() if match and match["writers"] else None


def read_tags(text: str) -> tuple[str, ...]:
    """Split a line into its tags; the whole line is one tag if it has no separator."""
    return tuple(tag for tag in (part.strip(" .") for part in _TAG_SEPARATOR.split(text)) if tag)
