"""What a reader makes of a document."""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.model.records import Candidate, Paragraphs


@dataclass(frozen=True, slots=True)
class Document:
    """A document's paragraphs, and the candidates that its embedded data gives, the most trusted first."""

    paragraphs: Paragraphs
    candidates: tuple[Candidate, ...]
    extractor: str
    """Name and version of what read the text."""
