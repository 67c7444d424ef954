"""The lines of a document, and what became of each: kept, or taken out for a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config.sources import Source
from tasks.article import open_document
from tasks.boilerplate.line import Line
from tasks.boilerplate.lines import group_paragraphs
from tasks.boilerplate.model import score_lines
from tasks.extract import extract
from tasks.strip import LINE_EXTRACTORS
from warehouse.model.records import RawArticle, Rejection
from warehouse.model.vocabulary import LineReason


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of a document's text."""

    number: int  # from 0, blank lines counted
    text: str
    reason: LineReason | None  # why it was stripped; None if it was kept
    score: float | None  # from 0 to 1, how much it reads like article text; None if it was not scored


def explain_lines(raw: RawArticle, source: Source, reasons: Mapping[int, LineReason]) -> tuple[ShownLine, ...]:
    """Read a document once more and return its lines; those whose number has a reason were taken out.

    Empty if the document is refused.
    """
    document = open_document(raw, source)
    extracted = document if isinstance(document, Rejection) else extract(document, len(raw.content) + 1)
    if isinstance(extracted, Rejection):
        return ()
    lines = group_paragraphs(extracted.paragraphs.lines)
    scores = keep_scores(lines) if extracted.extractor in LINE_EXTRACTORS else {}
    return tuple(
        ShownLine(line.numbers[0], line.text, reasons.get(line.numbers[0]), scores.get(line.numbers[0]))
        for line in lines
    )


def keep_scores(lines: Sequence[Line]) -> Mapping[int, float]:
    """Return how likely each line is article text by the line model alone, from 0 to 1, by the line's number."""
    pairs = zip(lines, score_lines(lines).probability, strict=True)
    return {line.numbers[0]: float(probability) for line, probability in pairs}
