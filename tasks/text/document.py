"""What a reader makes of a document."""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.model.records import Candidate


@dataclass(frozen=True, slots=True)
class Document:
    """A document's text, one paragraph a line, and what its embedded data states of it, in order of trust."""

    text: str
    candidates: tuple[Candidate, ...]
    extractor: str
    """Name and version of what read the text."""
