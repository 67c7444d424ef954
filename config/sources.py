"""A source: where a publisher's articles come in, and what is known of its habits. One TOML file each."""

from __future__ import annotations

import hashlib
import re
import tomllib
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


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("not a time zone name such as 'Europe/London'") from None
    return name


Pattern = Annotated[str, AfterValidator(_regex)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FolderInput(_Part):
    """Files in a folder: text (.txt, .md) and HTML (.html, .htm), each also .gz."""

    kind: Literal["folder"]
    path: Path = Field(description="The folder, relative to this file.")
    glob: str = Field("**/*", min_length=1, description="Which files in it, such as '*.html' or '**/*.txt'.")


class JsonlInput(_Part):
    """JSON Lines, one document a line, also .gz; `fields` names this file's keys for our columns."""

    kind: Literal["jsonl"]
    path: Path | None = Field(None, description="The file, relative to this file.")
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


def load_sources(config: Path) -> dict[str, Source]:
    """Every source of `config/sources/`, by id, in the order of the ids. Raises `ConfigError` at the first bad file."""
    return {path.stem: load_source(path) for path in source_files(config)}


def source_files(config: Path) -> list[Path]:
    """The TOML files of `config/sources/`, by id."""
    folder = config / "sources"
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; a configuration has sources/ with one TOML file a source")
    return sorted(folder.glob("*.toml"), key=lambda path: path.stem)
