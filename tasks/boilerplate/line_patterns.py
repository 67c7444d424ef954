"""Patterns of single lines around an article: captions with a credit, date lines, breadcrumbs, datelines, tags."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from tasks.boilerplate.cues import fold_case_and_accents, phrases_of
from tasks.metadata.agencies import find_agencies
from tasks.metadata.bylines import has_role, split_byline
from tasks.metadata.calendars import THAI_SHORT_YEAR, to_common_calendar
from tasks.metadata.printed_dates import find_date
from tasks.metadata.zones import ZONE_NAMES

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
_ERA: Final = r"(?:令和|平成|昭和|民國|民国)\s?(?:\d{1,3}|元)\s?年"
# Of two figures it is a year if a time stands behind the date.
_TIMED_SHORT_YEAR: Final = (
    r"\d\d?(?P<mark>[./])\d{1,2}(?P=mark)\d\d(?:\W{1,3}|\s(?:um|à|at|om|klo?\.?)\s)\d{1,2}[:.h]\d\d"
)
# Written so, the search looks for the first figure alone, in a fifth of the time; for those of ASCII, in half of that.
_FOUR_FIGURES: Final = re.compile(r"\d\d{3}")
_FOUR_ASCII_FIGURES: Final = re.compile("[0-9][0-9]{3}")
_ASCII_SHORT_YEAR: Final = re.compile(_TIMED_SHORT_YEAR)
_OTHER_YEAR: Final = re.compile(rf"{_ERA}|{THAI_SHORT_YEAR}|{_TIMED_SHORT_YEAR}")
_WORDS: Final = re.compile(r"[^\W\d_]+")
# A name of a month is any word that stands where one would: dates are read by whoever knows the language.
_MONTH: Final = r"[^\W\d_][^\s\d,()]{1,14}"
_MONTH_NAME: Final = re.compile(r"[^\W\d_]{3}")
_DAY: Final = re.compile(
    rf"(?<!\d)(?:\d{{1,2}}(?:st|nd|rd|th|er|º|ª)?[.,]?\s?(?:(?i:de|of|d’|ng|di)\s)?[-/.]?{_MONTH}[-/.,]{{0,2}}\s?"
    r"(?:(?i:de|del|года|พ\.ศ\.|ค\.ศ\.)\s?)?\d{4}"
    rf"|{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?[.,]?\s{{1,2}}\d{{4}}"
    rf"|\d{{4}}\.?\s{_MONTH}\s\d{{1,2}}"
    r"|\d{1,2}\s?([-/.])\s?\d{1,2}\s?\1\s?(?:\d{4}|\d\d(?=\W))"
    r"|\d{4}\s?([-/.])\s?\d{1,2}\s?\2\s?\d{1,2}"
    rf"|\d{{1,2}}\s{_MONTH}{THAI_SHORT_YEAR}"
    r"|\d{1,2}\s+(?:tháng|thg)\s+\d{1,2},?\s(?:năm\s)?\d{4}"
    rf"|(?:\d{{4}}\s?[年년]|{_ERA})\s?\d{{1,2}}\s?[月월]\s?\d{{1,2}}\s?[日일]?)(?!\d)"
)
_CLOCK: Final = re.compile(
    r"[^\w\n]{0,3}\D{0,12}?\d{1,2}\s?"
    r"(?:[:.h]\s?\d{2}(?:[:.]\d{2})?(?!\d)|[時时시点]\s?\d{1,2}\s?[分분]|[時时시点]|Uhr(?!\w)|uur(?!\w))"
    r"(?:\s?(?:[ap]\.?\s?m\.?(?!\w)|[πμ]\.?μ\.?(?!\w)|[مص](?!\w)|(?-i:CH|SA)(?!\w)))?(?:\s?(?:uhr|uur|hrs?|hs|น\.|ч\.))?",
    re.IGNORECASE,
)
_ZONE_NAME: Final = "|".join(sorted(ZONE_NAMES, key=len, reverse=True))
_ZONE: Final = re.compile(
    rf"\s?[(\[]?(?:(?:{_ZONE_NAME})(?!\w)(?:\s?[+−–-]\s?\d{{1,2}}(?::?\d{{2}})?(?!\d))?"
    r"|[+-]\d{2}:?(?:\d{2})?(?!\d))[)\]]?"
)
# A time before the date, with the day of the week between them: `12:01 AM EST, Thu January 9, 2025`.
_CLOCK_AHEAD: Final = re.compile(
    rf"(?<![\d.:])\d{{1,2}}(?:[:h]\d{{2}}|\.\d{{2}}(?=\s?(?:uhr|[ap]\.?m)))(?:\s?[ap]\.?\s?m\.?)?(?:\s?(?:uhr|hrs?))?"
    rf"(?:\s?[(\[]?(?-i:{_ZONE_NAME})[)\]]?)?[\s,|•·–—-]{{1,4}}(?:on\s)?(?:[^\W\d_]{{2,12}}\.?,?\s){{0,2}}$",
    re.IGNORECASE,
)
_MAX_CLOCK_AHEAD_CHARACTERS: Final = 50
_MAX_DATES: Final = 4
_COPYRIGHT: Final = re.compile(r"(?<=\S)\s*©\s?(?P<credit>[^\W\d][^©|]{1,60})$")
# A credit with its label stands in this many last characters of a line.
_MAX_CREDIT_CHARACTERS: Final = 130
# Every credit has a sign between its label and the name, and the name at the end of the line.
_CREDIT_END: Final = re.compile(r"[:：©/](?=[^:|]{2,80}$)")
_CREDIT_WORDS: Final = ("by", "von", "par", "de", "di", "av", "af", "credit")
# The last letters of a label show that it may be one: the pattern would try each of 200 at each word.
_LABEL_END_CHARACTERS: Final = 3
# With the spaces and signs around it.
_MAX_LABEL_CHARACTERS: Final = 60
# Captions that end with whose picture it is, without a label: `… on Tuesday. ANN LEE / AFP`, `＝5日、高美玲撮影`,
# `（記者高美玲攝）`, `… 있다. 연합뉴스`.
_SIGNED_CAPTION: Final = re.compile(
    r"(?:[.!?]\s+(?P<caps>[A-ZÀ-Ý][A-ZÀ-Ý.'’-]+(?:\s[A-ZÀ-Ý][A-ZÀ-Ý.'’-]+){0,3}\s?/\s?[A-Z][\w\s.-]{1,30})"
    r"|[＝=](?=[^。]{0,60}(?:撮影|提供|写す)$)(?P<ja>[^。＝=]{2,60})"
    r"|[（(](?P<zh>[^()（）]{0,20}(?:攝|摄|翻攝\S{0,12}|資料照\S{0,6}|资料图\S{0,6}|提供|撮影))[)）]"
    r"|(?:고 있다|모습)\.?\s?/?\s?(?P<ko>(?:사진\s?[=:]?\s?)?[가-힣A-Za-z0-9·]{2,12}(?:\s(?:기자|제공))?)"
    r"|[（(](?P<archive>أرشيفية?|أرشيف|ارشيفية?|أ ف ب|رويترز|فرانس برس|أسوشيتد برس|الأناضول|آرشیو)[)）])$"
)
_SIGNED_ENDS: Final = (")", "）", "撮影", "提供", "写す")
_MAX_SIGNED_CAPTION_CHARACTERS: Final = 220
_CRUMB_SEPARATOR: Final = re.compile(r"(?:(?<!\s)\s++)?[>›»→/]\s+")
# Found in a tenth of the time, as no search begins at a space.
_CRUMB_SIGN: Final = re.compile(r"[>›»→/]\s")
_MAX_CRUMB_WORDS: Final = 4
_MAX_HEADLINE_WORDS: Final = 30
_MAX_DATE_LINE_CHARACTERS: Final = 90
# A label and a zone may stand beside the date; a line with a writer's name is of another kind.
_MAX_WORDS_BESIDE_DATE: Final = 4
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


def read_caption(line: str) -> tuple[str, str] | None:
    """Return caption and credit of a line such as `The bridge. | Photo: Ann Lee` or `The bridge (Foto: dpa)`."""
    begin = max(0, len(line) - _MAX_CREDIT_CHARACTERS)
    signs = (sign.start() for sign in _CREDIT_END.finditer(line, begin))
    sign = next((sign for sign in signs if _ends_label(line[begin:sign])), None)
    match = None if sign is None else _credit_pattern().search(line, max(begin, sign - _MAX_LABEL_CHARACTERS))
    if match is None and "©" in line:
        match = _COPYRIGHT.search(line, begin)
    if match is None:
        return _read_signed_caption(line)
    if not match["credit"].strip():
        return None
    return line[: match.start()].strip(" |([–—-·"), match["credit"].strip(" )].").strip()


def _ends_label(text: str) -> bool:
    """Return whether a text ends with the last letters of a credit's label, or of a word between it and the name."""
    return not _label_ends().isdisjoint(_last_letters(text.rstrip()))


