"""Decoding bytes to text: by the declared charset if all bytes decode, else by the bytes themselves."""

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

# First bytes that no text begins with; `ID3` and `BZh` alone may begin words.
_MAGIC: Final = {
    b"%PDF-": "a PDF", b"\x89PNG": "a PNG image", b"\xff\xd8\xff": "a JPEG image", b"GIF87a": "a GIF image",
    b"GIF89a": "a GIF image", b"PK\x03\x04": "a zip archive", b"\x7fELF": "a program", b"MZ\x90": "a program",
    b"ID3\x02": "an MP3 sound", b"ID3\x03": "an MP3 sound", b"ID3\x04": "an MP3 sound", b"OggS": "an Ogg sound",
    b"7z\xbc\xaf": "a 7z archive", b"Rar!\x1a\x07": "a RAR archive", b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive", b"\xd0\xcf\x11\xe0": "an Office document", b"wOFF": "a font",
    b"wOF2": "a font", b"SQLite format 3": "a database", b"PAR1": "a Parquet file", GZIP: "gzip inside gzip",
}  # fmt: skip

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE: Final = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
# The charsets that a label means on the web, under names of Python's codecs that cover all of them.
_PYTHON_CODECS: Final = {
    "gbk": "gb18030", "euc_kr": "cp949", "uhc": "cp949", "cp949": "cp949", "shift_jis": "cp932", "big5": "big5hkscs",
    "iso8859-11": "cp874", "utf-32": "utf-32-le", "utf-32le": "utf-32-le", "utf-32be": "utf-32-be",
}  # fmt: skip
_MULTI_BYTE: Final = {"gb18030", "cp949", "cp932", "big5hkscs", "euc_jp", "iso2022_jp"}
_MAX_DECLARATION_BYTES: Final = 8_192
_WINDOWS_TWINS: Final = {
    "iso8859-2": "cp1250", "iso8859-5": "cp1251", "iso8859-6": "cp1256", "iso8859-7": "cp1253", "iso8859-8": "cp1255",
    "iso8859-13": "cp1257",
}  # fmt: skip
_C1_CONTROL: Final = re.compile("[\x80-\x84\x86-\x9f]")
_META_CHARSET: Final = re.compile(rb"<meta\s[^<>]*?\bcharset\s*+=\s*+[\"']?\s*+([\w.:-]+)", re.IGNORECASE)
_XML_ENCODING: Final = re.compile(rb"\s*<\?xml\s[^>]*?\bencoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_COMMENT: Final = re.compile(rb"<!--[^-]*+(?:-(?!->)[^-]*+)*+")
_MAX_SAMPLE_BYTES: Final = 131_072
# Control characters, as UTF-8 has them; looked for in bytes, which takes a tenth of the time.
_ASCII_CONTROLS: Final = bytes({*range(0x20), 0x7F} - {*b"\t\n\x0b\x0c\r\x1b"})
_OTHER_CONTROLS: Final = re.compile(b"\xc2[\x80-\x84\x86-\x9f]")
# A damaged page has a few control characters; of random bytes they are a tenth.
MAX_CONTROL_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Decoded:
    """A document's text without byte order mark, and its charset as the name of a Python codec."""

    text: str
    charset: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why bytes could not be decoded: a reason and one sentence."""

    reason: Reason
    detail: str


def unpack(content: bytes, max_bytes: int) -> bytes | Refusal:
    """Unpack content that begins as gzip does; return other content as it is.

    Damaged gzip is refused, and content above `max_bytes`; no more than that is unpacked.
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
    """Decode a document of any charset; never raises.

    In order: byte order mark, `declared` (by the transport), for `html` the declaration in the first 8 KiB, UTF-8, a
    detector. A declared charset is used if all bytes decode. Labels have the meaning of WHATWG's Encoding standard, so
    that `iso-8859-1` is windows-1252. Content without a visible character is refused as `EMPTY`, binary data as
    `BINARY`.
    """
    if kind := next((kind for magic, kind in _MAGIC.items() if content.startswith(magic)), None):
        return Refusal(Reason.BINARY, f"The document is {kind}, not text.")
    decoded = _decode(content, declared, html)
    if not _is_text(decoded.text):
        return Refusal(Reason.BINARY, "The document is binary data, not text.")
    if not any(character.isprintable() and not character.isspace() for character in decoded.text.lstrip()):
        return Refusal(Reason.EMPTY, "The document holds no text.")
    return decoded


def _decode(content: bytes, declared: str | None, html: bool) -> Decoded:
    for bom, charset in _BOMS:
        if content.startswith(bom):
            return Decoded(content[len(bom) :].decode(charset, "replace"), charset)
    charsets = [
        charset for charset in (_codec_of_label(declared), _declared_charset(content) if html else None) if charset
    ]
    utf8 = _decode_strictly(content, "utf-8")
    if b"\0" in content and (utf8 is None or not _is_text(utf8)) and (wide := _detect_wide(content, charsets)):
        return Decoded(content.decode(wide, "replace"), wide)
    for charset in charsets:
        # Text in a charset of single bytes is never valid UTF-8 by chance, whereas pages often declare one wrongly.
        if utf8 is not None and charset not in _MULTI_BYTE:
            break
        if (text := _decode_strictly(content, charset)) is not None:
            return _decode_by_twin(content, text, charset) or Decoded(text, charset)
    if utf8 is not None:
        return Decoded(utf8, "utf-8")
    return _decode_damaged_utf8(content) or _decode_by_detector(content)


def _decode_by_twin(content: bytes, text: str, charset: str) -> Decoded | None:
    """Decode by the charset of Windows in whose place a page names that of ISO: only that has letters at 80 to 9F."""
    twin = _WINDOWS_TWINS.get(charset)
    if twin is None or not _C1_CONTROL.search(text):
        return None
    better = _decode_strictly(content, twin)
    return None if better is None else Decoded(better, twin)


def _is_text(text: str) -> bool:
    beginning = text[:_MAX_SAMPLE_BYTES]
    sample = beginning.encode("utf-8", "surrogatepass")
    controls = len(sample) - len(sample.translate(None, _ASCII_CONTROLS)) + len(_OTHER_CONTROLS.findall(sample))
    # In a string of narrow characters these are looked for in no time.
    controls += beginning.count("\ufffe") + beginning.count("\uffff")
    return controls <= MAX_CONTROL_SHARE * len(beginning)


def _decode_strictly(content: bytes, charset: str) -> str | None:
    try:
        return content.decode(charset)
    except (UnicodeError, LookupError):
        return None


def _codec_of_label(label: str | None) -> str | None:
    name = (label or "").strip(" \t\r\n\f\"'").lower()
    if not name.isascii() or not name:
        return None
    return _PYTHON_CODECS.get(name) or _widest_codec(map_encoding_to_html5(name, fallback_utf8=False))


def _widest_codec(name: str | None) -> str | None:
    return _PYTHON_CODECS.get(name, name) if name else None


def _declared_charset(content: bytes) -> str | None:
    head = _COMMENT.sub(b"", content[:_MAX_DECLARATION_BYTES])
    declaration = _XML_ENCODING.match(head) or _META_CHARSET.search(head)
    codec = _codec_of_label(declaration[1].decode("ascii", "replace")) if declaration else None
    # A declaration that could be read as ASCII proves that the document is not in a charset of wide units.
    return "utf-8" if codec in _WIDE else codec


def _detect_wide(content: bytes, charsets: list[str]) -> str | None:
    """Return the UTF-16 or UTF-32 codec that gives the most readable text, for content with zero bytes; or None."""
    sample = content[:4_096]
    best: str | None = None
    best_share = 0.0
    for charset in [*(charset for charset in charsets if charset in _WIDE), *_WIDE]:
        try:
            text = codecs.getincrementaldecoder(charset)().decode(sample)
        except UnicodeError:
            continue
        unassigned = sum(unicodedata.category(character) in {"Cn", "Co", "Cs"} for character in text)
        # The wrong byte order turns Latin letters into Chinese ones, and never gives both spaces and full stops.
        ascii_share = sum(character.isascii() for character in text) / (len(text) or 1)
        if unassigned <= MAX_CONTROL_SHARE * len(text) and _is_text(text) and ascii_share > best_share:
            best, best_share = charset, ascii_share
    return best


def _decode_damaged_utf8(content: bytes) -> Decoded | None:
    text = content.decode("utf-8", "replace")
    replacement_count = content.count(b"\xef\xbf\xbd")
    invalid = text.count("\ufffd") - replacement_count
    valid = sum(1 for character in text if character > "\x7f") - replacement_count - invalid
    return Decoded(text, "utf-8") if valid >= invalid else None


def _decode_by_detector(content: bytes) -> Decoded:
    detector = EncodingDetector()
    detector.update(content[:_MAX_SAMPLE_BYTES])
    # Its answers that are no charset of the web are DOS code pages, and were Western text each time in measurements.
    charset = _codec_of_label(detector.encoding(html5_compatible=False)) or "cp1252"
    charset = "cp1252" if charset in {*_WIDE, "utf-8"} else charset
    return Decoded(content.decode(charset, "replace"), charset)
