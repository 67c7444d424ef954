"""Rewrite dates of other calendars in the common one: Jalali, the eras of Japan, the years of Taiwan."""

from __future__ import annotations

import re
import unicodedata
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
_JALALI_FIGURES: Final = re.compile(r"(?<![\d/.-])(1[34]\d\d)\s?([/.-])\s?(\d{1,2})\s?\2\s?(\d{1,2})(?![\d/-])")
_JALALI_WORDS: Final = re.compile(rf"(?<!\d)(\d{{1,2}})\s+({'|'.join(_JALALI_MONTHS)})\s+(?:ماه\s+)?(1[34]\d\d)(?!\d)")
_PERSIAN_DIGIT: Final = re.compile("[۰-۹]")
_PERSIAN_LETTERS: Final = str.maketrans("يك", "یک")  # Arabic forms, which many keyboards give

_ERA_BEFORE_FIRST_YEAR: Final = {"令和": 2018, "平成": 1988, "昭和": 1925, "民國": 1911, "民国": 1911}
_ERA_YEAR: Final = re.compile(rf"({'|'.join(_ERA_BEFORE_FIRST_YEAR)})\s?(\d{{1,3}}|元)\s?年")


def to_common_calendar(text: str, language: str | None) -> str:
    """Return a text with its first date of another calendar as `2026-11-06` or `2026年`; any other text as it is.

    A Jalali date in figures is one only in a language of that calendar or in Persian digits: 1405 is also a year of the
    Islamic calendar.
    """
    if text.isascii() and (language or "").split("-")[0] not in _JALALI_LANGUAGES:
        return text
    is_jalali = _PERSIAN_DIGIT.search(text) or (language or "").split("-")[0] in _JALALI_LANGUAGES
    plain = "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text)
    plain = plain.translate(_PERSIAN_LETTERS)
    if match := _JALALI_WORDS.search(plain):
        day = jalali_date(int(match[3]), _JALALI_MONTHS[match[2]], int(match[1]))
    elif is_jalali and (match := _JALALI_FIGURES.search(plain)):
        day = jalali_date(int(match[1]), int(match[3]), int(match[4]))
    elif match := _ERA_YEAR.search(plain):
        year = _ERA_BEFORE_FIRST_YEAR[match[1]] + (1 if match[2] == "元" else int(match[2]))
        return f"{plain[: match.start()]}{year}年{plain[match.end() :]}"
    else:
        return text
    return f"{plain[: match.start()]} {day} {plain[match.end() :]}".strip() if day else text


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
