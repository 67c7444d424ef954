"""A source: where a publisher's articles come in, and what is known of its habits. One TOML file each."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from config.errors import ConfigError, explain

ID_PATTERN: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def _regex(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return pattern


def _cron(schedule: str) -> str:
    if len(schedule.split()) != 5:  # noqa: PLR2004
        raise ValueError("not five cron fields, minute hour day month weekday, such as '*/20 * * * *'")
    return schedule


def _glob(pattern: str) -> str:
    parts = pattern.split("/")
    if pattern.startswith("/") or ".." in parts or any("**" in part and part != "**" for part in parts):
        raise ValueError("not a pattern inside the folder, such as '*.html' or '**/*.txt'")
    return pattern


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("not a time zone name such as 'Europe/London'") from None
    return name


def _place(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("not a path: it holds a NUL")
    return path


Place = Annotated[Path, AfterValidator(_place)]
Pattern = Annotated[str, AfterValidator(_regex)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FolderInput(_Part):
    """Files in a folder: text (.txt, .md) and HTML (.html, .htm), each also .gz."""

    kind: Literal["folder"]
    path: Place = Field(description="The folder, relative to this file.")
    glob: Annotated[str, AfterValidator(_glob)] = Field(
        "**/*", min_length=1, description="Which files in it, such as '*.html' or '**/*.txt'."
    )


class JsonlInput(_Part):
    """JSON Lines, one document a line, also .gz; `fields` names this file's keys for our columns."""

    kind: Literal["jsonl"]
    path: Place | None = Field(None, description="The file, relative to this file.")
    url: str | None = Field(
        None, pattern=r"^https?://[^/@\s]+(/\S*)?$", description="Its address instead, without a password."
    )
    fields: dict[str, str] = Field(
        default_factory=dict, description="Column = key of the file, such as title = 'headline'; a.b reaches inside."
    )

    @model_validator(mode="after")
    def _one_place(self) -> JsonlInput:
        if (self.path is None) == (self.url is None):
            raise ValueError("give either path or url")
        if unknown := sorted(self.fields.keys() - RECORD_FIELDS):
            raise ValueError(f"fields: unknown column '{unknown[0]}'; known: {', '.join(sorted(RECORD_FIELDS))}")
        return self


RECORD_FIELDS: Final = frozenset(
    "id url html text title description authors by located section tags info_sources image_url image_caption "
    "image_credit license language published_at modified_at canonical_url".split()
)
"""What a record of a JSON Lines file may hold; a file that uses these names needs no `fields`."""

Input = Annotated[FolderInput | JsonlInput, Field(discriminator="kind")]


class StripRules(_Part):
    """Corrections by this site's own habits: regular expressions searched in each line; they overrule the rest."""

    keep: tuple[Pattern, ...] = ()
    drop: tuple[Pattern, ...] = ()


class Expect(_Part):
    """What a healthy source yields; one that yields less is flagged."""

    articles_per_day: Annotated[float, Field(ge=0)] | None = None


class Source(_Part):
    """One source; its id is the name of its file."""

    id: str = Field(exclude=True)
    title: str = Field(min_length=1, description="The publisher's name, for people.")
    language: str | None = Field(
        None, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="BCP 47: a prior, not a verdict."
    )
    timezone: Annotated[str, AfterValidator(_zone)] | None = Field(
        None, description="IANA name, for printed times that name no zone."
    )
    schedule: Annotated[str, AfterValidator(_cron)] | None = Field(
        None, description="Cron: minute hour day month weekday."
    )
    delay: Annotated[float, Field(ge=0)] = Field(5.0, description="Seconds between two requests to one host.")
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
    "input.folder": tuple(FolderInput.model_fields),
    "input.jsonl": tuple(JsonlInput.model_fields),
}
"""The keys of each table of a source's file."""


def load_source(path: Path) -> Source:
    """The source that a TOML file declares. Raises `ConfigError` naming file, key, problem and known keys."""
    if not ID_PATTERN.fullmatch(path.stem):
        raise ConfigError(f"{path}: name a source's file with a-z, 0-9 and single hyphens, such as example-news.toml")
    try:
        declared: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: not readable as TOML: {error}") from None
    for reserved in NOT_DECLARED:
        if reserved in declared:
            raise ConfigError(f"{path}: unknown key '{reserved}'; a source's id is the name of its file")
    try:
        return Source.model_validate({**declared, "id": path.stem, "folder": path.parent})
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error, KNOWN_KEYS)}") from None


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
        raise ConfigError(f"{folder}: no such folder; {cure}") from None
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be listed: {error.strerror}") from None
    if not paths:
        raise ConfigError(f"{folder}: no sources; a source is a TOML file there, such as example-news.toml")
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
