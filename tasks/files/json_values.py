"""Read the records of a JSON file: one a line, or one after another over many lines, in a list or not."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Final

from tasks.files.csv_parquet import Row, TableError
from tasks.text.decode import Decoded, decode
from tasks.text.text_lines import UTF_8, mend_text, open_text
from warehouse.model.vocabulary import Reason

_READ_CHARACTERS: Final = 65_536
_BLANK: Final = " \t\r\n\ufeff\x1e\0"  # \x1e begins a value of a JSON text sequence (RFC 7464)
_BRACKET_OR_QUOTE: Final = re.compile(r'["{}\[\]]')
_STRING_REST: Final = re.compile(r'(?:[^"\\]++|\\.)*+("|\\?\Z)', re.DOTALL)
_BETWEEN: Final = re.compile(rf"(?:[{_BLANK},\[\]]|null)*+")


def holds_json(sample: str) -> bool:
    """Return whether a file that begins so is JSON: one of its first lines begins as an object or a list does."""
    return any(line.lstrip(_BLANK).startswith(("{", "[")) for line in sample.splitlines())


def is_one_record_a_line(sample: str) -> bool:
    """Return whether a JSON file that begins so is JSON Lines: its first line is one whole object, or a damaged one."""
    first, end, rest = sample.strip(_BLANK).partition("\n")
    if first.startswith("["):
        return False
    values = _Values(len(sample))
    records = list(values.feed(first))
    if records:
        return len(records) == 1 and not values.is_open
    # A damaged first line is one bad record; of a record over several lines the second line is no new one.
    return not end or rest.lstrip(_BLANK).startswith("{")


def read_lines(stream: io.BufferedReader, charset: str, limit: int) -> Iterator[Row]:
    """Return the lines in UTF-8, numbered from 1; those over `limit` bytes are never in memory as a whole."""
    lines = stream if charset == UTF_8 else _Reencoded(open_text(stream, charset, newline="\n"))
    number = 0
    while line := lines.readline(limit + 2):
        number += 1
        if len(line.rstrip(b"\r\n")) <= limit:
            yield Row(number, _utf8(line), "line")
            continue
        yield Row(number, Reason.TOO_LARGE, "line")
        while line and not line.endswith(b"\n"):
            line = lines.readline(limit)


def read_values(stream: io.BufferedReader, charset: str, limit: int) -> Iterator[Row]:
    """Return the objects that stand one after another or in lists, each as it is written, numbered from 1.

    What else stands between them is `BAD_RECORD`. Raises `TableError` after all that could be read if the last object
    or the list is not closed.
    """
    values, text = _Values(limit), open_text(stream, charset)
    while chunk := text.read(_READ_CHARACTERS):
        yield from values.feed(chunk)
    yield from values.end()
    if values.is_open:
        raise TableError(f"it is cut short or damaged after record {values.number:,}; the records before were taken")


class _Reencoded:
    """The lines of a text in UTF-8."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text

    def readline(self, size: int) -> bytes:
        return self._text.readline(size).encode(UTF_8, "replace")


class _Values:
    """Divides a text, given in pieces, into its outermost objects; each at most `limit` bytes long."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[str] = []
        self._size = 0
        self._lists = 0  # that are open around the objects
        self._depth = 0  # of brackets inside an object
        self._is_in_string = False
        self._skipped = 0  # characters of the next piece that an escape covers
        self.number = 0

    @property
    def is_open(self) -> bool:
        """Whether an object or a list was opened and not closed so far."""
        return self._depth > 0 or self._lists > 0

    def feed(self, text: str) -> Iterator[Row]:
        """Return the records that end in the next piece of text."""
        start, position, self._skipped = 0, self._skipped, 0
        while position < len(text):
            if self._is_in_string:
                position = self._end_of_string(text, position)
                continue
            bracket = _BRACKET_OR_QUOTE.search(text, position)
            if bracket is None:
                break
            position = bracket.end()
            if bracket[0] == "{" and not self._depth:
                self._add(text[start : bracket.start()])
                start = bracket.start()
                yield from self._between()
            if self._closes_record(bracket[0]):
                self._add(text[start:position])
                start = position
                yield self._row(self._take())
        self._add(text[start:])

    def end(self) -> Iterator[Row]:
        """Return a bad record if the text ends with something that is no object."""
        if not self._depth:
            yield from self._between()

    def _end_of_string(self, text: str, position: int) -> int:
        rest = _STRING_REST.match(text, position)
        ending = rest[1] if rest else ""
        self._is_in_string = ending != '"'
        self._skipped = int(ending == "\\")
        return rest.end() if rest else len(text)

    def _closes_record(self, bracket: str) -> bool:
        """Count a bracket or a quote; return whether it ends the object."""
        if bracket == '"':
            self._is_in_string = True
        elif self._depth:
            self._depth += 1 if bracket in "{[" else -1
            return not self._depth
        elif bracket == "{":
            self._depth = 1
        elif bracket != "}":
            self._lists += 1 if bracket == "[" else -min(1, self._lists)
        return False

    def _add(self, piece: str) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            self._pieces.clear()
        elif piece:
            self._pieces.append(piece)

    def _take(self) -> bytes | Reason:
        text, is_whole = "".join(self._pieces), self._size <= self._limit
        self._pieces.clear()
        self._size = 0
        content = mend_text(text).encode(UTF_8, "replace")
        return content if is_whole and len(content) <= self._limit else Reason.TOO_LARGE

    def _between(self) -> Iterator[Row]:
        content = self._take()
        if isinstance(content, Reason) or not _BETWEEN.fullmatch(content.decode(UTF_8)):
            yield self._row(Reason.BAD_RECORD)

    def _row(self, content: bytes | Reason) -> Row:
        self.number += 1
        return Row(self.number, content, "record")


def _utf8(line: bytes) -> bytes:
    """Return a line of a UTF-8 file, decoded by itself if it is in another charset."""
    try:
        line.decode(UTF_8)
    except UnicodeDecodeError:
        decoded = decode(line)
        return decoded.text.encode(UTF_8, "replace") if isinstance(decoded, Decoded) else line
    return line
