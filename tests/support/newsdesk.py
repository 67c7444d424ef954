"""A made-up newsroom in a warehouse of its own, for the tests and the pictures of the desk.

Six sources over four weeks: one fails, one has fallen silent, one is refused a lot. One article is edited and one is
copied. With `hostile`, one article and one reject attack whoever looks at them.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import copydesk
from config.settings import Settings, load_settings
from tests.support.rows import article as any_article
from warehouse.archive.writer import ArchiveWriter
from warehouse.connect import connect, rows
from warehouse.copies.update import update_copies
from warehouse.model.records import (
    Article,
    Capture,
    Fetched,
    FieldProvenance,
    Item,
    LostCandidate,
    Rejection,
    StrippedLine,
)
from warehouse.model.rows import Discovery, Habit, Poll, Run
from warehouse.model.vocabulary import (
    HabitPlace,
    LineReason,
    Origin,
    Outcome,
    Precision,
    Reason,
    RunStatus,
    Stage,
    Zone,
)
from warehouse.storage.tables import Store

DAYS = 28
PER_DAY = {"harbour-post": 9, "matin-valmont": 6, "sahifat-al-mina": 5, "karst-zeitung": 2, "faro-puerto-claro": 4,
           "severny-vestnik": 4}  # fmt: skip
SILENT_DAYS = {"faro-puerto-claro": 4, "karst-zeitung": 2}
REFUSALS = {"severny-vestnik": (Reason.CONSENT_WALL, 40), "harbour-post": (Reason.NO_ARTICLE, 9),
            "matin-valmont": (Reason.LOGIN_WALL, 14), "sahifat-al-mina": (Reason.SOFT_404, 6)}  # fmt: skip
SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
HOSTILE_ID = "hostile"
HOSTILE_PAGE = f"<html><body onload=\"document.title='owned'\">{SCRIPT}<iframe src='javascript:1'></iframe>".encode()
EDITED_ID = "harbour-post-0-0"
COPY_ID = "copy-of-the-edited"
FLOW_RUN_ID = "0a5bd6de-7f4e-4c4e-9b0a-3a1d3c2f9e11"
"""Of the newest run of each source in Prefect."""
PAGE = """<!doctype html>
<html lang="{language}"><head><title>{title} | {source}</title></head>
<body>
<nav><ul>{menu}</ul></nav>
<article><h1>{title}</h1>
<p class="byline">{author}</p>
{paragraphs}
</article>
<footer>© {source}</footer>
</body></html>
"""


@dataclass(frozen=True)
class Newsdesk:
    """An installation with made-up articles."""

    settings: Settings
    now: datetime


def make_newsdesk(folder: Path, now: datetime, *, hostile: bool = False) -> Newsdesk:
    """Land four weeks of articles below a folder that is empty; the newest hour ends at `now`."""
    settings = load_settings(folder, data=str(folder / "data"), config=folder / "config")
    sources = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    write_sources(folder / "config" / "sources", sources)
    store = Store(folder / "data")
    store.prepare()
    for name, source in sources.items():
        Desk(store, name, source, now).land()
    land_copy(store, now)
    if hostile:
        land_hostile(store, now)
    update_copies(settings.data, seconds=10)
    return Newsdesk(settings, now)


def write_sources(folder: Path, sources: dict[str, Any]) -> None:
    folder.mkdir(parents=True)
    for name, source in sources.items():
        access = '\n[fetch]\nuser_agent = "Copydesk"\npassword = "very-secret"\nusername = "env:READER"\n'
        (folder / f"{name}.toml").write_text(
            f'title = "{source["title"]}"\ntags = {source["tags"]}\nlanguage = "{source["language"]}"\n'
            f'schedule = "every 20 minutes"\n\n[[input]]\nkind = "feed"\nurl = "https://{name}.example/feed.xml"\n'
            + (access if name == "matin-valmont" else ""),
            "utf-8",
        )


class Desk:
    """One source, whose rows are landed."""

    def __init__(self, store: Store, name: str, source: dict[str, Any], now: datetime) -> None:
        self.store, self.name, self.source, self.now = store, name, source, now
        self.rng = random.Random(name)
        self.feed = f"https://{name}.example/feed.xml"

    def land(self) -> None:
        articles = list(self.articles())
        newest = articles[:12]
        captures = self.archive(newest)
        by_url = {capture.url: capture.capture_id for capture in captures}
        articles = [replace(row, capture_id=by_url.get(row.url, row.capture_id)) for row in articles]
        articles[:2] = map(self.read, articles[:2])
        if self.name == "harbour-post":
            articles += self.edits(articles[0])
        rejects = list(self.rejects())
        pending = 7 if self.name == "matin-valmont" else 0
        discoveries = [self.discovery(row.url, row.first_seen_at, row.title) for row in articles]
        discoveries += [self.discovery(row.url, row.first_seen_at, None) for row in rejects]
        discoveries += [self.discovery(f"https://{self.name}.example/next/{n}", self.now, None) for n in range(pending)]
        self.put("articles", articles)
        self.put("captures", captures)
        self.put("discoveries", discoveries)
        self.put("rejects", rejects)
        self.put("runs", list(self.runs(articles, rejects, pending)))
        self.put("polls", list(self.polls()))
        self.put("habits", [self.habit()])

    def put(self, table: str, rows: list[Any]) -> None:
        self.store.land(table, rows, source_id=self.name, key="made", now=self.now)

    def articles(self) -> Iterator[Article]:
        """Yield articles, the newest first; each title once, as long as there are enough."""
        stories = [(story, location) for location in self.source["places"] for story in self.source["stories"]]
        first, *others = stories
        self.rng.shuffle(others)
        stories = [first, *others]
        number = 0
        for day in range(SILENT_DAYS.get(self.name, 0), DAYS):
            count = PER_DAY[self.name] - (3 if (self.now - timedelta(days=day)).weekday() > 4 else 0)
            for at in range(max(1, count + self.rng.randrange(3))):
                story, location = stories[number % len(stories)]
                minutes = 24 * 60 * day + (at * 83 + self.rng.randrange(50)) % (22 * 60)
                yield self.article(
                    f"{self.name}-{day}-{at}", story, location, self.now - timedelta(minutes=minutes + 4)
                )
                number += 1

    def article(self, article_id: str, story: dict[str, Any], location: str, seen_at: datetime) -> Article:
        title, text = story["title"].format(place=location), "\n\n".join(story["text"]).format(place=location)
        menu = self.source["menu"]
        reasons = (LineReason.MENU, LineReason.NEWSLETTER, LineReason.SHARE)
        agency = ("AFP",) if self.rng.random() < 0.2 else ("Reuters",) if self.rng.random() < 0.1 else ()
        url = f"https://{self.name}.example/{seen_at:%Y/%m/%d}/{article_id}"
        published_at = (seen_at - timedelta(minutes=25)).replace(second=0, microsecond=0)
        return replace(
            any_article(0), article_id=article_id, version_id=f"{article_id}-1", source_id=self.name, url=url,
            canonical_url=url, normalized_url=url[8:], canonical_domain=f"{self.name}.example", title=title, text=text,
            description=story["text"][0].format(place=location)[:140], authors=(self.source["author"],),
            by=self.source["author"], located=location, section=story["section"], tags=tuple(self.source["tags"]),
            info_sources=agency, language=self.source["language"], language_confidence=0.98, languages=(),
            published_at=published_at, published_local=published_at.date(), published_offset=0, published_raw=None,
            published_precision=Precision.MINUTE, published_zone=Zone.EXPLICIT, first_seen_at=seen_at,
            fetched_at=seen_at, landed_at=seen_at, quality=0.9, extractor="blocks 1", word_count=len(text.split()),
            capture_id=f"capture-{article_id}", run_id=f"{self.name}-run-0",
            provenance={
                "title": FieldProvenance(Origin.JSON_LD, (LostCandidate(Origin.HTML, f"{title} | {self.source['title']}"),)),
                "published_at": FieldProvenance(Origin.JSON_LD, (LostCandidate(Origin.FEED, f"{seen_at:%Y-%m-%d}"),)),
                "authors": FieldProvenance(Origin.META, ()),
                "by": FieldProvenance(Origin.HTML, (LostCandidate(Origin.META, self.source["title"]),)),
            },
            stripped=tuple(StrippedLine(line, reason, words) for line, (reason, words) in enumerate(zip(reasons, menu, strict=True))),
        )  # fmt: skip

    def edits(self, row: Article) -> list[Article]:
        """Make the first two versions of an article that was edited twice."""
        first = row.text.replace("About ninety", "Some sixty").replace("Monday", "Sunday")
        second = row.text.rpartition("\n\n")[0]
        return [
            replace(row, version_id=f"{row.article_id}-a", text=first, title=f"{row.title}, at last",
                    fetched_at=row.fetched_at - timedelta(hours=3), landed_at=row.fetched_at - timedelta(hours=3)),
            replace(row, version_id=f"{row.article_id}-b", text=second,
                    fetched_at=row.fetched_at - timedelta(hours=1), landed_at=row.fetched_at - timedelta(hours=1)),
        ]  # fmt: skip

    def archive(self, articles: list[Article]) -> list[Capture]:
        with ArchiveWriter(self.store.root, self.name, "made", self.now) as writer:
            return [writer.write(self.fetched(row), Outcome.STORED) for row in articles]

    def fetched(self, row: Article) -> Fetched:
        paragraphs = "\n".join(f"<p>{paragraph}</p>" for paragraph in row.text.split("\n\n"))
        page = PAGE.format(
            language=row.language, title=row.title, source=self.source["title"], author=row.by,
            menu="".join(f"<li>{words}</li>" for words in self.source["menu"]), paragraphs=paragraphs,
        )  # fmt: skip
        item = Item(self.name, row.url, row.url, self.feed, row.first_seen_at)
        return Fetched(item, page.encode(), row.fetched_at, "text/html", "utf-8")

    def read(self, row: Article) -> Article:
        """Add the lines that a run would have stripped, and where it would have read the fields."""
        made = copydesk.extract(self.fetched(row).content, url=row.url)
        assert isinstance(made, Article), made
        return replace(row, stripped=made.stripped, provenance=dict(made.provenance) | dict(row.provenance))

    def discovery(self, url: str, seen_at: datetime, title: str | None) -> Discovery:
        return Discovery(self.name, f"{self.name}-run-0", url, url, url, self.feed, seen_at, title)

    def rejects(self) -> Iterator[Rejection]:
        reason, count = REFUSALS.get(self.name, (Reason.NO_ARTICLE, 1))
        details = {Reason.CONSENT_WALL: "the page asks to accept cookies", Reason.LOGIN_WALL: "the page asks to log in",
                   Reason.SOFT_404: "the page says that there is nothing"}  # fmt: skip
        for number in range(count):
            at = self.now - timedelta(hours=3 * number + 1)
            yield Rejection(
                self.name, f"https://{self.name}.example/refused/{number}", None, Stage.EXTRACT, reason,
                details.get(reason, "no text on the page"), first_seen_at=at, last_seen_at=at, run_id=f"{self.name}-run-0", title=self.refused_title(number),
            )  # fmt: skip

    def refused_title(self, number: int) -> str | None:
        """Return the feed's title of a refused document; some have none."""
        story = self.source["stories"][number % len(self.source["stories"])]
        places = self.source["places"]
        return story["title"].format(place=places[number % len(places)]) if number % 4 else None

    def runs(self, articles: list[Article], rejects: list[Rejection], pending: int) -> Iterator[Run]:
        is_failing = self.name == "karst-zeitung"
        for number in range(60):
            at = self.now - timedelta(minutes=20 * number + 6)
            stored = sum(at - timedelta(minutes=20) < row.first_seen_at <= at for row in articles)
            refused = sum(at - timedelta(minutes=20) < row.first_seen_at <= at for row in rejects)
            failed = is_failing and number < 6
            yield Run(
                f"{self.name}-run-{number}", self.name, at - timedelta(seconds=9), at,
                RunStatus.FAILED if failed else RunStatus.SUCCEEDED, stored + refused + 3 + (0 if number else pending), stored, 3, 0,
                refused, 0, 0 if number else pending,
                f"{self.feed}: 503 Service Unavailable" if failed else None, "0.1.0", "0123456789abcdef",
                flow_run_id=FLOW_RUN_ID if number == 0 else None,
            )  # fmt: skip

    def polls(self) -> Iterator[Poll]:
        for number in range(30):
            at = self.now - timedelta(minutes=20 * number + 6)
            is_bad = self.name == "karst-zeitung" and number < 6
            yield Poll(
                self.name, f"{self.name}-run-{number}", self.feed, at, 503 if is_bad else 200, 0 if is_bad else 20,
                0 if is_bad else 18, None, False, at + timedelta(minutes=20),
                error="503 Service Unavailable" if is_bad else None, failures=6.0 - number if is_bad else 0.0,
            )  # fmt: skip

    def habit(self) -> Habit:
        text = self.source["menu"][1]
        first, at = self.now - timedelta(days=20), self.now
        return Habit(self.name, text.lower(), text, HabitPlace.END, 18, 40, first, at, at)


