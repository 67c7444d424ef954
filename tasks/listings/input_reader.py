"""The interface of all input readers: endpoint, documents, listing and splits of an input."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from config.inputs import InputTable
from config.redact import redact
from config.settings import Settings
from config.sources import Source
from tasks.listings.discovered import Discovered
from tasks.listings.listing import Listing
from warehouse.model.records import Item

if TYPE_CHECKING:
    from tasks.http.fetcher import Fetcher

_InputT = TypeVar("_InputT", bound=InputTable)
Window = tuple[datetime, datetime]


class InputError(Exception):
    """An input that could not be listed, or not to its end; the text is one sentence, and holds no password."""

    def __init__(self, sentence: str) -> None:
        super().__init__(redact(sentence))


@dataclass(frozen=True, slots=True)
class InputSplit:
    """A part of one input that can be read on its own, in any order, on any machine.

    The same input gives the same splits; together they hold each of its documents once. A split knows its files by
    size and time of change, so that one whose files have changed is another split.
    """

    entry: int  # the input's index among the source's
    location: str  # the path or URL of its file, or of the folder that its files are in
    first: int = 0  # of a WARC file the byte, of a table the row or line, that it begins with
    end: int | None = None  # the first byte, row or line after it; None for the end of the file
    paths: tuple[str, ...] = ()  # the files of a folder
    stamp: str = ""  # size and time of change of its files
    documents: int | None = None  # about how many it holds; None if they were not counted
    size: int | None = None  # in bytes, as packed; None if it is not known

    @property
    def digest(self) -> str:
        """16 hex digits: the same bytes of the same files."""
        identity = repr((self.location, self.first, self.end, self.paths, self.stamp))
        return hashlib.sha256(identity.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What reading takes besides the input."""

    settings: Settings
    seen_at: datetime
    fetcher: Fetcher | None = None  # for files at a URL; without one a reader makes its own
    window: Window | None = None  # only records dated within it
    skipped: list[str] = field(default_factory=list)  # filled by reading: sentences on what was passed over


@dataclass(frozen=True)
class InputReader(Generic[_InputT]):
    """How one kind of input is read; a kind overrides what it can do. Registered in `tasks.discover.INPUT_READERS`."""

    source: Source
    entry: _InputT

    fetches_pages: ClassVar[bool] = False  # its documents are pages, fetched from their sites one after another
    holds_records: ClassVar[bool] = False  # its documents are records inside files
    holds_crawls: ClassVar[bool] = False  # its records are dated by their crawls, so a window of days can be read of it
    can_split: ClassVar[bool] = False  # it is read from files; of the others, a host or a listing is the bottleneck

    @property
    def is_polled(self) -> bool:
        """Whether the input is a listing at a URL, requested again and again for what it names."""
        return False

    @property
    def endpoint(self) -> str:
        """The URL of the input, under which `polls` and `discoveries` know it."""
        raise NotImplementedError

    def documents(self, context: ReadContext) -> Iterator[Discovered]:  # noqa: ARG002
        """Return the documents of an input that is not polled. Raises `InputError` after all that could be listed."""
        raise TypeError(f"{type(self.entry).__name__} is polled, not read")

    def former_documents(self, urls: Iterable[str], seen_at: datetime) -> Iterator[Item]:  # noqa: ARG002
        """Return the items of URLs that the input named once, and may not name any more; empty if it cannot tell."""
        return iter(())

    def count(self) -> int | None:
        """Return the number of documents; None if counting means reading or requesting them."""
        return None

    def read_listing(self, content: bytes, url: str, media_type: str | None, charset: str | None) -> Listing:  # noqa: ARG002
        """Parse the listing of a polled input. Raises `ListingError`."""
        raise TypeError(f"{type(self.entry).__name__} is read, not polled")

    def splits(self, number: int, context: ReadContext, min_documents: int) -> Iterator[InputSplit]:  # noqa: ARG002
        """Cut the input, number `number` of its source, into splits of `min_documents`. Raises `InputError`."""
        raise TypeError(f"{type(self.entry).__name__} has no splits")

    def read_split(self, split: InputSplit, context: ReadContext) -> Iterator[Discovered]:  # noqa: ARG002
        """Return the documents of a split. Raises `InputError` if not all could be read."""
        raise TypeError(f"{type(self.entry).__name__} has no splits")
