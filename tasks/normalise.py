"""From what a document says to what is kept of it: for each field the first valid statement wins.

Statements stand in the order of trust: those of the record or feed that named the document first, then what was
found in it. What is not stated stays None or empty; the statements that lost are kept as the field's provenance.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from tasks.language.combine import UNKNOWN
from tasks.metadata.agencies import find_agencies
from tasks.metadata.bylines import split_byline
from tasks.metadata.candidates import Statements, plain
from tasks.metadata.dates import ParsedDate, parse_date
from tasks.metadata.identity import article_id, version_id
from tasks.metadata.quality import count_words, rate
from tasks.metadata.urls import absolute_url, canonical_domain, canonical_url, normalize_url
from tasks.text.characters import clean_line, split_lines
from warehouse.model.records import Article, Candidate, ExtractedArticle, Rejection
from warehouse.model.vocabulary import Reason, Stage

if TYPE_CHECKING:
    from config.sources import Source

MAX_FUTURE: Final = timedelta(days=2)
"""How far after its fetch a document may be dated: room for zones, none for the date of an event."""
LONGEST_LINE: Final = 500
"""Characters of a title, a byline or a tag; what is longer is something else."""
LONGEST_PROSE: Final = 5_000
"""Characters of a description or a caption."""

_FREE: Final = {"true": True, "yes": True, "1": True, "free": True, "false": False, "no": False, "0": False}
_BETWEEN_TAGS: Final = re.compile(r"(?:(?<!\s)\s++)?[,;|،、，；]\s*|(?:^|(?<!\s)\s++)#")
_AROUND_LABEL: Final = " \t-–—:,;|•"


def normalise(found: ExtractedArticle, source: Source) -> Article | Rejection:
    """The article that a document states, checked; a document without text is none."""
    item, capture = found.raw.item, found.raw.capture
    text = _paragraphs(found.text)
    if not text:
        detail = "no text is left of this document once what is not the article is taken out"
        return found.raw.reject(Stage.NORMALISE, Reason.NO_ARTICLE, detail)

    stated = Statements(found.candidates)
    address = capture.final_url or item.url
    language = found.language or UNKNOWN
    reading = _reading_language(language.tag, source.language)

    def date(printed: str) -> ParsedDate | None:
        parsed = parse_date(clean_line(printed), reading, source.timezone)
        return parsed if parsed and parsed.instant <= capture.fetched_at + MAX_FUTURE else None

    published = stated.first("published_at", date, ParsedDate.completes)
    modified = stated.first("modified_at", date, ParsedDate.completes)
    title = stated.first("title", _line)
    by = stated.first("by", _line)
    canonical = stated.first("canonical_url", lambda printed: canonical_url(html.unescape(printed), address))
    article = Article(
        article_id=article_id(item.source_id, item.guid, item.url),
        version_id=version_id(title, text),
        source_id=item.source_id,
        url=item.url,
        canonical_url=canonical,
        normalized_url=normalize_url(item.url),
        canonical_domain=canonical_domain(canonical or address),
        capture_id=capture.capture_id,
        run_id=capture.run_id,
        title=title,
        text=text,
        description=stated.first("description", _prose),
        authors=_authors(stated, by, reading),
        by=by,
        located=stated.first("located", _label),
        section=stated.first("section", _label),
        tags=stated.several("tags", _tags),
        info_sources=_info_sources(stated, by),
        image_url=stated.first("image_url", lambda printed: absolute_url(html.unescape(printed), address)),
        image_caption=stated.first("image_caption", _prose),
        image_credit=stated.first("image_credit", _label),
        is_accessible_for_free=stated.first("is_accessible_for_free", _free),
        license=stated.first("license", _label),
        language=language.tag,
        language_confidence=language.confidence,
        languages=found.languages,
        published_at=published.instant if published else None,
        modified_at=modified.instant if modified else None,
        published_raw=stated.printed.get("published_at"),
        published_precision=published.precision if published else None,
        published_zone=published.zone if published else None,
        first_seen_at=item.seen_at,
        fetched_at=capture.fetched_at,
        landed_at=None,
        provenance=stated.provenance,
        stripped=found.stripped,
        quality=0.0,
        extractor=found.extractor,
        word_count=count_words(text),
    )
    return replace(article, quality=rate(article))


def _paragraphs(text: str) -> str:
    """Clean lines; each run of blank ones is one blank line between two paragraphs."""
    lines = "\n".join(clean_line(line) for line in split_lines(text))
    return re.sub(r"\n{2,}", "\n\n", lines).strip("\n")


def _reading_language(detected: str, declared: str | None) -> str | None:
    """The language dates and bylines are read in: as detected, with the region that the source declares for it."""
    if detected == UNKNOWN.tag or (declared or "").split("-")[0] == detected.split("-", maxsplit=1)[0]:
        return declared
    return detected


def _line(printed: str) -> str | None:
    line = plain(printed)
    return line if len(line) <= LONGEST_LINE and any(map(str.isalnum, line)) else None


def _label(printed: str) -> str | None:
    return _line(plain(printed).strip(_AROUND_LABEL))


def _prose(printed: str) -> str | None:
    line = plain(printed)
    return line if len(line) <= LONGEST_PROSE and any(map(str.isalnum, line)) else None


def _free(printed: str) -> bool | None:
    return _FREE.get(printed.strip().lower().rpartition("/")[2])


def _authors(stated: Statements, by: str | None, language: str | None) -> tuple[str, ...]:
    """Names as stated; where none are, those of the byline without its agencies, which are not persons."""

    def read(candidate: Candidate) -> list[str]:
        return [name for value in candidate.values for name in split_byline(plain(value), language)]

    names = stated.several("authors", read)
    if names or by is None:
        return names
    agencies = {agency.casefold() for agency in find_agencies(by)}
    people = tuple(name for name in split_byline(by, language) if name.casefold() not in agencies)
    if people:
        stated.derive("authors", origin_of="by")
    return people


def _info_sources(stated: Statements, by: str | None) -> tuple[str, ...]:
    """Every agency that is credited anywhere; where none is, those named in the byline."""
    credited = stated.several("info_sources", lambda candidate: filter(None, map(_label, candidate.values)), merge=True)
    if credited or by is None:
        return credited
    named = find_agencies(by)
    if named:
        stated.derive("info_sources", origin_of="by")
    return named


def _tags(candidate: Candidate) -> tuple[str, ...]:
    """Several values stand as they are; a single one may be a list in one string."""
    several = len(candidate.values) > 1
    values = candidate.values if several else _BETWEEN_TAGS.split(plain("".join(candidate.values)))
    return tuple(tag for tag in map(_label, values) if tag)
