"""News agencies by the names under which articles credit them, in several scripts (`agencies.toml`)."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

AGENCIES: Final = Path(__file__).with_name("agencies.toml")
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")


def find_agencies(text: str) -> tuple[str, ...]:
    """The agencies that a short text names, as printed, in its order, each once."""
    return tuple(dict.fromkeys(found[0] for found in _names().finditer(text[:1_000])))


@cache
def _names() -> re.Pattern[str]:
    table = tomllib.loads(AGENCIES.read_text("utf-8"))
    names = {name for known, others in table.items() for name in (known, *others)}
    # The longest first: of `AFP` and `dpa/AFP` each is found, of `AP` in `AP通信` the whole name.
    longest = sorted(names, key=lambda name: (-len(name), name))
    unspaced = "|".join(re.escape(name) for name in longest if _UNSPACED.search(name))
    # All behind one condition, or each of some hundred names would be tried at each character.
    words = "|".join(_cased(name) for name in longest if not _UNSPACED.search(name))
    return re.compile(rf"{unspaced}|(?<!\w)(?:{words})(?!\w)")


def _cased(name: str) -> str:
    # `AP`, `TT` and `PA` are words in other languages once they are not in capitals.
    return re.escape(name) if name.isupper() or len(name) <= 4 else f"(?i:{re.escape(name)})"  # noqa: PLR2004
