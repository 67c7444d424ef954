"""`copydesk maintain …`: verify, repair, compact and clean the warehouse."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from flows.cli.console import show, warn
from flows.cli.options import Config, Data, read_settings
from flows.cli.output import Format, write_rows
from warehouse.wording import count_of

app = typer.Typer(
    help="Verify, repair, compact and clean the warehouse, and what is derived from it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("verify", epilog="Example:  copydesk maintain verify --sample 1000")
def verify(
    full: Annotated[bool, typer.Option("--full", help="Read every file and row again, also what was whole.")] = False,
    sample: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Also read back N captures at random, of all.")
    ] = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Recount the warehouse: every discovered address in one place, every file and capture whole. Exit 1 if not.

    What landed since it was whole is read, with all that it could have broken. Damage that changes neither,
    such as a bit that flips on the disk, is seen with --full alone; let that run now and then.
    """
    from warehouse.checks.verified import VerifiedFiles
    from warehouse.storage.root import Root
    from warehouse.verify import verify as verify_warehouse

    root = Root.at(read_settings(data, config).data)
    report = verify_warehouse(root, sample, VerifiedFiles.load(root, forget=full))
    columns = ("source", "discovered", "articles", "rejects", "pending")
    rows = [(source.source_id, *(getattr(source, name) for name in columns[1:])) for source in report.sources]
    write_rows(Format.TABLE, columns, rows, sys.stdout)
    read = f"{count_of(report.files, 'file')} and {count_of(report.captures, 'capture')} read back"
    unchanged = f", {count_of(report.unchanged, 'file')} unchanged since they were read" if report.unchanged else ""
    print(f"{read}{unchanged}, {count_of(len(report.findings), 'finding')}")
    for finding in report.findings:
        warn(finding)
    if report.unsaved:
        warn(f"{report.unsaved}; until then, each verification reads all files again")
    raise typer.Exit(1 if report.findings else 0)


@app.command("repair", epilog="Example:  copydesk maintain repair --dry-run")
def repair(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Move away what cannot be read, and let the next runs make again from the archive what was lost."""
    from warehouse.repair import repair as repair_warehouse

    settings = read_settings(data, config)
    repairs = repair_warehouse(settings.data, dry_run=dry_run, lock_seconds=settings.lock_seconds)
    would = "would be " if dry_run else ""
    for change in repairs:
        show(f"{change.file}: {would}{change.action}")
    advice = "; now run 'copydesk run': each source makes again what it lost" if repairs and not dry_run else ""
    print(f"{count_of(len(repairs), 'repair')}{advice}")


@app.command("compact", epilog="Example:  copydesk maintain compact --dry-run")
def compact(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be joined; change nothing.")] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Join the small files that runs have landed into large, sorted ones. Queries give the same rows meanwhile."""
    from flows.compact import compact_warehouse
    from warehouse.connect import check_landed
    from warehouse.storage.compaction import compaction_state
    from warehouse.storage.root import Root

    settings = read_settings(data, config)
    check_landed(Root.at(settings.data))
    compaction = compact_warehouse(settings, dry_run=dry_run)
    rows = [(merge.table, merge.period, len(merge.log_files), len(merge.base_files)) for merge in compaction.merges]
    would = "would be " if dry_run else ""
    if rows:
        write_rows(Format.TABLE, ("table", "period", "log files", "base files"), rows, sys.stdout)
        count = sum(len(merge.names) for merge in compaction.merges)
        print(f"{count_of(count, 'file')} {would}joined into {len(rows):,}")
    else:
        waiting = compaction_state(Root.at(settings.data)).log_files
        young = f": {count_of(waiting, 'file')} landed less than an hour ago" if waiting else ""
        print(f"nothing to join{young}")
    if compaction.deleted:
        print(f"{count_of(len(compaction.deleted), 'file')} {would}deleted, which earlier calls had joined into others")
    if compaction.expired:
        print(f"{count_of(len(compaction.expired), 'file')} of the archive {would}deleted, which are past their time")


@app.command("copies", epilog="Example:  copydesk maintain copies --rebuild")
def copies(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Compare all texts again.")] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Compare the texts of all articles that were not compared yet: the views copies, articles_unique, wire_spread.

    Each run and backfill does so for what it has landed. In a warehouse of an earlier release this does the rest.
    """
    from warehouse.copies.update import update_copies

    settings = read_settings(data, config)
    update = update_copies(settings.data, seconds=settings.lock_seconds, rebuild=rebuild)
    shared = f"{update.related:,} of them {'shares its' if update.related == 1 else 'share their'} text"
    print(f"{count_of(update.sketched, 'text')} compared, {shared} with an earlier one")


@app.command("index", epilog="Example:  copydesk maintain index --rebuild")
def index(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build it anew, from every article.")] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Take what has landed into the search index now, not before the next search."""
    from warehouse.connect import check_landed
    from warehouse.search.index import update_index
    from warehouse.storage.root import Root

    settings = read_settings(data, config)
    check_landed(Root.at(settings.data))
    count = update_index(Root.at(settings.data), settings.lock_seconds, rebuild=rebuild)
    print(f"{count_of(count, 'file')} of articles taken into the search index")


@app.command("clean", epilog="Example:  copydesk maintain clean --data /srv/news")
def clean(data: Data = None, config: Config = None) -> None:
    """Delete what killed writers left: temporary files that nobody has touched for an hour."""
    from warehouse.connect import check_landed
    from warehouse.storage.root import Root
    from warehouse.storage.tables import Store

    root = Root.at(read_settings(data, config).data)
    check_landed(root)
    deleted = Store(root).clean()
    print(f"{count_of(len(deleted), 'left-over file')} deleted")
    for path in deleted:
        show(str(path))
