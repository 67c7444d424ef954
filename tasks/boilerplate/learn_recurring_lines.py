"""Learning the habits of a site from the articles that have landed: which lines are its own, and how surely.

A line counts wherever it is printed, also where it was stripped as a habit, so that stripping it does not make it
forgotten; a line that articles have no more is.
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
from tasks.boilerplate.recurring_lines import fold_line
from tasks.boilerplate.select_lines import words_of
from tasks.text.words import estimate_words
from warehouse.model.rows import Habit
from warehouse.model.vocabulary import HabitPlace, LineReason

# Different articles that have a line before it is a habit.
FEWEST: Final = 3
# Where they are all of one day.
FEWEST_IN_A_DAY: Final = 8
# Before it is taken out from between paragraphs.
FEWEST_INSIDE: Final = 5
# Of the articles looked at that have it, at least: what few have is a running story's or a column's.
SHARE: Final = 0.05
SHARE_INSIDE: Final = 0.1
# Before it is taken out from above the first paragraph, where columns and live reports print what introduces them.
SHARE_ANYWHERE: Final = 0.25
# Habits of a source.
MOST: Final = 200
# Words from which a repeated sentence is no subheading.
SENTENCE: Final = 6
# Words of a line that tells one article from another.
PROSE: Final = 10
# Articles, and share of them, that may be one story told again; what more of them share says nothing of that.
COMMON: Final = (6, 0.2)
# Share of a line's words that are in the rest of its articles from which it may speak of what they are about,
BOUND: Final = 0.5
# and by how much more than of what others are about.
MORE_THAN_OTHERS: Final = 0.25
# Articles that are asked for that.
ASKED: Final = 20


@dataclass(frozen=True)
class Printed:
    """An article as it landed, all its lines: what habits are learned from."""

    article_id: str
    title: str | None
    seen_at: datetime
    day: date
    """On which it was published, or first seen."""
    kept: tuple[str, ...]
    stripped: tuple[tuple[str, str], ...]
    """Reason and text of each line."""

    @cached_property
    def undecided(self) -> dict[str, str]:
        """Lines that are text as far as their document tells, folded; the habits among them are stripped by now."""
        habits = (text for reason, text in self.stripped if reason == LineReason.HABIT)
        return {folded: text for text in (*self.kept, *habits) if (folded := fold_line(text))}

    @cached_property
    def kept_lines(self) -> frozenset[str]:
        """Its text, folded."""
        return frozenset(map(fold_line, self.kept))

    @cached_property
    def others(self) -> frozenset[str]:
        """Lines that its document tells to be none."""
        return frozenset(fold_line(text) for reason, text in self.stripped if reason != LineReason.HABIT)


def learn(source_id: str, printed: Iterable[Printed], now: datetime) -> list[Habit]:
    """The habits of a source that its articles show, the commonest first; their order does not matter."""
    articles = sorted(printed, key=lambda one: one.article_id)
    stories = _stories(articles)
    having: dict[str, list[int]] = defaultdict(list)
    for number, article in enumerate(articles):
        for line in article.undecided.keys() | article.others:
            having[line].append(number)
    often = {line: numbers for line, numbers in having.items() if len(numbers) >= FEWEST}
    undecided = {line for article in articles for line in article.undecided}
    subjects = _Subjects(articles, often.keys() & undecided)
    found = []
    for line in often.keys() & undecided:
        numbers, among = often[line], len(set(stories))
        count = len({stories[number] for number in numbers})
        if not _is_frequent(count, among, {articles[number].day for number in numbers}) or subjects.has(line, numbers):
            continue
        those = [articles[number] for number in numbers]
        text = max((one for one in those if line in one.undecided), key=_newest).undecided[line]
        if place := _place(text, line, those, count, count / among):
            times = [one.seen_at for one in those]
            found.append(Habit(source_id, line, text, place, count, among, min(times), max(times), now))
    return sorted(found, key=lambda habit: (-habit.articles, habit.line))[:MOST]


def _is_frequent(count: int, among: int, days: set[date]) -> bool:
    return count >= max(FEWEST, SHARE * among) and (len(days) > 1 or count >= FEWEST_IN_A_DAY)


def _newest(article: Printed) -> tuple[datetime, str]:
    return article.seen_at, article.article_id


def _place(text: str, line: str, articles: Sequence[Printed], count: int, share: float) -> HabitPlace | None:
    """How far into a text the line is surely the site's; None where it may be any article's own."""
    read = read_lines(text)[0]
    if read.ends_sentence and read.word_count < SENTENCE and share < SHARE_ANYWHERE:
        return None  # `The investigation continues.`
    if not read.ends_sentence or read.word_count < SENTENCE or text.rstrip("\"'”’»").endswith(("?", "？", "؟")):
        # `Background` and `What we know` stand above paragraphs in many articles; what is mostly stripped does not.
        kept = sum(line in article.kept_lines for article in articles)
        told = sum(line in article.others for article in articles)
        if told < kept or not told:
            return HabitPlace.END
    if count < FEWEST_INSIDE or share < SHARE_INSIDE:
        return HabitPlace.END
    return HabitPlace.ANYWHERE if share >= SHARE_ANYWHERE else HabitPlace.INSIDE


def _stories(articles: Sequence[Printed]) -> list[int]:
    """For each article the number of its story: one told again, at another address or longer, is the same story."""
    story = list(range(len(articles)))

    def first(number: int) -> int:
        while story[number] != number:
            number = story[number]
        return number

    def join(one: int, other: int) -> None:
        low, high = sorted((first(one), first(other)))
        story[high] = low

    for one, other in _told_again(articles):
        join(one, other)
    titled: dict[str, int] = {}
    for number, article in enumerate(articles):
        if article.title and (title := fold_line(article.title)):
            join(titled.setdefault(title, number), number)
    return [first(number) for number in range(len(articles))]


def _told_again(articles: Sequence[Printed]) -> Iterator[tuple[int, int]]:
    """Pairs of articles that share half of the prose of one, what very many share aside."""
    prose = [{line for line, text in one.undecided.items() if estimate_words(text) >= PROSE} for one in articles]
    having: dict[str, list[int]] = defaultdict(list)
    for number, lines in enumerate(prose):
        for line in lines:
            having[line].append(number)
    common = {line for line, numbers in having.items() if len(numbers) > max(COMMON[0], COMMON[1] * len(articles))}
    shared = Counter(
        pair for line, numbers in having.items() if line not in common for pair in combinations(numbers, 2)
    )
    for (one, other), count in shared.items():
        if 2 * count >= min(len(prose[one] - common), len(prose[other] - common)):
            yield one, other


class _Subjects:
    """What articles are about, apart from the lines that may be habits."""

    def __init__(self, articles: Sequence[Printed], apart: set[str]) -> None:
        self._articles = articles
        self._apart = apart
        self._words: dict[int, set[str]] = {}

    def has(self, line: str, numbers: Sequence[int]) -> bool:
        """Whether a line speaks of what its articles are about, as the background of a running story does."""
        said = words_of(read_lines(line))
        if not said:
            return False
        having = set(numbers)
        own = self._share(said, numbers)
        others = self._share(said, [number for number in range(len(self._articles)) if number not in having])
        return own >= BOUND and own - others >= MORE_THAN_OTHERS

    def _share(self, said: set[str], numbers: Sequence[int]) -> float:
        step = max(1, len(numbers) // ASKED)
        asked = numbers[::step][:ASKED]
        found = sum(word in self._of(number) for number in asked for word in said)
        return found / (len(said) * len(asked)) if asked else 0.0

    def _of(self, number: int) -> set[str]:
        if number not in self._words:
            kept = (text for text in self._articles[number].kept if fold_line(text) not in self._apart)
            self._words[number] = words_of(line for text in kept for line in read_lines(text))
        return self._words[number]
