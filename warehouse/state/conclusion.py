"""What comes of one document: the count in which it ends, and its rows."""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.model.records import Article, Capture, Rejection
from warehouse.model.vocabulary import Outcome


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The one count in which a document ends, and the rows that say so."""

    outcome: Outcome
    row: Article | Rejection | None = None
    capture: Capture | None = None


def same_text_as(url: str) -> str:
    """Return the detail of the refusal of a document whose title and text are those of the article at `url`."""
    return f"the same title and text as {url}"
