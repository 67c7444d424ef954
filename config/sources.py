"""Sources: a publisher's inputs, and the rules for its articles. One TOML file each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError

from config.errors import ConfigError, explain
from config.fetch import SourceFetch
from config.inputs import INPUTS, ConfigTable, Input, InputTable, Pattern
from config.schedule import read_schedule
from config.toml_file import read_toml

_InputT = TypeVar("_InputT", bound=InputTable)

ID_PATTERN: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LANGUAGE_PATTERN: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
DEFAULT_DELAY_SECONDS: Final = 5.0
MAX_TAG_CHARACTERS: Final = 40
_TAG: Final = rf"^[^\s,/\-][^\s,/]{{0,{MAX_TAG_CHARACTERS - 1}}}$"


def _schedule(text: str) -> str:
    read_schedule(text)
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("not a time zone name such as 'Europe/London'") from None
    return name


def _language(code: str) -> str:
    if not LANGUAGE_PATTERN.fullmatch(code):
        raise ValueError("not the code of a language, such as 'en', 'de' or 'pt-BR'")
    return code


def _tag(word: str) -> str:
    if not re.fullmatch(_TAG, word) or not word.isprintable():
        raise ValueError(f"a tag is one word of at most {MAX_TAG_CHARACTERS} characters, such as 'uk' or 'local-news'")
    return word.lower()


Language = Annotated[
    str, AfterValidator(_language), Field(json_schema_extra={"pattern": f"^{LANGUAGE_PATTERN.pattern}$"})
]
Tag = Annotated[str, AfterValidator(_tag), Field(json_schema_extra={"pattern": _TAG})]


class StripRules(ConfigTable):
    """Corrections by this site's own habits: regular expressions searched in each line; they overrule the rest."""

    keep: tuple[Pattern, ...] = Field((), description="A line in which one of these is found stays in the text.")
    drop: tuple[Pattern, ...] = Field((), description="A line in which one of these is found is taken out.")


class Expect(ConfigTable):
    """What a healthy source yields; one that yields less is flagged."""

    articles_per_day: Annotated[float, Field(ge=0)] | None = Field(
        None, description="Articles that a day brings when all is well."
    )


