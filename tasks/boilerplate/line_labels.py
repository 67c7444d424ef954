"""What a line surely is by what it says of itself: a cue phrase, a credit, a date, a breadcrumb."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from tasks.boilerplate.cues import Cue, phrases_of
from tasks.boilerplate.line import Line
from tasks.boilerplate.line_patterns import is_date_line, read_caption, read_section
from warehouse.model.vocabulary import LineReason

# Of the longest line that is looked at for a caption or date.
CAPTION_WORDS: Final = 60
# Words after a phrase that still make a label of the line, not a sentence.
FEW: Final = 8
BYLINE_WORDS: Final = 20
BYLINE_CHARACTERS: Final = 120
# Of a name in a script without capitals, which nothing else tells from a sentence.
NAME_WORDS: Final = 4
DATE_WORDS: Final = 16
ANY: Final = 1_000

# One of them is in every credit, date and breadcrumb.
_SIGN: Final = re.compile("[\\d:：©/>›»→]")
_YEAR: Final = re.compile(r"\d{4}")
_RIGHTS: Final = re.compile(r"(?:©|\(c\)|copyright)\W{0,3}(?:copyright\W{0,3})?(?:19|20)\d\d", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Rule:
    """How long, in words, a line may be for a phrase to tell what it is: the surer the phrase, the longer."""

    reason: LineReason
    alone: bool = True
    """Whether the phrase may be all of the line."""
    labelled: int = 0
    """With a colon, bar or dash after the phrase."""
    several: int = 0
    """Where the phrase has several words."""
    few: int = 0
    """Where few words follow and end no sentence."""
    sentences: bool = False
    """Whether the line may end as a sentence does."""


_RULES: Final = {
    "related": _Rule(LineReason.RELATED, labelled=ANY, several=40),
    "comment": _Rule(LineReason.COMMENT, several=6, few=4),
    "share": _Rule(LineReason.SHARE, several=6, few=3),
    "newsletter": _Rule(LineReason.NEWSLETTER, labelled=FEW, several=30, few=4, sentences=True),
    "legal": _Rule(LineReason.LEGAL, labelled=14, several=14, few=14, sentences=True),
    "menu": _Rule(LineReason.MENU, few=4),
    "section": _Rule(LineReason.SECTION),
    "advert": _Rule(LineReason.BOILERPLATE),
    "tags": _Rule(LineReason.TAGS, labelled=ANY),
    "agency": _Rule(LineReason.AGENCY, alone=False, labelled=16, several=16, sentences=True),
    "credit": _Rule(LineReason.CREDIT, alone=False, labelled=25, sentences=True),
}


def label_line(line: Line) -> LineReason | None:
    """What a line surely is; None for article text and for what only its neighbours can tell."""
    said = next((reason for cue in line.cues if (reason := _read(cue, line))), None)
    if said is not None or line.word_count > CAPTION_WORDS:
        return said
    if _reserves_rights(line.text):
        return LineReason.LEGAL
    return _shown(line.text) if _SIGN.search(line.text) else None


def _shown(text: str) -> LineReason | None:
    if _RIGHTS.search(text):
        return LineReason.LEGAL
    if read_caption(text) is not None:
        return LineReason.CAPTION
    if is_date_line(text):
        return LineReason.DATE_LINE
    return LineReason.SECTION if read_section(text) else None


def _read(cue: Cue, line: Line) -> LineReason | None:
    if cue.kind in {"published", "modified"}:
        return LineReason.DATE_LINE if line.word_count <= DATE_WORDS and _YEAR.search(line.text) else None
    if cue.kind == "byline":
        return LineReason.BYLINE if cue.alone or _names(cue, line) else None
    rule = _RULES.get(cue.kind)
    return rule.reason if rule and _applies(rule, cue, line) else None


def _applies(rule: _Rule, cue: Cue, line: Line) -> bool:
    if cue.alone:
        return rule.alone
    if line.ends_sentence and not rule.sentences:
        return False
    longest = max(
        rule.labelled if cue.labelled else 0,
        rule.several if cue.words > 1 else 0,
        rule.few if line.word_count - cue.words <= FEW and not line.ends_sentence else 0,
    )
    return line.word_count <= longest


def _names(cue: Cue, line: Line) -> bool:
    """Whether what follows is mostly words with capitals, as names are; after a colon it may be anything short."""
    if line.word_count > BYLINE_WORDS or not 0 < len(cue.rest) <= BYLINE_CHARACTERS:
        return False
    if cue.labelled:
        return not line.ends_sentence or line.bare.endswith(".")
    words = cue.rest.split()
    if cue.rest[0].lower() == cue.rest[0].upper():
        return not line.ends_sentence and len(words) <= NAME_WORDS
    capitals = sum(word[:1].isupper() or not word[:1].isalpha() for word in words)
    return not line.ends_sentence and cue.rest[0].isupper() and capitals * 2 >= len(words)


def _reserves_rights(text: str) -> bool:
    phrases = _rights(text.isascii())
    folded = text.casefold()
    return len(folded) >= len(phrases[0]) and any(map(folded.__contains__, phrases))


@cache
def _rights(in_ascii: bool) -> tuple[str, ...]:
    """The phrases that a line may hold, the shortest first; in one of ASCII letters only those that have no others."""
    phrases = (phrase.casefold() for phrase in phrases_of("rights"))
    return tuple(sorted((phrase for phrase in phrases if phrase.isascii() or not in_ascii), key=len))