def _last_letters(text: str) -> list[str]:
    # A pattern without case takes both Turkish letters for `i`.
    end = text[-_LABEL_END_CHARACTERS:].replace("İ", "i").replace("ı", "i").casefold()
    return [end[-size:] for size in range(1, _LABEL_END_CHARACTERS + 1)]


@cache
def _label_ends() -> frozenset[str]:
    return frozenset(_last_letters(label)[-1] for label in (*phrases_of("credit"), *_CREDIT_WORDS))


def _read_signed_caption(line: str) -> tuple[str, str] | None:
    if len(line) > _MAX_SIGNED_CAPTION_CHARACTERS or not _may_be_signed(line):
        return None
    if (match := _SIGNED_CAPTION.search(line)) is None:
        return None
    credit = match[match.lastgroup or 0]
    return line[: match.start(match.lastgroup or 0)].strip(" |/([（＝=–—-·"), credit.strip()


def _may_be_signed(line: str) -> bool:
    if "/" in line:
        return True
    return not line.isascii() and (line.endswith(_SIGNED_ENDS) or "고 있다" in line or "모습" in line)


def has_year(line: str) -> bool:
    """Return whether four figures, or a year of an era of Japan or Taiwan, stand in the line."""
    four_figures, short_year = (
        (_FOUR_ASCII_FIGURES, _ASCII_SHORT_YEAR) if line.isascii() else (_FOUR_FIGURES, _OTHER_YEAR)
    )
    return four_figures.search(line) is not None or short_year.search(line) is not None


