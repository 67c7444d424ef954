"""A source: where a publisher's articles come in, and what is known of its habits. One TOML file each."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError

from config.errors import ConfigError, explain
from config.inputs import INPUTS, Input, Part, Pattern
from config.schedule import read_schedule

ID_PATTERN: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def _schedule(printed: str) -> str:
    read_schedule(printed)
    return printed


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("not a time zone name such as 'Europe/London'") from None
    return name


class StripRules(Part):
    """Corrections by this site's own habits: regular expressions searched in each line; they overrule the rest."""

    keep: tuple[Pattern, ...] = ()
    drop: tuple[Pattern, ...] = ()


class Expect(Part):
    """What a healthy source yields; one that yields less is flagged."""

    articles_per_day: Annotated[float, Field(ge=0)] | None = None


class Source(Part):
    """One source; its id is the name of its file."""

    id: str = Field(exclude=True)
    title: str = Field(min_length=1, description="The publisher's name, for people.")
    language: str | None = Field(
        None, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="BCP 47: a prior, not a verdict."
    )
    timezone: Annotated[str, AfterValidator(_zone)] | None = Field(
        None, description="IANA name, for printed times that name no zone."
    )
    schedule: Annotated[str, AfterValidator(_schedule)] | None = Field(
        None, description="Cron (minute hour day month weekday), @hourly, @daily, or 'every 20 minutes'."
    )
    delay: Annotated[float, Field(ge=0)] = Field(
        5.0, description="Seconds between the starts of two requests to one host; its robots.txt may ask for more."
    )
    recheck: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (1, 6, 24, 168), description="Hours after its first fetch at which a page is fetched again, to see its edits."
    )
    allow_private: bool = Field(False, description="May fetch from loopback and private addresses.")
    paused: bool = Field(False, description="Left out of runs that name no source.")
    input: tuple[Input, ...] = Field(min_length=1, description="Where its articles come in.")
    strip: StripRules = StripRules()
    expect: Expect = Expect()
    folder: Path = Field(Path(), exclude=True, description="Where its file is; paths are relative to it.")

    @property
    def digest(self) -> str:
        """16 hex digits that change when anything declared here does."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


NOT_DECLARED: Final = ("id", "folder")
"""What a source has from where its file is, not from what it says."""

KNOWN_KEYS: Final = {
    "": tuple(name for name in Source.model_fields if name not in NOT_DECLARED),
    "strip": tuple(StripRules.model_fields),
    "expect": tuple(Expect.model_fields),
    **{f"input.{name}": tuple(part.model_fields) for name, part in INPUTS.items()},
}
"""The keys of each table of a source's file."""


def load_source(path: Path) -> Source:
    """The source that a TOML file declares. Raises `ConfigError` naming file, key, problem and known keys."""
    if not ID_PATTERN.fullmatch(path.stem):
        raise ConfigError(
            f"{path}: name a source's file with a-z, 0-9 and single hyphens, such as example-news.toml", path
        )
    try:
        declared: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: not readable as TOML: {error}", path) from None
    for reserved in NOT_DECLARED:
        if reserved in declared:
            raise ConfigError(f"{path}: unknown key '{reserved}'; a source's id is the name of its file", path)
    try:
        return Source.model_validate({**declared, "id": path.stem, "folder": path.parent})
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error, KNOWN_KEYS)}", path) from None


def load_sources(config: Path) -> tuple[dict[str, Source], list[ConfigError]]:
    """Every source of `config/sources/` by its id, in the order of the ids, and what is wrong with the other files.

    A file that an editor is just writing must not stop the sources that are right.
    Raises `ConfigError` where there is no such folder.
    """
    good, wrong = {}, []
    for path in source_files(config):
        try:
            good[path.stem] = load_source(path)
        except ConfigError as error:
            wrong.append(error)
    return good, wrong


def source_files(config: Path) -> list[Path]:
    """The TOML files of `config/sources/`, by id. Raises `ConfigError` where there are none."""
    folder = config / "sources"
    try:
        paths = [path for path in folder.iterdir() if path.suffix == ".toml" and path.name[0] != "."]
    except FileNotFoundError:
        cure = "a configuration has sources/ with one TOML file a source"
        raise ConfigError(f"{folder}: no such folder; {cure}", folder) from None
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be listed: {error.strerror}", folder) from None
    if not paths:
        raise ConfigError(f"{folder}: no sources; a source is a TOML file there, such as example-news.toml", folder)
    return sorted(paths, key=lambda path: path.stem)


def choose_sources(config: Path, named: Sequence[str] = ()) -> tuple[list[Source], list[ConfigError]]:
    """The sources named, else all that are not paused, and what is wrong with the files of others.

    Raises `ConfigError` where a source that was named is not configured, or wrongly.
    """
    if not named:
        good, wrong = load_sources(config)
        return [source for source in good.values() if not source.paused], wrong
    files = {path.stem: path for path in source_files(config)}
    if unknown := next((name for name in named if name not in files), None):
        listed = ", ".join(files) or "none"
        raise ConfigError(f"no source '{unknown}' in {config / 'sources'}; configured: {listed}")
    return [load_source(files[name]) for name in dict.fromkeys(named)], []
