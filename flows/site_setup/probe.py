"""From a site's address to a source that was tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from config.errors import ConfigError, explain
from config.inputs import FeedInput, FolderInput, Input, SitemapInput
from config.settings import Settings
from config.sources import DEFAULT_DELAY_SECONDS, ID_PATTERN, LANGUAGE_PATTERN, Expect, Source
from config.write import free_id
from flows.ingestion.process_pool import Workers
from flows.site_setup.site_survey import Survey, SurveyRequest
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
from warehouse.model.records import Article, Item, RawArticle, Rejection
from warehouse.model.vocabulary import Reason, Stage

MAX_TRIAL_ARTICLES: Final = 5
MAX_SITEMAP_AGE_DAYS: Final = 7.0  # for a first run, of a sitemap that lists all that a site ever had
MAX_TITLE_CHARACTERS: Final = 100
# A turn of a source that has nothing due costs little; a rarer one would let news wait.
SCHEDULE_MINUTES: Final = (10, 15, 20, 30, 60)


@dataclass(frozen=True, slots=True)
class Probe:
    """What was measured of a site."""

    url: str
    source: Source | None  # as it would be configured; None if there is nothing to read the site by
    chosen: tuple[ListingStatistics, ...] = ()  # what the source's inputs read, in their order
    listings: tuple[ListingStatistics, ...] = ()
    samples: tuple[TrialArticle, ...] = ()
    requests: tuple[SurveyRequest, ...] = ()
    robots: str = ""  # in words, what robots.txt says
    per_day: float | None = None  # articles a day of all that is chosen
    problem: str | None = None  # if there is no source, one sentence: what was tried, and the cure


def probe(
    url: str,
    settings: Settings,
    *,
    source_id: str | None = None,
    delay: float = DEFAULT_DELAY_SECONDS,
    allow_private: bool = False,
    on_request: Callable[[str], None] = lambda _: None,
) -> Probe:
    """Survey the site that an address belongs to: a home page, an article, a feed or a sitemap.

    At most 12 requests for feeds and sitemaps and 5 for articles, `delay` seconds apart, robots.txt obeyed;
    `on_request` is called with each. Never raises for what a site does. Raises `ConfigError` if the address or
    `source_id` is none.
    """
    if source_id is not None and not ID_PATTERN.fullmatch(source_id):
        raise ConfigError(f"{source_id}: a source's id is of a-z, 0-9 and single hyphens, such as example-news")
    address = _web_address(url)
    now = utc_now()
    with Fetcher(settings) as fetcher, Workers(settings) as workers:
        survey = Survey(fetcher, workers, settings, delay, allow_private, now, on_request)
        survey.run(address)
        chosen = choose_listings(survey.listings, now) if survey.start_kind == "page" else tuple(survey.listings[:1])
        result = Probe(
            address, None, chosen, tuple(survey.listings), (), tuple(survey.requests), survey.robots_summary()
        )
        if not chosen:
            return replace(result, problem=_problem(survey, address))
        result = replace(
            result,
            samples=_try_articles(survey, choose_trial_entries(chosen, MAX_TRIAL_ARTICLES)),
            per_day=total_articles_per_day(chosen),
        )
        try:
            return replace(result, source=_source(survey, result, source_id))
        except ValidationError as error:
            return replace(result, problem=f"{address}: what it says of itself makes no source: {explain(error, {})}")


def _web_address(text: str) -> str:
    """Return the URL that a user typed, https if it names no scheme. Raises `ConfigError`."""
    address = text if "://" in text else f"https://{text}"
    parsed = read_url(address)
    if isinstance(parsed, str) or not is_web_url(address):
        problem = parsed if isinstance(parsed, str) else "the address is not a valid URL"
        raise ConfigError(f"{problem}; name one such as https://news.example/")
    return address


def _problem(survey: Survey, address: str) -> str:
    cure = 'name a feed\'s address instead, or read its pages by kind = "pages"'
    reason = survey.requests[0].outcome if survey.start_kind != "page" else survey.problem
    if reason and len(survey.requests) == 1:
        return f"{address}: {reason.rstrip('.')}; try another address of the site"
    because = f" ({reason.rstrip('.')})" if reason else ""
    return f"{address}: no feed or sitemap with entries at {len(survey.requests)} addresses tried{because}; {cure}"


def _try_articles(survey: Survey, entries: Sequence[Entry]) -> tuple[TrialArticle, ...]:
    """Fetch some entries, each in its host's turn, and return what extraction makes of them."""
    stub = Source(id="probe", title="probe", input=(FolderInput(kind="folder", path=Path()),))
    items = [Item(stub.id, entry.url, entry.url, survey.origin, survey.now, entry.candidates) for entry in entries]
    for item in items:
        survey.on_request(f"{item.url} (an article)")
    futures = [survey.fetcher.submit(survey.request(item.url)) for item in items]
    raws = [_raw(item, future.result(), survey.now) for item, future in zip(items, futures, strict=True)]
    made = survey.workers.each(make_article, raws, stub)
    return tuple(
        TrialArticle(entry.url, article, _is_frame(raw, article), entry.html)
        for entry, (raw, article) in zip(entries, made, strict=True)
    )


