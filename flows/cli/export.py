"""`copydesk export`: articles in the field's formats, in a folder with a manifest."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from config.errors import ConfigError
from flows.cli.console import warn
from flows.cli.options import Config, Data, Since, Until, complete_source, read_days, read_settings
from flows.cli.output import Format, write_rows
from warehouse.wording import count_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from config.settings import Settings
    from flows.exporting.formats import ExportFormat
    from flows.exporting.selection import Selection

EXAMPLES: Final = (
    "Examples:  copydesk export spring --language en --since 2026-03-01 --until 2026-05-31   |   "
    "copydesk export sheets --as csv --as parquet --source sample   |   "
    "copydesk export ferry --as jsonl --query \"SELECT article_id FROM articles WHERE title ILIKE '%ferry%'\""
)
NAMES: Final = ("parquet", "jsonl", "csv", "xlsx", "jsonld", "ninjs", "tei", "warc", "delta")
COLUMNS: Final = ("source", "language", "articles")


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or that of an export that was stopped.")],
    form: Annotated[
        list[str] | None,
        typer.Option("--as", metavar="FORMAT", help=f"{', '.join(NAMES)}; may be repeated. [default: parquet]"),
    ] = None,
    query: Annotated[
        str | None, typer.Option(metavar="SQL", help="A query that gives the article_id of each article.")
    ] = None,
    language: Annotated[list[str] | None, typer.Option(metavar="TAG", help="Only this language, such as en.")] = None,
    source: Annotated[
        list[str] | None, typer.Option(metavar="SOURCE", help="Only this source.", autocompletion=complete_source)
    ] = None,
    since: Since = None,
    until: Until = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="As the warehouse was then, in UTC. [default: now]")
    ] = None,
    unique: Annotated[
        bool, typer.Option("--unique", help="Each text once: of its copies the one that came first.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the articles.")] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Write articles to a folder in the field's formats, with a manifest. Stopped and called again, it goes on.

    The manifest has the digest of each file, counts, the query or filter and the time of the snapshot, so that the set
    can be cited.
    """
    from flows.cli.query import check_sources
    from flows.exporting.selection import Selection

    settings = read_settings(data, config)
    chosen = _formats(form or ["parquet"])
    check_sources(settings, source or ())
    selection = Selection(query, tuple(language or ()), tuple(source or ()), *read_days(since, until), unique)
    moment = None if as_of is None else _moment(as_of)
    if dry_run:
        write_rows(Format.TABLE, COLUMNS, _counts(settings, selection, moment), sys.stdout)
    else:
        _export(folder, chosen, selection, settings, moment)


def _export(
    folder: Path, chosen: dict[str, ExportFormat | None], selection: Selection, settings: Settings, moment: Any
) -> None:
    from flows.cli.progress import ProgressBars
    from flows.export import export as export_articles

    with ProgressBars() as bars:
        report = export_articles(
            folder,
            chosen,
            selection,
            settings,
            as_of=moment,
            begin=lambda rows: bars.begin("articles", rows),
            advance=lambda rows: bars.advance("articles", rows),
        )
    written = f"{count_of(report.rows, 'article')} in {count_of(report.files, 'file')}"
    print(f"{written}; {report.folder / 'manifest.json'} describes them")
    if report.missing_originals:
        warn(f"left out: {count_of(report.missing_originals, 'original')} that the archive does not hold any more")


def _counts(settings: Settings, selection: Selection, moment: datetime | None) -> Sequence[tuple[str, str, int]]:
    """Return source, language and number of the articles that would be exported."""
    import tempfile

    from flows.exporting.selection import count_exported, open_snapshot, write_selection
    from tasks.http.fetcher import utc_now

    selection.check()
    with tempfile.TemporaryDirectory(prefix="copydesk-export-") as scratch:
        path, snapshot_at = Path(scratch) / "selection.parquet", moment or utc_now()
        write_selection(settings, selection, snapshot_at, path)
        with open_snapshot(settings, snapshot_at, path) as connection:
            return count_exported(connection)


def _formats(names: list[str]) -> dict[str, ExportFormat | None]:
    """Return the formats by name; `warc` and `delta` are of the export's own. Raises `ConfigError`."""
    from flows.exporting.formats import FORMATS, ExportFormat

    known = {
        **FORMATS,
        "csv": ExportFormat("csv", _write_csv),
        "xlsx": ExportFormat("xlsx", _write_xlsx),
        "warc": None,
        "delta": None,
    }
    if unknown := next((name for name in names if name not in known), None):
        raise ConfigError(f"--as {unknown}: no such format; there are {', '.join(NAMES)}")
    return {name: known[name] for name in names}


def _write_csv(table: Any, path: Path) -> None:
    from flows.formats.spreadsheet import write_spreadsheet

    columns, rows = _flat(table)
    with path.open("w", encoding="utf-8", newline="") as file:
        write_spreadsheet(columns, rows, file)


def _write_xlsx(table: Any, path: Path) -> None:
    from flows.cli.workbook import write_workbook

    columns, rows = _flat(table)
    write_workbook(columns, rows, path)


def _flat(table: Any) -> tuple[list[str], Iterator[Sequence[Any]]]:
    """Return the columns that a spreadsheet has a form for, and their rows."""
    from flows.exporting.formats import NESTED_COLUMNS, rows_of

    columns = [name for name in table.column_names if name not in NESTED_COLUMNS]
    return columns, (list(row.values()) for row in rows_of(table.select(columns)))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"'{text}' is no time; write it as 2026-03-15T12:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
