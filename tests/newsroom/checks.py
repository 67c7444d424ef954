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
from tests.newsroom.server import Asked, Newsroom
from tests.newsroom.stories import Story
from warehouse.connect import connect, rows


def seen(newsroom: Newsroom) -> dict[Article, set[str]]:
    """The articles that an answer to the pipeline named, and by which paths.

    A sitemap that is only searched for a gap also names what had come before the first look at the site, which was
    never new to anybody.
    """
    inputs = {site.id for site in newsroom.plan.sites if site.is_input}
    found: defaultdict[Article, set[str]] = defaultdict(set)
    first: dict[str | None, datetime] = {}
    for asked in newsroom.ledger:
        if asked.answer.kind == "listing":
            first.setdefault(asked.site, asked.at)
        for path in asked.answer.listed:
            article = newsroom.plan.by_path[asked.site or "", path]
            searched = asked.answer.kind == "sitemap" and asked.site not in inputs
            if not searched or article.published > first.get(asked.site, asked.at):
                found[article].add(path)
    return dict(found)


def missed(newsroom: Newsroom) -> list[Article]:
    """Articles that no answer named although one could have: by a feed's older pages or the news sitemap."""
    shown = seen(newsroom)
    looks: defaultdict[str | None, list[Asked]] = defaultdict(list)
    # What a desk's feed says is no reason to search for what its front page had.
    fronts = {site.listing_path for site in newsroom.plan.sites}
    for asked in newsroom.ledger:
        if asked.answer.kind == "listing" and asked.answer.listed and asked.path in fronts:
            looks[asked.site].append(asked)
    return [
        article
        for site in newsroom.plan.sites
        if looks[site.id] and (site.sitemap or site.listing == "paged")
        for article in newsroom.plan.by_site[site.id]
        if article not in shown and article.published > looks[site.id][0].at
        # What came before the first look was never new.
        if any(article.is_up(one.at) and one.at - article.published < NEWS_SITEMAP for one in looks[site.id])
    ]


def check(
    newsroom: Newsroom, settings: Settings, delay: float, *, slack: float = 0.0, killed: bool = False
) -> list[str]:
    """All that went wrong; see each check."""
    root = Path(settings.data)
    wrong = check_articles(newsroom, root, killed=killed) + check_counts(root)
    wrong += check_manners(newsroom) + check_pacing(newsroom, delay, settings.host_connections, slack)
    wrong += check_demand(newsroom, killed=killed)
    return wrong + check_secrets(root)


def check_articles(newsroom: Newsroom, root: Path, *, killed: bool = False) -> list[str]:
    """Every article that was seen landed once, as it was last served, or is refused for the right reason.

    Where runs were `killed`, what one of them was served need not have landed if it was superseded before the source's
    next run ended by itself.
    """
    held, shown = read_warehouse(newsroom, root), seen(newsroom)
    wrong = [f"{url} landed and was never published" for url in held.strangers]
    wrong += [f"{_name(one)} was published {one.published:%a %H:%M} and never seen" for one in missed(newsroom)]
    titles = ((one, said) for one, said in dict.fromkeys(held.listed) if said and said not in one.titles)
    wrong += [f"{_name(one)}: a listing's title landed as {said!r}" for one, said in titles]
    for article, paths in shown.items():
        wrong += [f"{_name(article)}: {one}" for one in _check_article(newsroom, held, article, paths, killed)]
    return wrong


def _check_article(
    newsroom: Newsroom, held: Warehouse, article: Article, paths: set[str], killed: bool
) -> Iterator[str]:
    if waiting := held.pending[article]:
        yield f"{', '.join(sorted(waiting))} is still pending"
    if article.reasons:
        site = next(site for site in newsroom.plan.sites if site.id == article.site)
        yield from _check_refused(held, article, paths - waiting, site.wall_reasons)
    elif served := _served(newsroom, article):
        yield from _check_landed(held, article, served, killed=killed, apart=_moved_unsaid(newsroom, article))
    elif not held.refused[article] and not waiting and not _gone_unread(newsroom, article):
        yield "was named, never served, and is neither refused nor pending"


def _gone_unread(newsroom: Newsroom, article: Article) -> bool:
    """Whether an article was taken away before a listing that is an input named it.

    A sitemap that is searched for what one feed of the site lacks names what another lacks too.
    """
    listings = [asked for asked in newsroom.ledger if asked.site == article.site and asked.answer.kind == "listing"]
    paths = {*article.all_paths}
    return article.removed_at is not None and not any(paths.intersection(asked.answer.listed) for asked in listings)


