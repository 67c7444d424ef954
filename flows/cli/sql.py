"""`copydesk sql`: query the warehouse, once or in a shell."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from config.errors import ConfigError
from flows.cli.console import warn
from flows.cli.options import As, Config, Data, Output, read_settings
from flows.cli.output import Format, choose_format

if TYPE_CHECKING:
    from flows.cli.query import Session

INTERRUPTED: Final = 130
EXAMPLES: Final = (
    'Examples:  copydesk sql "SELECT title, language FROM articles LIMIT 5"   |   '
    'copydesk sql -o days.csv "FROM articles_by_day"   |   '
    'copydesk sql --with prices=prices.csv "FROM articles JOIN prices ON day = published_at::DATE"   |   '
    'copydesk sql --search "tunnel -toll" "SELECT title, snippet FROM found JOIN articles USING (article_id)"   |   '
    "copydesk sql --columns articles   |   copydesk sql < query.sql"
)


def sql(
    query: Annotated[str | None, typer.Argument(help="One statement that reads. Without it: a shell.")] = None,
    form: As = None,
    output: Output = None,
    own_file: Annotated[
        list[str] | None,
        typer.Option(
            "--with", metavar="NAME=FILE", help="A CSV, TSV, JSON Lines or Parquet file of yours, as a view NAME."
        ),
    ] = None,
    search: Annotated[
        str | None,
        typer.Option(
            "--search",
            metavar="WORDS",
            help="What 'copydesk search' finds, as a view found: article_id, score, snippet.",
        ),
    ] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="VIEW", help="Show what each column of a view means.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0.001, help="End a query that takes longer.")
    ] = None,
    timezone: Annotated[
        str, typer.Option(metavar="ZONE", help="The zone that times show in, such as Europe/Berlin.")
    ] = "UTC",
    data: Data = None,
    config: Config = None,
) -> None:
    """Query the warehouse; read-only."""
    from flows.cli.query import Session
    from warehouse.own_files import parse_files

    if query is not None and columns is not None:
        raise ConfigError("--columns shows what columns mean; leave out the query")
    settings = read_settings(data, config)
    chosen = choose_format(form, output)
    session = Session(settings, files=parse_files(own_file or []), timezone=timezone, seconds=timeout, search=search)
    if columns is not None:
        from flows.cli.columns import write_columns

        write_columns(session.connection, columns, chosen, output)
        return
    if query is None and sys.stdin.isatty():
        from flows.cli.sql_shell import Shell

        Shell(session, chosen, output).run()
        return
    try:
        _run(session, sys.stdin.read() if query is None else query, chosen, output)
    except KeyboardInterrupt:
        warn("the query was interrupted")
        sys.exit(INTERRUPTED)


def _run(session: Session, text: str, form: Format, output: Path | None) -> None:
    """Run one statement, or several whose results follow each other as tables on the terminal."""
    statements = session.statements(text) if form is Format.TABLE and output is None else [text]
    for number, statement in enumerate(statements or [text]):
        if number:
            print()
        session.write(statement, form, output)
