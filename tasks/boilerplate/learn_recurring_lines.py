"""Learning which lines recur in the articles of a site, from the articles that have landed.

A line counts wherever it stands, also where it was stripped as recurring, so that stripping it does not make it
forgotten. A line that newer articles no longer have is forgotten.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import combinations
from typing import Final

from tasks.boilerplate.lines import read_lines
from tasks.boilerplate.long_words import long_words
from tasks.boilerplate.recurring_lines import fold_line
from tasks.text.words import estimate_words
from warehouse.model.rows import Habit
from warehouse.model.vocabulary import HabitPlace, LineReason

# Different articles that must have a line before it is a recurring one.
MIN_ARTICLES: Final = 3
MIN_ARTICLES_OF_ONE_DAY: Final = 8
MIN_ARTICLES_TO_STRIP_INSIDE: Final = 5
# Shares of all articles that must have it: few articles share lines of a running story or a column.
MIN_SHARE: Final = 0.05
MIN_SHARE_TO_STRIP_INSIDE: Final = 0.1
# Above the first paragraph, columns and live reports print what introduces them.
MIN_SHARE_TO_STRIP_ANYWHERE: Final = 0.25
MAX_LINES_PER_SOURCE: Final = 200
# A shorter sentence may be a subheading.
MIN_SENTENCE_WORDS: Final = 6
# Shorter lines do not distinguish one article from another.
MIN_PROSE_WORDS: Final = 10
# A line that more articles share, by number and by share of all, does not show that they are one story.
MAX_STORY_ARTICLES: Final = 6
MAX_STORY_SHARE: Final = 0.2
# A line is about its articles' subject if so much of its words is in their other lines,
MIN_SUBJECT_OVERLAP: Final = 0.5
# and so much more than in other articles.
MIN_SUBJECT_LEAD: Final = 0.25
MAX_COMPARED_ARTICLES: Final = 20


@dataclass(frozen=True)
class LandedArticle:
    """An article with all its lines, from which recurring lines are learned."""

    article_id: str
    title: str | None
    seen_at: datetime
    day: date
    """The day it was published, or first seen."""
    paragraphs: tuple[str, ...]
    stripped: tuple[tuple[str, str], ...]
    """Reason and text of each stripped line."""

    @cached_property
    def possible_lines(self) -> dict[str, str]:
        """The lines that no rule but recurrence strips, by their folded text."""
        recurring = (text for reason, text in self.stripped if reason == LineReason.HABIT)
        return {folded: text for text in (*self.paragraphs, *recurring) if (folded := fold_line(text))}

    @cached_property
    def folded_paragraphs(self) -> frozenset[str]:
        """The paragraphs, folded."""
        return frozenset(map(fold_line, self.paragraphs))

    @cached_property
    def folded_furniture(self) -> frozenset[str]:
        """The lines stripped for other reasons than recurrence, folded."""
        return frozenset(fold_line(text) for reason, text in self.stripped if reason != LineReason.HABIT)


def learn_recurring_lines(source_id: str, landed: Iterable[LandedArticle], now: datetime) -> list[Habit]:
    """Return the recurring lines of a source, the commonest first; the order of the articles does not matter."""
    articles = sorted(landed, key=lambda article: article.article_id)
    stories = _group_into_stories(articles)
    story_count = len(set(stories))
    numbers_of: dict[str, list[int]] = defaultdict(list)
    for number, article in enumerate(articles):
        for line in article.possible_lines.keys() | article.folded_furniture:
            numbers_of[line].append(number)
    possible = {line for article in articles for line in article.possible_lines}
    frequent = {line for line in possible if len(numbers_of[line]) >= MIN_ARTICLES}
    subjects = _Subjects(articles, frequent)
    habits = []
    for line in frequent:
        numbers = numbers_of[line]
        count = len({stories[number] for number in numbers})
        days = {articles[number].day for number in numbers}
        if not _is_frequent(count, story_count, days) or subjects.include(line, numbers):
            continue
        having = [articles[number] for number in numbers]
        newest = max((article for article in having if line in article.possible_lines), key=_age_key)
        text = newest.possible_lines[line]
        if habit_place := _choose_place(text, line, having, count, count / story_count):
            times = [article.seen_at for article in having]
            habits.append(Habit(source_id, line, text, habit_place, count, story_count, min(times), max(times), now))
    return sorted(habits, key=lambda habit: (-habit.articles, habit.line))[:MAX_LINES_PER_SOURCE]


def _is_frequent(count: int, story_count: int, days: set[date]) -> bool:
    return count >= max(MIN_ARTICLES, MIN_SHARE * story_count) and (len(days) > 1 or count >= MIN_ARTICLES_OF_ONE_DAY)


def _age_key(article: LandedArticle) -> tuple[datetime, str]:
    return article.seen_at, article.article_id


def _choose_place(
    text: str, folded: str, articles: Sequence[LandedArticle], count: int, share: float
) -> HabitPlace | None:
    """Return where in a text the line is surely the site's; None if it may be any article's own."""
    line = read_lines(text)[0]
    is_long_sentence = line.ends_sentence and line.word_count >= MIN_SENTENCE_WORDS
    if line.ends_sentence and not is_long_sentence and share < MIN_SHARE_TO_STRIP_ANYWHERE:
        return None  # `The investigation continues.`
    if not is_long_sentence or text.rstrip("\"'”’»").endswith(("?", "？", "؟")):
        # `Background` and `What we know` stand above paragraphs in many articles; other rules strip most furniture.
        paragraph_count = sum(folded in article.folded_paragraphs for article in articles)
        furniture_count = sum(folded in article.folded_furniture for article in articles)
        if furniture_count < paragraph_count or not furniture_count:
            return HabitPlace.END
    if count < MIN_ARTICLES_TO_STRIP_INSIDE or share < MIN_SHARE_TO_STRIP_INSIDE:
        return HabitPlace.END
    return HabitPlace.ANYWHERE if share >= MIN_SHARE_TO_STRIP_ANYWHERE else HabitPlace.INSIDE


def _group_into_stories(articles: Sequence[LandedArticle]) -> list[int]:
    """Return for each article the number of its story; repeats and longer versions are one story."""
    story = list(range(len(articles)))

    def find(number: int) -> int:
        while story[number] != number:
            number = story[number]
        return number

    def join(number: int, other: int) -> None:
        low, high = sorted((find(number), find(other)))
        story[high] = low

    for number, other in _pairs_of_one_story(articles):
        join(number, other)
    first_of_title: dict[str, int] = {}
    for number, article in enumerate(articles):
        if article.title and (title := fold_line(article.title)):
            join(first_of_title.setdefault(title, number), number)
    return [find(number) for number in range(len(articles))]


def _pairs_of_one_story(articles: Sequence[LandedArticle]) -> Iterator[tuple[int, int]]:
    """Yield pairs of articles that share half of the prose of one; lines of very many articles do not count."""
    prose = [
        {line for line, text in article.possible_lines.items() if estimate_words(text) >= MIN_PROSE_WORDS}
        for article in articles
    ]
    numbers_of: dict[str, list[int]] = defaultdict(list)
    for number, lines in enumerate(prose):
        for line in lines:
            numbers_of[line].append(number)
    max_articles = max(MAX_STORY_ARTICLES, MAX_STORY_SHARE * len(articles))
    common = {line for line, numbers in numbers_of.items() if len(numbers) > max_articles}
    shared = Counter(
        pair for line, numbers in numbers_of.items() if line not in common for pair in combinations(numbers, 2)
    )
    for (number, other), count in shared.items():
        if 2 * count >= min(len(prose[number] - common), len(prose[other] - common)):
            yield number, other


class _Subjects:
    """The words of articles without the lines that may be recurring ones."""

    def __init__(self, articles: Sequence[LandedArticle], excluded: set[str]) -> None:
        self._articles = articles
        self._excluded = excluded
        self._words: dict[int, set[str]] = {}

    def include(self, line: str, numbers: Sequence[int]) -> bool:
        """Return whether a line is about the subject of its articles, as the background of a running story is."""
        words = long_words([line])
        if not words:
            return False
        having = set(numbers)
        own = self._overlap(words, numbers)
        others = self._overlap(words, [number for number in range(len(self._articles)) if number not in having])
        return own >= MIN_SUBJECT_OVERLAP and own - others >= MIN_SUBJECT_LEAD

    def _overlap(self, words: set[str], numbers: Sequence[int]) -> float:
        """Return the mean share of the words that some of the articles have."""
        step = max(1, len(numbers) // MAX_COMPARED_ARTICLES)
        compared = numbers[::step][:MAX_COMPARED_ARTICLES]
        matches = sum(word in self._words_of(number) for number in compared for word in words)
        return matches / (len(words) * len(compared)) if compared else 0.0

    def _words_of(self, number: int) -> set[str]:
        if number not in self._words:
            paragraphs = self._articles[number].paragraphs
            self._words[number] = long_words(text for text in paragraphs if fold_line(text) not in self._excluded)
        return self._words[number]