def find_day(line: str) -> tuple[int, int] | None:
    """Return begin and end of a date with its year, in figures or with a month's name in any language, and its time."""
    if not has_year(line):
        return None
    match = _DAY.search(line)
    if match is None:
        return None
    begin = max(0, match.start() - _MAX_CLOCK_AHEAD_CHARACTERS)
    if clock := _CLOCK_AHEAD.search(line[begin : match.start()]):
        return begin + clock.start(), match.end()
    clock = _CLOCK.match(line, match.end())
    # `5 May 2024 | Updated: 09:10` has no time of publication.
    return match.start(), match.end() if clock is None or _is_of_change(clock[0]) else clock.end()


def skip_zone(line: str, end: int) -> int:
    """Return the index behind the time zone that follows a time ending at `end`; `end` if none does."""
    zone = _ZONE.match(line, end)
    return zone.end() if zone else end


def count_words_beside_day(line: str) -> int | None:
    """Return the number of words before and behind the first date with its year; None if the line has none."""
    day = find_day(line)
    return None if day is None else _count_words_beside(line, *day)


def _count_words_beside(line: str, begin: int, end: int) -> int:
    return len(_WORDS.findall(line[:begin])) + len(_WORDS.findall(line[end:]))


def is_date_line(line: str) -> bool:
    """Return whether the line is a date with its year and little else."""
    if len(line) > _MAX_DATE_LINE_CHARACTERS or (day := find_day(line)) is None:
        return False
    around = _count_words_beside(line, *day)
    # `Best 10 albums 2023` has the shape of a date; only here it is worth parsing to rule out `albums` as a month.
    in_figures = _MONTH_NAME.search(line, *day) is None
    certain = not around or in_figures or find_date(to_common_calendar(line[day[0] :], None), None, None) is not None
    return around <= _MAX_WORDS_BESIDE_DATE and certain


def read_dates(line: str) -> list[tuple[str, str]]:
    """Return pairs of `published_at` or `modified_at` and the date, time and zone as printed."""
    dates: list[tuple[str, str]] = []
    begin = 0
    while (day := find_day(line[begin:])) and len(dates) < _MAX_DATES:
        start, end = begin + day[0], begin + day[1]
        end = skip_zone(line, end)
        field = "modified_at" if _is_of_change(line[begin:start]) else "published_at"
        dates.append((field, line[start:end].strip()))
        begin = end
    return dates


def _is_of_change(label: str) -> bool:
    folded = fold_case_and_accents(label)
    return any(phrase in folded for phrase in _modified_phrases())


@cache
def _modified_phrases() -> frozenset[str]:
    return frozenset(map(fold_case_and_accents, phrases_of("modified")))


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


@cache
def _credit_pattern() -> re.Pattern[str]:
    labels = "|".join(sorted(map(re.escape, phrases_of("credit")), key=len, reverse=True))
    return re.compile(
        rf"(?:^|[\s|(\[.–—-])(?:{labels})(?:\s+(?:{'|'.join(_CREDIT_WORDS)}))?\s?[:：©/](?P<credit>[^:|]{{2,80}})$",
        re.IGNORECASE,
    )
