"""Whether the pipeline landed what the newsroom published: each check gives what went wrong, one sentence each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from config.settings import Settings
from tests.newsroom.feeds import NEWS_SITEMAP
from tests.newsroom.landed import Ran, Warehouse, read_warehouse
from tests.newsroom.manners import MOVED, check_demand, check_manners, check_pacing, check_secrets
from tests.newsroom.plan import Article, Fault
from tests.newsroom.server import Exchange, Newsroom
from tests.newsroom.stories import Story
from warehouse.connect import connect, rows


def listed_articles(newsroom: Newsroom) -> dict[Article, set[str]]:
    """Return the articles that an answer to the pipeline listed, with the paths that it gave.

    A sitemap that is only searched for a gap also names what had come before the first look at the site, which was
    never new to anybody.
    """
    inputs = {site.id for site in newsroom.plan.sites if site.is_input}
    listed: defaultdict[Article, set[str]] = defaultdict(set)
    first: dict[str | None, datetime] = {}
    for exchange in newsroom.ledger:
        if exchange.answer.kind == "listing":
            first.setdefault(exchange.site, exchange.at)
        for path in exchange.answer.listed:
            article = newsroom.plan.by_path[exchange.site or "", path]
            searched = exchange.answer.kind == "sitemap" and exchange.site not in inputs
            if not searched or article.published > first.get(exchange.site, exchange.at):
                listed[article].add(path)
    return dict(listed)


def missed(newsroom: Newsroom) -> list[Article]:
    """Return the articles that no answer listed although a feed's older pages or the news sitemap could have."""
    listed = listed_articles(newsroom)
    looks: defaultdict[str | None, list[Exchange]] = defaultdict(list)
    # What a desk's feed says is no reason to search for what its front page had.
    fronts = {site.listing_path for site in newsroom.plan.sites}
    for exchange in newsroom.ledger:
        if exchange.answer.kind == "listing" and exchange.answer.listed and exchange.path in fronts:
            looks[exchange.site].append(exchange)
    return [
        article
        for site in newsroom.plan.sites
        if looks[site.id] and (site.sitemap or site.listing == "paged")
        for article in newsroom.plan.by_site[site.id]
        if article not in listed and article.published > looks[site.id][0].at
        # What came before the first look was never new.
        if any(
            article.is_up(listing.at) and listing.at - article.published < NEWS_SITEMAP for listing in looks[site.id]
        )
    ]


def check(
    newsroom: Newsroom, settings: Settings, delay: float, *, slack: float = 0.0, killed: bool = False
) -> list[str]:
    """Run all checks; return a sentence for each thing that went wrong."""
    root = Path(settings.data)
    wrong = check_articles(newsroom, root, killed=killed) + check_counts(root)
    wrong += check_manners(newsroom) + check_pacing(newsroom, delay, settings.host_connections, slack)
    wrong += check_demand(newsroom, killed=killed)
    return wrong + check_secrets(root)


def check_articles(newsroom: Newsroom, root: Path, *, killed: bool = False) -> list[str]:
    """Check that every listed article landed once, as it was last served, or is refused for the right reason.

    Where runs were `killed`, what one of them was served need not have landed if it was superseded before the source's
    next run ended by itself.
    """
    warehouse, listed = read_warehouse(newsroom, root), listed_articles(newsroom)
    wrong = [f"{url} landed and was never published" for url in warehouse.strangers]
    wrong += [
        f"{_name(article)} was published {article.published:%a %H:%M} and never seen" for article in missed(newsroom)
    ]
    titles = (
        (article, title) for article, title in dict.fromkeys(warehouse.listed) if title and title not in article.titles
    )
    wrong += [f"{_name(article)}: a listing's title landed as {title!r}" for article, title in titles]
    for article, paths in listed.items():
        wrong += [
            f"{_name(article)}: {problem}" for problem in _check_article(newsroom, warehouse, article, paths, killed)
        ]
    return wrong


def _check_article(
    newsroom: Newsroom, warehouse: Warehouse, article: Article, paths: set[str], killed: bool
) -> Iterator[str]:
    if waiting := warehouse.pending[article]:
        yield f"{', '.join(sorted(waiting))} is still pending"
    if article.reasons:
        site = next(site for site in newsroom.plan.sites if site.id == article.site)
        yield from _check_refused(warehouse, article, paths - waiting, site.wall_reasons)
    elif served := _served(newsroom, article):
        yield from _check_landed(warehouse, article, served, killed=killed, apart=_moved_unsaid(newsroom, article))
    elif not warehouse.refused[article] and not waiting and not _gone_unread(newsroom, article):
        yield "was named, never served, and is neither refused nor pending"


def _gone_unread(newsroom: Newsroom, article: Article) -> bool:
    """Return whether an article was taken away before a listing that is an input listed it.

    A sitemap that is searched for what one feed of the site lacks names what another lacks too.
    """
    listings = [
        exchange for exchange in newsroom.ledger if exchange.site == article.site and exchange.answer.kind == "listing"
    ]
    paths = {*article.all_paths}
    return article.removed_at is not None and not any(
        paths.intersection(exchange.answer.listed) for exchange in listings
    )


