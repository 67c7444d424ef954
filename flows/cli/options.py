"""Options that commands share, and the settings and sources that they choose."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
import typer.core

from config.errors import ConfigError
from flows.cli.console import warn
from flows.cli.hints import remember_options
from flows.cli.output import Format

if TYPE_CHECKING:
    from config.settings import Settings
    from config.sources import Source


class ListedByDefault(typer.core.TyperGroup):
    """A group of commands of which `list` is meant where none is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take what is neither a command nor help for arguments of `list`."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def complete_source(incomplete: str) -> list[str]:
    """Return the ids of sources that begin so, for the shell's completion."""
    from config.settings import load_settings

    try:
        folder = load_settings().config / "sources"
        return sorted(path.stem for path in folder.glob("*.toml") if path.stem.startswith(incomplete))
    except (ConfigError, OSError):
        return []


def complete_tag(incomplete: str) -> list[str]:
    """Return the tags of sources that begin so, for the shell's completion."""
    from config.settings import load_settings

    try:
        sources, _ = read_sources(load_settings())
    except (ConfigError, OSError):
        return []
    return sorted({tag for source in sources.values() for tag in source.tags if tag.startswith(incomplete.lower())})


Data = Annotated[
    str | None,
    typer.Option("--data", metavar="DIR|URL", help="The data root. [default: ./data, or COPYDESK_DATA]"),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="DIR", help="The configuration folder, with sources/ in it. [or COPYDESK_CONFIG]"),
]
As = Annotated[
    Format | None,
    typer.Option(
        "--format",
        "-f",
        help="How rows are written; csv-excel is CSV that a spreadsheet opens safely. [default: by the ending of"
        " --output, else table]",
        show_default=False,
    ),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file, not to the terminal.")
]
SourceIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SOURCE]...", help="Ids of sources.", autocompletion=complete_source, show_default=False),
]
Tags = Annotated[
    list[str] | None,
    typer.Option(
        "--tag", metavar="TAG", help="Only sources with this tag; again for further tags.", autocompletion=complete_tag
    ),
]

Since = Annotated[str | None, typer.Option("--since", metavar="DAY", help="The first day of publication, in UTC.")]
Until = Annotated[
    str | None, typer.Option("--until", metavar="DAY", help="The last day of publication, in UTC; it is included.")
]

EngineOption = Annotated[
    Literal["local", "dask"],
    typer.Option("--engine", help="Where it runs: on this machine, or in shards on a Dask cluster."),
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="Dask's, such as tcp://10.0.0.5:8786. [default: its own]"),
]


LogFormat = Annotated[
    Literal["text", "json"] | None,
    typer.Option("--log-format", help="Lines of the log: for people, or one JSON object each.", show_default=False),
]


def read_settings(data: str | None, config: Path | None, log_format: str | None = None) -> Settings:
    """Load the settings, over which options of the command line go. Raises `ConfigError`.

    From here on the lines on stderr are JSON where the settings say so.
    """
    from config.settings import load_settings
    from flows.scheduling.service_log import FORMAT_VARIABLE, JSON, log_to_stderr

    remember_options(data, config)
    if log_format is not None:
        # Processes that this one starts are to write what it writes.
        os.environ[FORMAT_VARIABLE] = log_format
    if os.environ.get(FORMAT_VARIABLE) == JSON:
        log_to_stderr()
    settings = load_settings(data=data, config=config)
    if settings.log_format == JSON:
        log_to_stderr(settings)
    return settings


def read_days(since: str | None, until: str | None) -> tuple[date | None, date | None]:
    """Read the first and the last day. Raises `ConfigError`, also where they are the wrong way round."""
    first, last = (None if text is None else _day(text) for text in (since, until))
    if first and last and first > last:
        raise ConfigError(f"--since {first} is after --until {last}; turn them round")
    return first, last


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"'{text}' is not a day; write it as 2026-03-15") from None


def read_sources(settings: Settings) -> tuple[dict[str, Source], list[ConfigError]]:
    """Load every configured source by id, and the errors of wrong files. Raises `ConfigError`."""
    from config.sources import load_sources

    return load_sources(settings.config)


def exit_for(errors: list[ConfigError]) -> None:
    """Print the errors of the configuration, after what could be done without it; exit 2 if there are any."""
    for error in errors:
        warn(error)
    if errors:
        raise typer.Exit(2)


def choose(
    settings: Settings, source_ids: list[str] | None, tags: list[str] | None = None
) -> tuple[list[Source], list[ConfigError]]:
    """Load the sources given, else all (with one of the tags) that are not paused, and the errors of others.

    Says so where every one is paused. Raises `ConfigError`.
    """
    from config.sources import choose_sources

    sources, errors = choose_sources(settings.config, source_ids or (), tags or ())
    if not sources and not errors:
        group = f" with the tag {' or '.join(map(repr, tags))}" if tags else ""
        warn(f"every source{group} is paused; name one to take it all the same, or remove `paused` from its file")
    return sources, errors