def land_copy(store: Store, now: datetime) -> None:
    """Land the edited article a second time, as another source ran it ten minutes later."""
    with connect(store.root) as connection:
        [(text, seen_at)] = rows(
            connection, f"SELECT text, first_seen_at FROM articles WHERE article_id = '{EDITED_ID}'"
        )
    url = "https://sahifat-al-mina.example/english/ferry"
    later = seen_at + timedelta(minutes=10)
    row = replace(
        any_article(0), article_id=COPY_ID, version_id="copy-1", source_id="sahifat-al-mina", url=url, canonical_url=url,
        title="The night ferry to Wennmouth is back", text=text, first_seen_at=later, fetched_at=later, landed_at=later,
        published_at=later, published_precision=Precision.MINUTE, run_id="sahifat-al-mina-run-0", by="Leila Mansour",
    )  # fmt: skip
    store.land("articles", [row], source_id="sahifat-al-mina", key="copy", now=now)


def land_hostile(store: Store, now: datetime) -> None:
    """Land an article and a reject whose every word attacks the page that shows it."""
    url = "javascript:document.title='owned'//https://evil.example/"
    item = Item("harbour-post", url, url, url, now)
    with ArchiveWriter(store.root, "harbour-post", "hostile", now) as writer:
        capture = writer.write(Fetched(item, HOSTILE_PAGE, now, "text/html", "utf-8"), Outcome.STORED)
    row = replace(
        any_article(0), article_id=HOSTILE_ID, version_id="hostile-1", source_id="harbour-post", url=url,
        canonical_url=url, title=SCRIPT, text=f"ferry {SCRIPT}\n\n\" onmouseover=\"document.title='owned'\" x=\"",
        description=SCRIPT, by=SCRIPT, section=SCRIPT, info_sources=(SCRIPT,), image_url=url, first_seen_at=now,
        fetched_at=now, landed_at=now, capture_id=capture.capture_id,
        stripped=(StrippedLine(0, LineReason.MENU, SCRIPT),),
        provenance={"title": FieldProvenance(Origin.HTML, (LostCandidate(Origin.META, SCRIPT),))},
    )  # fmt: skip
    reject = Rejection(
        "harbour-post", url, capture.capture_id, Stage.EXTRACT, Reason.NO_ARTICLE, SCRIPT,
        first_seen_at=now, last_seen_at=now, run_id="harbour-post-run-0", title=SCRIPT,
    )  # fmt: skip
    for table, landed in (("articles", [row]), ("captures", [capture]), ("rejects", [replace(reject, url=f"{url}2")])):
        store.land(table, landed, source_id="harbour-post", key="hostile", now=now)
