"""Rewrite dates of other calendars in the common one: Jalali, the eras of Japan, the years of Taiwan."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

# 1 Farvardin 1405 was 21 March 2026; the rest follows from 8 leap days in 33 years (Birashk 1993).
_JALALI_DAYS_BEFORE: Final = 356_033
_MONTHS_A_YEAR: Final = 12
_LONG_MONTHS: Final = 6  # have 31 days, the others 30
_JALALI_LANGUAGES: Final = frozenset({"fa", "prs", "ps"})
_JALALI_YEARS: Final = range(1300, 1500)
_JALALI_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "فروردین حمل", "اردیبهشت ثور", "خرداد جوزا", "تیر سرطان", "مرداد اسد", "شهریور سنبله", "مهر میزان",
            "آبان عقرب",
            "آذر قوس", "دی جدی", "بهمن دلو", "اسفند حوت",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_LATIN_JALALI_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "farvardin", "ordibehesht", "khordad", "tir", "mordad amordad", "shahrivar", "mehr", "aban", "azar", "dey",
            "bahman", "esfand",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_ANY_JALALI_MONTH: Final = _JALALI_MONTHS | _LATIN_JALALI_MONTHS
_YEAR: Final = r"(?P<year>1[34]\d\d)"
_DAY: Final = r"(?P<day>\d{1,2})"
_FIGURES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![\d/.-]){_YEAR}\s?([/.-])\s?(?P<month>\d{{1,2}})\s?\2\s?{_DAY}(?![\d/-])",
        rf"(?<![\d/.-]){_DAY}\s?([/.-])\s?(?P<month>\d{{1,2}})\s?\2\s?{_YEAR}(?![\d/-])",
    )
)
_MONTH: Final = rf"(?P<month>{'|'.join(_ANY_JALALI_MONTH)})(?:\s+ماه)?"
_WORDS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<!\d){_DAY}[\s-]+{_MONTH}[\s,،-]+{_YEAR}(?!\d)",
        rf"(?<!\w){_MONTH}\s+{_DAY}[\s,،]+{_YEAR}(?!\d)",
        rf"(?<!\d){_YEAR}[\s,،]+{_MONTH}\s+{_DAY}(?![\d:])",
    )
)
_AFTER_FIGURES: Final = re.compile(r"[\sT,،-]*(?:\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?\s?(?:Z|[A-Z]{3,4}|[+-]\d\d:?\d\d)?)?")
# The calendar of Islam counts these years, too. There its year 1411 began in 1990, before anything had a feed.
_FIRST_ISLAMIC_YEAR_ONLINE: Final = 1411
_ISLAMIC_LANGUAGES: Final = frozenset({"ar", "ur"})
_PERSIAN_DIGIT: Final = re.compile("[۰-۹]")
_PERSIAN_LETTERS: Final = str.maketrans("يك", "یک")  # Arabic forms, which many keyboards give

_ERA_BEFORE_FIRST_YEAR: Final = {"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911}
_ERA_YEAR: Final = re.compile(rf"({'|'.join(_ERA_BEFORE_FIRST_YEAR)})\s?(\d{{1,3}}|元)\s?年")

THAI_SHORT_YEAR: Final = r"(?<=[\u0e00-\u0e7f]\.)\s?(?:พ\.ศ\.\s?)?[4-9]\d(?![\d.:])"
"""`69` in `12 มี.ค. 69`: behind a month that is cut short, the year of the Buddhist era is too."""
_SHORT_YEAR: Final = re.compile(THAI_SHORT_YEAR)


def to_common_calendar(text: str, language: str | None) -> str:
    """Return a text with its first date of another calendar as `2026-11-06` or `2026年`; any other text as it is.

    A short year of the Buddhist era is written out. Figures such as `1405/08/15` are a Jalali date in a language of
    that calendar and in Persian digits; elsewhere only where they and a time are the whole text, and the same year of
    the Islamic calendar is too long ago to be meant.
    """
    plain = text if text.isascii() else "".join(map(_plain_digit, text)).translate(_PERSIAN_LETTERS)
    if match := _SHORT_YEAR.search(plain):
        return f"{plain[: match.start()]} 25{match[0][-2:]}{plain[match.end() :]}"
    if match := _ERA_YEAR.search(plain):
        year = _ERA_BEFORE_FIRST_YEAR[match[1]] + (1 if match[2] == "元" else int(match[2]))
        return f"{plain[: match.start()]}{year}年{plain[match.end() :]}"
    match = _first_match(_WORDS, plain) or _first_match(_FIGURES, plain)
    if match is None or not (match["month"].casefold() in _ANY_JALALI_MONTH or _is_jalali(match, text, language)):
        return text
    month = _ANY_JALALI_MONTH.get(match["month"].casefold()) or int(match["month"])
    day = jalali_date(int(match["year"]), month, int(match["day"]))
    return f"{plain[: match.start()]} {day} {plain[match.end() :]}".strip() if day else text


def _first_match(patterns: Iterable[re.Pattern[str]], text: str) -> re.Match[str] | None:
    return next(filter(None, (pattern.search(text) for pattern in patterns)), None)


def _is_jalali(figures: re.Match[str], text: str, language: str | None) -> bool:
    """Return whether a date in figures can be of no other calendar than the Jalali one."""
    primary = (language or "").split("-")[0]
    if _PERSIAN_DIGIT.search(text) or primary in _JALALI_LANGUAGES:
        return True
    is_whole_text = figures.start() == 0 and _AFTER_FIGURES.fullmatch(figures.string, figures.end())
    return bool(
        is_whole_text and primary not in _ISLAMIC_LANGUAGES and int(figures["year"]) < _FIRST_ISLAMIC_YEAR_ONLINE
    )


def _plain_digit(letter: str) -> str:
    return str(unicodedata.decimal(letter)) if letter.isdecimal() else letter


def jalali_date(year: int, month: int, day: int) -> date | None:
    """Return a day of the Jalali calendar in the common one; None if there is no such day."""
    days_in_month = 31 if month <= _LONG_MONTHS else 30
    if year not in _JALALI_YEARS or not (1 <= month <= _MONTHS_A_YEAR and 1 <= day <= days_in_month):
        return None
    days = _days_before_year(year) + day - 1
    days += 31 * (month - 1) if month <= _LONG_MONTHS else 30 * (month - 1) + _LONG_MONTHS
    # The last month has 29 days but in leap years.
    return date(1, 1, 1) + timedelta(days=days) if days < _days_before_year(year + 1) else None


def _days_before_year(year: int) -> int:
    cycle_year = year + 1595
    return 365 * cycle_year + cycle_year // 33 * 8 + (cycle_year % 33 + 3) // 4 - _JALALI_DAYS_BEFORE
