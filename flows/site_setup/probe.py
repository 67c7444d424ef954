"""`copydesk sources probe` and `add`: from a site's address to a source that was tried."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from config.errors import ConfigError, explain
from config.inputs import FeedInput, FolderInput, Input, SitemapInput
from config.settings import Settings
from config.sources import ID_PATTERN, Expect, Source
from config.write import free_id
from flows.ingestion.process_pool import Workers
from flows.site_setup.site_survey import Asked, Survey
from tasks.article import make_article
from tasks.fetch import as_fetched
from tasks.http.address_policy import read_url
from tasks.http.fetcher import Fetcher, utc_now
from tasks.http.response import Downloaded, FetchResult, NotModified, Refused
from tasks.listings.listing import Entry
from tasks.metadata.urls import canonical_domain, is_web_url
from tasks.site_probe.choose_feeds import (
    choose_listings,
    choose_trial_entries,
    expected_articles_per_day,
    is_news_sitemap,
    total_articles_per_day,
)
from tasks.site_probe.feed_statistics import ListingStatistics
from tasks.site_probe.trial_articles import (
    TrialArticle,
    accepted_articles,
    feed_holds_all,
    main_language,
    needs_scripts,
)
from warehouse.model.records import Article, Capture, Item, RawArticle, Rejection
from warehouse.model.vocabulary import Reason, Stage

SAMPLES: Final = 5
DEFAULT_DELAY: Final = 5.0
SITEMAP_DAYS: Final = 7.0
"""How far back a first run goes in a sitemap that lists all that a site ever had."""
LONGEST_TITLE: Final = 100

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found of a site."""

    url: str
    source: Source | None
    """As it would be configured; None where there is nothing to read it by."""
    chosen: tuple[ListingStatistics, ...] = ()
    """What the source's inputs read, in their order."""
    listings: tuple[ListingStatistics, ...] = ()
    samples: tuple[TrialArticle, ...] = ()
    asked: tuple[Asked, ...] = ()
    robots: str = ""
    """In words, what robots.txt says."""
    per_day: float | None = None
    """Articles a day of all that is chosen."""
    problem: str | None = None
    """One sentence where there is no source: what was tried, and the cure."""


def probe(
    url: str,
    settings: Settings,
    *,
    source_id: str | None = None,
    delay: float = DEFAULT_DELAY,
    allow_private: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Probe:
    """Look at the site that an address belongs to: a home page, an article, a feed or a sitemap.

    At most 12 requests for feeds and sitemaps and 5 for articles, `delay` seconds apart, robots.txt obeyed; `tell`
    hears of each. Never raises for what a site does. Raises `ConfigError` where the address or `source_id` is none.
    """
    if source_id is not None and not ID_PATTERN.fullmatch(source_id):
        raise ConfigError(f"{source_id}: a source's id is of a-z, 0-9 and single hyphens, such as example-news")
    address = url if "://" in url else f"https://{url}"
    told = read_url(address)
    if isinstance(told, str) or not is_web_url(address):
        said = told if isinstance(told, str) else "the address is not a valid URL"
        raise ConfigError(f"{said}; name one such as https://news.example/")
    now = utc_now()
    with Fetcher(settings) as fetcher, Workers(settings) as workers:
        survey = Survey(fetcher, workers, settings, delay, allow_private, now, tell)
        survey.look(address)
        chosen = choose_listings(survey.listings, now) if survey.given == "page" else tuple(survey.listings[:1])
        found = Probe(address, None, chosen, tuple(survey.listings), (), tuple(survey.asked), survey.robots_said())
        if not chosen:
            return replace(found, problem=_problem(survey, address))
        found = replace(
            found,
            samples=_try_articles(survey, choose_trial_entries(chosen, SAMPLES)),
            per_day=total_articles_per_day(chosen),
        )
        try:
            return replace(found, source=_source(survey, found, source_id))
        except ValidationError as error:
            return replace(found, problem=f"{address}: what it says of itself makes no source: {explain(error, {})}")


def _problem(survey: Survey, address: str) -> str:
    cure = 'name a feed\'s address instead, or read its pages by kind = "pages"'
    why = survey.asked[0].outcome if survey.given != "page" else survey.problem
    if why and len(survey.asked) == 1:
        return f"{address}: {why.rstrip('.')}; try another address of the site"
    because = f" ({why.rstrip('.')})" if why else ""
    return f"{address}: no feed or sitemap with entries at {len(survey.asked)} addresses tried{because}; {cure}"


def _try_articles(survey: Survey, entries: Sequence[Entry]) -> tuple[TrialArticle, ...]:
    """What becomes of some entries, each asked for in its host's turn."""
    stub = Source(id="probe", title="probe", input=(FolderInput(kind="folder", path=Path()),))
    items = [Item(stub.id, entry.url, entry.url, survey.origin, survey.now, entry.candidates) for entry in entries]
    for item in items:
        survey.tell(f"{item.url} (an article)")
    futures = [survey.fetcher.submit(survey.request(item.url)) for item in items]
    raws = [_raw(item, future.result(), survey.now) for item, future in zip(items, futures, strict=True)]
    made = survey.workers.each(make_article, raws, stub)
    return tuple(
        TrialArticle(entry.url, article, _is_frame(raw, article), entry.html)
        for entry, (raw, article) in zip(entries, made, strict=True)
    )


def _raw(item: Item, got: FetchResult, now: datetime) -> RawArticle | Rejection:
    if isinstance(got, Downloaded):
        fetched = as_fetched(item, got, now)
        return RawArticle(item, Capture.of(fetched), fetched.content)
    if isinstance(got, NotModified):
        return item.reject(Stage.FETCH, Reason.FETCH_FAILED, "its server answers 304 to whoever never had it")
    return item.reject(Stage.FETCH, got.reason if isinstance(got, Refused) else Reason.FETCH_FAILED, got.detail)


def _is_frame(raw: RawArticle | Rejection, made: Article | Rejection) -> bool:
    if isinstance(raw, Rejection) or isinstance(made, Article):
        return False
    return needs_scripts(raw.content, raw.capture.charset)


def _source(survey: Survey, found: Probe, source_id: str | None) -> Source:
    """Raises `ValidationError` where what the site says of itself is no source."""
    first = found.chosen[0].listing
    host = canonical_domain(survey.origin) or "site"
    title = survey.front.name or " ".join((first.title or "").split()) or host
    primary, dash, region = (survey.front.language or first.language or "").replace("_", "-").partition("-")
    stated = f"{primary.lower()}{dash}{region}"
    return Source(
        id=source_id or free_id((), title, host),
        title=title[:LONGEST_TITLE],
        language=main_language(found.samples) or (stated if _LANGUAGE.fullmatch(stated) else None),
        delay=max(DEFAULT_DELAY, survey.crawl_delay()),
        allow_private=survey.allow_private,
        input=_inputs(found),
        expect=Expect(articles_per_day=expected_articles_per_day(found.per_day)),
    )


def _inputs(found: Probe) -> tuple[Input, ...]:
    if found.chosen[0].kind == "sitemap":
        days = None if is_news_sitemap(found.chosen[0]) else SITEMAP_DAYS
        return (SitemapInput(kind="sitemap", url=found.chosen[0].url, max_age_days=days),)
    sitemap = next((one.url for one in found.listings if is_news_sitemap(one)), None)
    # Where no page may be had, what the feed holds is all that there is.
    whole = not accepted_articles(found.samples) and feed_holds_all(found.samples)
    return tuple(FeedInput(kind="feed", url=one.url, sitemap=sitemap, full_text=whole) for one in found.chosen)
