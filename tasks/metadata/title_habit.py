"""Which of the titles of a page is its site's own headline, learned from the articles whose feed has the same one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tasks.text.characters import text_key
from warehouse.model.records import Candidate
from warehouse.model.rows import Habit
from warehouse.model.vocabulary import HabitPlace, Origin

LINE_PREFIX: Final = "title: "
"""Begins the line of such a habit; no recurring line begins so, for those have no signs."""
# Articles of which the feed had one title of the page and not another.
MIN_ARTICLES: Final = 3
# Share of these articles whose title the feed took from one origin.
MIN_SHARE: Final = 0.8


@dataclass(frozen=True, slots=True)
class LandedTitle:
    """The title of an article that has landed."""

    seen_at: datetime
    """When the article was first seen, in UTC."""
    origin: Origin
    """Where its title was taken from."""
    lost: frozenset[Origin]
    """Where other titles of it were."""
    is_from_feed: bool
    """Whether a feed or sitemap has stated anything about it."""

    @property
    def shows_origin(self) -> bool:
        """Whether the feed has this title, and another title of the page lost to it."""
        return self.is_from_feed and Origin.FEED not in {self.origin, *self.lost} and bool(self.lost)


def learn_title_origin(source_id: str, titles: Iterable[LandedTitle], now: datetime) -> list[Habit]:
    """Return the origin whose title the feed of a source has in most articles as its only habit; empty if none has.

    Articles in which all titles are the same show nothing.
    """
    telling = [title for title in titles if title.shows_origin]
    counts = Counter(title.origin for title in telling)
    origin, count = max(counts.items(), key=lambda item: (item[1], item[0]), default=(None, 0))
    if origin is None or count < max(MIN_ARTICLES, MIN_SHARE * len(telling)):
        return []
    times = [title.seen_at for title in telling if title.origin is origin]
    line = f"{LINE_PREFIX}{origin}"
    return [Habit(source_id, line, str(origin), HabitPlace.TITLE, count, len(telling), min(times), max(times), now)]


def prefer_title(candidates: tuple[Candidate, ...], origin: Origin | None) -> tuple[Candidate, ...]:
    """Return the candidates with the titles of `origin` first, unless a record or the feed says what the title is."""
    titles = [candidate for candidate in candidates if candidate.field == "title"]
    if not titles or titles[0].origin is Origin.RECORD:
        return candidates
    feed_keys = {text_key(value) for title in titles if title.origin is Origin.FEED for value in title.values}
    preferred = tuple(title for title in titles if title.origin is origin)
    if text_key("".join(titles[0].values[:1])) in feed_keys:
        return candidates
    return tuple(dict.fromkeys(preferred + candidates))
