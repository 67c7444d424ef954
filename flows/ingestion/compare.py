"""Compares articles as extraction makes them now with those that are stored: fields and lengths of texts."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from warehouse.model.records import Article, Rejection
from warehouse.model.schema import SCHEMAS
from warehouse.model.vocabulary import LineReason
from warehouse.storage.arrow import to_arrow

CONTENT: Final = (
    "title", "text", "description", "authors", "by", "located", "section", "tags", "info_sources", "canonical_url",
    "image_url", "image_caption", "image_credit", "is_accessible_for_free", "license", "language", "published_at",
    "modified_at",
)  # fmt: skip
"""The fields that a document may state or not: these can be gained and lost."""
UNCOMPARED: Final = frozenset({
    "article_id", "source_id", "url", "normalized_url", "capture_id", "run_id", "extractor", "first_seen_at",
    "fetched_at", "landed_at", "deleted",
})  # fmt: skip
"""Identity of the document and circumstances of its reading; with nothing else changed, an article is unchanged."""
COMPARED: Final = tuple(name for name in SCHEMAS["articles"].names if name not in UNCOMPARED)
MAX_LOST_TEXT_SHARE: Final = 0.02
MAX_REFUSED_ARTICLES_SHARE: Final = 0.01
_EMPTY: Final[tuple[Any, ...]] = (None, [], "", "und")


@dataclass(slots=True)
class Change:
    """The changes of extracting a source again: each of `articles` is unchanged, changed, refused or unreadable."""

    source_id: str
    unchanged: int = 0
    changed: int = 0
    unreadable: int = 0
    first_unreadable: str = ""
    rejects: int = 0
    """Refused documents of the archive that were read again."""
    accepted: int = 0
    promoted: int = 0
    left: str | None = None
    """Why its rows were not promoted."""
    characters: int = 0
    text_growth: int = 0
    _growths: array[float] = field(default_factory=lambda: array("d"))
    _reasons: Counter[str] = field(default_factory=Counter)
    _gained: Counter[str] = field(default_factory=Counter)
    _lost: Counter[str] = field(default_factory=Counter)
    _altered: Counter[str] = field(default_factory=Counter)

    @property
    def articles(self) -> int:
        """Current articles that were to be read again."""
        return self.unchanged + self.changed + self.refused + self.unreadable

    @property
    def refused(self) -> int:
        """Articles that would be none now; they stay as they are."""
        return self._reasons.total()

    @property
    def gained(self) -> int:
        """Fields that have a value now and had none."""
        return self._gained.total()

    @property
    def lost(self) -> int:
        """Fields that have no value now and had one."""
        return self._lost.total()

    @property
    def median_growth(self) -> float | None:
        """Of the texts that changed, in percent."""
        return round(median(self._growths), 1) if self._growths else None

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The columns of which any value changed, in the order of the table, each with its three counts."""
        return [
            {"field": name, "gained": self._gained[name], "lost": self._lost[name], "altered": self._altered[name]}
            for name in COMPARED
            if self._gained[name] or self._lost[name] or self._altered[name]
        ]

    def compare(self, stored: Mapping[str, Any], made: Article) -> bool:
        """Count an article as it is stored against what it would be; return whether they differ."""
        before, after = _row(stored), _row(to_arrow("articles", [made], made.fetched_at).to_pylist()[0])
        different = [name for name in COMPARED if before[name] != after[name]]
        self.characters += len(before["text"])
        if not different:
            self.unchanged += 1
            return False
        self.changed += 1
        for name in different:
            counts = self._altered
            if name in CONTENT and before[name] in _EMPTY:
                counts = self._gained
            elif name in CONTENT and after[name] in _EMPTY:
                counts = self._lost
            counts[name] += 1
        if "text" in different:
            growth = len(after["text"]) - len(before["text"]) + _learned(after) - _learned(before)
            self.text_growth += growth
            self._growths.append(100 * growth / len(before["text"]))
        return True

    def refuse(self, rejection: Rejection) -> None:
        """Count an article that would be none now."""
        self._reasons[rejection.reason] += 1

    def miss(self, row: Mapping[str, Any], why: str) -> None:
        """Count a document that the archive does not give back."""
        if "article" not in row:
            return
        self.unreadable += 1
        self.first_unreadable = self.first_unreadable or f"{row['article']['url']} ({why})"

    def loss(self) -> str | None:
        """Return in a sentence why the change is a loss; None where it is none."""
        if self.lost > self.gained:
            name, count = self._lost.most_common(1)[0]
            return f"{self.lost:,} values would be lost and {self.gained:,} gained; most are lost of {name} ({count:,})"
        if self.text_growth < -MAX_LOST_TEXT_SHARE * self.characters:
            lost_share = -self.text_growth / self.characters
            return f"its texts would shrink by {lost_share:.1%}, and {MAX_LOST_TEXT_SHARE:.0%} is allowed"
        if self.refused > MAX_REFUSED_ARTICLES_SHARE * self.articles:
            reason, count = self._reasons.most_common(1)[0]
            return f"{self.refused:,} of {self.articles:,} articles would be refused, most as {reason} ({count:,})"
        return None


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the compared columns of a row of DuckDB or Arrow, in which a map is a list of pairs or a mapping."""
    columns = {name: row[name] for name in COMPARED}
    columns["provenance"] = {name: _origin(origin) for name, origin in dict(columns["provenance"] or {}).items()}
    return columns


def _learned(row: Mapping[str, Any]) -> int:
    """Count the characters of lines that went because the site repeats them: no loss."""
    return sum(len(line["text"]) for line in row["stripped"] if line["reason"] == LineReason.HABIT)


def _origin(origin: Mapping[str, Any]) -> tuple[Any, ...]:
    return origin["origin"], [(lost["origin"], lost["value"]) for lost in origin["lost"] or ()]
