"""Settings of an installation: paths and limits. Read once, when a command starts."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from config.errors import ConfigError, explain
from config.fetch import SettingsFetch
from config.schedule import read_schedule
from config.toml_file import read_toml

SETTINGS_FILE: Final = "copydesk.toml"
STORE_SCHEMES: Final = ("file", "s3", "gs", "gcs", "abfs", "abfss")
PREFIX: Final = "COPYDESK_"
PROJECT_CONFIG: Final = Path(__file__).resolve().parent
OFF: Final = "off"  # as a schedule: never


def _root(data: str) -> str:
    scheme, separator, rest = data.partition("://")
    if separator and (scheme not in STORE_SCHEMES or not rest.strip("/")):
        known = ", ".join(f"{name}://" for name in STORE_SCHEMES)
        raise ValueError(f"not a folder, nor a bucket or host behind one of {known}")
    if os.path.isfile(os.path.expanduser(data)):  # noqa: PTH111, PTH113 - no error, whatever the text
        raise ValueError("a file; name a folder")
    return data


def _schedule(text: str) -> str:
    if text != OFF:
        try:
            read_schedule(text)
        except ValueError as error:
            raise ValueError(f"{error}; '{OFF}' switches it off") from None
    return text


def _webhook(url: str) -> str:
    parts = urlsplit(url)
    is_web_url = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    if url and not (is_web_url and url.isprintable()):
        raise ValueError("not an http or https address; a token goes into its path or query, not before an @")
    return url


def _size(size: str) -> str:
    if size and not re.fullmatch(r"0*[1-9]\d{0,8}(\.\d{1,3})? ?([KMGT]i?B)", size):
        raise ValueError("not a size such as '500 MB' or '4 GB'")
    return size


def _command(command: str) -> str:
    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise ValueError(f"not to be split into a program and its arguments: {error}") from None
    if command and not (argv and argv[0]):
        raise ValueError("names no program; leave it empty for none")
    return command


def split_names(names: str) -> tuple[str, ...]:
    """Split host names that are separated by commas or blanks, as the environment gives them."""
    return tuple(names.replace(",", " ").split())


def _names(value: object) -> object:
    return split_names(value) if isinstance(value, str) else value


Schedule = Annotated[str, AfterValidator(_schedule)]
HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$|^[0-9A-Fa-f:.]+$")]


class Settings(BaseModel):
    """The settings of an installation, from `copydesk.toml` or as `COPYDESK_<NAME>`; the environment wins."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Annotated[str, AfterValidator(_root)] = Field(
        "data", description="The data root: a folder, or the URL of an object store, such as `s3://bucket/news`."
    )
    config: Annotated[Path, AfterValidator(Path.expanduser)] = Field(
        PROJECT_CONFIG, description="The configuration folder, with sources/ in it."
    )
    workers: Annotated[int, Field(ge=1, le=256)] = Field(
        default_factory=lambda: os.cpu_count() or 1, description="Processes that extract articles."
    )
    batch: Annotated[int, Field(ge=1, le=100_000)] = Field(
        500, description="Documents that are written together, as one file of a table."
    )
    max_document_bytes: Annotated[int, Field(ge=1_000)] = Field(
        10_000_000, description="Bytes of the largest document that is taken, unpacked; a larger one is refused."
    )
    document_seconds: Annotated[float, Field(gt=0)] = Field(
        30.0, description="Seconds that the extraction of one document may take; after that it is refused."
    )
    lock_seconds: Annotated[float, Field(ge=0)] = Field(
        600.0, description="Seconds that a run waits for another run of the same source to end."
    )
    sources_at_once: Annotated[int, Field(ge=1, le=256)] = Field(
        16,
        description="Sources that one run works on at the same time; requests to one host still wait for each other.",
    )
    run_seconds: Annotated[float, Field(gt=0)] = Field(
        3_600.0,
        description="Seconds after which a run over feeds, sitemaps or section pages ends and leaves the rest pending.",
    )
    fetch_seconds: Annotated[float, Field(gt=0)] = Field(30.0, description="Seconds that one whole response may take.")
    fetch_attempts: Annotated[int, Field(ge=1, le=10)] = Field(
        3, description="Attempts at one address when there is no answer, a 429 or a 5xx."
    )
    retry_seconds: Annotated[float, Field(ge=0)] = Field(
        1.0, description="Seconds before the second attempt; the wait doubles each time, up to 60 times this."
    )
    patience_seconds: Annotated[float, Field(ge=0)] = Field(
        120.0,
        description="Longest wait in seconds that a host may ask for; if it asks for more, its pages stay pending.",
    )
    connections: Annotated[int, Field(ge=1, le=1_000)] = Field(
        64, description="Requests at the same time, over all hosts."
    )
    host_connections: Annotated[int, Field(ge=1, le=100)] = Field(
        2, description="Requests at the same time to one host."
    )
    max_listing_bytes: Annotated[int, Field(ge=1_000)] = Field(
        50_000_000,
        description="Bytes, unpacked, of the largest feed, sitemap or section page; a larger one is refused.",
    )
    max_redirects: Annotated[int, Field(ge=0, le=50)] = Field(10, description="Redirects followed for one address.")
    browser: str = Field(
        "",
        description="The Chromium of `render = true`: a path, or a name on the PATH; looked for there unless set.",
    )
    langdetect_alone: bool = Field(
        False,
        description="Detect languages by langdetect alone: it knows 54, and calls any other by one of these.",
    )
    sql_memory: Annotated[str, AfterValidator(_size)] = Field(
        "", description="Memory of a query of `copydesk sql`, such as `2 GB`; 80 % of the machine's unless set."
    )
    sql_spill: Annotated[str, AfterValidator(_size)] = Field(
        "10 GB",
        description="Disk space in the temporary folder that a query of `copydesk sql` may use when memory is full.",
    )
    contact: str = Field(
        "", description="Your mail address or page. It is named in the User-Agent, so that a site can reach you."
    )
    fetch: SettingsFetch = Field(SettingsFetch(), description="How every source is fetched, unless it says otherwise.")
    alert_webhook: Annotated[str, AfterValidator(_webhook)] = Field(
        "",
        repr=False,
        description="Address to which each alert is sent by POST, as JSON: `text`, `source`, `condition` and more.",
    )
    alert_command: Annotated[str, AfterValidator(_command)] = Field(
        "",
        repr=False,
        description="Program and arguments that are started for each alert; the JSON is on its standard input.",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Lines of the log: `text` for people, or `json`, one object a line, for programs."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least level of a line that is logged; `debug` has the turns at which nothing was due."
    )
    stale_hours: Annotated[float, Field(gt=0)] = Field(
        24.0, description="Hours without a success, or with nothing new, before a source may be called stale."
    )
    server_hosts: Annotated[tuple[HostName, ...], BeforeValidator(_names)] = Field(
        (), description="Other host names, without a port, by which a proxy or a worker reaches the Prefect server."
    )
    desk_password: str = Field(
        "",
        repr=False,
        description="`user:password` that `copydesk desk` asks for: itself, `env:NAME` or `file:PATH`. It must have one"
        " where it listens on other addresses than this machine's own.",
    )
    maintain_schedule: Schedule = Field(
        "17 3 * * *", description="When `copydesk serve` verifies and cleans the warehouse, in UTC, or `off`."
    )
    keep_runs_days: Annotated[int, Field(ge=0)] = Field(
        0, description="Days for which `runs` keeps its rows, in whole months; 0 for ever. Shards stay."
    )
    keep_polls_days: Annotated[int, Field(ge=0)] = Field(
        0, description="Days for which `polls` keeps its rows, in whole months; 0 for ever."
    )
    keep_listings_days: Annotated[int, Field(ge=0)] = Field(
        0, description="Days for which feeds, sitemaps and section pages stay in the archive; 0 for ever."
    )
    keep_archive_days: Annotated[int, Field(ge=0)] = Field(
        0, description="Days for which documents stay in the archive as they came; 0 for ever. Articles always stay."
    )
    compact_schedule: Schedule = Field(
        "47 * * * *",
        description="When `copydesk serve` joins small files of the warehouse into large ones, in UTC, or `off`.",
    )
    recheck_schedule: Schedule = Field(
        "37 * * * *",
        description="When `copydesk serve` fetches the pages again that are due by `recheck`, or `off`.",
    )
    quality_schedule: Schedule = Field(
        "7 * * * *",
        description="When `copydesk serve` checks whether sources are stale, fail or drift, or `off`.",
    )


