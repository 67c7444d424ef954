"""The path of one document from its archived bytes to a clean record."""

from __future__ import annotations

from dataclasses import replace

from config.sources import Source
from tasks.boilerplate.recurring_lines import NO_RECURRING_LINES, RecurringLines
from tasks.files import jsonl
from warehouse.model.records import Article, RawArticle, Rejection


def make_article(
    raw: RawArticle,
    source: Source,
    max_bytes: int,
    habits: RecurringLines = NO_RECURRING_LINES,
    *,
    langdetect_alone: bool = False,
) -> Article | Rejection:
    """Extract, strip, detect and normalise one document; return the rejection of the first step that refuses it.

    It reads no clock, network or table, so that a worker process can run it. `max_bytes` bounds the unpacked document,
    `habits` are what was learned of its site: recurring lines, and which of several titles is its headline.
    """
    # Imported here, as the process of a run names this function to its workers and never calls it.
    from tasks.detect import detect
    from tasks.extract import extract
    from tasks.metadata.refused import add_metadata
    from tasks.metadata.title_habit import prefer_title
    from tasks.normalise import normalise
    from tasks.strip import strip

    document = open_document(raw, source)
    if isinstance(document, Rejection):
        return document
    extracted = extract(document, max_bytes, source.timezone)
    if isinstance(extracted, Rejection):
        return extracted
    if origin := habits.title_origin:
        extracted = replace(extracted, candidates=prefer_title(extracted.candidates, origin))
    stripped = strip(extracted, source.strip, habits)
    if isinstance(stripped, Rejection):
        return add_metadata(stripped, document, extracted.candidates, source.timezone)
    detected = detect(stripped, source.language, langdetect_alone=langdetect_alone)
    return normalise(detected, source)


def open_document(raw: RawArticle, source: Source) -> RawArticle | Rejection:
    """Return the document inside a record of JSON Lines, CSV or Parquet; any other document as it is."""
    return jsonl.open_record(raw, source) if raw.capture.media_type == jsonl.MEDIA_TYPE else raw
