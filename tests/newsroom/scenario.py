"""Plans of two sizes: a night for the tests, a week for the bench."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from tests.newsroom.plan import LEADING, Article, Edit, Fault, Plan, Site, Window
from tests.newsroom.sites import FAULTS, FAULTY_EVERY, REMOVED_AFTER, sites
from tests.newsroom.stories import Story, Writer, phrases

START: Final = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
SMALL_SITES: Final = ("merrow-gazette", "faro-almendro", "zarechny-vestnik", "courrier-aubrac", "tarn-voice")
BEFORE: Final = timedelta(hours=6)
"""How long before the span the sites began to publish: a feed is never empty at its first poll."""
SETTLED: Final = timedelta(hours=1)
"""Nothing new is published so long before the end, so that a last run can see it all."""
RUSH: Final = timedelta(minutes=90)
RUSH_SHARE: Final = 5
"""One article in so many comes in one rush, which rolls the feeds over."""
EMOJI: Final = "\N{SMILING FACE WITH SMILING EYES}"


def small(seed: int = 1, only: tuple[str, ...] = SMALL_SITES) -> Plan:
    """Plan nine hours of five sites, 14 articles each."""
    return make_plan("small", seed, timedelta(hours=9), 14, only)


def week(seed: int = 1, only: tuple[str, ...] = ()) -> Plan:
    """Plan seven days of all nine sites, 85 articles each."""
    return make_plan("week", seed, timedelta(days=7), 85, only)


def make_plan(name: str, seed: int, length: timedelta, each: int, only: tuple[str, ...] = ()) -> Plan:
    """Make a plan of `each` articles a site over `length`; the same seed gives the same plan."""
    span = Window(START, START + length)
    chosen = tuple(site for site in sites(span) if not only or site.id in only)
    written: set[str] = set()
    articles: list[Article] = []
    for site in chosen:
        random = Random(f"{seed} {site.id}")
        articles += _articles(site, span, each, random, Writer(site.language, random, written))
    articles += _agency_copy(chosen, span, Random(f"{seed} agency"), written)
    return Plan(
        name,
        seed,
        span,
        chosen,
        tuple(sorted(articles, key=lambda article: (article.published, article.site, article.id))),
    )


def _articles(site: Site, span: Window, each: int, random: Random, writer: Writer) -> list[Article]:
    from_, to = span.start - BEFORE, span.end - SETTLED
    start = span.start + (to - span.start - RUSH) * random.random()
    rush, hurried = Window(start, start + RUSH), each // RUSH_SHARE
    if site.front_down:
        rush, hurried = site.front_down[0], each // 2
    moments = [from_ + (to - from_) * random.random() for _ in range(each - hurried)]
    moments += [rush.start + (rush.end - rush.start) * random.random() for _ in range(hurried)]
    moments.sort()
    faults = _faults(site, each, random)
    return [
        _article(site, number, moment.replace(microsecond=0), fault, random, writer)
        for number, (moment, fault) in enumerate(zip(moments, faults, strict=True), 1)
    ]


def _faults(site: Site, each: int, random: Random) -> list[Fault]:
    site_faults = list(FAULTS[site.id])
    site_faults += random.choices(site_faults, k=max(0, each // FAULTY_EVERY - len(site_faults))) if site_faults else []
    faults = [*site_faults, *[Fault.NONE] * (each - len(site_faults))][:each]
    random.shuffle(faults)
    return faults


def _article(site: Site, number: int, published: datetime, fault: Fault, random: Random, writer: Writer) -> Article:
    sections = phrases(site.language)["sections"]
    identity = f"{site.id[:2]}{random.randrange(16**6):06x}"
    folder = Site.FORBIDDEN if fault is Fault.FORBIDDEN else "/news/"
    path = f"{folder}{published:%Y/%m/%d}/{identity}-{number}.html"
    article = Article(site.id, identity, published, random.choice(sections), path, writer.story(), fault)
    if site.desk:
        article = replace(article, feeds=("desk", "front", "both", "front")[number % 4])
    if site.surrogates and number % 2:
        article = replace(article, story=_cheered(article.story))
    if fault in LEADING:
        article = replace(article, path=f"/go/{identity}", new_path=path)
    if fault is not Fault.NONE:
        return article
    match number % 7:
        case 1:
            article = replace(article, edits=_edits(article.story, published, random, writer))
        case 3:
            # Both pages are edited at once.
            edits = _edits(article.story, published, random, writer)[:1]
            article = replace(article, twin_path=f"/amp/{identity}", twin_first=number % 2 == 1, edits=edits)
        case 4:
            moved = published + timedelta(minutes=random.randrange(40, 300))
            # Every other one is edited where it moved to: the edit belongs to the article that it was.
            edits = _edits(article.story, moved, random, writer)[: number % 2]
            new_path = path.replace(identity, f"update-{identity}")
            article = replace(article, moved_at=moved, new_path=new_path, edits=edits)
        case 5 if number % 2:
            article = replace(article, removed_at=published + REMOVED_AFTER)
        case 6:
            article = replace(article, edits=_edits(article.story, published, random, writer)[:1])
    return article


def _cheered(story: Story) -> Story:
    lead, *rest = story.paragraphs
    return replace(story, title=f"{story.title} {EMOJI}", paragraphs=(f"{EMOJI} {lead}", *rest))


def _edits(story: Story, published: datetime, random: Random, writer: Writer) -> tuple[Edit, ...]:
    edits = []
    at = published
    kinds = [("headline", writer.headline), ("number", writer.number), ("addition", writer.addition)]
    random.shuffle(kinds)
    for kind, rewrite in kinds:
        at += timedelta(minutes=random.randrange(20, 200))
        story = rewrite(story)
        edits.append(Edit(at, kind, story))
    return tuple(edits)


def _agency_copy(chosen: tuple[Site, ...], span: Window, random: Random, written: set[str]) -> list[Article]:
    """Put the same English story into two or three sites, word for word, an hour apart; one for each day begun."""
    printing = [site for site in chosen if site.listing != "section"][:3]
    writer = Writer("en", random, written)
    days = max(1, round((span.end - span.start) / timedelta(days=1)))
    copies = []
    for day in range(days):
        story, first = writer.story(), span.start + timedelta(days=day, hours=random.uniform(1, 5))
        for number, site in enumerate(printing):
            at = (first + timedelta(minutes=50 * number)).replace(microsecond=0)
            identity = f"wire{random.randrange(16**6):06x}"
            path = f"/news/{at:%Y/%m/%d}/{identity}.html"
            section = phrases(site.language)["sections"][0]
            copies.append(Article(site.id, identity, at, section, path, story, agency="Coastline Press"))
    return copies