def _raw(item: Item, response: FetchResult, now: datetime) -> RawArticle | Rejection:
    if isinstance(response, Downloaded):
        return RawArticle.of(as_fetched(item, response, now))
    if isinstance(response, NotModified):
        return item.reject(Stage.FETCH, Reason.FETCH_FAILED, "its server answers 304 to whoever never had it")
    return item.reject(
        Stage.FETCH, response.reason if isinstance(response, Refused) else Reason.FETCH_FAILED, response.detail
    )


def _is_frame(raw: RawArticle | Rejection, made: Article | Rejection) -> bool:
    if isinstance(raw, Rejection) or isinstance(made, Article):
        return False
    return needs_scripts(raw.content, raw.capture.charset)


def _source(survey: Survey, result: Probe, source_id: str | None) -> Source:
    """Return the source of a site. Raises `ValidationError` if what the site says of itself makes none."""
    first = result.chosen[0].listing
    host = canonical_domain(survey.origin) or "site"
    title = survey.front.name or " ".join((first.title or "").split()) or host
    primary, dash, region = (survey.front.language or first.language or "").replace("_", "-").partition("-")
    declared = f"{primary.lower()}{dash}{region}"
    return Source(
        id=source_id or free_id((), title, host),
        title=title[:MAX_TITLE_CHARACTERS],
        language=main_language(result.samples) or (declared if LANGUAGE_PATTERN.fullmatch(declared) else None),
        schedule=_schedule(result.chosen),
        delay=max(survey.delay, survey.crawl_delay()),
        allow_private=survey.allow_private,
        input=_inputs(result),
        expect=Expect(articles_per_day=expected_articles_per_day(result.per_day)),
    )


def _schedule(chosen: Sequence[ListingStatistics]) -> str:
    """Return how often the source is to have its turn: by the listing that is to be looked at most often."""
    minutes = min(listing.interval.total_seconds() for listing in chosen) / 60
    return f"every {min(SCHEDULE_MINUTES, key=lambda step: abs(step - minutes))} minutes"


def _inputs(result: Probe) -> tuple[Input, ...]:
    if result.chosen[0].kind == "sitemap":
        days = None if is_news_sitemap(result.chosen[0]) else MAX_SITEMAP_AGE_DAYS
        return (SitemapInput(kind="sitemap", url=result.chosen[0].url, max_age_days=days),)
    sitemap = next((listing.url for listing in result.listings if is_news_sitemap(listing)), None)
    # Where no page may be had, what the feed holds is all that there is.
    is_whole = not accepted_articles(result.samples) and feed_holds_all(result.samples)
    return tuple(FeedInput(kind="feed", url=feed.url, sitemap=sitemap, full_text=is_whole) for feed in result.chosen)
