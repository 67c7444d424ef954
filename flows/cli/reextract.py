"""`copydesk reextract`: what extracting the archive again changes, a row a source and a row a field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from flows.cli.console import warn
from flows.cli.options import As, Config, Data, Output, SourceIds, choose, read_settings
from flows.cli.output import Format, choose_format
from flows.cli.output_file import write_out

if TYPE_CHECKING:
    from flows.ingestion.compare import Change
    from flows.reextract import Reextraction

EXAMPLES: Final = "Examples:  copydesk reextract --dry-run   |   copydesk reextract sample"
# `articles` is the sum of the four counts after it; `accepted` are documents refused so far that are articles now.
# `text_growth` is in characters, `median_growth` in percent, of the texts that changed.
COLUMNS: Final = (
    "source", "articles", "unchanged", "changed", "refused", "unreadable", "accepted", "gained", "lost",
    "text_growth", "median_growth", "promoted",
)  # fmt: skip
FIELD_COLUMNS: Final = ("source", "field", "gained", "lost", "altered")


def reextract(
    source: SourceIds = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report; nothing lands.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Let the rows land even where they lose something.")] = False,
    form: As = None,
    output: Output = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Run extraction again over the archive, report what changes, and land it unless it is a loss. Exit 1 if it is."""
    from flows.reextract import reextract as extract_again

    settings = read_settings(data, config)
    chosen = choose_format(form, output)
    sources, _ = choose(settings, source)
    results = extract_again(sources, settings, dry_run=dry_run, force=force)
    raise typer.Exit(write_results(results, chosen, output, dry_run=dry_run))


def write_results(results: Sequence[Reextraction], form: Format, output: Path | None, *, dry_run: bool) -> int:
    """Write what changed; return the exit code, 1 if a source was left as it is or could not be read."""
    _write_changes([result.change for result in results if result.change], form, output)
    is_failed = False
    for result in results:
        for sentence in _sentences(result, dry_run=dry_run):
            warn(f"{result.source_id}: {sentence}")
        is_failed |= result.change is None or (result.change.left is not None and not dry_run)
    return 1 if is_failed else 0


def _write_changes(changes: Sequence[Change], form: Format, output: Path | None) -> None:
    """Write a row a source, and below it a row a field; where only rows can be written, a source's hold its fields."""
    has_field_rows = form in (Format.TABLE, Format.MARKDOWN) and output is None
    columns = COLUMNS if has_field_rows else (*COLUMNS, "fields")
    rows = [[getattr(change, name) for name in ("source_id", *columns[1:])] for change in changes]
    write_out(form, columns, rows, output)
    fields = [(change.source_id, *field.values()) for change in changes for field in change.fields]
    if has_field_rows and fields:
        print()
        write_out(form, FIELD_COLUMNS, fields, None)


def _sentences(result: Reextraction, *, dry_run: bool) -> Iterator[str]:
    change = result.change
    if change is None:
        yield str(result.problem)
        return
    if change.unreadable:
        more = "" if change.unreadable == 1 else f" and {change.unreadable - 1:,} more"
        yield f"not to be read from the archive: {change.first_unreadable}{more}"
    if not change.articles and not change.rejects:
        yield "nothing to read again: the archive holds none of its documents"
    elif change.left is not None:
        state = "would be left as it is" if dry_run else "left as it is"
        yield f"{state}: {change.left}; --force promotes it all the same"
    elif not change.changed and not change.accepted:
        yield "nothing to promote: its articles are as extraction gives them now"
