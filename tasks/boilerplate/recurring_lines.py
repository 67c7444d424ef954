"""Lines that a site prints in article after article, stripped from its next ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from tasks.boilerplate.line import Line
from tasks.metadata.title_habit import LINE_PREFIX
from warehouse.model.vocabulary import HabitPlace, LineReason, Origin

MAX_RECURRING_CHARACTERS: Final = 1_000

_WORD: Final = re.compile(r"\w+")
_LETTERS: Final = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True, slots=True)
class RecurringLines:
    """The recurring lines of a source, where in a text each is stripped, and the origin of its headlines."""

    packed: str = ""
    """A recurring line on each line: its place, a tab, its folded text; one is the origin of titles. It is sent to a
    worker process with every document; one string costs a quarter of what a mapping does."""

    @classmethod
    def of(cls, places: Mapping[str, HabitPlace]) -> RecurringLines:
        """Pack the places by lines that are folded as `fold_line` does."""
        return cls("\n".join(f"{habit_place}\t{line}" for line, habit_place in sorted(places.items())))

    @property
    def title_origin(self) -> Origin | None:
        """The origin of the titles that the source's feed has too; None if it was not learned."""
        if f"{HabitPlace.TITLE}\t" not in self.packed:
            return None
        places = self.places.items()
        lines = (line for line, habit_place in places if habit_place is HabitPlace.TITLE)
        return Origin(next(lines).removeprefix(LINE_PREFIX))

    @property
    def places(self) -> Mapping[str, HabitPlace]:
        """The places by folded lines."""
        return _unpack(self.packed)

    def strip(self, lines: Sequence[Line], reasons: Sequence[LineReason | None]) -> list[LineReason | None]:
        """Return the reasons with those of recurring lines added; unchanged if no article line would be left."""
        article = [index for index, reason in enumerate(reasons) if reason is None]
        places = {index: habit_place for index in article if (habit_place := self._place_of(lines[index]))}
        other = [index for index in article if index not in places]
        if not other:
            return list(reasons)
        recurring = {
            index for index, habit_place in places.items() if _is_stripped(index, habit_place, other[0], other[-1])
        }
        if not any(lines[index].word_count for index in article if index not in recurring):
            return list(reasons)
        return [LineReason.HABIT if index in recurring else reason for index, reason in enumerate(reasons)]

    def _place_of(self, line: Line) -> HabitPlace | None:
        # A wrapped paragraph is stripped in parts, which would not be recognised as this line the next time.
        if not self.packed or len(line.numbers) > 1:
            return None
        return _unpack(self.packed).get(fold_line(line.text))


NO_RECURRING_LINES: Final = RecurringLines()


def _is_stripped(index: int, habit_place: HabitPlace, first: int, last: int) -> bool:
    """Return whether a recurring line goes, where the other article lines stand from `first` to `last`."""
    if index > last:
        return True
    if index < first:
        return habit_place is HabitPlace.ANYWHERE
    return habit_place is not HabitPlace.END


@lru_cache(maxsize=64)
def _unpack(packed: str) -> Mapping[str, HabitPlace]:
    pairs = (line.split("\t") for line in packed.split("\n") if line)
    return MappingProxyType({line: HabitPlace(habit_place) for habit_place, line in pairs})


def fold_line(text: str) -> str:
    """Return a line's words without case and signs; empty if it can be no recurring line: no letters, or too long.

    Figures stay: a line whose figures change tells something new each time.
    """
    return "" if len(text) > MAX_RECURRING_CHARACTERS else _fold_short_line(text)


# The pages of a site repeat most of the lines that are stripped.
@lru_cache(maxsize=10_000)
def _fold_short_line(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold())) if _LETTERS.search(text) else ""
