"""`copydesk sources probe` and `add`: what a site was measured to have, and the source made of it."""

from __future__ import annotations

import sys
from typing import Any, Final

from flows.cli.console import show, warn
from flows.cli.hints import command
from flows.cli.output import Format, write_rows
from flows.site_setup.probe import Probe
from flows.site_setup.propose import AddedSource, doubts, proposal
from tasks.site_probe.feed_statistics import ListingStatistics, overlap
from tasks.site_probe.trial_articles import TrialArticle, weaknesses
from warehouse.model.records import Article

LISTING_COLUMNS: Final = (
    "kind", "address", "entries", "newest", "a_day", "dated", "authors", "whole_text", "in_the_chosen", "chosen",
)  # fmt: skip
ARTICLE_COLUMNS: Final = ("title", "published_at", "authors", "language", "words", "quality", "address")


def show_request(line: str) -> None:
    """Print to stderr what is asked for, as each request waits for its turn."""
    show(f"asking {line}", sys.stderr)


def show_probe(result: Probe) -> int:
    """Print the source's TOML, and to stderr how it was come by; return the exit code, 1 if there is no source."""
    _show_measurements(result)
    if result.source is None:
        warn(result.problem)
        return 1
    print(proposal(result, result.source), end="")
    return 0


def show_added(added: AddedSource) -> int:
    """Print the file of a new source, and to stderr how it was come by; return the exit code, 1 if there is none."""
    _show_measurements(added.probe)
    if added.path is None:
        warn(added.problem)
        return 1
    source_id = added.path.stem
    print(f"{added.path}: written; next: {command(f'sources check {source_id}')}, then {command(f'run {source_id}')}")
    return 0


def _show_measurements(result: Probe) -> None:
    for request in result.requests:
        show(f"{request.url} ({request.discovery}): {request.outcome}", sys.stderr)
    if result.listings:
        rows = [_listing_row(result, listing) for listing in result.listings]
        write_rows(Format.TABLE, LISTING_COLUMNS, rows, sys.stderr)
    if result.samples:
        write_rows(Format.TABLE, ARTICLE_COLUMNS, [_article_row(sample) for sample in result.samples], sys.stderr)
        for sentence in (*weaknesses(result.samples), *doubts(result)):
            show(sentence, sys.stderr)


def _listing_row(result: Probe, listing: ListingStatistics) -> tuple[Any, ...]:
    per_day = None if listing.per_day is None else float(f"{listing.per_day:.3g}")
    shares = (f"{share:.0%}" for share in (listing.dated, listing.credited, listing.full_text))
    others = [other for other in result.chosen if other is not listing]
    shared = overlap(listing, others) if others else None
    return (
        listing.kind,
        listing.url,
        listing.entries,
        listing.newest,
        per_day,
        *shares,
        "" if shared is None else f"{shared:.0%}",
        listing in result.chosen,
    )


def _article_row(sample: TrialArticle) -> tuple[Any, ...]:
    article = sample.result
    if not isinstance(article, Article):
        return f"{article.reason}: {article.detail}", None, None, None, None, 0.0, sample.url
    return (
        article.title,
        article.published_at,
        list(article.authors) or article.by,
        article.language,
        article.word_count,
        article.quality,
        sample.url,
    )
