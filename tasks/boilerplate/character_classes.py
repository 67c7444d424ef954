"""What each character of a text is, for all of them at once: arrays instead of a loop over letters."""

from __future__ import annotations

import sys
import unicodedata
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tasks.text.words import SCRIPTS_WITHOUT_SPACES

LETTER: Final = 1
UPPER: Final = 2
DIGIT: Final = 4
# Ends a sentence.
STOP: Final = 8
COMMA: Final = 16
QUOTE: Final = 32
# Any other that is neither letter nor figure nor space, such as a bar or a bullet.
SIGN: Final = 64
# A letter of a script without spaces between words.
UNSPACED: Final = 128
LOWER: Final = 256
COLON: Final = 512
# A bar, slash, arrow or dot that menus are parted by.
BREAK: Final = 1024
# A combining sign within a word.
MARK: Final = 2048

_STOPS: Final = ".!?。！？｡।؟۔։።…"
_COMMAS: Final = ",،，、;；؛"
_QUOTES: Final = '"“”„«»‹›「」『』”‘'
_COLONS: Final = ":：—–"
_BREAKS: Final = "|/>›»•·→©#@_*+=▪●"
_PLANE: Final = 0x10000
_KINDS: Final = {
    **dict.fromkeys(("Lm", "Lo"), LETTER),
    **dict.fromkeys(("Lu", "Lt"), LETTER | UPPER),
    "Ll": LETTER | LOWER,
    "Nd": DIGIT,
    **dict.fromkeys(("Mn", "Mc", "Me"), MARK),
    **dict.fromkeys(("Nl", "No", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Sc", "Sk", "Sm", "So"), SIGN),
}


def code_points(text: str) -> NDArray[np.uint32]:
    """The text's characters as numbers; those beyond the basic plane as the last of it."""
    points = np.frombuffer(text.encode("utf-32-le" if sys.byteorder == "little" else "utf-32-be", "replace"), np.uint32)
    return np.minimum(points, _PLANE - 1)


@cache
def kinds() -> NDArray[np.uint16]:
    """The kinds of each character of the basic plane, as a sum of the constants of this module."""
    categories = map(unicodedata.category, map(chr, range(_PLANE)))
    table = np.fromiter((_KINDS.get(category, 0) for category in categories), np.uint16, _PLANE)
    for signs, kind in ((_STOPS, STOP), (_COMMAS, COMMA), (_QUOTES, QUOTE), (_COLONS, COLON), (_BREAKS, BREAK)):
        table[[ord(sign) for sign in signs]] |= kind
    for first, last in SCRIPTS_WITHOUT_SPACES.values():
        part = table[first : last + 1]
        part[(part & (LETTER | MARK)) > 0] |= UNSPACED
    return table


@cache
def classes() -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """The class of each character of the basic plane, and the kinds of each class: there are few sums of kinds."""
    found, numbers = np.unique(kinds(), return_inverse=True)
    return numbers.astype(np.uint8), found


@cache
def small() -> NDArray[np.uint64]:
    """The small letter of each character of the basic plane, itself where there is none."""
    lowered = map(str.lower, map(chr, range(_PLANE)))
    return np.fromiter((ord(low[0]) for low in lowered), np.uint64, _PLANE)