class Source(ConfigTable):
    """One source; its id is the name of its file."""

    id: str = Field(exclude=True)
    title: str = Field(min_length=1, description="The publisher's name, for people.")
    # Not in the digest, as no document is judged by them.
    tags: tuple[Tag, ...] = Field(
        (), exclude=True, description="Words that group sources, in lower case, for `--tag`, SQL and the Prefect UI."
    )
    language: Language | None = Field(None, description="BCP 47: a prior, not a verdict.")
    timezone: Annotated[str, AfterValidator(_zone)] | None = Field(
        None, description="IANA name, for printed times that name no zone."
    )
    schedule: Annotated[str, AfterValidator(_schedule)] | None = Field(
        None, description="Cron (minute hour day month weekday), @hourly, @daily, or 'every 20 minutes'."
    )
    delay: Annotated[float, Field(ge=0, strict=True)] = Field(
        DEFAULT_DELAY_SECONDS,
        description="Seconds between the starts of two requests to one host; its robots.txt may ask for more.",
    )
    recheck: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (1, 6, 24, 168), description="Hours after its first fetch at which a page is fetched again, to see its edits."
    )
    allow_private: bool = Field(False, strict=True, description="May fetch from loopback and private addresses.")
    render: bool = Field(
        False,
        strict=True,
        description="Pages are read as a headless Chromium shows them; needs the extra `browser`.",
    )
    paused: bool = Field(False, strict=True, description="Left out of runs that name no source.")
    input: tuple[Input, ...] = Field(min_length=1, description="Where its articles come in.")
    fetch: SourceFetch = SourceFetch()
    strip: StripRules = StripRules()
    expect: Expect = Expect()
    folder: Path = Field(Path(), exclude=True, description="Where its file is; paths are relative to it.")

    @property
    def is_never_run(self) -> bool:
        """Whether it has inputs on the web that change, and no schedule on which `copydesk serve` looks at them."""
        is_polled = any(entry.kind in POLLED_KINDS and getattr(entry, "url", None) for entry in self.input)
        return self.schedule is None and is_polled and not self.paused

    def inputs_of(self, kind: type[_InputT]) -> list[_InputT]:
        """Return the inputs of one kind, in their order."""
        return [entry for entry in self.input if isinstance(entry, kind)]

    @property
    def digest(self) -> str:
        """16 hex digits that change when anything declared here does."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


POLLED_KINDS: Final = ("feed", "sitemap", "pages")
SCHEDULE_CURE: Final = 'add schedule = "every 30 minutes"'
NOT_DECLARED: Final = ("id", "folder")  # from the path of its file, not from its content

KNOWN_KEYS: Final = {
    "": tuple(name for name in Source.model_fields if name not in NOT_DECLARED),
    "fetch": tuple(SourceFetch.model_fields),
    "strip": tuple(StripRules.model_fields),
    "expect": tuple(Expect.model_fields),
    **{f"input.{name}": tuple(part.model_fields) for name, part in INPUTS.items()},
}


def load_source(path: Path) -> Source:
    """Load the source that a TOML file declares. Raises `ConfigError` naming file, key, problem and known keys."""
    if path.suffix != ".toml" or not ID_PATTERN.fullmatch(path.stem):
        raise ConfigError(
            f"{path}: name a source's file with a-z, 0-9 and single hyphens, such as example-news.toml", path
        )
    try:
        declared = read_toml(path)
    except OSError as error:
        raise ConfigError.of(error, path) from None
    for reserved in NOT_DECLARED:
        if reserved in declared:
            raise ConfigError(f"{path}: unknown key '{reserved}'; a source's id is the name of its file", path)
    try:
        return Source.model_validate({**declared, "id": path.stem, "folder": path.parent})
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error, KNOWN_KEYS)}", path) from None


def load_sources(config: Path) -> tuple[dict[str, Source], list[ConfigError]]:
    """Load every source of `config/sources/`; return them by id, in order of the ids, and the errors of the others.

    A file that an editor is just writing must not stop the valid sources.
    Raises `ConfigError` if there is no such folder.
    """
    sources, errors = {}, []
    for path in source_files(config):
        try:
            sources[path.stem] = load_source(path)
        except ConfigError as error:
            errors.append(error)
    return sources, errors


def source_files(config: Path) -> list[Path]:
    """Return the TOML files of `config/sources/`, by id. Raises `ConfigError` if there are none."""
    folder = config / "sources"
    try:
        paths = [path for path in folder.iterdir() if path.suffix.lower() == ".toml" and path.name[0] != "."]
    except FileNotFoundError:
        cure = "a configuration has sources/ with one TOML file a source"
        raise ConfigError(f"{folder}: no such folder; {cure}", folder) from None
    except OSError as error:
        raise ConfigError.of(error, folder, "listed") from None
    if not paths:
        raise ConfigError(f"{folder}: no sources; a source is a TOML file there, such as example-news.toml", folder)
    return sorted(paths, key=lambda path: path.stem)


def with_tags(sources: Mapping[str, Source], tags: Sequence[str]) -> dict[str, Source]:
    """Return the sources that have one of the tags, by id; all of them without tags. Raises `ConfigError`."""
    words = {tag.lower() for tag in tags}
    known = sorted({tag for source in sources.values() for tag in source.tags})
    if unknown := sorted(words.difference(known)):
        cure = f"known tags: {', '.join(known)}" if known else 'no source has tags; write tags = ["…"] into its file'
        raise ConfigError(f"no source has the tag '{unknown[0]}'; {cure}")
    return {name: source for name, source in sources.items() if not words or words.intersection(source.tags)}


def files_of(config: Path, ids: Iterable[str]) -> list[Path]:
    """Return the files of the sources with these ids. Raises `ConfigError` for one that is not configured."""
    paths = {path.stem: path for path in source_files(config)}
    ids = list(ids)
    if unknown := next((source_id for source_id in ids if source_id not in paths), None):
        raise ConfigError(f"no source '{unknown}' in {config / 'sources'}; configured: {', '.join(paths)}")
    return [paths[source_id] for source_id in ids]


def choose_sources(
    config: Path, ids: Sequence[str] = (), tags: Sequence[str] = ()
) -> tuple[list[Source], list[ConfigError]]:
    """Load the sources with these ids, or all with one of the tags that are not paused; without both, every such one.

    Also returns the errors of other files. Raises `ConfigError` if an id or tag is not configured, or an id wrongly.
    """
    if ids and tags:
        raise ConfigError("name sources, or groups of them by --tag, not both")
    if not ids:
        sources, errors = load_sources(config)
        return [source for source in with_tags(sources, tags).values() if not source.paused], errors
    return [load_source(path) for path in files_of(config, dict.fromkeys(ids))], []
