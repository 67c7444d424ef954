"""Parts of an input that can be read on their own, in any order, on any machine: files, ranges of records, of paths.

The same input gives the same parts; together they hold each of its documents once. A part knows the files it is of by
size and time of change, so that one whose files have changed is another part.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from config.inputs import FolderInput, Input, JsonlInput, WarcInput
from config.settings import Settings
from config.sources import Source
from tasks import discover
from tasks.files import jsonl
from tasks.files import warc as warcs
from tasks.files import warc_files as warcfiles
from tasks.files.errors import InputError
from tasks.listings.discovered import Found

if TYPE_CHECKING:
    from tasks.http.fetcher import Fetcher

PART: Final = 1_000
"""Documents that a part holds where an input has as many: its fixed costs, a few seconds, are then a tenth of it."""
MOST_PARTS: Final = 2_000
"""Of one file of lines or rows: each part passes over all that stands before it."""
RECORD: Final = re.compile(
    rb"WARC/\d.{0,4000}?^WARC-Type:\s*(?:response|resource)\s*$", re.DOTALL | re.MULTILINE | re.IGNORECASE
)
BLOCK: Final = 1 << 18
HEAD: Final = 4_096
SMALL: Final = 32_000_000
"""Bytes of a WARC file, packed, that holds about a part's documents."""
GZIP: Final = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of one input of a source."""

    entry: int
    """The input's place among the source's."""
    place: str
    """The path or address of its file, or of the folder that its files are in."""
    first: int = 0
    """Of a WARC file the byte, of a table the row or line, that it begins with."""
    end: int | None = None
    """What it ends before; None where it goes to the end of the file."""
    paths: tuple[str, ...] = ()
    """The files of a folder, by their paths in it."""
    stamp: str = ""
    """Tells its files as they are now from what they may become."""
    documents: int | None = None
    """About how many it holds; None where that was not counted."""
    size: int | None = None
    """In bytes, as packed; None where it is not known."""

    @property
    def digest(self) -> str:
        """16 hex digits: the same bytes of the same files."""
        told = repr((self.place, self.first, self.end, self.paths, self.stamp))
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def can_split(entry: Input) -> bool:
    """Whether an input is read from files; of the others, a host or a listing is the bottleneck."""
    return isinstance(entry, FolderInput | WarcInput | JsonlInput)


def split(
    source: Source, number: int, settings: Settings, fetcher: Fetcher | None = None, *, least: int = PART
) -> Iterator[Part]:
    """The parts of a source's input `number`, in the order of its documents, of `least` documents where it has them.

    Raises `InputError` after all that could be listed.
    """
    entry = source.input[number]
    if isinstance(entry, FolderInput):
        yield from _split_folder(source, entry, number, least)
    elif isinstance(entry, JsonlInput):
        yield from _split_rows(source, entry, number, settings, least)
    elif isinstance(entry, WarcInput):
        yield from _split_warcs(source, entry, number, settings, fetcher, least)


def read_part(
    source: Source,
    part: Part,
    settings: Settings,
    seen_at: datetime,
    fetcher: Fetcher | None = None,
    window: tuple[datetime, datetime] | None = None,
) -> Iterator[Found]:
    """The documents of a part as `discover` gives those of its input; WARC records dated within `window` only.

    Raises `InputError` where not all could be read.
    """
    entry = source.input[part.entry]
    if isinstance(entry, FolderInput):
        return discover.name_files(source, entry, map(Path, part.paths), seen_at)
    if isinstance(entry, JsonlInput):
        return jsonl.read_records(source, entry, settings, seen_at, fetcher, (part.first, part.end))
    if isinstance(entry, WarcInput):
        places: list[warcfiles.Place] = [name if "://" in name else Path(name) for name in part.paths or (part.place,)]
        span = (part.first, part.end)
        return warcs.read_warcs(source, entry, settings, seen_at, fetcher, places=places, span=span, window=window)
    raise TypeError(f"{entry.kind} has no parts")


def _split_folder(source: Source, entry: FolderInput, number: int, least: int) -> Iterator[Part]:
    folder = (source.folder / entry.path).resolve()
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; correct `path` in {source.id}.toml, it is relative to that file")
    paths = list(discover.files(folder, entry.glob))
    for run in _runs(len(paths), least):
        taken = paths[run.start : run.stop]
        names = tuple(str(path) for path in taken)
        sizes = [_stamp(path) for path in taken]
        stamp = hashlib.sha256(" ".join(sizes).encode()).hexdigest()[:16]
        size = sum(int(one.partition("-")[0]) for one in sizes)
        yield Part(number, str(folder), run.start, None, names, stamp, len(taken), size)
    if closed := next(discover.closed_folders(folder, deep="**" in entry.glob), None):
        raise InputError(f"{closed.filename}: cannot be listed: {closed.strerror}; mend its permissions")


def _split_rows(source: Source, entry: JsonlInput, number: int, settings: Settings, least: int) -> Iterator[Part]:
    if entry.url is not None:
        # Each part would fetch all of it.
        yield Part(number, entry.url)
        return
    path = (source.folder / str(entry.path)).resolve()
    stamp, rows = _stamp(path), jsonl.number_rows(source, entry, settings)
    size = int(stamp.partition("-")[0])
    if not rows:
        # Without any part nobody would open it, and say why there is nothing in it.
        yield Part(number, str(path), stamp=stamp, size=size)
    for run in _runs(len(rows), max(least, len(rows) // MOST_PARTS)):
        first, end = rows.start + run.start, None if run.stop == len(rows) else rows.start + run.stop
        yield Part(number, str(path), first, end, (), stamp, len(run), size * len(run) // len(rows))


def _split_warcs(
    source: Source, entry: WarcInput, number: int, settings: Settings, fetcher: Fetcher | None, least: int
) -> Iterator[Part]:
    """One file in ranges of its records, of many each as it is; small ones that follow each other together."""
    held: list[Path] = []

    def together() -> Iterator[Part]:
        if held:
            stamps = [_stamp(path) for path in held]
            sizes = sum(int(one.partition("-")[0]) for one in stamps)
            names = tuple(map(str, held)) if len(held) > 1 else ()
            yield Part(number, str(held[0]), paths=names, stamp=" ".join(stamps), size=sizes)
            held.clear()

    with warcfiles.Opener(source, settings, fetcher) as opener:
        places = warcfiles.find_files(source, entry, opener)
        first, second = next(places, None), next(places, None)
        if isinstance(first, Path) and second is None:
            yield from _split_warc(first, number, least)
            return
        for place in chain([one for one in (first, second) if one is not None], places):
            if isinstance(place, str):
                yield from together()
                yield Part(number, place)
            else:
                held.append(place)
                if sum(int(_stamp(path).partition("-")[0]) for path in held) >= SMALL:
                    yield from together()
        yield from together()


def _split_warc(place: Path, number: int, least: int) -> Iterator[Part]:
    stamp, records = _stamp(place), 0
    size = int(stamp.partition("-")[0])
    bounds: list[int] = [0]
    counts: list[int] = []
    for start, is_document in _members(place):
        if is_document and records == least:
            bounds.append(start)
            counts.append(records)
            records = 0
        records += is_document
    # Better one part that is longer than one that is too short.
    if counts and records < least:
        bounds.pop()
        records += counts.pop()
    for first, end, count in zip(bounds, [*bounds[1:], None], [*counts, records], strict=True):
        # What is packed otherwise was not counted.
        yield Part(number, str(place), first, end, (), stamp, count or None, (size if end is None else end) - first)


def _members(path: Path) -> Iterator[tuple[int, bool]]:
    """Where each member of a gzip file begins, and whether it is a WARC record with a document.

    Ends where the file is damaged, and at once where a member is no single record: there it cannot be divided.
    """
    try:
        with path.open("rb") as file:
            if file.read(2) != GZIP:
                return
            file.seek(0)
            for start, head in _heads(file):
                if not head.startswith(b"WARC/"):
                    return
                yield start, RECORD.match(head) is not None
    except OSError:
        return  # whoever reads it says so


def _heads(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Of each gzip member where it begins and the first bytes of what is in it; nothing is held."""
    start, rest, end = 0, b"", 0
    while True:
        engine, head = zlib.decompressobj(wbits=31), b""
        while not engine.eof:
            chunk = rest or file.read(BLOCK)
            if not chunk:
                return
            try:
                content = engine.decompress(chunk)
            except zlib.error:
                return
            head += content[: HEAD - len(head)]
            rest = engine.unused_data
            end += len(chunk) - len(rest)
        yield start, head
        start = end


def _runs(count: int, least: int) -> Iterable[range]:
    """0 to `count` cut into ranges of one length or one more, none shorter than `least` unless it is the only one."""
    parts = max(1, count // max(1, least))
    bounds = [count * number // parts for number in range(parts + 1)]
    return [range(first, end) for first, end in pairwise(bounds) if count]


def _stamp(path: Path) -> str:
    try:
        told = path.stat()
    except OSError:
        return "0-0"  # whoever reads it says so
    return f"{told.st_size}-{told.st_mtime_ns}"
