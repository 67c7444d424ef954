"""A document as its reader returns it."""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.model.records import Candidate


@dataclass(frozen=True, slots=True)
class Document:
    """A document's text, one paragraph a line, and the candidates in its metadata, in order of trust."""

    text: str
    candidates: tuple[Candidate, ...]
    extractor: str
    """Name and version of the program that extracted the text."""
