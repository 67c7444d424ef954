"""The candidates for an article's fields: their order of trust, and the choice between them."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final, TypeVar

from tasks.text.characters import clean_line, text_key
from tasks.text.tags import strip_tags
from warehouse.model.records import Candidate, FieldProvenance, LostCandidate
from warehouse.model.vocabulary import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_LOST_CANDIDATE_CHARACTERS: Final = 500
# Of a title, a byline or a tag.
MAX_LINE_CHARACTERS: Final = 500

# The origins of data that pages embed for machines.
_EMBEDDED_ORIGINS: Final = frozenset({Origin.RECORD, Origin.JSON_LD, Origin.MICRODATA, Origin.OPEN_GRAPH, Origin.META})
_ENTITY: Final = re.compile(r"&#?\w{2,31};")

Value = TypeVar("Value")


class Candidates:
    """The candidates of a document by field, the most trusted first.

    `provenance` has an entry for each field that was chosen so far, `raw_values` the raw value that `choose` took.
    """

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._by_field: dict[str, list[Candidate]] = defaultdict(list)
        for candidate in dict.fromkeys(candidates):
            self._by_field[candidate.field].append(candidate)
        self.provenance: dict[str, FieldProvenance] = {}
        self.raw_values: dict[str, str] = {}

    def choose(
        self,
        field: str,
        read: Callable[[str], Value | None],
        completes: Callable[[Value, Value], bool] = lambda _later, _first: False,
    ) -> Value | None:
        """Return the first value that `read` accepts, or a later one that `completes` it; None if there is none.

        A later value completes the first one if it is the same with more detail. Values equal to the chosen one are not
        among the lost candidates, refused ones are.
        """
        readings = self._readings(field, read)
        accepted = [(origin, raw, value) for origin, raw, value in readings if value is not None]
        if not accepted:
            return None
        first_value = accepted[0][2]
        fuller = (reading for reading in accepted if completes(reading[2], first_value))
        origin, self.raw_values[field], value = next(fuller, accepted[0])
        self._record(field, origin, [(other, raw) for other, raw, reading in readings if reading != value])
        return value

    def raw_value(self, field: str) -> str | None:
        """Return the raw value that `choose` took for a field, else the first of those it refused; None if no value."""
        refused = (clean_line(raw) for candidate in self._by_field[field] for raw in candidate.values)
        return self.raw_values.get(field) or next(filter(None, refused), None)

    def choose_list(
        self, field: str, read: Callable[[Candidate], Iterable[str]], merge: bool = False
    ) -> tuple[str, ...]:
        """Return the values, each once, that `read` gives for the first origin with any, or (`merge`) for all."""
        readings = [(candidate, tuple(read(candidate))) for candidate in self._by_field[field]]
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
        """Record that `field` was derived from the chosen value of the field `origin_of`."""
        self.provenance[field] = FieldProvenance(self.provenance[origin_of].origin)

    def _readings(self, field: str, read: Callable[[str], Value | None]) -> list[tuple[Origin, str, Value | None]]:
        """Return origin, raw value and read value (None if refused) of each value of a field's candidates."""
        raw_values = [(candidate.origin, raw) for candidate in self._by_field[field] for raw in candidate.values]
        values = {raw: read(raw) for _, raw in raw_values}
        return [(origin, raw, values[raw]) for origin, raw in raw_values]

    def _record(self, field: str, origin: Origin, lost: list[tuple[Origin, str]]) -> None:
        others: dict[str, LostCandidate] = {}
        for lost_origin, value in lost:
            others.setdefault(value, LostCandidate(lost_origin, clean_line(value)[:MAX_LOST_CANDIDATE_CHARACTERS]))
        self.provenance[field] = FieldProvenance(origin, tuple(others.values()))


def order_by_trust(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Return the candidates of a page in the order of trust: embedded data, the feed, then the visible page.

    A feed describes the page from outside, and perhaps as it was an hour ago. The page's visible titles go before the
    feed's too, or an edited headline would never be noticed; of several titles, the one that the feed has is first.
    """
    feed = [candidate for candidate in candidates if candidate.origin is Origin.FEED]
    if not feed:
        return candidates
    titles = (value for candidate in feed if candidate.field == "title" for value in candidate.values)
    feed_titles = set(map(text_key, titles)) - {""}
    before: list[Candidate] = []
    after: list[Candidate] = []
    for candidate in candidates:
        if candidate.origin in _EMBEDDED_ORIGINS or (candidate.field == "title" and candidate.origin is Origin.HTML):
            before.append(candidate)
        elif candidate.origin is not Origin.FEED:
            after.append(candidate)
    confirmed = [candidate for candidate in before if _title_key(candidate) in feed_titles]
    return (*confirmed, *before, *feed, *after)


def add_printed(candidates: tuple[Candidate, ...], lines: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Return the candidates with those of printed `lines` after those that a document states, before guesses."""
    guessed = [candidate for candidate in candidates if candidate.origin is Origin.TRAFILATURA]
    return (*(candidate for candidate in candidates if candidate not in guessed), *lines, *guessed)


def _title_key(candidate: Candidate) -> str | None:
    """Return the key of a candidate's title; None for another field."""
    return text_key("".join(candidate.values[:1])) if candidate.field == "title" else None


def plain_line(text: str) -> str:
    """Return a text as one clean line, with entities and inline tags resolved: embedded data is often escaped twice."""
    for _ in range(2):
        if not _ENTITY.search(text):
            break
        text = html.unescape(text)
    return clean_line(strip_tags(text, ""))


def read_line(raw: str, max_characters: int = MAX_LINE_CHARACTERS) -> str | None:
    """Return a text as one clean line (see `plain_line`); None if it is longer or has neither letter nor digit."""
    line = plain_line(raw)
    return line if len(line) <= max_characters and any(map(str.isalnum, line)) else None
