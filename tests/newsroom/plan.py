"""The truth, made before anything is published: what each site will publish, change, move, take away and break."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from tests.newsroom.stories import Story


class Fault(StrEnum):
    """What is wrong with an article's address, for as long as it is published."""

    NONE = "none"
    FORBIDDEN = "forbidden"
    """Under a path that robots.txt forbids."""
    TO_FORBIDDEN = "to-forbidden"
    """Redirects to such a path."""
    TO_LOGIN = "to-login"
    """Redirects to an address with a password in it, on the authority that nobody may ask."""
    TO_FTP = "to-ftp"
    LOOP = "loop"
    CHAIN = "chain"
    """Redirects twice, then is there."""
    BOMB = "bomb"
    ENDLESS = "endless"
    BINARY = "binary"
    EMPTY = "empty"
    HANG = "hang"
    GONE = "gone"
    BROKEN = "broken"
    """Always answers 500."""
    FLAKY = "flaky"
    """Answers 503 the first time."""
    INTERSTITIAL = "interstitial"
    """A page that leads on by a refresh, then is there."""
    TO_FRONT = "to-front"
    """Redirects to the front page."""
    SOFT_404 = "soft-404"
    """A notice that there is no such page, with status 200."""
    LOGIN_WALL = "login-wall"
    """A form to log in, with nothing of the article."""
    NO_STORY = "no-story"
    """A page without an article."""
    LYING_HEADER = "lying-header"
    """The header names another charset than the page, which is right."""
    LYING_META = "lying-meta"
    """The page names another charset than it is in, and the header none."""


REASONS: dict[Fault, frozenset[str]] = {
    Fault.FORBIDDEN: frozenset({"disallowed"}),
    Fault.TO_FORBIDDEN: frozenset({"disallowed"}),
    Fault.TO_LOGIN: frozenset({"disallowed", "fetch_failed"}),
    Fault.TO_FTP: frozenset({"disallowed", "fetch_failed"}),
    Fault.LOOP: frozenset({"fetch_failed"}),
    Fault.BOMB: frozenset({"too_large"}),
    Fault.ENDLESS: frozenset({"too_large", "timed_out", "fetch_failed"}),
    Fault.BINARY: frozenset({"binary"}),
    Fault.EMPTY: frozenset({"empty"}),
    Fault.HANG: frozenset({"timed_out", "fetch_failed"}),
    Fault.GONE: frozenset({"vanished"}),
    Fault.BROKEN: frozenset({"fetch_failed"}),
    Fault.NO_STORY: frozenset({"no_article", "not_an_article", "region_block"}),
    Fault.TO_FRONT: frozenset({"front_page"}),
    Fault.SOFT_404: frozenset({"soft_404"}),
    Fault.LOGIN_WALL: frozenset({"login_wall"}),
}
"""Why an article with this fault is refused; one with another fault is landed."""


LEADING: frozenset[Fault] = frozenset({Fault.CHAIN, Fault.INTERSTITIAL})
"""Faults of an address that leads to another, at which the article is."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time: from `start`, before `end`."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of an article's words."""

    at: datetime
    kind: str
    """headline, number or addition."""
    story: Story
    """As it reads from then on."""


@dataclass(frozen=True, slots=True)
class Article:
    """One article of one site."""

    site: str
    id: str
    published: datetime
    section: str
    path: str
    story: Story
    fault: Fault = Fault.NONE
    edits: tuple[Edit, ...] = ()
    moved_at: datetime | None = None
    new_path: str | None = None
    removed_at: datetime | None = None
    twin_path: str | None = None
    """Another address of the same article, which the feed names too."""
    twin_first: bool = False
    """Whether it names that one first."""
    feeds: str = "front"
    """Which of a site's feeds name it: front, desk or both."""
    agency: str | None = None
    """The agency whose copy it is; the story then stands in several sites."""

    def version(self, now: datetime) -> int:
        """Count the edits until `now`."""
        return sum(edit.at <= now for edit in self.edits)

    def words(self, version: int) -> Story:
        """Return the words after so many edits."""
        return self.edits[version - 1].story if version else self.story

    def modified(self, now: datetime) -> datetime:
        """Return when it was last published or edited."""
        return max((edit.at for edit in self.edits if edit.at <= now), default=self.published)

    def paths(self, now: datetime) -> tuple[str, ...]:
        """Return the paths at which the site lists it."""
        path = self._own_path(now)
        if not self.twin_path:
            return (path,)
        return (self.twin_path, path) if self.twin_first else (path, self.twin_path)

    def shown_path(self, now: datetime) -> str:
        """Return the path at which its page is in the end."""
        return self.new_path if self.fault in LEADING and self.new_path else self._own_path(now)

    def _own_path(self, now: datetime) -> str:
        return self.new_path if self.moved_at and self.new_path and now >= self.moved_at else self.path

    def is_up(self, now: datetime) -> bool:
        """Return whether it is published and not taken away."""
        return self.published <= now and (self.removed_at is None or now < self.removed_at)

    @property
    def titles(self) -> frozenset[str]:
        """Every headline that it ever has."""
        return frozenset({self.story.title, *(edit.story.title for edit in self.edits)})

    @property
    def all_paths(self) -> tuple[str, ...]:
        """Every address that it ever has."""
        return tuple(path for path in (self.path, self.new_path, self.twin_path) if path)

    @property
    def reasons(self) -> frozenset[str]:
        """Why it is refused; none where it must be landed."""
        return REASONS.get(self.fault, frozenset())


