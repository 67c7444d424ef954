"""`copydesk rejects …`: what was refused, and trying it again."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from config.errors import ConfigError
from flows.cli.console import warn
from flows.cli.options import As, Config, Data, ListedByDefault, Output, SourceIds, choose, read_settings
from flows.cli.output import Format, choose_format
from flows.cli.output_file import write_out
from warehouse.definitions import quote

if TYPE_CHECKING:
    from flows.replay import Replay

# `tried` is the sum of the five counts after it; `reasons` are those for which documents are refused still.
REPLAY_COLUMNS: Final = (
    "source", "tried", "stored", "duplicate", "still_refused", "unreadable", "waiting", "reasons",
)  # fmt: skip

app = typer.Typer(
    cls=ListedByDefault,
    help="Show what was refused and why, and try it again: `copydesk rejects`, `copydesk rejects SOURCE`.",
    rich_markup_mode=None,
)


@app.command("list", epilog="Example:  copydesk rejects sample --format csv")
def list_rejects(
    source: SourceIds = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what has become an article since, and every earlier attempt.")
    ] = False,
    reason: Annotated[str | None, typer.Option(metavar="REASON", help="Only what was refused for this reason.")] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Only so many, the last ones first.")] = None,
    form: As = None,
    output: Output = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """List what was refused, why, and how often it was tried."""
    from flows.cli.query import Session, check_sources

    check_reason(reason)
    settings = read_settings(data, config)
    check_sources(settings, source or [])
    criteria = {"source_id": source, "reason": reason and [reason]}
    conditions = [f"{column} IN ({_listed(values)})" for column, values in criteria.items() if values]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    # With a limit, what was refused last is what somebody looks for.
    order = f"last_seen_at DESC, url LIMIT {limit}" if limit else "source_id, reason, url, last_seen_at"
    view = "rejects" if everything else "rejects_open"
    query = f"SELECT source_id, reason, stage, attempts, last_seen_at, url, detail FROM {view}{where} ORDER BY {order}"  # noqa: S608
    Session(settings).write(query, choose_format(form, output), output)


def check_reason(reason: str | None) -> None:
    """Raise `ConfigError` for a reason that no document is refused for."""
    from warehouse.model.vocabulary import Reason

    if reason is not None and reason not in set(Reason):
        raise ConfigError(f"no reason '{reason}'; known: {', '.join(sorted(Reason))}")


def _listed(values: Sequence[str]) -> str:
    return ", ".join(map(quote, values))


@app.command(
    "replay", epilog="Examples:  copydesk rejects replay   |   copydesk rejects replay sample --reason no_article"
)
def replay_rejects(
    source: SourceIds = None,
    reason: Annotated[str | None, typer.Option(metavar="REASON", help="Only what was refused for this reason.")] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help="Only this address.")] = None,
    form: As = None,
    output: Output = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Try again what was refused: from the archive where it holds the document, else by fetching it."""
    from flows.replay import replay

    check_reason(reason)
    settings = read_settings(data, config)
    sources, _ = choose(settings, source)
    chosen = choose_format(form, output)
    results = replay(sources, settings, reason=reason, url=url)
    raise typer.Exit(write_results(results, chosen, output, reason=reason, url=url))


def write_results(
    results: Sequence[Replay], form: Format, output: Path | None, *, reason: str | None, url: str | None
) -> int:
    """Write a row a source and what failed; return the exit code, 1 if anything failed."""
    rows = [[result.source_id, *(getattr(result, name) for name in REPLAY_COLUMNS[1:])] for result in results]
    if form is Format.TABLE:
        rows = [[*row[:-1], ", ".join(f"{name} {count}" for name, count in row[-1].items())] for row in rows]
    write_out(form, REPLAY_COLUMNS, rows, output)
    problems = [f"{result.source_id}: {problem}" for result in results for problem in result.problems]
    if not problems and not any(result.tried for result in results):
        criteria = " and ".join(filter(None, (reason and f"with reason {reason}", url and f"at {url}")))
        warn(f"nothing to try again: no open reject{' ' + criteria if criteria else ''}")
    for problem in problems:
        warn(problem)
    return 1 if problems else 0


@app.command("raw", epilog="Example:  copydesk rejects raw https://news.example/ferry > page.html")
def show_raw(
    address: Annotated[str, typer.Argument(metavar="ADDRESS|PLACE", help="An address, or archive/FILE:OFFSET.")],
    data: Data = None,
    config: Config = None,
) -> None:
    """Write a document as it came, out of the archive; its bytes go to stdout."""
    from flows.ingestion.raw_document import write_raw

    write_raw(read_settings(data, config).data, address, sys.stdout.buffer)
