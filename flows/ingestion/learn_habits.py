"""Learns the recurring lines of a source, and which of its titles are headlines, at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tasks.boilerplate.learn_recurring_lines import MIN_ARTICLES, LandedArticle, learn_recurring_lines
from tasks.metadata.title_habit import LandedTitle, learn_title_origin
from warehouse.model.vocabulary import Origin, Outcome
from warehouse.state.recurring_lines import known_habits, learning_time, newest_articles, news_of

if TYPE_CHECKING:
    from flows.ingestion.ingest_run import IngestRun

# A source of few articles learns in every run that stores one, a larger one each time that so many more have come:
# finding the newest takes time with all there are.
MAX_ARTICLES_TO_LEARN_EACH_RUN: Final = 300
LEARNING_STEP_ARTICLES: Final = 100


def learn_habits(run: IngestRun) -> None:
    """Land what is new in the habits of the newest articles. Raises `WarehouseError`.

    Killed before or meanwhile, a later run learns the same.
    """
    if not _is_learning_due(run):
        return
    root, source_id = run.settings.data, run.source.id
    now = learning_time(root, source_id, run.clock())
    newest = newest_articles(root, source_id)
    learned = learn_recurring_lines(source_id, map(_landed_article, newest), now)
    learned += learn_title_origin(source_id, filter(None, map(_landed_title, newest)), now)
    run.writer.land_habits(news_of(known_habits(root, source_id), learned, now))


def _is_learning_due(run: IngestRun) -> bool:
    stored = run.counts[Outcome.STORED]
    if not stored:
        return False
    articles = run.ledger.count_articles()
    if articles < MIN_ARTICLES:
        return False
    reached_step = articles // LEARNING_STEP_ARTICLES > (articles - stored) // LEARNING_STEP_ARTICLES
    return articles <= MAX_ARTICLES_TO_LEARN_EACH_RUN or reached_step


def _landed_article(row: tuple[Any, ...]) -> LandedArticle:
    article_id, title, first_seen_at, published_at, text, stripped, *_ = row
    stripped_lines = tuple((line["reason"], line["text"]) for line in stripped)
    day = (published_at or first_seen_at).date()
    return LandedArticle(article_id, title, first_seen_at, day, tuple(text.split("\n\n")), stripped_lines)


def _landed_title(row: tuple[Any, ...]) -> LandedTitle | None:
    *_, first_seen_at, _, _, _, title, is_from_feed = row
    if title is None:
        return None
    lost = frozenset(Origin(candidate["origin"]) for candidate in title["lost"])
    return LandedTitle(first_seen_at, Origin(title["origin"]), lost, is_from_feed)
