"""Read the pages of WARC files by any crawler; each becomes a document as if it were fetched at its record's date."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final, cast

from config.inputs import WarcInput
from config.sources import Source
from tasks.files.wacz import open_warcs
from tasks.files.warc_files import WarcLocation, WarcOpener, input_url, list_warcs, location_url
from tasks.files.warc_pages import WarcPages
from tasks.files.warc_splits import split_warcs
from tasks.listings.input_reader import InputError, InputReader, InputSplit, ReadContext
from tasks.text.decompress import DecompressionError, FileSection
from warehouse.model.records import Fetched, Rejection

WHOLE: Final = (0, None)
log: Final = logging.getLogger("copydesk")
_MAX_LISTED_FILES: Final = 10  # in a message about files that could not be read whole


class WarcReader(InputReader[WarcInput]):
    """Reads the pages of WARC files."""

    holds_records = True
    holds_crawls = True
    can_split = True

    @property
    def endpoint(self) -> str:
        """The URL of the file, folder or list."""
        return input_url(self.source, self.entry)

    def documents(self, context: ReadContext) -> Iterator[Fetched | Rejection]:
        """Return every page."""
        return read_warcs(self.source, self.entry, context)

    def splits(self, number: int, context: ReadContext, min_documents: int) -> Iterator[InputSplit]:
        """Cut one file by its records, and take many files as they are."""
        with WarcOpener(self.source, context.settings, context.fetcher) as opener:
            yield from split_warcs(list_warcs(self.source, self.entry, opener), number, min_documents)

    def read_split(self, split: InputSplit, context: ReadContext) -> Iterator[Fetched | Rejection]:
        """Return the pages of a range of bytes, or of several files."""
        names = split.paths or (split.location,)
        locations: list[WarcLocation] = [name if "://" in name else Path(name) for name in names]
        return read_warcs(self.source, self.entry, context, locations, (split.first, split.end))


def read_warcs(
    source: Source,
    entry: WarcInput,
    context: ReadContext,
    locations: Iterable[WarcLocation] | None = None,
    span: tuple[int, int | None] = WHOLE,
) -> Iterator[Fetched | Rejection]:
    """Return the HTML and text documents of the files that an input names, with the HTTP exchange that gave each.

    With `locations` only those files; of each file only the bytes of `span`, which begins and ends between members; of
    its records only those dated within the context's window.

    Taken are `response` records of a status 2xx, and `resource` records. Damage does not hide the rest: `InputError`
    is raised after all that could be read, naming file and position.
    """
    problems: list[tuple[WarcLocation | str, str]] = []
    with WarcOpener(source, context.settings, context.fetcher) as opener:
        listed = list_warcs(source, entry, opener, context.skipped) if locations is None else locations
        for location in _listed(listed, problems):
            pages = WarcPages(source, entry, context, location_url(location), span[0])
            try:
                with opener.open(location) as file:
                    section = file if span == WHOLE else cast("IO[bytes]", FileSection(file, *span))
                    for part in open_warcs(section):
                        yield from pages.read(part)
            except InputError as error:
                problems.append((location, str(error)))
            except (OSError, DecompressionError) as error:
                note = f"; {pages.taken:,} documents before that place were taken" if pages.records else ""
                problems.append((location, f"{location}: {error}{note}"))
            if sentence := pages.describe_skipped():
                context.skipped.append(f"{location_url(location)}: {sentence}")
            log.info("%s: %d of %d records are documents", location, pages.taken, pages.records)
    if problems:
        raise InputError(_describe(problems))


def _listed(
    locations: Iterable[WarcLocation], problems: list[tuple[WarcLocation | str, str]]
) -> Iterator[WarcLocation]:
    try:
        yield from locations
    except InputError as error:
        problems.append((str(error).partition(": ")[0], str(error)))


def _describe(problems: list[tuple[WarcLocation | str, str]]) -> str:
    (_, first), *others = problems
    if not others:
        return first
    names = ", ".join(str(location) for location, _ in others[:_MAX_LISTED_FILES])
    more = f" and {len(others) - _MAX_LISTED_FILES} more" if len(others) > _MAX_LISTED_FILES else ""
    return f"{first}; nor were read whole: {names}{more}"
