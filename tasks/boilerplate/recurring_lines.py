"""The habits of a site: lines that it prints in article after article, taken out of the next one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from tasks.boilerplate.line import Line
from warehouse.model.vocabulary import HabitPlace, LineReason

# Characters of a line that may be one.
LONGEST: Final = 1_000

_WORD: Final = re.compile(r"\w+")
_LETTERS: Final = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True, slots=True)
class Habits:
    """The lines that a source repeats, and where each is taken out."""

    packed: str = ""
    """A habit a line: its place, a tab, its words. Sent to a worker process with every document, one string costs a
    quarter of what a mapping does."""

    @classmethod
    def of(cls, places: Mapping[str, HabitPlace]) -> Habits:
        """Habits by their lines, folded as `fold_line` does."""
        return cls("\n".join(f"{place}\t{line}" for line, place in sorted(places.items())))

    @property
    def places(self) -> Mapping[str, HabitPlace]:
        """Where each line is taken out."""
        return _unpacked(self.packed)

    def strip(self, lines: Sequence[Line], reasons: Sequence[LineReason | None]) -> list[LineReason | None]:
        """The reasons with those of repeated lines that would be kept; as they were where no other would be left."""
        kept = [place for place, reason in enumerate(reasons) if reason is None]
        known = {place: where for place in kept if (where := self._place_of(lines[place]))}
        gone = {place for place, where in known.items() if where is not HabitPlace.END}
        inner = [place for place in kept if place not in known]
        if not inner:
            return list(reasons)
        gone -= {place for place in gone if place < inner[0] and known[place] is not HabitPlace.ANYWHERE}
        gone |= {place for place in known if place > inner[-1]}
        if not any(lines[place].word_count for place in kept if place not in gone):
            return list(reasons)
        return [LineReason.HABIT if place in gone else reason for place, reason in enumerate(reasons)]

    def _place_of(self, line: Line) -> HabitPlace | None:
        # The stripped parts of a paragraph that was wrapped would not be known again as the line that they were.
        if not self.packed or len(line.numbers) > 1:
            return None
        return _unpacked(self.packed).get(fold_line(line.text))


NONE: Final = Habits()


@lru_cache(maxsize=64)
def _unpacked(packed: str) -> Mapping[str, HabitPlace]:
    pairs = (habit.split("\t") for habit in packed.split("\n") if habit)
    return MappingProxyType({line: HabitPlace(place) for place, line in pairs})


def fold_line(text: str) -> str:
    """A line's words without case and signs; empty for what is no habit: without letters, or too long.

    Figures stay: a line whose figures change tells something new each time.
    """
    if len(text) > LONGEST or not _LETTERS.search(text):
        return ""
    return " ".join(_WORD.findall(text.casefold()))
