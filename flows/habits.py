"""What a source's runs know of the lines that it repeats, and what they learn of them."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from tasks.habits import FEWEST, NONE, Habits, Printed, learn
from warehouse.errors import EmptyWarehouseError
from warehouse.habits import known_habits, newest_articles, news_of
from warehouse.records import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from flows.job import Job
    from flows.workers import Made, Step


def load_habits(root: str, source_id: str) -> Habits:
    """The habits of a source; none where nothing has landed. Raises `WarehouseError`."""
    try:
        return Habits.of({habit.line: habit.place for habit in known_habits(root, source_id)})
    except EmptyWarehouseError:
        return NONE


def with_habits(step: Callable[..., Made], habits: Habits) -> Step:
    """A step that worker processes take with a source's habits."""
    return partial(step, habits=habits) if habits.packed else step


def learn_habits(job: Job) -> None:
    """Land what the source's newest articles show, where it is news and there are any. Raises `WarehouseError`.

    Killed before or meanwhile, the next run that stores an article learns the same.
    """
    held = (known for known in job.ledger.addresses.values() if known.version_id is not None)
    if not job.counts[Outcome.STORED] or len(list(islice(held, FEWEST))) < FEWEST:
        return
    root, source_id, now = job.settings.data, job.source.id, job.clock()
    learned = learn(source_id, map(_printed, newest_articles(root, source_id)), now)
    job.land_habits(news_of(known_habits(root, source_id), learned, now))


def _printed(row: tuple[Any, ...]) -> Printed:
    article_id, title, first_seen_at, published_at, text, stripped = row
    told = tuple((line["reason"], line["text"]) for line in stripped)
    day = (published_at or first_seen_at).date()
    return Printed(article_id, title, first_seen_at, day, tuple(text.split("\n\n")), told)
