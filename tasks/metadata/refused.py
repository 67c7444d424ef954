"""The metadata of a refused document, as the row of its refusal keeps it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from tasks.language.combine import UNKNOWN
from tasks.metadata.candidates import Candidates, read_line
from tasks.metadata.publication import DateReader, language_of_dates
from warehouse.model.records import Candidate, RawArticle, Rejection

_LANGUAGE: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_]\w+)*")


def add_metadata(
    rejection: Rejection, raw: RawArticle, candidates: Iterable[Candidate], timezone: str | None
) -> Rejection:
    """Return a refusal with the title, the date and the language that `candidates` state.

    `timezone` (IANA) is the zone of a time without one.
    """
    candidates = tuple(candidates)
    page_url = raw.capture.final_url or raw.item.url
    choices = Candidates(candidates)
    language = language_of_dates(candidates, UNKNOWN.tag, None, page_url)
    published = choices.choose("published_at", DateReader(language, timezone, raw.capture.fetched_at))
    return replace(
        rejection,
        title=choices.choose("title", read_line),
        published_at=published.instant if published else None,
        language=choices.choose("language", _read_language),
    )


def _read_language(raw: str) -> str | None:
    match = _LANGUAGE.fullmatch(raw.strip())
    return match[1].lower() if match else None