@dataclass(frozen=True, slots=True)
class Throttle:
    """More than `requests` in `seconds` are answered 429 for `retry_after` seconds."""

    requests: int
    seconds: float
    retry_after: int


@dataclass(frozen=True, slots=True)
class Site:
    """A publisher: its habits, and when it misbehaves."""

    id: str
    title: str
    language: str
    zone: str
    """IANA name, in which its pages print the time."""
    listing: str
    """rss, atom, json, paged (Atom with older pages) or section (a page of links)."""
    markup: str
    """json-ld, open-graph, microdata or meta."""
    window: int = 15
    """Entries of its listing."""
    charset: str = "utf-8"
    validators: bool = True
    """Whether it answers conditional requests."""
    sitemap: str | None = "news"
    """news, index (an index of one news sitemap a day) or None."""
    is_input: bool = False
    """Whether its source has the sitemap as an input, beside the listing."""
    lastmod: str = "same"
    """How its sitemap says when a page changed: same (as its feed spells it), local (its own zone) or now (always)."""
    desk: bool = False
    """Whether one of its desks has a feed too, with some of the entries of the front page."""
    whole: bool = False
    """Whether the entries of its feed hold the articles, so that no page need be asked for."""
    surrogates: bool = False
    """Whether its feed writes an emoji as two references, one for each half of its UTF-16 form."""
    crawl_delay: float | None = None
    throttle: Throttle | None = None
    feed_moved_at: datetime | None = None
    bursts: tuple[Window, ...] = ()
    """503 to everything but robots.txt."""
    robots_bursts: tuple[Window, ...] = ()
    """503 to robots.txt."""
    front_down: tuple[Window, ...] = ()
    """503 to the feed of the front page alone; half of the site's articles come in the first of them."""
    lies: tuple[Window, ...] = ()
    """304 to every conditional request, whatever is new."""
    garbled: tuple[Window, ...] = ()
    """Listings that break off in the middle."""
    consent: tuple[Window, ...] = ()
    """A question for consent in the place of every page."""
    challenges: tuple[Window, ...] = ()
    """A check for programs in the place of every page."""
    outages: tuple[Window, ...] = ()
    """A notice of maintenance, with status 200, in the place of everything but robots.txt."""
    sessions: str | None = None
    """Where its listing puts a session id of its own into each address: path or query."""
    cookies: bool = False
    """Whether it sends who comes without its cookie to a page that sets it, and from there back."""

    FORBIDDEN = "/members/"

    @property
    def wall_reasons(self) -> frozenset[str]:
        """Why its pages may be refused for a time."""
        windows = {"consent_wall": self.consent, "challenge": self.challenges, "maintenance": self.outages}
        return frozenset(reason for reason, spans in windows.items() if spans)

    @property
    def listing_path(self) -> str:
        """Where its listing is, at first."""
        names = {"rss": "/rss.xml", "atom": "/atom.xml", "json": "/feed.json", "paged": "/atom", "section": "/news/"}
        return names[self.listing]


@dataclass(frozen=True)
class Plan:
    """Everything that will happen."""

    name: str
    seed: int
    span: Window
    sites: tuple[Site, ...]
    articles: tuple[Article, ...]
    """In the order of publication."""

    @cached_property
    def by_site(self) -> dict[str, tuple[Article, ...]]:
        """The articles of each site."""
        return {site.id: tuple(article for article in self.articles if article.site == site.id) for site in self.sites}

    @cached_property
    def by_path(self) -> dict[tuple[str, str], Article]:
        """The article at each address that a site ever uses."""
        return {(article.site, path): article for article in self.articles for path in article.all_paths}

    def up(self, site: str, now: datetime, within: timedelta | None = None) -> list[Article]:
        """Return the articles that a site has published and not taken away, newest first."""
        oldest = now - within if within else self.span.start - timedelta(days=3650)
        return [
            article for article in reversed(self.by_site[site]) if article.is_up(now) and article.published > oldest
        ]
