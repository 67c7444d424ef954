"""Labelling a line from its own text: by a cue phrase, a credit, a date or a breadcrumb."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tasks.boilerplate.captions import read_caption
from tasks.boilerplate.cues import Cue
from tasks.boilerplate.line import Line
from tasks.boilerplate.line_dates import has_year, is_date_line
from tasks.boilerplate.line_patterns import is_name, is_reporter, read_persons, read_section
from tasks.boilerplate.offers import MIN_OFFER_WORDS, OFFER, RIGHTS, find_inner_kinds
from tasks.metadata.bylines import is_byline_of_role
from warehouse.model.vocabulary import LineReason

# Longer lines are not searched for a caption or date.
MAX_CAPTION_WORDS: Final = 60
# A line with more words after its cue is a sentence, not a label.
MAX_WORDS_AFTER_CUE: Final = 8
MAX_BYLINE_WORDS: Final = 20
MAX_BYLINE_CHARACTERS: Final = 120
# In scripts without capitals only its length distinguishes a name from a sentence.
MAX_NAME_WORDS: Final = 4
MAX_DATE_LINE_WORDS: Final = 16
ANY_LENGTH: Final = 1_000
# Of a notice of cookies or of links that pay.
MAX_NOTICE_WORDS: Final = 120

# Every credit, date, breadcrumb and signed caption has one of these signs. The first two take a third of the time.
_ASCII_SIGN: Final = re.compile("[0-9:/>)]")
_SIGN_OR_LETTER: Final = re.compile("[\\d:：©/>›»→＝)）고모]")
_PATTERN_SIGN: Final = re.compile("[\\d:：©/>›»→＝]|[)）]$|고 있다\\. |모습")
# `Follow the Harbour Post on Facebook`
_FOLLOW: Final = re.compile(
    r"\W{0,3}(?:follow|like|join|folgen?|folg|suivez|rejoignez|retrouvez|sigue|síguenos|sigan|siga|segui|unisciti|volg|följ"
    r"|følg|seuraa|obserwuj|śledź|sledujte|urmărește|kövess|kövesse|ikuti|gabung|theo dõi"
    r"|читайте|подпис\w+|следите|підпис\w+"
    r"|تابعوا?|تابعونا|دنبال)\s.{0,80}?(?<!\w)(?:facebook|twitter|instagram|whatsapp|telegram\w*|youtube"
    r"|tiktok|google news|linkedin|bluesky|threads|телеграм\w*|наш\w* канал\w*|تلغرام|واتساب|تلگرام)(?!\w)"
    r"|更多.{0,16}(?:下载|下載|关注|關注)",
    re.IGNORECASE,
)
MAX_FOLLOW_WORDS: Final = 18
_READING_TIME: Final = re.compile(
    r"\W*(?:(?:temps de lecture|lesedauer|lesezeit|reading time|tiempo de lectura|tempo di lettura|tempo de leitura"
    r"|leestijd|lästid|czas czytania|время чтения|час читання|okuma süresi|lukuaika)\W{0,3}(?:env\.|ca\.)?"
    r"\s?\d{1,3}\s?\w{0,8}\.?"
    r"|\d{1,3}[\s-](?:min(?:ute[ns]?)?|minuti|minutos|мин)\.?\s"
    r"(?:read|de lecture|lesezeit|de lectura|di lettura|de leitura|leestijd))",
    re.IGNORECASE,
)
# `Ann Lee / NORBY (NA)`
_OUTLET_BEHIND: Final = re.compile(r"\s/\s(?=[^a-zà-ÿ]+$)[^\W\d_]{2,},?\s\([^\W\d_]+\)$")
_COPYRIGHT: Final = re.compile(r"(?:©|\(c\)|copyright)\W{0,3}(?:copyright\W{0,3})?(?:19|20)\d\d", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Rule:
    """The most words a line may have to be labelled by its cue: the surer the cue, the longer the line."""

    reason: LineReason
    whole_line: bool = True
    """Whether the cue may be the whole line."""
    with_separator: int = 0
    """Words of a line with a colon, bar or dash after the cue."""
    long_cue: int = 0
    """Words of a line whose cue has several words."""
    short_rest: int = 0
    """Words of a line with few words after the cue that end no sentence."""
    sentences: bool = False
    """Whether the line may end as a sentence does."""


_RULES: Final = {
    "related": _Rule(LineReason.RELATED, with_separator=ANY_LENGTH, long_cue=40),
    "comment": _Rule(LineReason.COMMENT, long_cue=6, short_rest=4),
    "share": _Rule(LineReason.SHARE, long_cue=6, short_rest=3),
    "newsletter": _Rule(
        LineReason.NEWSLETTER, with_separator=MAX_WORDS_AFTER_CUE, long_cue=30, short_rest=4, sentences=True
    ),
    "legal": _Rule(LineReason.LEGAL, with_separator=14, long_cue=14, short_rest=14, sentences=True),
    "notice": _Rule(LineReason.LEGAL, long_cue=MAX_NOTICE_WORDS, sentences=True),
    "menu": _Rule(LineReason.MENU, short_rest=4),
    "section": _Rule(LineReason.SECTION),
    "advert": _Rule(LineReason.BOILERPLATE),
    "profile": _Rule(LineReason.BOILERPLATE, with_separator=MAX_CAPTION_WORDS, sentences=True),
    "tags": _Rule(LineReason.TAGS, with_separator=ANY_LENGTH),
    "agency": _Rule(LineReason.AGENCY, whole_line=False, with_separator=16, long_cue=16, sentences=True),
    "picture": _Rule(LineReason.CREDIT),
    "credit": _Rule(LineReason.CREDIT, whole_line=False, with_separator=25, sentences=True),
}


def label_line(line: Line) -> LineReason | None:
    """Return what a line surely is; None if it may be article text or if only its neighbours can decide."""
    reason = label_words(line)
    if reason is not None or line.word_count > MAX_CAPTION_WORDS:
        return reason
    if is_reporter(line.text):
        return LineReason.BYLINE
    sign = (_ASCII_SIGN if line.text.isascii() else _SIGN_OR_LETTER).search(line.text)
    return _label_by_pattern(line.text) if sign and _PATTERN_SIGN.search(line.text, sign.start()) else None


def label_words(line: Line) -> LineReason | None:
    """Return what a line surely is by its words alone."""
    reason = next((reason for cue in line.cues if (reason := _label_by_cue(cue, line))), None)
    if reason is not None or line.word_count > MAX_CAPTION_WORDS:
        return reason
    inner_kinds = find_inner_kinds(line.text)
    if RIGHTS in inner_kinds:
        return LineReason.LEGAL
    if line.word_count <= MAX_FOLLOW_WORDS and _FOLLOW.match(line.text):
        return LineReason.SHARE
    if OFFER in inner_kinds and line.word_count >= MIN_OFFER_WORDS:
        return LineReason.NEWSLETTER
    return LineReason.BYLINE if line.word_count <= MAX_BYLINE_WORDS and is_byline_of_role(line.text) else None


def _label_by_pattern(text: str) -> LineReason | None:
    folded = text.lower()
    if ("©" in folded or "(c)" in folded or "copyright" in folded) and _COPYRIGHT.search(text):
        return LineReason.LEGAL
    if read_caption(text) is not None:
        return LineReason.CAPTION
    if _READING_TIME.fullmatch(text):
        return LineReason.BOILERPLATE
    if (outlet := _OUTLET_BEHIND.search(text)) and is_name(text[: outlet.start()]):
        return LineReason.BYLINE
    if is_date_line(text):
        return LineReason.DATE_LINE
    return LineReason.SECTION if read_section(text) else None


def _label_by_cue(cue: Cue, line: Line) -> LineReason | None:
    if cue.kind in {"published", "modified"}:
        return LineReason.DATE_LINE if line.word_count <= MAX_DATE_LINE_WORDS and has_year(line.text) else None
    if cue.kind == "byline":
        return LineReason.BYLINE if cue.is_whole_line or _introduces_name(cue, line) else None
    if cue.kind == "editor" and cue.has_separator and read_persons(cue.rest.rstrip(".")):
        return LineReason.BYLINE
    rule = _RULES.get(cue.kind)
    return rule.reason if rule and _applies(rule, cue, line) else None


def _applies(rule: _Rule, cue: Cue, line: Line) -> bool:
    if cue.is_whole_line:
        return rule.whole_line
    if line.ends_sentence and not rule.sentences:
        return False
    max_words = max(
        rule.with_separator if cue.has_separator else 0,
        rule.long_cue if cue.word_count > 1 else 0,
        rule.short_rest if line.word_count - cue.word_count <= MAX_WORDS_AFTER_CUE and not line.ends_sentence else 0,
    )
    return line.word_count <= max_words


def _introduces_name(cue: Cue, line: Line) -> bool:
    """Return whether mostly words with capitals follow, as in names; after a colon, anything short."""
    if line.word_count > MAX_BYLINE_WORDS or not 0 < len(cue.rest) <= MAX_BYLINE_CHARACTERS:
        return False
    if cue.word_count > 1 and read_persons(cue.rest.rstrip(".")):
        return True
    if cue.has_separator:
        return not line.ends_sentence or line.bare.endswith(".")
    words = cue.rest.split()
    if cue.rest[0].lower() == cue.rest[0].upper():
        return not line.ends_sentence and len(words) <= MAX_NAME_WORDS
    capitals = sum(word[:1].isupper() or not word[:1].isalpha() for word in words)
    return not line.ends_sentence and cue.rest[0].isupper() and capitals * 2 >= len(words)
