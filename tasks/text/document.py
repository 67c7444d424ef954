"""A document as its reader returns it."""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.model.records import Candidate, Paragraphs


@dataclass(frozen=True, slots=True)
class Document:
    """A document's paragraphs, and the candidates in its metadata, the most trusted first."""

    paragraphs: Paragraphs
    candidates: tuple[Candidate, ...]
    extractor: str
    """Name and version of the program that extracted the text."""