def _check_refused(warehouse: Warehouse, article: Article, paths: set[str], walls: frozenset[str]) -> Iterator[str]:
    if warehouse.landed[article]:
        yield f"landed although it should be refused ({article.fault})"
    for path in sorted(paths):
        reason = warehouse.refused[article].get(path)
        # The last time that it was asked for may have been while the whole site answered with a wall.
        if reason not in article.reasons | walls:
            yield f"{path} should be refused as {' or '.join(sorted(article.reasons))} and is {reason or 'not refused'}"


def _check_landed(
    warehouse: Warehouse, article: Article, served: list[tuple[datetime, int]], *, killed: bool, apart: bool
) -> Iterator[str]:
    landed = sorted(warehouse.landed[article], key=lambda row: row["url"].endswith(article.new_path or article.path))
    may_be_gone = article.removed_at is not None and not landed
    if apart:
        landed = landed[-1:]
    if len(landed) != 1 and not may_be_gone:
        where = ", ".join(row["url"] for row in landed) or warehouse.refused[article] or "nowhere"
        yield f"landed {len(landed)} times: {where}"
    for row in landed[:1]:
        yield from _differences(row, article.words(served[-1][1]))
    stories = [article.words(version) for version in dict.fromkeys(version for _, version in served)]
    for row in warehouse.versions[article]:
        if all(list(_differences(row, story)) for story in stories):
            yield f"landed as what it never was: {row['title']!r}"
    runs = warehouse.runs[article.site]
    for version in dict.fromkeys(version for at, version in served if not killed or was_to_land(article, at, runs)):
        story = article.words(version)
        if all(list(_differences(row, story)) for row in warehouse.versions[article]):
            yield f"version {version} was served and has not landed"


def _differences(row: dict[str, Any], story: Story) -> Iterator[str]:
    if row["title"] != story.title:
        yield f"its title is {row['title']!r} and should be {story.title!r}"
    paragraphs = tuple(row["text"].split("\n\n"))
    if missing := [paragraph for paragraph in story.paragraphs if paragraph not in paragraphs]:
        yield f"{len(missing)} of its paragraphs are missing, such as {missing[0][:60]!r}"
    if foreign := [paragraph for paragraph in paragraphs if paragraph not in story.paragraphs]:
        yield f"{len(foreign)} paragraphs are not its own, such as {foreign[0][:60]!r}"


def _served(newsroom: Newsroom, article: Article) -> list[tuple[datetime, int]]:
    """Return when it was served whole, and in which version: on its page, or in a feed that holds whole articles."""
    whole = {site.id for site in newsroom.plan.sites if site.whole}
    paths = {*article.all_paths}
    return [
        (exchange.at, article.version(exchange.at))
        for exchange in newsroom.ledger
        if exchange.site == article.site
        if (exchange.answer.article == article.id and exchange.answer.version is not None)
        or (article.site in whole and paths.intersection(exchange.answer.listed))
    ]


def _moved_unsaid(newsroom: Newsroom, article: Article) -> bool:
    """Return whether nobody could know, when an article was first read where it had moved to, that it was the same.

    Only a feed's ids or a redirect tell; sitemaps and section pages have no ids. Edited besides, it is then another
    article.
    """
    moved_at = article.moved_at
    if moved_at is None:
        return False
    exchanges = [exchange for exchange in newsroom.ledger if exchange.site == article.site]
    read_at = next((exchange.at for exchange in exchanges if exchange.path == article.new_path), newsroom.plan.span.end)
    before = [exchange for exchange in exchanges if exchange.at <= read_at]
    has_ids = all(site.listing != "section" for site in newsroom.plan.sites if site.id == article.site)
    by_feed = {
        path for exchange in before if exchange.answer.kind == "listing" and has_ids for path in exchange.answer.listed
    }
    redirected = any(exchange.path == article.path and exchange.answer.status == MOVED for exchange in before)
    return not redirected and not by_feed.issuperset({article.path, article.new_path})


def was_to_land(article: Article, served: datetime, runs: list[Ran]) -> bool:
    """Return whether the run that was served it ended by itself, or the next that did still met the same version."""
    latest = max((run.started for run in runs if run.started <= served), default=served)
    ended = next((run for run in runs if run.started >= latest and run.finished), None)
    return ended is not None and (
        ended.started == latest or article.version(served) == article.version(ended.finished or served)
    )


def check_counts(root: Path) -> list[str]:
    """Check that the counts of every run that ended add up."""
    sums = "stored + unchanged + duplicate + rejected + failed + pending"
    query = f"SELECT source_id, run_id FROM runs WHERE finished_at IS NOT NULL AND discovered <> {sums}"
    with connect(root) as connection:
        return [f"{source}: the counts of run {run} do not add up" for source, run in rows(connection, query, [])]


def faults_met(newsroom: Newsroom) -> Counter[Fault]:
    """Count the articles with each fault that an answer listed."""
    return Counter(article.fault for article in listed_articles(newsroom))


def _name(article: Article) -> str:
    fault = "" if article.fault is Fault.NONE else f" ({article.fault})"
    return f"{article.site} {article.id}{fault}"
