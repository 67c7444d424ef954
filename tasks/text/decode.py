"""Bytes to text: what the document declares is believed where it decodes, else what its bytes show."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import unicodedata
import zlib
from dataclasses import dataclass
from typing import Final

from resiliparse.parse.encoding import EncodingDetector, map_encoding_to_html5

from warehouse.model.vocabulary import Reason

GZIP: Final = b"\x1f\x8b"

_MAGIC: Final = {
    b"%PDF-": "a PDF", b"\x89PNG": "a PNG image", b"\xff\xd8\xff": "a JPEG image", b"GIF87a": "a GIF image",
    b"GIF89a": "a GIF image", b"PK\x03\x04": "a zip archive", b"\x7fELF": "a program", b"MZ\x90": "a program",
    b"ID3\x02": "an MP3 sound", b"ID3\x03": "an MP3 sound", b"ID3\x04": "an MP3 sound", b"OggS": "an Ogg sound",
    b"7z\xbc\xaf": "a 7z archive", b"Rar!\x1a\x07": "a RAR archive", b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive", b"\xd0\xcf\x11\xe0": "an Office document", b"wOFF": "a font",
    b"wOF2": "a font", b"SQLite format 3": "a database", b"PAR1": "a Parquet file", GZIP: "gzip inside gzip",
}  # fmt: skip
"""First bytes that no text begins with; `ID3` and `BZh` alone begin words."""

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE: Final = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
# The charsets that a label means on the web, under names of Python's codecs that cover all of them.
_SUPERSET: Final = {
    "gbk": "gb18030", "euc_kr": "cp949", "uhc": "cp949", "cp949": "cp949", "shift_jis": "cp932", "big5": "big5hkscs",
    "iso8859-11": "cp874", "utf-32": "utf-32-le", "utf-32le": "utf-32-le", "utf-32be": "utf-32-be",
}  # fmt: skip
_SEVERAL_BYTES: Final = {"gb18030", "cp949", "cp932", "big5hkscs", "euc_jp", "iso2022_jp"}
_PRESCAN: Final = 8_192
_META: Final = re.compile(rb"<meta\s[^<>]*?\bcharset\s*+=\s*+[\"']?\s*+([\w.:-]+)", re.IGNORECASE)
_XML: Final = re.compile(rb"\s*<\?xml\s[^>]*?\bencoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_COMMENT: Final = re.compile(rb"<!--[^-]*+(?:-(?!->)[^-]*+)*+")
_SAMPLE: Final = 131_072
# Control characters, as UTF-8 has them; looked for in bytes, which takes a tenth of the time.
_ASCII_CONTROLS: Final = bytes({*range(0x20), 0x7F} - {*b"\t\n\x0b\x0c\r\x1b"})
_OTHER_CONTROLS: Final = re.compile(b"\xc2[\x80-\x84\x86-\x9f]")
MOST_UNPRINTED: Final = 0.02
"""Share of control characters above which bytes are no text: a damaged page has a few, random bytes a tenth."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A document's text, without a byte order mark, and the charset that it was in: a name of a Python codec."""

    text: str
    charset: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why bytes are no text: a reason and one sentence."""

    reason: Reason
    detail: str


def unpack(content: bytes, max_bytes: int) -> bytes | Refusal:
    """The content of a gzip file, known by its first bytes whatever its name; other content as it is.

    Refuses what is larger than `max_bytes`, packed or not, without unpacking more than that, and damaged gzip.
    """
    if content.startswith(GZIP):
        try:
            with gzip.open(io.BytesIO(content)) as stream:
                content = stream.read(max_bytes + 1)
        except (OSError, EOFError, zlib.error):
            return Refusal(Reason.BAD_GZIP, "The gzip file is damaged or cut short.")
    if len(content) > max_bytes:
        return Refusal(Reason.TOO_LARGE, f"The document has more than {max_bytes:,} bytes.")
    return content


def decode(content: bytes, declared: str | None = None, html: bool = False) -> Decoded | Refusal:
    """The text of a document of any charset; never raises.

    In order: byte order mark, `declared` (by the transport), the declaration in the first 8 KiB where `html`, UTF-8,
    a detector. A declaration holds if all the bytes decode. Labels mean what WHATWG's Encoding standard says, so that
    `iso-8859-1` is windows-1252. Refuses what holds no character to read (`EMPTY`) and what is no text (`BINARY`).
    """
    if kind := next((kind for magic, kind in _MAGIC.items() if content.startswith(magic)), None):
        return Refusal(Reason.BINARY, f"The document is {kind}, not text.")
    decoded = _read(content, declared, html)
    if not _is_printed(decoded.text):
        return Refusal(Reason.BINARY, "The document is binary data, not text.")
    if not any(character.isprintable() and not character.isspace() for character in decoded.text.lstrip()):
        return Refusal(Reason.EMPTY, "The document holds no text.")
    return decoded


def _read(content: bytes, declared: str | None, html: bool) -> Decoded:
    for mark, charset in _BOMS:
        if content.startswith(mark):
            return Decoded(content[len(mark) :].decode(charset, "replace"), charset)
    charsets = [charset for charset in (_codec(declared), _declared_inside(content) if html else None) if charset]
    utf8 = _try(content, "utf-8")
    if b"\0" in content and (utf8 is None or not _is_printed(utf8)) and (wide := _wide(content, charsets)):
        return Decoded(content.decode(wide, "replace"), wide)
    for charset in charsets:
        # Text in a charset of single bytes is never valid UTF-8 by chance, whereas pages often declare one wrongly.
        if utf8 is not None and charset not in _SEVERAL_BYTES:
            break
        if (text := _try(content, charset)) is not None:
            return Decoded(text, charset)
    if utf8 is not None:
        return Decoded(utf8, "utf-8")
    return _mostly_utf8(content) or _detected(content)


def _is_printed(text: str) -> bool:
    sample = text[:_SAMPLE].encode("utf-8", "surrogatepass")
    unprinted = len(sample) - len(sample.translate(None, _ASCII_CONTROLS)) + len(_OTHER_CONTROLS.findall(sample))
    unprinted += sample.count(b"\xef\xbf\xbe") + sample.count(b"\xef\xbf\xbf")
    return unprinted <= MOST_UNPRINTED * len(text[:_SAMPLE])


def _try(content: bytes, charset: str) -> str | None:
    try:
        return content.decode(charset)
    except (UnicodeError, LookupError):
        return None


def _codec(label: str | None) -> str | None:
    name = (label or "").strip(" \t\r\n\f\"'").lower()
    if not name.isascii() or not name:
        return None
    return _SUPERSET.get(name) or _superset(map_encoding_to_html5(name, fallback_utf8=False))


def _superset(name: str | None) -> str | None:
    return _SUPERSET.get(name, name) if name else None


def _declared_inside(content: bytes) -> str | None:
    head = _COMMENT.sub(b"", content[:_PRESCAN])
    found = _XML.match(head) or _META.search(head)
    codec = _codec(found[1].decode("ascii", "replace")) if found else None
    # A declaration that could be read as ASCII proves that the document is not in a charset of wide units.
    return "utf-8" if codec in _WIDE else codec


def _wide(content: bytes, charsets: list[str]) -> str | None:
    """Which of UTF-16 and UTF-32 gives a text, for content with zero bytes and no byte order mark."""
    sample = content[:4_096]
    best: str | None = None
    most = 0.0
    for charset in [*(charset for charset in charsets if charset in _WIDE), *_WIDE]:
        try:
            text = codecs.getincrementaldecoder(charset)().decode(sample)
        except UnicodeError:
            continue
        odd = sum(unicodedata.category(character) in {"Cn", "Co", "Cs"} for character in text)
        # The wrong byte order turns Latin letters into Chinese ones, and never gives both spaces and full stops.
        plain = sum(character.isascii() for character in text) / (len(text) or 1)
        if odd <= MOST_UNPRINTED * len(text) and _is_printed(text) and plain > most:
            best, most = charset, plain
    return best


def _mostly_utf8(content: bytes) -> Decoded | None:
    text = content.decode("utf-8", "replace")
    stated = content.count(b"\xef\xbf\xbd")
    invalid = text.count("\ufffd") - stated
    valid = sum(1 for character in text if character > "\x7f") - stated - invalid
    return Decoded(text, "utf-8") if valid >= invalid else None


def _detected(content: bytes) -> Decoded:
    detector = EncodingDetector()
    detector.update(content[:_SAMPLE])
    # Its answers that are no charset of the web are DOS code pages, and were Western text each time in measurements.
    charset = _codec(detector.encoding(html5_compatible=False)) or "cp1252"
    charset = "cp1252" if charset in {*_WIDE, "utf-8"} else charset
    return Decoded(content.decode(charset, "replace"), charset)
