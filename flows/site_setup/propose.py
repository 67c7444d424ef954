"""Write what a probe measured as a source's file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from config.errors import ConfigError
from config.settings import Settings
from config.sources import DEFAULT_DELAY_SECONDS, Source
from config.write import source_toml, write_source
from flows.site_setup.opml import check_not_configured
from flows.site_setup.probe import Probe, probe
from tasks.http.fetcher import utc_now
from tasks.site_probe.choose_feeds import is_news_sitemap
from tasks.site_probe.feed_statistics import ListingStatistics, overlap
from tasks.site_probe.trial_articles import accepted_articles, feed_holds_all, mean_quality, weaknesses

_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class AddedSource:
    """What came of adding a source: what was measured of its site, and its file, or the problem."""

    probe: Probe
    path: Path | None = None
    problem: str | None = None


def add_source(
    url: str,
    settings: Settings,
    *,
    source_id: str | None = None,
    delay: float = DEFAULT_DELAY_SECONDS,
    allow_private: bool = False,
    force: bool = False,
    on_request: Callable[[str], None] = lambda _: None,
) -> AddedSource:
    """Probe a site and write its source's file, never over another.

    There is no file if the site names no feed or sitemap or, without `force`, if no article with text could be read.
    Raises `ConfigError` if the id cannot be used or the file not be written.
    """
    check_not_configured(url, settings.config)
    if source_id is not None and (path := settings.config / "sources" / f"{source_id}.toml").exists():
        raise ConfigError(f"{path}: there already; choose another id with --id")
    result = probe(url, settings, source_id=source_id, delay=delay, allow_private=allow_private, on_request=on_request)
    if result.source is None:
        return AddedSource(result, problem=result.problem)
    if not force and not any(article.text for article in accepted_articles(result.samples)):
        reason = next(iter(weaknesses(result.samples)), "there was none to try.")
        problem = f"{result.url}: no article could be read: {reason} --force adds it all the same"
        return AddedSource(result, problem=problem)
    return AddedSource(result, write_source(settings.config, result.source.id, proposal(result, result.source)))


def proposal(result: Probe, source: Source) -> str:
    """Return the text of the source's file, with what was measured as comments."""
    declared = source.model_dump(mode="json", exclude_defaults=True) | {"delay": source.delay}
    if (per_day := source.expect.articles_per_day) and per_day.is_integer():
        declared["expect"] = {"articles_per_day": int(per_day)}
    schema, end, rest = source_toml(declared).partition("\n")
    # A line end in what a site says would turn the rest of a comment into keys.
    lines = (" ".join(_UNPRINTABLE.sub(" ", line).split()) for line in facts(result))
    return f"{schema}{end}" + "".join(f"# {line}\n" for line in lines) + rest.rstrip() + "\n"


def facts(result: Probe) -> list[str]:
    """Return what was measured, a line each, for whoever reads the file later."""
    lines = [f"Probed on {utc_now():%Y-%m-%d} from {result.url}", *filter(None, [result.robots])]
    lines += map(_measured, result.chosen)
    lines += [_compared(listing, result.chosen) for listing in result.listings if listing not in result.chosen]
    articles = accepted_articles(result.samples)
    words = f", {median(article.word_count for article in articles):.0f} words in the middle" if articles else ""
    quality = mean_quality(result.samples)
    lines.append(f"{len(result.samples)} articles tried, {len(articles)} read: mean quality {quality:.2f}{words}")
    if articles and result.chosen[0].kind == "feed" and feed_holds_all(result.samples):
        lines.append("its entries hold whole articles: full_text = true in an input would spare fetching the pages")
    return [*lines, *weaknesses(result.samples), *doubts(result)]


def _compared(listing: ListingStatistics, chosen: Sequence[ListingStatistics]) -> str:
    shared = overlap(listing, chosen)
    if is_news_sitemap(listing) and chosen[0].kind == "feed":
        lacking = "" if shared is None else f"; the feeds lack {1 - shared:.0%} of it in their time"
        return f"{_measured(listing)}{lacking}"
    reason = "older than what the others still hold" if shared is None else f"{shared:.0%} of it is in the others"
    return f"left out: {listing.url}, {reason}"


def _measured(listing: ListingStatistics) -> str:
    oldest, newest = listing.oldest, listing.newest
    period = f" from {oldest:%Y-%m-%d %H:%M} to {newest:%Y-%m-%d %H:%M}" if oldest and newest else ""
    per_day = f", {listing.per_day:.3g} a day" if listing.per_day else ""
    minutes = listing.interval.total_seconds() / 60
    shares = f"dated {listing.dated:.0%}, authors {listing.credited:.0%}, whole text {listing.full_text:.0%}"
    kind = "news sitemap" if is_news_sitemap(listing) else listing.kind
    entries = f"{listing.entries} entries{period}{per_day}"
    return f"{kind} {listing.url} ({listing.discovery}): {entries}; {shares}; look every {minutes:.0f} min"


def doubts(result: Probe) -> Iterator[str]:
    """Yield what may be wrong with the listings that were chosen, a sentence each."""
    now = utc_now()
    for listing in result.chosen:
        if not listing.is_alive(now) and listing.newest:
            yield f"{listing.url} names nothing newer than {listing.newest:%Y-%m-%d}: the site may have given it up"
        if not listing.dated:
            yield f"{listing.url} dates none of its entries: all {listing.entries} will be fetched"
        if listing.listing.damage:
            yield f"{listing.url}: {listing.listing.damage}"
    if result.chosen and result.per_day is None:
        yield "too few dates to tell a pace, so nothing is expected of it"
