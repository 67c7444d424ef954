"""Articles of a new site that were tried: their results, and the weaknesses of the site in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final

from tasks.html.parse import needs_scripts as tree_needs_scripts
from tasks.site_probe.autodiscovery import parse_page
from tasks.text.words import count_words
from warehouse.model.records import Article, Rejection
from warehouse.model.vocabulary import Reason

# A shorter article is a teaser, or the beginning of one that must be paid for.
MIN_ARTICLE_WORDS: Final = 80
# Of a page's words that the feed's own entry has too, and of the entries that have so many.
MIN_FEED_WORDS_SHARE: Final = 0.9
MIN_FULL_ENTRIES_SHARE: Final = 0.8

_TAG: Final = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class TrialArticle:
    """One article that was tried."""

    url: str
    result: Article | Rejection
    needs_scripts: bool = False
    """Whether its page has nearly no text until its scripts have run."""
    entry_html: str | None = None
    """The article's content in the feed itself."""

    @property
    def quality(self) -> float:
        """The quality of the record, 0 to 1; 0 for a rejection."""
        return self.result.quality if isinstance(self.result, Article) else 0.0


def needs_scripts(content: bytes, charset: str | None = None) -> bool:
    """Return whether a page is an empty frame for its scripts: it has scripts, and nearly no text of its own."""
    tree = parse_page(content, charset)
    return tree is not None and tree_needs_scripts(tree)


def mean_quality(trials: Sequence[TrialArticle]) -> float:
    """Return the mean quality, 0 to 1, of all articles tried."""
    return fmean(trial.quality for trial in trials) if trials else 0.0


def accepted_articles(trials: Sequence[TrialArticle]) -> list[Article]:
    """Return the articles that were not rejected."""
    return [trial.result for trial in trials if isinstance(trial.result, Article)]


def main_language(trials: Sequence[TrialArticle]) -> str | None:
    """Return the language of more than half of the articles; None if there is none."""
    articles = accepted_articles(trials)
    tags = Counter(article.language for article in articles if article.language != "und")
    tag, count = tags.most_common(1)[0] if tags else (None, 0)
    return tag if count > len(articles) / 2 else None


def feed_holds_all(trials: Sequence[TrialArticle]) -> bool:
    """Return whether the feed's own entries have as much text as the pages, or are all that can be read."""
    if not trials or not all(trial.entry_html for trial in trials):
        return False
    full_entries = sum(_is_full_entry(trial) for trial in trials)
    return full_entries >= MIN_FULL_ENTRIES_SHARE * len(trials)


def _is_full_entry(trial: TrialArticle) -> bool:
    entry_words = count_words(" ".join(_TAG.sub(" ", trial.entry_html or "").split()))
    page_words = trial.result.word_count if isinstance(trial.result, Article) else MIN_ARTICLE_WORDS
    return entry_words >= MIN_FEED_WORDS_SHARE * page_words


def weaknesses(trials: Sequence[TrialArticle]) -> tuple[str, ...]:
    """Return one sentence for each fact that a person should know before relying on this site."""
    return (*_rejection_sentences(trials), *_article_sentences(trials))


def _rejection_sentences(trials: Sequence[TrialArticle]) -> Iterator[str]:
    rejected = [trial for trial in trials if isinstance(trial.result, Rejection)]
    scripted = sum(trial.needs_scripts for trial in rejected)
    reasons = Counter(trial.result.reason for trial in rejected if isinstance(trial.result, Rejection))
    if scripted:
        yield f"{_count_of(scripted, trials)} show their text only after scripts have run, as with render = true."
    if forbidden := reasons.pop(Reason.DISALLOWED, 0):
        yield f"{_count_of(forbidden, trials)} may not be fetched: {_detail(trials, Reason.DISALLOWED)}."
    empty = reasons.pop(Reason.NO_ARTICLE, 0) + reasons.pop(Reason.EMPTY, 0) - scripted
    if empty > 0:
        yield f"{_count_of(empty, trials)} held no article text."
    for reason, count in reasons.items():
        yield f"{_count_of(count, trials)} failed: {_detail(trials, reason)}."


def _article_sentences(trials: Sequence[TrialArticle]) -> Iterator[str]:
    articles = accepted_articles(trials)
    if paid := sum(article.is_accessible_for_free is False for article in articles):
        yield f"{_count_of(paid, trials)} say that they are not free to read: their text may end early."
    if articles and median(article.word_count for article in articles) < MIN_ARTICLE_WORDS:
        yield f"Half of the articles have fewer than {MIN_ARTICLE_WORDS} words: teasers, or text behind a paywall."
    for field, lacks_field in _LACKS.items():
        if count := sum(lacks_field(article) for article in articles):
            yield f"{_count_of(count, trials)} state no {field}."
    if len(languages := sorted({article.language for article in articles})) > 1:
        yield f"The articles are in more than one language: {', '.join(languages)}."


_LACKS: Final[dict[str, Callable[[Article], bool]]] = {
    "title": lambda article: article.title is None,
    "date": lambda article: article.published_at is None,
    "author": lambda article: not (article.authors or article.by or article.info_sources),
}


def _count_of(count: int, trials: Sequence[TrialArticle]) -> str:
    return f"{count} of {len(trials)} articles tried"


def _detail(trials: Sequence[TrialArticle], reason: Reason) -> str:
    rejections = (trial.result for trial in trials if isinstance(trial.result, Rejection))
    return next(rejection.detail for rejection in rejections if rejection.reason is reason).rstrip(".")
