"""List and open the WARC files that an input names: a file, a folder or a list, on this machine or at a URL."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self
from urllib.parse import urljoin, urlsplit

from config.errors import reason_of
from config.inputs import WarcInput
from config.settings import Settings
from config.sources import Source
from tasks.files.folder import LINKED_AWAY, describe_skipped
from tasks.files.wacz import WARC_SUFFIXES
from tasks.listings.input_reader import InputError
from tasks.text.decompress import DecompressionError, open_decompressed
from tasks.text.text_lines import UTF_8, file_charset

if TYPE_CHECKING:
    from tasks.http.fetcher import Fetcher

# A file of CC-NEWS has about 1 GB. While it arrives it is in memory.
MAX_FETCHED_BYTES: Final = 1_500_000_000
MAX_FETCH_SECONDS: Final = 3_600.0  # 1.5 GB at 3.3 Mbit/s
MAX_LIST_BYTES: Final = 50_000_000

FILE_SUFFIXES: Final = (*WARC_SUFFIXES, ".wacz")
_LIST_SUFFIXES: Final = (".paths", "/paths", ".txt")
_MAX_LINE_CHARACTERS: Final = 8_000

WarcLocation = Path | str  # a file, or the URL of one


def input_url(source: Source, entry: WarcInput) -> str:
    """Return the URL of the file, folder or list that the input names; `file:` for a local one."""
    return entry.url or (source.folder / str(entry.path)).resolve().as_uri()


class WarcOpener:
    """Opens the files of one source; those at URLs are fetched one after another, with the source's delay between.

    Without a `fetcher` it makes one of its own, and closes it.
    """

    def __init__(self, source: Source, settings: Settings, fetcher: Fetcher | None = None) -> None:
        self._source = source
        self._settings = settings
        self._fetcher = fetcher
        self._is_ours = fetcher is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._fetcher is not None and self._is_ours:
            self._fetcher.close()

    def open(self, location: WarcLocation, limit: int = MAX_FETCHED_BYTES) -> IO[bytes]:
        """Open a file, or a temporary copy of what is at a URL. Raises `InputError`."""
        if isinstance(location, str):
            content = self._fetch(location, limit)
            # Not in memory: reading its documents takes hours where fetching it takes minutes.
            file = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
            file.write(content)
            file.seek(0)
            return file
        try:
            return location.open("rb")
        except (OSError, ValueError) as error:
            raise InputError(
                f"{location}: cannot be read: {reason_of(error)}; correct {self._source.id}.toml or the file"
            ) from None

    def _fetch(self, url: str, limit: int) -> bytes:
        from tasks.http.access import source_access
        from tasks.http.fetcher import Downloaded, Fetcher, Request

        self._fetcher = self._fetcher or Fetcher(self._settings)
        source = self._source
        seconds = max(MAX_FETCH_SECONDS, self._settings.fetch_seconds)
        request = Request(
            url, source.delay, source.allow_private, max_bytes=limit, seconds=seconds, access=source_access(source)
        )
        result = self._fetcher.fetch(request)
        if isinstance(result, Downloaded):
            return result.content
        reason = getattr(result, "detail", "no content was sent")
        raise InputError(f"{url}: {reason}; a file fetched by other means can be named by `path`")


def list_warcs(
    source: Source, entry: WarcInput, opener: WarcOpener, skipped: list[str] | None = None
) -> Iterator[WarcLocation]:
    """Return the WARC files, those of a folder by name and those of a list in its order. Raises `InputError`.

    Sentences on what else is in a folder are put into `skipped`.
    """
    location: WarcLocation = entry.url or (source.folder / str(entry.path)).resolve()
    if isinstance(location, Path) and location.is_dir():
        yield from _list_folder(location, [] if skipped is None else skipped, follow_links=entry.follow_links)
    elif f"/{_name(location)}".removesuffix(".gz").removesuffix(".zst").endswith(_LIST_SUFFIXES):
        yield from _read_list(location, entry.prefix, opener)
    else:
        yield location


def location_url(location: WarcLocation) -> str:
    """Return the URL by which rows name a file."""
    return location.as_uri() if isinstance(location, Path) else location


def _name(location: WarcLocation) -> str:
    return (location.name if isinstance(location, Path) else urlsplit(location).path).lower()


def _list_folder(folder: Path, skipped: list[str], *, follow_links: bool) -> Iterator[Path]:
    errors: list[OSError] = []
    paths: list[Path] = []
    others: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=errors.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        others += filter(Path.is_symlink, (Path(parent, name) for name in folders))
        for name in names:
            if not name.startswith("."):
                (paths if name.lower().endswith(FILE_SUFFIXES) else others).append(Path(parent, name))
    skipped.extend(describe_skipped(sorted(others), folder, FILE_SUFFIXES))
    real = {path: Path(os.path.realpath(path)) for path in paths}
    away = [] if follow_links else sorted(path for path in paths if not real[path].is_relative_to(folder))
    yield from sorted(set(paths).difference(away))
    if away:
        raise InputError(f"{away[0]}: {LINKED_AWAY}")
    if errors:
        raise InputError(f"{errors[0].filename}: cannot be listed: {reason_of(errors[0])}; mend its permissions")
    if not paths:
        raise InputError(f"{folder}: holds no {', '.join(FILE_SUFFIXES)}")


def _read_list(list_location: WarcLocation, prefix: str | None, opener: WarcOpener) -> Iterator[WarcLocation]:
    try:
        with opener.open(list_location, MAX_LIST_BYTES) as file:
            content = open_decompressed(file).read(MAX_LIST_BYTES + 1)
    except (OSError, DecompressionError) as error:
        raise InputError(f"{list_location}: cannot be read: {error}") from None
    charset = file_charset(content)
    text = content.decode(charset if isinstance(charset, str) else UTF_8, "replace").removeprefix("\ufeff")
    listed: set[WarcLocation] = set()
    for number, line in enumerate(text.splitlines(), 1):
        name = line[:_MAX_LINE_CHARACTERS].strip()
        if name and not name.startswith("#"):
            location = _resolve(name, list_location, prefix)
            if isinstance(list_location, str) and isinstance(location, Path):
                # A list from elsewhere could name any file of this machine.
                raise InputError(
                    f"{list_location}, line {number}: a list at an address may name only http and https addresses"
                )
            if location not in listed:  # lists that were joined name some files twice
                listed.add(location)
                yield location


def _resolve(text: str, list_location: WarcLocation, prefix: str | None) -> WarcLocation:
    """Return the file that a line of a list names; a relative path is below the prefix, else beside the list."""
    if "://" not in text and prefix:
        text = f"{prefix.rstrip('/')}/{text.lstrip('/')}"
    if text.startswith(("http://", "https://")):
        return text
    if isinstance(list_location, Path):
        return list_location.parent / text
    joined = urljoin(list_location, text)
    return joined if not prefix and joined.startswith(("http://", "https://")) else Path(text)
