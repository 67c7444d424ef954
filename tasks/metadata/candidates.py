"""What a document states of each field, and which statement won."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final, TypeVar

from tasks.text.characters import clean_line, text_key
from warehouse.model.records import Candidate, FieldProvenance, LostCandidate
from warehouse.model.vocabulary import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

EMBEDDED: Final = frozenset({Origin.RECORD, Origin.JSON_LD, Origin.MICRODATA, Origin.OPEN_GRAPH, Origin.META})
"""Where a page speaks to machines."""
LONGEST_KEPT: Final = 500
"""Characters kept of a statement that lost."""

_ENTITY: Final = re.compile(r"&#?\w{2,31};")
_INLINE_TAG: Final = re.compile(
    r"</?(?:a|b|br|div|em|font|h[1-6]|i|img|mark|p|q|small|span|strong|sub|sup|u)\b[^<>]*>", re.IGNORECASE
)

Value = TypeVar("Value")


class Statements:
    """The candidates of a document by field, in order of trust; `provenance` tells of each field read so far."""

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._candidates: dict[str, list[Candidate]] = defaultdict(list)
        for candidate in dict.fromkeys(candidates):
            self._candidates[candidate.field].append(candidate)
        self.provenance: dict[str, FieldProvenance] = {}
        self.printed: dict[str, str] = {}
        """The statement that `first` chose, by field."""

    def first(
        self,
        field: str,
        read: Callable[[str], Value | None],
        completes: Callable[[Value, Value], bool] = lambda _later, _first: False,
    ) -> Value | None:
        """The first value that `read` accepts, or a later one that `completes` it by stating the same more fully.

        Those that it reads as the same did not lose, those that it refuses did.
        """
        stated = [(candidate.origin, value) for candidate in self._candidates[field] for value in candidate.values]
        values = {printed: read(printed) for _, printed in stated}
        readings = [(origin, printed, values[printed]) for origin, printed in stated]
        accepted = [(origin, printed, value) for origin, printed, value in readings if value is not None]
        if not accepted:
            return None
        fuller = (statement for statement in accepted if completes(statement[2], accepted[0][2]))
        origin, self.printed[field], value = next(fuller, accepted[0])
        self._record(field, origin, [(other, printed) for other, printed, reading in readings if reading != value])
        return value

    def several(self, field: str, read: Callable[[Candidate], Iterable[str]], merge: bool = False) -> tuple[str, ...]:
        """The values of the first origin where `read` finds any, each once; with `merge`, of every origin."""
        readings = [(candidate, tuple(read(candidate))) for candidate in self._candidates[field]]
        origin = next((candidate.origin for candidate, values in readings if values), None)
        if origin is None:
            return ()
        unique: dict[str, str] = {}
        for candidate, values in readings:
            if merge or candidate.origin is origin:
                for value in values:
                    unique.setdefault(value.casefold(), value)
        lost = [(candidate.origin, value) for candidate, values in readings for value in values or candidate.values]
        lost = [(other, value) for other, value in lost if clean_line(value).casefold() not in unique]
        self._record(field, origin, lost)
        return tuple(unique.values())

    def derive(self, field: str, origin_of: str) -> None:
        """Say that `field` was taken from the statement that won `origin_of`."""
        self.provenance[field] = FieldProvenance(self.provenance[origin_of].origin)

    def _record(self, field: str, origin: Origin, lost: list[tuple[Origin, str]]) -> None:
        others: dict[str, LostCandidate] = {}
        for where, value in lost:
            others.setdefault(value, LostCandidate(where, clean_line(value)[:LONGEST_KEPT]))
        self.provenance[field] = FieldProvenance(origin, tuple(others.values()))


def by_trust(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """The candidates of a document in the order of trust.

    A feed speaks of a page from outside, and perhaps of what it was an hour ago: what the page embeds for machines
    goes before it, what is read off the page's face after. A title the page has on its face goes before it too, or
    an edited headline would never be seen; where the page has several, the one that the feed has as well is first.
    """
    feed = [one for one in candidates if one.origin is Origin.FEED]
    if not feed:
        return candidates
    confirmed = {text_key(value) for one in feed if one.field == "title" for value in one.values} - {""}
    before: list[Candidate] = []
    after: list[Candidate] = []
    for one in candidates:
        if one.origin is not Origin.FEED:
            leads = one.origin in EMBEDDED or (one.field == "title" and one.origin is Origin.HTML)
            (before if leads else after).append(one)
    agreed = [one for one in before if one.field == "title" and text_key("".join(one.values[:1])) in confirmed]
    return (*agreed, *before, *feed, *after)


def plain(printed: str) -> str:
    """One clean line, entities and inline tags resolved: embedded data is often escaped once too often."""
    for _ in range(2):
        if not _ENTITY.search(printed):
            break
        printed = html.unescape(printed)
    return clean_line(_INLINE_TAG.sub("", printed) if "<" in printed else printed)