def _check_refused(held: Warehouse, article: Article, paths: set[str], walls: frozenset[str]) -> Iterator[str]:
    if held.landed[article]:
        yield f"landed although it should be refused ({article.fault})"
    for path in sorted(paths):
        reason = held.refused[article].get(path)
        # The last time that it was asked for may have been while the whole site answered with a wall.
        if reason not in article.reasons | walls:
            yield f"{path} should be refused as {' or '.join(sorted(article.reasons))} and is {reason or 'not refused'}"


def _check_landed(
    held: Warehouse, article: Article, served: list[tuple[datetime, int]], *, killed: bool, apart: bool
) -> Iterator[str]:
    landed = sorted(held.landed[article], key=lambda row: row["url"].endswith(article.new_path or article.path))
    may_be_gone = article.removed_at is not None and not landed
    if apart:
        landed = landed[-1:]
    if len(landed) != 1 and not may_be_gone:
        where = ", ".join(row["url"] for row in landed) or held.refused[article] or "nowhere"
        yield f"landed {len(landed)} times: {where}"
    for row in landed[:1]:
        yield from _differences(row, article.words(served[-1][1]))
    stories = [article.words(version) for version in dict.fromkeys(version for _, version in served)]
    for row in held.versions[article]:
        if all(list(_differences(row, story)) for story in stories):
            yield f"landed as what it never was: {row['title']!r}"
    runs = held.runs[article.site]
    for version in dict.fromkeys(version for at, version in served if not killed or was_to_land(article, at, runs)):
        story = article.words(version)
        if all(list(_differences(row, story)) for row in held.versions[article]):
            yield f"version {version} was served and has not landed"


def _differences(row: dict[str, Any], story: Story) -> Iterator[str]:
    if row["title"] != story.title:
        yield f"its title is {row['title']!r} and should be {story.title!r}"
    paragraphs = tuple(row["text"].split("\n\n"))
    if lost := [one for one in story.paragraphs if one not in paragraphs]:
        yield f"{len(lost)} of its paragraphs are missing, such as {lost[0][:60]!r}"
    if foreign := [one for one in paragraphs if one not in story.paragraphs]:
        yield f"{len(foreign)} paragraphs are not its own, such as {foreign[0][:60]!r}"


def _served(newsroom: Newsroom, article: Article) -> list[tuple[datetime, int]]:
    """When it was served whole, and in which version: on its page, or in a feed that holds whole articles."""
    whole = {site.id for site in newsroom.plan.sites if site.whole}
    paths = {*article.all_paths}
    return [
        (asked.at, article.version(asked.at))
        for asked in newsroom.ledger
        if asked.site == article.site
        if (asked.answer.article == article.id and asked.answer.version is not None)
        or (article.site in whole and paths.intersection(asked.answer.listed))
    ]


def _moved_unsaid(newsroom: Newsroom, article: Article) -> bool:
    """Whether nobody could know, when an article was first read where it had moved to, that it was the same.

    Only a feed's ids or a redirect tell; sitemaps and section pages have no ids. Edited besides, it is then another
    article.
    """
    moved_at = article.moved_at
    if moved_at is None:
        return False
    ours = [asked for asked in newsroom.ledger if asked.site == article.site]
    read_at = next((asked.at for asked in ours if asked.path == article.new_path), newsroom.plan.span.end)
    before = [asked for asked in ours if asked.at <= read_at]
    has_ids = all(site.listing != "section" for site in newsroom.plan.sites if site.id == article.site)
    by_feed = {path for asked in before if asked.answer.kind == "listing" and has_ids for path in asked.answer.listed}
    redirected = any(asked.path == article.path and asked.answer.status == MOVED for asked in before)
    return not redirected and not by_feed.issuperset({article.path, article.new_path})


def was_to_land(article: Article, served: datetime, runs: list[Ran]) -> bool:
    """Whether the run that was served it ended by itself, or the next that did still met the same version."""
    latest = max((one.started for one in runs if one.started <= served), default=served)
    ended = next((one for one in runs if one.started >= latest and one.finished), None)
    return ended is not None and (
        ended.started == latest or article.version(served) == article.version(ended.finished or served)
    )


def check_counts(root: Path) -> list[str]:
    """The counts of every run that ended add up."""
    sums = "stored + unchanged + duplicate + rejected + failed + pending"
    query = f"SELECT source_id, run_id FROM runs WHERE finished_at IS NOT NULL AND discovered <> {sums}"
    with connect(root) as connection:
        return [f"{source}: the counts of run {run} do not add up" for source, run in rows(connection, query, [])]


def faults_met(newsroom: Newsroom) -> Counter[Fault]:
    """How many articles with each fault the pipeline was shown."""
    return Counter(article.fault for article in seen(newsroom))


def _name(article: Article) -> str:
    fault = "" if article.fault is Fault.NONE else f" ({article.fault})"
    return f"{article.site} {article.id}{fault}"
