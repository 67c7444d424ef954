"""What each character of a text is, for all of them at once: arrays instead of a loop over letters."""

from __future__ import annotations

import sys
import unicodedata
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

LETTER: Final = 1
UPPER: Final = 2
DIGIT: Final = 4
STOP: Final = 8
"""Ends a sentence."""
COMMA: Final = 16
QUOTE: Final = 32
SIGN: Final = 64
"""Any other that is neither letter nor figure nor space, such as a bar or a bullet."""
UNSPACED: Final = 128
"""A letter of a script without spaces between words."""
LOWER: Final = 256
COLON: Final = 512
BREAK: Final = 1024
"""A bar, slash, arrow or dot that menus are parted by."""
MARK: Final = 2048
"""A combining sign within a word."""

_STOPS: Final = ".!?。！？｡।؟۔։።…"
_COMMAS: Final = ",،，、;；؛"
_QUOTES: Final = '"“”„«»‹›「」『』”‘'
_COLONS: Final = ":：—–"
_BREAKS: Final = "|/>›»•·→©#@_*+=▪●"
_UNSPACED: Final = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF))
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
    for first, last in _UNSPACED:
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
