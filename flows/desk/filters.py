"""What a reader narrows a list of articles by, and the SQL of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final

DAY: Final = "coalesce(published_local, make_timestamp(epoch_us(published_at))::DATE)"
"""As `articles_by_day` has it: not a cast, which would follow the reader's time zone."""
CONDITIONS: Final = {
    "source": "source_id = $source",
    "language": "language = $language",
    "day": f"{DAY} = $day",
    "section": "section = $section",
    "agency": "list_contains(info_sources, $agency)",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the articles of a list have in common; an empty one bounds nothing."""

    words: str = ""
    source: str = ""
    language: str = ""
    day: date | None = None
    section: str = ""
    agency: str = ""

    def condition(self) -> tuple[str, dict[str, Any]]:
        """Return the condition of all filters but the words, and its values."""
        values = {name: value for name in CONDITIONS if (value := getattr(self, name))}
        return " AND ".join(CONDITIONS[name] for name in values) or "true", values

    def query(self, **changes: Any) -> dict[str, Any]:
        """Return the values of an address that names these filters, some of them changed."""
        values = asdict(replace(self, **changes))
        words = values.pop("words")
        return {"q": words} | values
