"""`copydesk sources check`: is the configuration right, and is what it names there?"""

from __future__ import annotations

import sys

from config.errors import ConfigError
from config.settings import Settings
from config.sources import FolderInput, Source, load_source, source_files
from flows.ingest import utc_now
from tasks.discover import discover, endpoint
from tasks.errors import InputError


def check(settings: Settings, named: list[str]) -> int:
    """Check every source, or those named, each on its own; the exit code: 2 if any is wrong."""
    folder = settings.config / "sources"
    paths = [folder / f"{name}.toml" for name in named] or source_files(settings.config)
    wrong = 0
    for path in paths:
        try:
            source = load_source(path)
            for line in _inputs(source, settings):
                print(f"{source.id}: {line}")
        except (ConfigError, InputError) as error:
            wrong += 1
            print(f"copydesk: {error}", file=sys.stderr)
    return 2 if wrong else 0


def _inputs(source: Source, settings: Settings) -> list[str]:
    """A line an input, after a first look at it. Raises `InputError` where it cannot be read."""
    lines = []
    for entry in source.input:
        listed = discover(source, entry, settings, utc_now())
        if isinstance(entry, FolderInput):
            found = f"{sum(1 for _ in listed):,} documents"
        else:
            found = "has records" if any(True for _ in listed) else "no records"
        lines.append(f"ok, {entry.kind} {endpoint(source, entry)}: {found}")
    return lines
