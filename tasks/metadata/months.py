"""The names of months in the world's languages, from the Unicode CLDR (`month_names.json`)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tasks.metadata.month_names import LOCALES, month_key, month_names

# Names in use that CLDR lacks.
_MORE_NAMES: Final = {
    "en": {"sept": 9},
    "de": {"mrz": 3, "feber": 2},
    "it": {"sett": 9},
    "pt": {"sept": 9},
    "ru": {"май": 5},
    "tr": {"agu": 8},
    "ur": {"فرورى": 2},
    "id": {"agt": 8, "nop": 11, "pebruari": 2, "nopember": 11},
    "bn": {"জানুয়ারি": 1, "ফেব্রুয়ারি": 2},
    "ro": {"ian": 1, "iun": 6, "iul": 7, "noi": 11},
}
_CUT_LENGTHS: Final = (3, 4)
_LANGUAGES: Final = (
    "en es fr de pt ru it ar tr pl nl id vi fa uk ro el cs hu sv da no fi bg hr sr sk sl et lv lt mk sq ca eu gl is ga",
    "cy he hi bn ta te kn ml mr gu pa ur ne si th lo km my ka hy az kk ky uz mn be bs ms sw af tl am so zu mt lb fo",
)


@dataclass(frozen=True, slots=True)
class Months:
    """The names of months in a language: `pattern` matches one, `number` gives its month."""

    names: dict[str, int]
    pattern: re.Pattern[str]

    def number(self, name: str) -> int:
        """Return the month, 1 to 12, of a name that `pattern` matches."""
        return self.names[month_key(name)]


@lru_cache(maxsize=128)
def months_of(language: str) -> Months:
    """Return the names in a language (a BCP 47 primary tag); none if CLDR lacks it."""
    return _months(_names(language))


@lru_cache(maxsize=1)
def months_of_any_language() -> Months:
    """Return the names in all languages that CLDR covers well, without those that mean two months.

    In Croatian `listopad` is October, in Polish November.
    """
    meanings: dict[str, set[int]] = defaultdict(set)
    for language in " ".join(_LANGUAGES).split():
        for name, month in _names(language).items():
            meanings[name].add(month)
    return _months({name: months.pop() for name, months in meanings.items() if len(months) == 1})


@lru_cache(maxsize=1)
def _names_of_every_language() -> dict[str, int]:
    """Return the names in all languages of CLDR that mean one month alone."""
    meanings: dict[str, set[int]] = defaultdict(set)
    for language in {locale.partition("_")[0] for locale in month_names()}:
        for name, month in _names(language).items():
            meanings[name].add(month)
    return {name: months.pop() for name, months in meanings.items() if len(months) == 1}


# From the language of the article on to all there are.
_NAMES_BY_REACH: Final[tuple[Callable[[str], dict[str, int]], ...]] = (
    lambda language: months_of(language).names,
    lambda _: months_of("en").names,
    lambda _: months_of_any_language().names,
    lambda _: _names_of_every_language(),
)


@lru_cache(maxsize=1)
def _first_letters_of_any_language() -> dict[str, int]:
    """Return the first three and four letters of long names, where all languages that cut them so mean one month."""
    meanings: dict[str, set[int]] = defaultdict(set)
    for language in " ".join(_LANGUAGES).split():
        for start, month in _first_letters(_names(language)).items():
            meanings[start].add(month)
    return {start: months.pop() for start, months in meanings.items() if len(months) == 1}


def _first_letters(names: dict[str, int]) -> dict[str, int]:
    meanings: dict[str, set[int]] = defaultdict(set)
    for name, month in names.items():
        for length in _CUT_LENGTHS:
            if len(name) > length and name.isalpha():
                meanings[name[:length]].add(month)
    return {start: months.pop() for start, months in meanings.items() if len(months) == 1}


def month_of_word(word: str, language: str | None) -> int | None:
    """Return the month that a word between a day and a year means, in any language of CLDR; None if it means none.

    Some programs cut the names of months to three letters, whatever the language: `Lok` is the Finnish lokakuu.
    """
    if word.endswith(("月", "월")) and word[:-1].isdecimal():
        return int(word[:-1]) if 1 <= int(word[:-1]) <= 12 else None  # noqa: PLR2004  months
    key = month_key(word)
    primary = re.split("[-_]", language or "")[0].lower()
    for names in _NAMES_BY_REACH:
        if (month := names(primary).get(key)) is not None:
            return month
    if len(key) not in _CUT_LENGTHS:
        return None
    return _first_letters(months_of(primary).names).get(key) or _first_letters_of_any_language().get(key)


def _names(language: str) -> dict[str, int]:
    names: dict[str, int] = {}
    for locale in LOCALES.get(language, (language,)):
        for name, month in month_names().get(locale, {}).items():
            names.setdefault(name, month)
    names.update({month_key(name): month for name, month in _MORE_NAMES.get(language, {}).items()})
    return names


def day_comes_first(language: str) -> bool | None:
    """Return whether `3/4/2024` is 3 April in `language` (a BCP 47 tag); None if its regions differ."""
    from babel import Locale, UnknownLocaleError

    if language == "en":
        return None
    try:
        pattern = Locale.parse(language.replace("-", "_")).date_formats["short"].pattern
    except (UnknownLocaleError, ValueError, KeyError):
        return None
    if pattern.startswith("y") and language.startswith("en"):  # in `en-CA` and `en-ZA` figures are written both ways
        return None
    return bool(pattern.index("d") < pattern.index("M"))


def _months(names: dict[str, int]) -> Months:
    if not names:
        return Months({}, re.compile(r"(?!)"))
    any_name = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    # Thai has no spaces, Hebrew writes its preposition together with the name.
    start = r"(?:(?<![^\W\d_])|(?<=[\u0e00-\u0e7f])|(?<=\bב))"
    return Months(names, re.compile(rf"{start}(?:{any_name})(?![^\W\d_])", re.IGNORECASE))
