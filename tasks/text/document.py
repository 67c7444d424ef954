"""A document as its reader returns it."""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.model.records import Candidate, Paragraphs, StrippedLine


@dataclass(frozen=True, slots=True)
class Document:
    """A document's lines, and the candidates in its metadata, the most trusted first."""

    paragraphs: Paragraphs
    candidates: tuple[Candidate, ...]
    extractor: str
    """Name and version of the program that extracted the text."""
    stripped: tuple[StrippedLine, ...] = ()
    """Lines of `paragraphs` that the reader took for no article text, in their order."""

    @property
    def article_text(self) -> str:
        """The lines that the reader took for the article, a blank line between two of them."""
        numbers = {line.line for line in self.stripped}
        lines = (line for number, line in enumerate(self.paragraphs.lines) if line and number not in numbers)
        return "\n\n".join(lines)
