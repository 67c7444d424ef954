"""The language of a text by CLD2, which knows 80 languages more than langdetect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# CLD2 rejects a text with any of these characters, and a lone surrogate cannot be encoded.
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
class Cld2Result:
    """The languages of a text by CLD2."""

    tag: str
    """BCP 47; empty if unknown."""
    score: float
    """CLD2's points per kilobyte; few for a text in a language that it does not know."""
    percent: int
    """The share of the text in this language, 0 to 100."""
    others: tuple[tuple[str, int], ...]
    """The other languages of the text, each with its percentage."""


NO_RESULT: Final = Cld2Result("", 0.0, 0, ())


def detect_by_cld2(text: str) -> Cld2Result:
    """Return CLD2's result; `NO_RESULT` if it rejects the text."""
    import pycld2

    try:
        _, _, results = pycld2.detect(text if text.isprintable() else _NOT_TEXT.sub(" ", text), bestEffort=True)
    except pycld2.error:
        return NO_RESULT
    (_, code, percent, score), *rest = results
    others = tuple((_tag(other), share) for _, other, share, _ in rest if _tag(other))
    return Cld2Result(_tag(code), score, percent, others)


def _tag(code: str) -> str:
    return "" if code.startswith("xx-") else _TAGS.get(code, code)
