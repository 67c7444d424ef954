"""The kinds of every character of a text at once, by arrays instead of a loop over characters."""

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
# Neither letter nor figure nor space nor mark.
SIGN: Final = 64
# A letter of a script without spaces between words.
UNSPACED: Final = 128
LOWER: Final = 256
COLON: Final = 512
# A separator of menu entries: bar, slash, arrow or dot.
BREAK: Final = 1024
# A combining sign within a word.
MARK: Final = 2048

_STOPS: Final = ".!?。！？｡।؟۔։።…"
_COMMAS: Final = ",،，、;；؛"
_QUOTES: Final = '"“”„«»‹›「」『』”‘'
_COLONS: Final = ":：—–"
_BREAKS: Final = "|/>›»•·→©#@_*+=▪●"
_BASIC_PLANE_SIZE: Final = 0x10000
_KINDS_OF_CATEGORY: Final = {
    **dict.fromkeys(("Lm", "Lo"), LETTER),
    **dict.fromkeys(("Lu", "Lt"), LETTER | UPPER),
    "Ll": LETTER | LOWER,
    "Nd": DIGIT,
    **dict.fromkeys(("Mn", "Mc", "Me"), MARK),
    **dict.fromkeys(("Nl", "No", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Sc", "Sk", "Sm", "So"), SIGN),
}


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the code points of a text; those beyond the basic plane become its last one."""
    points = np.frombuffer(text.encode("utf-32-le" if sys.byteorder == "little" else "utf-32-be", "replace"), np.uint32)
    return np.minimum(points, _BASIC_PLANE_SIZE - 1)


@cache
def character_kinds() -> NDArray[np.uint16]:
    """Return the kinds of each character of the basic plane, as a sum of the constants of this module."""
    categories = map(unicodedata.category, map(chr, range(_BASIC_PLANE_SIZE)))
    table = np.fromiter((_KINDS_OF_CATEGORY.get(category, 0) for category in categories), np.uint16, _BASIC_PLANE_SIZE)
    for signs, kind in ((_STOPS, STOP), (_COMMAS, COMMA), (_QUOTES, QUOTE), (_COLONS, COLON), (_BREAKS, BREAK)):
        table[[ord(sign) for sign in signs]] |= kind
    for first, last in SCRIPTS_WITHOUT_SPACES.values():
        block = table[first : last + 1]
        block[(block & (LETTER | MARK)) > 0] |= UNSPACED
    return table


@cache
def character_classes() -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Return the class of each character of the basic plane, and the kinds of each class: few sums of kinds occur."""
    kinds_of_class, class_of = np.unique(character_kinds(), return_inverse=True)
    return class_of.astype(np.uint8), kinds_of_class


@cache
def lowercase_points() -> NDArray[np.uint64]:
    """Return the lower-case letter of each character of the basic plane, itself if it has none."""
    lowered = map(str.lower, map(chr, range(_BASIC_PLANE_SIZE)))
    return np.fromiter((ord(low[0]) for low in lowered), np.uint64, _BASIC_PLANE_SIZE)
