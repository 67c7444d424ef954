"""Characters that XML and HTML parsers refuse, taken out of a text."""

from __future__ import annotations

import re
import sys
from typing import Final

_REFERENCE: Final = re.compile(
    r"&#(?:[xX](?=[\da-fA-F])0*+([\da-fA-F]{0,6})(?![\da-fA-F])|(?=\d)0*+(\d{0,7})(?!\d));?", re.ASCII
)
# UTF-16 writes a character beyond 0xFFFF as two of these.
_SURROGATES: Final = range(0xD800, 0xE000)
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_XML_IN_ASCII: Final = bytes({*range(0x20)} - {*b"\t\n\r"})
# References that may be to such a character; nearly all pages have none, and their many others need no second look.
_DOUBTFUL: Final = re.compile(
    r"&#(?:0*(?:[012]?\d|3[01]|5[5-7]\d{3}|6553[45]|\d{7})(?!\d)"
    r"|[xX]0*(?:[01]?[\da-fA-F]|[dD][89a-fA-F][\da-fA-F]{2}|[fF]{3}[eEfF]|[\da-fA-F]{6})(?![\da-fA-F]))",
    re.ASCII,
)


def mend_characters(text: str) -> str:
    """Remove the characters that XML forbids, literal or by reference; join surrogate pairs of UTF-16."""
    # lxml gives strings that cannot be encoded for references to surrogates (some write emoji so), and raises for the
    # others.
    mended = text if _encode_clean(text) is not None else _join_surrogates(text)
    if not _has_doubtful_reference(mended):
        return mended
    mended = _join_surrogates(_REFERENCE.sub(_mend_reference, mended))
    # A removed character may have stood inside another reference (`&&#8;#8;`), and a space ends that one.
    return _REFERENCE.sub(lambda match: match[0] if _mend_reference(match) == match[0] else " ", mended)


def encode_unless_mended(text: str) -> bytes | None:
    """Return a text in UTF-8 if `mend_characters` surely leaves it as it is, as most; None if it may not."""
    encoded = _encode_clean(text)
    return None if encoded is None or _has_doubtful_reference(text) else encoded


def _has_doubtful_reference(text: str) -> bool:
    return "&#" in text and _DOUBTFUL.search(text) is not None


def _encode_clean(text: str) -> bytes | None:
    """Return a text in UTF-8; None if XML forbids one of its characters."""
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        return None
    is_clean = len(encoded.translate(None, _NO_XML_IN_ASCII)) == len(encoded)
    return encoded if is_clean and not ("\ufffe" in text or "\uffff" in text) else None


def _join_surrogates(text: str) -> str:
    return _NO_XML.sub("", text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore"))


def _mend_reference(reference: re.Match[str]) -> str:
    hexadecimal, decimal = reference.groups()
    code = int(decimal or "0") if hexadecimal is None else int(hexadecimal or "0", 16)
    if code > sys.maxunicode or _NO_XML.fullmatch(chr(code)):
        return chr(code) if code in _SURROGATES else ""
    return reference[0]
