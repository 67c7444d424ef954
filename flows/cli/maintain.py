"""`copydesk maintain` and `forget`: verify, repair and clean the warehouse, and take articles down."""

from __future__ import annotations

import sys

from config.settings import Settings
from flows.cli.console import warn
from flows.cli.output import Format, write_rows
from tasks.http.fetcher import utc_now
from tasks.metadata.identity import article_id
from tasks.metadata.urls import normalize_url
from warehouse.repair import repair
from warehouse.storage.tables import Store
from warehouse.takedown.forget import forget
from warehouse.verify import verify


def show_verification(root: str, sample: int | None) -> int:
    """Print the counts of every source and what is wrong; return the exit code, 1 if anything is."""
    report = verify(root, sample)
    columns = ("source", "discovered", "articles", "rejects", "pending")
    rows = [(source.source_id, *(getattr(source, name) for name in columns[1:])) for source in report.sources]
    write_rows(Format.TABLE, columns, rows, sys.stdout)
    print(f"{report.files:,} files and {report.captures:,} captures read back, {len(report.findings)} findings")
    for finding in report.findings:
        warn(finding)
    return 1 if report.findings else 0


def show_repair(root: str, *, dry_run: bool) -> None:
    """Move away what cannot be read, mark what runs are to make anew, and print what was done."""
    repairs = repair(root, dry_run=dry_run)
    would = "would be " if dry_run else ""
    for change in repairs:
        print(f"{change.file}: {would}{change.what}")
    after = "now run 'copydesk run': each source makes again what it lost" if repairs and not dry_run else ""
    print(f"{len(repairs)} repairs{'; ' + after if after else ''}")


def clean_up(root: str) -> None:
    """Delete the temporary files of writers that were killed an hour ago or earlier, and print them."""
    deleted = Store(root).clean()
    print(f"{len(deleted)} left-over files deleted")
    for path in deleted:
        print(path)


def take_down(settings: Settings, target: str) -> int:
    """Take an article down and print what went; return the exit code, 1 if there was none."""
    removed = forget(
        settings.data,
        target,
        utc_now(),
        normalize=normalize_url,
        identify=article_id,
        lock_seconds=settings.lock_seconds,
    )
    if not removed.addresses:
        warn(f"no article, reject or capture of {target}; name its url or article_id")
        return 1
    for source_id, url in removed.addresses:
        print(f"{source_id}: {url}: taken down")
    counts = {
        "articles": removed.articles,
        "discoveries": removed.discoveries,
        "rejects": removed.rejects,
        "captures": removed.captures,
        "listings": removed.listings,
        "archived records": removed.records,
    }
    print(", ".join(f"{count:,} {name}" for name, count in counts.items()) + " rewritten; a tombstone stays")
    return 0
