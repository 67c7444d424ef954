"""Which WARC files an input names, and each of them opened: a file, a folder, a list; here or at an address."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self
from urllib.parse import urljoin, urlsplit

from config.inputs import WarcInput
from config.settings import Settings
from config.sources import Source
from tasks.files.decompress import unpacked
from tasks.files.errors import LINKED_AWAY, InputError
from tasks.http.content_coding import PackedError

if TYPE_CHECKING:
    from tasks.http.fetcher import Fetcher

MAX_FETCHED_BYTES: Final = 1_500_000_000
"""Of a WARC file that is fetched; a file of CC-NEWS has about 1 GB. While it arrives it is held in memory."""
FETCH_SECONDS: Final = 3_600.0
"""Time for it to arrive: 1.5 GB at 3.3 Mbit/s."""
MAX_LIST_BYTES: Final = 50_000_000

_WARCS: Final = (".warc", ".warc.gz", ".warc.zst")
_LISTS: Final = (".paths", "/paths", ".txt")
_LONGEST_LINE: Final = 8_000

Place = Path | str
"""A file, or the address of one."""


def address(source: Source, entry: WarcInput) -> str:
    """The address of what the input names: a file, a folder or a list."""
    return entry.url or (source.folder / str(entry.path)).resolve().as_uri()


class Opener:
    """Opens the files of one source; those at addresses are asked for in turn, with the source's delay between.

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

    def open(self, place: Place, limit: int = MAX_FETCHED_BYTES) -> IO[bytes]:
        """A file, or what is at an address, by then in a temporary file. Raises `InputError`."""
        if isinstance(place, str):
            content = self._fetch(place, limit)
            # Not in memory: reading its documents takes hours where fetching it takes minutes.
            file = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
            file.write(content)
            file.seek(0)
            return file
        try:
            return place.open("rb")
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or str(error)
            raise InputError(f"{place}: cannot be read: {said}; correct {self._source.id}.toml or the file") from None

    def _fetch(self, url: str, limit: int) -> bytes:
        from tasks.http.fetcher import Downloaded, Fetcher, Request

        self._fetcher = self._fetcher or Fetcher(self._settings)
        source = self._source
        seconds = max(FETCH_SECONDS, self._settings.fetch_seconds)
        got = self._fetcher.fetch(Request(url, source.delay, source.allow_private, max_bytes=limit, seconds=seconds))
        if isinstance(got, Downloaded):
            return got.content
        said = getattr(got, "detail", "no content was sent")
        raise InputError(f"{url}: {said}; a file fetched by other means can be named by `path`")


def find_files(source: Source, entry: WarcInput, opener: Opener) -> Iterator[Place]:
    """The WARC files, those of a folder by name and those of a list in its order. Raises `InputError`."""
    place: Place = entry.url or (source.folder / str(entry.path)).resolve()
    if isinstance(place, Path) and place.is_dir():
        yield from _in_folder(place, follow_links=entry.follow_links)
    elif f"/{_name(place)}".removesuffix(".gz").removesuffix(".zst").endswith(_LISTS):
        yield from _in_list(place, entry.prefix, opener)
    else:
        yield place


def place_address(place: Place) -> str:
    """How rows name a file."""
    return place.as_uri() if isinstance(place, Path) else place


def _name(place: Place) -> str:
    return (place.name if isinstance(place, Path) else urlsplit(place).path).lower()


def _in_folder(folder: Path, *, follow_links: bool) -> Iterator[Path]:
    closed: list[OSError] = []
    found: list[Path] = []
    for base, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(base, name) for name in names if name.lower().endswith(_WARCS) and not name.startswith(".")]
    real = {path: Path(os.path.realpath(path)) for path in found}
    away = [] if follow_links else sorted(path for path in found if not real[path].is_relative_to(folder))
    yield from sorted(set(found).difference(away))
    if away:
        raise InputError(f"{away[0]}: {LINKED_AWAY}")
    if closed:
        raise InputError(f"{closed[0].filename}: cannot be listed: {closed[0].strerror}; mend its permissions")
    if not found:
        raise InputError(f"{folder}: holds no {', '.join(_WARCS)}")


def _in_list(place: Place, prefix: str | None, opener: Opener) -> Iterator[Place]:
    try:
        with opener.open(place, MAX_LIST_BYTES) as file:
            lines = unpacked(file).read(MAX_LIST_BYTES + 1).splitlines()
    except (OSError, PackedError) as error:
        raise InputError(f"{place}: cannot be read: {error}") from None
    told: set[Place] = set()
    for number, line in enumerate(lines, 1):
        named = line[:_LONGEST_LINE].decode("utf-8-sig", "replace").strip()
        if named and not named.startswith("#"):
            found = _named(named, place, prefix)
            if isinstance(place, str) and isinstance(found, Path):
                # A list from elsewhere could name any file of this machine.
                raise InputError(f"{place}, line {number}: a list at an address may name only http and https addresses")
            if found not in told:  # lists that were joined name some files twice
                told.add(found)
                yield found


def _named(named: str, place: Place, prefix: str | None) -> Place:
    """What a line of a list names: relative ones stand behind the prefix, else beside the list."""
    if "://" not in named and prefix:
        named = f"{prefix.rstrip('/')}/{named.lstrip('/')}"
    if named.startswith(("http://", "https://")):
        return named
    if isinstance(place, Path):
        return place.parent / named
    joined = urljoin(place, named)
    return joined if not prefix and joined.startswith(("http://", "https://")) else Path(named)
