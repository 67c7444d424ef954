"""Turn an extracted article into a record: for each field the first valid candidate wins.

A field without a candidate stays None or empty. The candidates that lost are in the field's provenance.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tasks.boilerplate.cues import fold_case_and_accents
from tasks.boilerplate.line_patterns import is_name
from tasks.language.combine import UNKNOWN
from tasks.metadata.agencies import find_agencies
from tasks.metadata.bylines import split_byline, split_bylines
from tasks.metadata.candidates import Candidates, plain_line, read_line
from tasks.metadata.dates import MAX_DATE_CHARACTERS
from tasks.metadata.identity import article_id, version_id
from tasks.metadata.publication import DateReader, completes, language_of_dates
from tasks.metadata.quality import rate
from tasks.metadata.refused import add_metadata
from tasks.metadata.urls import (
    absolute_url,
    canonical_domain,
    canonical_url,
    is_logo_url,
    normalize_url,
)
from tasks.text.characters import text_key
from tasks.text.words import count_words
from warehouse.model.records import Article, Candidate, ExtractedArticle, Rejection
from warehouse.model.vocabulary import Origin, Reason, Stage

if TYPE_CHECKING:
    from config.sources import Source

# Of a description or a caption.
MAX_PROSE_CHARACTERS: Final = 5_000

_ACCESS: Final = {"true": True, "yes": True, "1": True, "free": True, "false": False, "no": False, "0": False}
_TAG_SEPARATOR: Final = re.compile(r"(?:(?<!\s)\s++)?[,;|،、，；]\s*|(?:^|(?<!\s)\s++)#")
# `Lee, Ann` is one tag among others; `port, ferry, quay` are three.
_MIN_LIST_SEPARATORS: Final = 2
# `Diário da Várzea` of diariovarzea.example
_MIN_SITE_WORD: Final = 4
_LABEL_EDGES: Final = " \t-–—:,;|•"


def normalise(extracted: ExtractedArticle, source: Source) -> Article | Rejection:
    """Return the checked record of an extracted article; reject one without text at the stage `NORMALISE`."""
    item, capture = extracted.raw.item, extracted.raw.capture
    text = extracted.paragraphs.text
    if not text:
        detail = "no text is left of this document once what is not the article is taken out"
        rejection = extracted.raw.reject(Stage.NORMALISE, Reason.NO_ARTICLE, detail)
        return add_metadata(rejection, extracted.raw, extracted.candidates, source.timezone)

    candidates = Candidates(extracted.candidates)
    page_url = capture.final_url or item.url
    language = extracted.language or UNKNOWN
    date_language = language_of_dates(extracted.candidates, language.tag, source.language, page_url)
    read_date = DateReader(date_language, source.timezone, capture.fetched_at)
    published = candidates.choose("published_at", read_date, completes)
    published_local, published_offset = read_date.local_time(published)
    modified = candidates.choose("modified_at", read_date, completes)
    title = candidates.choose("title", read_line)
    by = candidates.choose("by", read_line)
    canonical = candidates.choose("canonical_url", lambda raw: canonical_url(html.unescape(raw), page_url))
    article = Article(
        article_id=article_id(item.source_id, item.guid, item.url),
        version_id=version_id(title, text),
        source_id=item.source_id,
        url=item.url,
        canonical_url=canonical,
        normalized_url=normalize_url(item.url),
        canonical_domain=canonical_domain(canonical or page_url),
        capture_id=capture.capture_id,
        run_id=capture.run_id,
        title=title,
        text=text,
        description=candidates.choose("description", _prose),
        authors=_authors(candidates, by, date_language, canonical_domain(page_url) or ""),
        by=by,
        located=candidates.choose("located", _label),
        section=candidates.choose("section", _label),
        tags=candidates.choose_list("tags", _tags),
        info_sources=_info_sources(candidates, by),
        image_url=candidates.choose("image_url", lambda raw: _image_url(raw, page_url)),
        image_caption=candidates.choose("image_caption", _prose),
        image_credit=candidates.choose("image_credit", _label),
        is_accessible_for_free=candidates.choose("is_accessible_for_free", _is_free),
        license=candidates.choose("license", _label),
        language=language.tag,
        language_confidence=language.confidence,
        languages=extracted.languages,
        published_at=published.instant if published else None,
        modified_at=modified.instant if modified else None,
        published_raw=_printed_date(candidates),
        published_precision=published.precision if published else None,
        published_zone=published.zone if published else None,
        first_seen_at=item.seen_at,
        fetched_at=capture.fetched_at,
        landed_at=None,
        provenance=candidates.provenance,
        stripped=extracted.stripped,
        quality=0.0,
        extractor=extracted.extractor,
        word_count=count_words(text),
        published_local=published_local,
        published_offset=published_offset,
    )
    return replace(article, quality=rate(article))


def _printed_date(candidates: Candidates) -> str | None:
    """Return the date of publication as printed, also where it could not be read."""
    date = candidates.raw_value("published_at")
    return date if date and len(date) <= MAX_DATE_CHARACTERS else None


def _prose(raw: str) -> str | None:
    return read_line(raw, MAX_PROSE_CHARACTERS)


def _label(raw: str) -> str | None:
    return read_line(plain_line(raw).strip(_LABEL_EDGES))


def _image_url(raw: str, page_url: str) -> str | None:
    url = absolute_url(html.unescape(raw), page_url)
    return None if url is None or is_logo_url(url) else url


def _is_free(raw: str) -> bool | None:
    return _ACCESS.get(raw.strip().lower().rpartition("/")[2])


def _authors(candidates: Candidates, by: str | None, language: str | None, domain: str) -> tuple[str, ...]:
    """Return the names of the authors, or those in the byline that are no agencies where these are more of the same."""

    site = text_key(domain)

    def read(candidate: Candidate) -> tuple[str, ...]:
        values = list(map(plain_line, candidate.values))
        if candidate.origin is Origin.HTML:
            first, *others = split_bylines(values, language) or ("",)
            return tuple(name for name in (first, *others) if name and (name is first or not _is_site(name, site)))
        return tuple(name for value in values for name in split_byline(value, language))

    names = candidates.choose_list("authors", read)
    if by is None:
        return names
    agencies = {agency.casefold() for agency in find_agencies(by)}
    people = tuple(name for name in split_byline(by, language) if name.casefold() not in agencies)
    if people and (not names or _completes(people, names, site)):
        candidates.derive("authors", origin_of="by")
        return people
    return names


def _completes(people: tuple[str, ...], names: tuple[str, ...], site: str) -> bool:
    """Return whether the people of a byline are those of `names` and other persons, of whom none is the site."""
    keys = {name.casefold() for name in names}
    others = [name for name in people if name.casefold() not in keys]
    if not others or len(people) != len(keys) + len(others):
        return False
    return all(is_name(name) and not _is_site(name, site) for name in others)


def _is_site(name: str, site: str) -> bool:
    """Return whether a name, or each longer word of it, is part of the site's domain."""
    words = [key for word in name.split() if len(key := fold_case_and_accents(word)) >= _MIN_SITE_WORD]
    return text_key(name) in site or (bool(words) and all(word in site for word in words))


def _info_sources(candidates: Candidates, by: str | None) -> tuple[str, ...]:
    """Return all agencies that any candidate credits; if there are none, those in the byline."""
    credited = candidates.choose_list(
        "info_sources", lambda candidate: filter(None, map(_label, candidate.values)), merge=True
    )
    if credited or by is None:
        return credited
    agencies = find_agencies(by)
    if agencies:
        candidates.derive("info_sources", origin_of="by")
    return agencies


def _tags(candidate: Candidate) -> tuple[str, ...]:
    """Return the tags of a candidate; a single value, and one of several with two commas or more, may be a list."""
    min_separators = 1 if len(candidate.values) == 1 else _MIN_LIST_SEPARATORS
    tags: list[str] = []
    for value in candidate.values:
        line = plain_line(value)
        parts = _TAG_SEPARATOR.split(line)
        is_list = len(parts) > min_separators or all(part[:1].islower() for part in parts)
        tags += parts if is_list else [line.lstrip("#")]
    return tuple(filter(None, map(_label, tags)))
