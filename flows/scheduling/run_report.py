"""The report of a finished run, as Markdown: its counts with their meaning, and the documents that it refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from config.sources import Source
from flows.ingestion.raw_document import place_of
from flows.monitoring.health import cure_of, duration_text, time_text
from flows.scheduling.markdown_text import escape_markdown, link_or_text
from warehouse.connect import connect, rows
from warehouse.model.rows import Run
from warehouse.model.vocabulary import Outcome

MAX_LISTED_REJECTS: Final = 20
MEANINGS: Final = {
    "discovered": "named by its inputs, waiting, or due again: the sum of these six",
    Outcome.STORED: "new articles, and new versions of known ones",
    Outcome.UNCHANGED: "as they were when they were last read",
    Outcome.DUPLICATE: "the same title and text as another article of this source",
    Outcome.REJECTED: "read, and no article: see the rejects",
    Outcome.FAILED: "could not be had this time; a later run tries again",
    Outcome.PENDING: "left for the next run",
}


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """The documents that are refused for one reason: by this run, and by all runs."""

    reason: str
    by_run: int
    open: int


@dataclass(frozen=True, slots=True)
class RefusedDocument:
    """A document that a run refused; `location` is that of its capture in the archive, None if there is none."""

    reason: str
    detail: str
    url: str
    location: str | None


@dataclass(frozen=True, slots=True)
class RunReport:
    """The figures of the warehouse for the report of a run, beside the run's own row."""

    articles: int = 0
    newest_seen_at: datetime | None = None
    newest_published_at: datetime | None = None
    reasons: Sequence[ReasonCount] = ()
    refused: Sequence[RefusedDocument] = ()  # the newest


def load_report(root: str, run: Run) -> RunReport:
    """Load the figures for the report of a finished run. Raises `WarehouseError`."""
    with connect(root) as connection:
        ((articles, seen_at, published_at),) = rows(connection, _ARTICLES, [run.source_id, run.started_at])
        if not run.rejected and not run.failed:
            return RunReport(articles, seen_at, published_at)
        reasons = [ReasonCount(*row) for row in rows(connection, _REASONS, [run.source_id, run.run_id])]
        rejects = rows(connection, _REFUSED, [run.source_id, run.run_id])
        capture_ids = [capture_id for *_, capture_id in rejects if capture_id]
        captures = rows(connection, _CAPTURES, [run.source_id, capture_ids])
    locations = {capture_id: place_of(filename, offset) for capture_id, filename, offset in captures}
    refused = [
        RefusedDocument(reason, detail, url, locations.get(capture_id)) for reason, detail, url, capture_id in rejects
    ]
    return RunReport(articles, seen_at, published_at, reasons, refused)


_ARTICLES: Final = """
    SELECT count(DISTINCT article_id), max(first_seen_at), max(published_at) FILTER (WHERE published_at <= $2)
    FROM landed('articles') WHERE source_id = $1 AND NOT deleted
"""
_REASONS: Final = """
    SELECT reason, count(*) FILTER (WHERE run_id = $2) AS by_run, count(*) AS open
    FROM rejects_open WHERE source_id = $1 GROUP BY reason HAVING by_run > 0 ORDER BY by_run DESC, reason
"""
_REFUSED: Final = f"""
    SELECT reason, detail, url, capture_id FROM rejects_open
    WHERE source_id = $1 AND run_id = $2 ORDER BY reason, url LIMIT {MAX_LISTED_REJECTS}
"""  # noqa: S608  a number of ours
_CAPTURES: Final = """
    SELECT DISTINCT capture_id, warc_filename, warc_offset FROM landed('captures')
    WHERE source_id = $1 AND capture_id IN (SELECT unnest($2::VARCHAR[])) AND warc_filename <> ''
"""


def counts_markdown(source: Source, run: Run, report: RunReport) -> str:
    """Return the counts of a run, each with its meaning, and how fresh the source is."""
    duration = f"{(run.finished_at - run.started_at).total_seconds():,.1f} s" if run.finished_at else "not to its end"
    facts = (
        ("took", duration),
        ("articles of this source", f"{report.articles:,}"),
        ("newest article came", _age_text(report.newest_seen_at, run.started_at)),
        ("newest article is of", _age_text(report.newest_published_at, run.started_at)),
        ("code", run.code_version),
    )
    lines = [f"# {escape_markdown(source.title)}", ""]
    if run.error:
        error = f"{source.id}: {escape_markdown(run.error)}"
        lines += [f"**{error}** `copydesk sources check {source.id}` tries its inputs.", ""]
    if run.skipped:
        lines += [f"**Passed over:** {escape_markdown(run.skipped)}", ""]
    counts = ((str(name), f"{getattr(run, name):,}", meaning) for name, meaning in MEANINGS.items())
    lines += [*table_lines(("count", "documents", "what it means"), counts), ""]
    lines += table_lines((str(run.status), run.run_id), facts)
    return "\n".join(lines) + "\n"


def rejects_markdown(source: Source, report: RunReport) -> str:
    """Return the documents that a run refused, by reason with a cure, each with the command that shows its content.

    They are lists, for the UI cuts off what does not fit into a table.
    """
    lines = [f"# {escape_markdown(source.title)}: what was refused", ""]
    counts = ((entry.reason, f"{entry.by_run:,}", f"{entry.open:,}") for entry in report.reasons)
    lines += [*table_lines(("reason", "by this run", "open in all"), counts), ""]
    lines.append(f"All of them: `copydesk rejects {source.id}`. Tried again: `copydesk rejects replay {source.id}`.")
    for entry in report.reasons:
        refused = [document for document in report.refused if document.reason == entry.reason]
        cure = cure_of(entry.reason)
        lines += ["", f"## {entry.reason}", "", f"{escape_markdown(cure[:1].upper() + cure[1:])}.", ""]
        lines += map(_document_line, refused)
        if entry.by_run > len(refused):
            lines.append(f"- and {entry.by_run - len(refused):,} more")
    return "\n".join(lines) + "\n"


def _document_line(document: RefusedDocument) -> str:
    command = f"`copydesk rejects raw {document.location}`" if document.location else "Nothing of it is in the archive."
    return f"- {link_or_text(document.url)}: {escape_markdown(document.detail)}\n  {command}"


def table_lines(columns: Sequence[str], cells: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; its cells are Markdown."""
    return [f"| {' | '.join(row)} |" for row in (columns, ["---"] * len(columns), *cells)]


def _age_text(time: datetime | None, run_start: datetime) -> str:
    if time is None:
        return "not known"
    age = f"{duration_text(run_start - time)} before this run" if time < run_start else "in this run"
    return f"{time_text(time)}, {age}"
