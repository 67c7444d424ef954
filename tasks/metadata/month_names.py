"""The names of months by locale, as CLDR has them; `python -m tasks.metadata.month_names` writes `month_names.json`.

Babel would unpack each locale with all that it knows of it: a second for the languages that a date may be in.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Final

from tasks.text.characters import normalize

NAMES_FILE: Final = Path(__file__).with_name("month_names.json")

# Languages with names of their own in some regions or scripts.
LOCALES: Final = {
    "ar": ("ar", "ar_DZ", "ar_IQ", "ar_LB", "ar_MA", "ar_MR", "ar_SA", "ar_TN"),
    "de": ("de", "de_AT"),
    "es": ("es", "es_PE", "es_UY"),
    "no": ("nb", "nn"),
    "sr": ("sr_Cyrl", "sr_Latn", "sr_Latn_BA", "sr_Cyrl_BA"),
    "bs": ("bs_Latn", "bs_Cyrl"),
    "pt": ("pt", "pt_PT"),
    "tl": ("fil",),
    "uz": ("uz_Latn", "uz_Cyrl"),
    "az": ("az_Latn", "az_Cyrl"),
}

# Accents and Arabic vowel signs, which print leaves out; the vowels of Indic scripts are marks too, and stay.
_ACCENTS: Final = re.compile("[\u0300-\u036f\u064b-\u065f\u0670]")


def without_accents(text: str) -> str:
    """Return the text without accents and Arabic vowel signs, with its case."""
    if text.isascii():
        return text
    return normalize("NFC", _ACCENTS.sub("", normalize("NFD", text)))


def month_key(name: str) -> str:
    """Return the key of a month's name: no accents, no case, no full stop at its end."""
    return without_accents(name).casefold().rstrip(".׳॰").strip()


@cache
def month_names() -> dict[str, dict[str, int]]:
    """Return the months by their names' keys, by locale: of each language by all of its tags."""
    tables: dict[str, dict[str, int]] = json.loads(NAMES_FILE.read_text("utf-8"))
    return {locale: months for locales, months in tables.items() for locale in locales.split()}


def read_cldr(locale: str) -> dict[str, int]:
    """Return the months of a locale by their names' keys, from Babel's data; empty if CLDR lacks the locale."""
    from babel import Locale, UnknownLocaleError, localedata

    # Babel writes names of one locale into tables that it shares with others: `de` would have those of an Arabic one.
    vars(localedata)["_cache"].clear()
    try:
        tables = Locale.parse(locale).months
    except (UnknownLocaleError, ValueError):
        return {}
    months: dict[str, int] = {}
    for use in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for month, name in tables[use][width].items():
                months.setdefault(month_key(name), month)
    # Some locales only number the months (`M05`, `5月`): those are dates in figures.
    return {name: month for name, month in months.items() if len(name) > 1 and not re.search(r"^m?\d|\d$", name)}


def _write_names() -> None:
    from babel.core import get_global
    from babel.localedata import locale_identifiers

    languages = {identifier.partition("_")[0] for identifier in locale_identifiers()}
    tags = {tag for kind in ("language_aliases", "likely_subtags") for tag in get_global(kind) if tag.isalpha()}
    locales_of: dict[str, list[str]] = defaultdict(list)
    for locale in sorted(languages.union(tags, *LOCALES.values())):
        if months := read_cldr(locale):
            locales_of[json.dumps(months, ensure_ascii=False)].append(locale)
    lines = (f"{json.dumps(' '.join(locales))}: {months}" for months, locales in locales_of.items())
    NAMES_FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    _write_names()
