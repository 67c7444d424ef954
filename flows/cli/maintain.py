"""`copydesk maintain`: is the warehouse whole, and what may be swept out of it?"""

from __future__ import annotations

import sys

from config.settings import Settings
from flows.cli.output import Format, write_rows
from flows.compact import compact_warehouse
from tasks.http.fetcher import utc_now
from tasks.metadata.identity import article_id
from tasks.metadata.urls import normalize_url
from warehouse.repair import repair
from warehouse.storage.tables import Store
from warehouse.takedown.forget import forget
from warehouse.verify import verify


def show_verification(root: str, sample: int | None) -> int:
    """Print the counts of every source and what is not as it must be; the exit code, 1 if anything is not."""
    found = verify(root, sample)
    rows = [(one.source_id, one.discovered, one.articles, one.rejects, one.pending) for one in found.sources]
    columns = ("source", "discovered", "articles", "rejects", "pending")
    write_rows(Format.TABLE, columns, rows, sys.stdout)
    print(f"{found.files:,} files and {found.captures:,} captures read back, {len(found.findings)} findings")
    for finding in found.findings:
        print(f"copydesk: {finding}", file=sys.stderr)
    return 1 if found.findings else 0


def show_repair(root: str, *, dry_run: bool) -> None:
    """Move away what cannot be read, mark what runs are to make anew, and print what was done."""
    done = repair(root, dry_run=dry_run)
    would = "would be " if dry_run else ""
    for one in done:
        print(f"{one.file}: {would}{one.what}")
    after = "now run 'copydesk run': each source makes again what it lost" if done and not dry_run else ""
    print(f"{len(done)} repairs{'; ' + after if after else ''}")


def show_compaction(settings: Settings, *, dry_run: bool) -> None:
    """Compact the warehouse, or only plan it, and print what became of which files."""
    compaction = compact_warehouse(settings, dry_run=dry_run)
    rows = [(merge.table, merge.period, len(merge.log_files), len(merge.base_files)) for merge in compaction.merges]
    write_rows(Format.TABLE, ("table", "period", "log files", "base files"), rows, sys.stdout)
    would = "would be " if dry_run else ""
    count = sum(len(merge.names) for merge in compaction.merges)
    print(f"{count:,} files {would}joined into {len(rows):,}, {len(compaction.deleted):,} joined before {would}deleted")


def clean_up(root: str) -> None:
    """Delete the temporary files of writers that were killed an hour ago or earlier."""
    deleted = Store(root).clean()
    print(f"{len(deleted)} left-over files deleted")
    for path in deleted:
        print(path)


def take_down(settings: Settings, target: str) -> int:
    """Forget an article and say what went; the exit code, 1 where there was none."""
    gone = forget(
        settings.data,
        target,
        utc_now(),
        normalize=normalize_url,
        identify=article_id,
        lock_seconds=settings.lock_seconds,
    )
    if not gone.addresses:
        print(f"copydesk: no article, reject or capture of {target}; name its url or article_id", file=sys.stderr)
        return 1
    for source_id, url in gone.addresses:
        print(f"{source_id}: {url}: taken down")
    counted = {
        "articles": gone.articles,
        "discoveries": gone.discoveries,
        "rejects": gone.rejects,
        "captures": gone.captures,
        "listings": gone.listings,
        "archived records": gone.records,
    }
    print(", ".join(f"{count:,} {what}" for what, count in counted.items()) + " rewritten; a tombstone stays")
    return 0
