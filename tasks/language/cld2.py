"""A second opinion on a text's language: CLD2, which knows 80 languages more than langdetect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# CLD2 refuses a text that has any of these, and a lone surrogate is no UTF-8.
_NOT_TEXT: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|[^\x00-\uffff]"
)
_TAGS: Final = {
    "no": "nb",
    "iw": "he",
    "jw": "jv",
    "bh": "bho",
    "zh": "zh-Hans",
    "mo": "ro",
    "tlh": "",
    "zzp": "",
    "un": "",
}


@dataclass(frozen=True, slots=True)
class Opinion:
    """What CLD2 says of a text."""

    tag: str
    """BCP 47; empty where it does not know."""
    score: float
    """Its points per kilobyte: what is in no language that it knows has few."""
    percent: int
    """Of the text that is in this language."""
    others: tuple[tuple[str, int], ...]
    """The other languages of the text, with the percentage of each."""


NONE: Final = Opinion("", 0.0, 0, ())


def second_opinion(text: str) -> Opinion:
    """What CLD2 says; `NONE` where it has nothing to say."""
    import pycld2

    try:
        _, _, found = pycld2.detect(text if text.isprintable() else _NOT_TEXT.sub(" ", text), bestEffort=True)
    except pycld2.error:
        return NONE
    (_, code, percent, score), *rest = found
    others = tuple((_tag(other), share) for _, other, share, _ in rest if _tag(other))
    return Opinion(_tag(code), score, percent, others)


def _tag(code: str) -> str:
    return "" if code.startswith("xx-") else _TAGS.get(code, code)
