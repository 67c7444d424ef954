"""What a probe found, for people and as a source's file."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any, Final

from config.errors import ConfigError
from config.settings import Settings
from config.sources import Source
from config.write import source_toml, write_source
from flows.cli.output import Format, write_rows
from flows.site_setup.probe import DEFAULT_DELAY, Probe, probe
from tasks.http.fetcher import utc_now
from tasks.site_probe.choose_feeds import is_news_sitemap
from tasks.site_probe.feed_statistics import ListingStatistics, overlap
from tasks.site_probe.trial_articles import TrialArticle, accepted_articles, feed_holds_all, mean_quality, weaknesses
from warehouse.model.records import Article

_UNPRINTED: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
LISTING_COLUMNS: Final = (
    "kind", "address", "entries", "newest", "a_day", "dated", "authors", "whole_text", "in_the_chosen", "chosen",
)  # fmt: skip
ARTICLE_COLUMNS: Final = ("title", "published_at", "authors", "language", "words", "quality", "address")


def show_probe(found: Probe) -> int:
    """The source's TOML on stdout, how it was come by on stderr; the exit code: 1 where nothing was found."""
    _report(found)
    if found.source is None:
        print(f"copydesk: {found.problem}", file=sys.stderr)
        return 1
    print(proposal(found, found.source), end="")
    return 0


def add_source(
    url: str,
    settings: Settings,
    *,
    source_id: str | None = None,
    delay: float = DEFAULT_DELAY,
    allow_private: bool = False,
    force: bool = False,
) -> int:
    """Probe a site and write its source's file, never over another; the exit code.

    1 where nothing was found, or, without `force`, no article with text came of it. Raises `ConfigError` where the id
    cannot be used or the file not be written.
    """
    if source_id is not None and (settings.config / "sources" / f"{source_id}.toml").exists():
        raise ConfigError(_taken(settings, source_id))
    found = probe(url, settings, source_id=source_id, delay=delay, allow_private=allow_private, tell=tell)
    _report(found)
    if found.source is None:
        print(f"copydesk: {found.problem}", file=sys.stderr)
        return 1
    if not force and not any(article.text for article in accepted_articles(found.samples)):
        why = next(iter(weaknesses(found.samples)), "there was none to try.")
        print(f"copydesk: {found.url}: no article could be read: {why} --force adds it all the same", file=sys.stderr)
        return 1
    path = write_source(settings.config, found.source.id, proposal(found, found.source))
    print(f"{path}: written; next: copydesk sources check {found.source.id}, then copydesk run {found.source.id}")
    return 0


def tell(line: str) -> None:
    """Say on stderr what is asked for, as each request waits for its turn."""
    print(f"asking {line}", file=sys.stderr, flush=True)


def proposal(found: Probe, source: Source) -> str:
    """The text of the source's file, with what was measured as comments."""
    declared = source.model_dump(mode="json", exclude_defaults=True)
    if (pace := source.expect.articles_per_day) and pace.is_integer():
        declared["expect"] = {"articles_per_day": int(pace)}
    schema, end, rest = source_toml(declared).partition("\n")
    # A line end in what a site says would turn the rest of a comment into keys.
    lines = (" ".join(_UNPRINTED.sub(" ", line).split()) for line in facts(found))
    return f"{schema}{end}" + "".join(f"# {line}\n" for line in lines) + rest.rstrip() + "\n"


def facts(found: Probe) -> list[str]:
    """What was measured, a line each, as comments for whoever reads the file later."""
    lines = [f"Probed on {utc_now():%Y-%m-%d} from {found.url}", *filter(None, [found.robots])]
    lines += map(_measured, found.chosen)
    lines += [_compared(one, found.chosen) for one in found.listings if one not in found.chosen]
    made = accepted_articles(found.samples)
    words = f", {median(article.word_count for article in made):.0f} words in the middle" if made else ""
    lines.append(
        f"{len(found.samples)} articles tried, {len(made)} read: mean quality {mean_quality(found.samples):.2f}{words}"
    )
    if made and found.chosen[0].kind == "feed" and feed_holds_all(found.samples):
        lines.append("its entries hold whole articles: full_text = true in an input would spare fetching the pages")
    return [*lines, *weaknesses(found.samples), *_doubts(found)]


def _compared(one: ListingStatistics, chosen: Sequence[ListingStatistics]) -> str:
    shared = overlap(one, chosen)
    if is_news_sitemap(one) and chosen[0].kind == "feed":
        lacking = "" if shared is None else f"; the feeds lack {1 - shared:.0%} of it in their time"
        return f"{_measured(one)}{lacking}"
    why = "older than what the others still hold" if shared is None else f"{shared:.0%} of it is in the others"
    return f"left out: {one.url}, {why}"


def _measured(one: ListingStatistics) -> str:
    lasted = f" from {one.oldest:%Y-%m-%d %H:%M} to {one.newest:%Y-%m-%d %H:%M}" if one.oldest and one.newest else ""
    pace = f", {one.per_day:.3g} a day" if one.per_day else ""
    minutes = one.interval.total_seconds() / 60
    shares = f"dated {one.dated:.0%}, authors {one.credited:.0%}, whole text {one.full_text:.0%}"
    kind = "news sitemap" if is_news_sitemap(one) else one.kind
    entries = f"{one.entries} entries{lasted}{pace}"
    return f"{kind} {one.url} ({one.discovery}): {entries}; {shares}; look every {minutes:.0f} min"


def _doubts(found: Probe) -> Iterator[str]:
    now = utc_now()
    for one in found.chosen:
        if not one.is_alive(now) and one.newest:
            yield f"{one.url} names nothing newer than {one.newest:%Y-%m-%d}: the site may have given it up"
        if not one.dated:
            yield f"{one.url} dates none of its entries: all {one.entries} will be fetched"
        if one.listing.damage:
            yield f"{one.url}: {one.listing.damage}"
    if found.chosen and found.per_day is None:
        yield "too few dates to tell a pace, so nothing is expected of it"


def _report(found: Probe) -> None:
    for asked in found.asked:
        print(f"{asked.url} ({asked.found}): {asked.outcome}", file=sys.stderr)
    if found.listings:
        write_rows(Format.TABLE, LISTING_COLUMNS, [_listing_row(found, one) for one in found.listings], sys.stderr)
    if found.samples:
        write_rows(Format.TABLE, ARTICLE_COLUMNS, [_article_row(sample) for sample in found.samples], sys.stderr)
        for line in (*weaknesses(found.samples), *_doubts(found)):
            print(line, file=sys.stderr)


def _listing_row(found: Probe, one: ListingStatistics) -> tuple[Any, ...]:
    pace = None if one.per_day is None else float(f"{one.per_day:.3g}")
    shares = (f"{share:.0%}" for share in (one.dated, one.credited, one.full_text))
    others = [other for other in found.chosen if other is not one]
    shared = overlap(one, others) if others else None
    told = "" if shared is None else f"{shared:.0%}"
    return one.kind, one.url, one.entries, one.newest, pace, *shares, told, one in found.chosen


def _article_row(sample: TrialArticle) -> tuple[Any, ...]:
    made = sample.result
    if not isinstance(made, Article):
        return f"{made.reason}: {made.detail}", None, None, None, None, 0.0, sample.url
    return (
        made.title,
        made.published_at,
        list(made.authors) or made.by,
        made.language,
        made.word_count,
        made.quality,
        sample.url,
    )


def _taken(settings: Settings, source_id: str) -> str:
    return f"{settings.config / 'sources' / f'{source_id}.toml'}: there already; choose another id with --id"