def load_settings(folder: Path | None = None, **overrides: object) -> Settings:
    """Load settings from `copydesk.toml` in `folder` (the working directory), the environment, and `overrides`.

    Paths in the file are relative to it. Raises `ConfigError` naming file or variable, key, problem and cure.
    """
    path = (folder or Path.cwd()) / SETTINGS_FILE
    declared = _read(path)
    for name in Settings.model_fields.keys() - {"fetch"}:
        value = os.environ.get(PREFIX + name.upper())
        if value:
            declared[name] = value
    declared.update({name: value for name, value in overrides.items() if value is not None})
    try:
        return Settings.model_validate(declared)
    except ValidationError as error:
        problem = explain(error, {"": tuple(Settings.model_fields), "fetch": tuple(SettingsFetch.model_fields)})
        option = error.errors()[0]["loc"][0]
        origin = f"--{option}" if overrides.get(str(option)) else f"{path}, or the environment as {PREFIX}<NAME>"
        raise ConfigError(f"{origin}: {problem}", path) from None


def _read(path: Path) -> dict[str, object]:
    try:
        declared: dict[str, object] = read_toml(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError.of(error, path) from None
    for name in ("data", "config"):
        value = declared.get(name)
        if isinstance(value, str) and "://" not in value:
            declared[name] = str(path.parent / Path(value).expanduser())
    return declared
