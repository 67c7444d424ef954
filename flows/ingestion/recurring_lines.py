"""What a source's runs know of the lines that it repeats, and what they learn of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tasks.boilerplate.learn_recurring_lines import MIN_ARTICLES, LandedArticle, learn_recurring_lines
from tasks.boilerplate.recurring_lines import RecurringLines
from warehouse.model.vocabulary import Outcome
from warehouse.state.recurring_lines import known_habits, learning_time, newest_articles, news_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flows.ingestion.ingest_run import Job
    from flows.ingestion.process_pool import Made, Step

EACH: Final = 300
"""Articles up to which a source learns in every run that stores one,"""
EVERY: Final = 100
"""and from then on each time that so many more have come: looking for the newest takes time with all there are."""


def load_habits(root: str, source_id: str) -> RecurringLines:
    """The habits of a source. Raises `StorageError`."""
    return RecurringLines.of({habit.line: habit.place for habit in known_habits(root, source_id)})


def with_habits(step: Callable[..., Made], habits: RecurringLines) -> Step:
    """A step that worker processes take with a source's habits."""
    return partial(step, habits=habits) if habits.packed else step


def learn_habits(job: Job) -> None:
    """Land what the source's newest articles show, where it is news and there are any. Raises `WarehouseError`.

    Killed before or meanwhile, a later run learns the same.
    """
    stored = job.counts[Outcome.STORED]
    held = sum(known.version_id is not None for known in job.ledger.addresses.values())
    if not stored or held < MIN_ARTICLES or (held > EACH and held // EVERY == (held - stored) // EVERY):
        return
    root, source_id = job.settings.data, job.source.id
    now = learning_time(root, source_id, job.clock())
    learned = learn_recurring_lines(source_id, map(_landed_article, newest_articles(root, source_id)), now)
    job.land_habits(news_of(known_habits(root, source_id), learned, now))


def _landed_article(row: tuple[Any, ...]) -> LandedArticle:
    article_id, title, first_seen_at, published_at, text, stripped = row
    told = tuple((line["reason"], line["text"]) for line in stripped)
    day = (published_at or first_seen_at).date()
    return LandedArticle(article_id, title, first_seen_at, day, tuple(text.split("\n\n")), told)
