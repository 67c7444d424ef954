"""What a run leaves to be read, as Markdown: its counts with what they mean, and what it refused with the way to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from config.sources import Source
from flows.cli.output import linked, safe
from flows.ingestion.raw_document import place_of
from flows.monitoring.health import cure_of, length, moment
from warehouse.connect import connect, rows
from warehouse.model.rows import Run
from warehouse.model.vocabulary import Outcome

SHOWN: Final = 20
"""Refused documents that are named."""
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
class Account:
    """What the warehouse holds beside a run's own row."""

    articles: int = 0
    newest_seen_at: datetime | None = None
    newest_published_at: datetime | None = None
    reasons: Sequence[tuple[str, int, int]] = ()
    """Reason, documents refused by this run, and documents open in all."""
    refused: Sequence[Mapping[str, Any]] = ()
    """The newest, with where the archive holds what came."""


def load_account(root: str, run: Run) -> Account:
    """What is to be told of a run that has ended. Raises `WarehouseError`."""
    with connect(root) as connection:
        ((articles, seen, published),) = rows(connection, _ARTICLES, [run.source_id, run.started_at])
        if not run.rejected and not run.failed:
            return Account(articles, seen, published)
        reasons = rows(connection, _REASONS, [run.source_id, run.run_id])
        refused = rows(connection, _REFUSED, [run.source_id, run.run_id])
        ids = [row[3] for row in refused if row[3]]
        places = {row[0]: place_of(*row[1:]) for row in rows(connection, _PLACES, [run.source_id, ids])}
    names = ("reason", "detail", "url", "place")
    named = [dict(zip(names, (*row[:3], places.get(row[3])), strict=True)) for row in refused]
    return Account(articles, seen, published, reasons, named)


_ARTICLES: Final = """
    SELECT count(DISTINCT article_id), max(first_seen_at), max(published_at) FILTER (WHERE published_at <= $2)
    FROM landed('articles') WHERE source_id = $1 AND NOT deleted
"""
_REASONS: Final = """
    SELECT reason, count(*) FILTER (WHERE run_id = $2) AS now, count(*) AS open
    FROM rejects_open WHERE source_id = $1 GROUP BY reason HAVING now > 0 ORDER BY now DESC, reason
"""
_REFUSED: Final = f"""
    SELECT reason, detail, url, capture_id FROM rejects_open
    WHERE source_id = $1 AND run_id = $2 ORDER BY reason, url LIMIT {SHOWN}
"""  # noqa: S608  a number of ours
_PLACES: Final = """
    SELECT DISTINCT capture_id, warc_filename, warc_offset FROM landed('captures')
    WHERE source_id = $1 AND capture_id IN (SELECT unnest($2::VARCHAR[]))
"""


def tell_counts(source: Source, run: Run, account: Account) -> str:
    """The counts of a run, each with what it means, and how fresh the source is."""
    took = f"{(run.finished_at - run.started_at).total_seconds():,.1f} s" if run.finished_at else "not to its end"
    facts = (
        ("took", took),
        ("articles of this source", f"{account.articles:,}"),
        ("newest article came", _when(account.newest_seen_at, run.started_at)),
        ("newest article is of", _when(account.newest_published_at, run.started_at)),
        ("code", run.code_version),
    )
    told = [f"# {safe(source.title)}", ""]
    if run.error:
        told += [f"**{source.id}: {safe(run.error)}** `copydesk sources check {source.id}` tries its inputs.", ""]
    counts = ((str(name), f"{getattr(run, name):,}", meaning) for name, meaning in MEANINGS.items())
    told += [*table(("count", "documents", "what it means"), counts), "", *table((str(run.status), run.run_id), facts)]
    return "\n".join(told) + "\n"


def tell_rejects(source: Source, account: Account) -> str:
    """What a run refused, by reason with a cure, and the first of it with the command that shows what came.

    Lists, for the UI cuts off what does not fit into a table.
    """
    told = [f"# {safe(source.title)}: what was refused", ""]
    counts = ((reason, f"{now:,}", f"{held:,}") for reason, now, held in account.reasons)
    told += [*table(("reason", "by this run", "open in all"), counts), ""]
    told.append(f"All of them: `copydesk rejects {source.id}`. Tried again: `copydesk rejects replay {source.id}`.")
    for reason, now, _ in account.reasons:
        named = [one for one in account.refused if one["reason"] == reason]
        told += ["", f"## {reason}", "", f"{safe(cure_of(reason)[:1].upper() + cure_of(reason)[1:])}.", ""]
        told += [f"- {linked(one['url'])}: {safe(one['detail'])}\n  {_raw(one['place'])}" for one in named]
        if now > len(named):
            told.append(f"- and {now - len(named):,} more")
    return "\n".join(told) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table; its cells are Markdown."""
    return [f"| {' | '.join(cells)} |" for cells in (columns, ["---"] * len(columns), *rows)]


def _raw(place: str | None) -> str:
    return f"`copydesk rejects raw {place}`" if place else "Nothing of it is in the archive."


def _when(value: datetime | None, began: datetime) -> str:
    if value is None:
        return "not known"
    return f"{moment(value)}, " + (f"{length(began - value)} before this run" if value < began else "in this run")
