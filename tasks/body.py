"""Which lines of a text are its article: one stretch of them, decided as a whole, less what stands in its way.

Boilerplate comes in blocks, so the article is the stretch of lines with the greatest sum of scores (Bentley's maximum
segment). Prose outside it, and what else the page printed, counts for less the fewer words it shares with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from typing import Final

from tasks.lines import UNSPACED, Line
from tasks.scores import GOES_ON, PROSE, REPEATED
from warehouse.records import LineReason

LEAST: Final = 0.55
"""Score of the shortest article: a sentence of five words."""
ALIKE: Final = 0.15
"""Share of words in common from which a line counts in full."""
SUBHEADING: Final = 12
"""Words of the longest."""
LEAST_SUBHEADING: Final = 1
FEWEST_CLOCKS: Final = 3
"""Entries of a live report."""
NEAR: Final = 6
"""Lines below a heading in which another article begins."""
HEADLINE: Final = 4
"""Words of the shortest headline that is compared with what follows it."""
RESTATED: Final = 0.6
"""Share of a headline's words that the first paragraph under it has."""
ANNOUNCING: Final = (":", "：")
STRICT: Final = 1.6
"""How much what is no prose weighs at first, when it is not yet known what the article is about."""
STRANGE: Final = 0.12
"""What a line with no word in common still counts."""

_CONTENT: Final = re.compile(r"[^\W\d_]{5,}")
_CLOCK: Final = re.compile(r"\d{1,2}[:.h]\d{2}(?:\s?(?:Uhr|h|[ap]\.?m\.?))?", re.IGNORECASE)
_PAIR: Final = re.compile("(?=([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]{2}))")
_ENDS: Final = {LineReason.AGENCY, LineReason.TAGS, LineReason.CREDIT, LineReason.LEGAL, LineReason.COMMENT}
_CLOSERS: Final = {LineReason.RELATED, LineReason.COMMENT, LineReason.TAGS}


def find_body(lines: Sequence[Line], scores: Sequence[float]) -> tuple[int, int]:
    """First and last-but-one place of the article's stretch; equal where there is none."""
    begin, end = _greatest([score * STRICT if score < 0 else score for score in scores])
    words = words_of(lines[place] for place in range(begin, end) if scores[place] > PROSE)
    weighed = [
        score * min(1.0, max(STRANGE, likeness(line, words) / ALIKE))
        if score > PROSE and not begin <= place < end
        else score
        for place, (line, score) in enumerate(zip(lines, scores, strict=True))
    ]
    begin, end = _greatest(weighed)
    if sum(max(0.0, score) for score in scores[begin:end]) < LEAST:
        return 0, 0
    return begin, _closed(lines, scores, begin, end)


def keep_inside(lines: Sequence[Line], scores: Sequence[float], begin: int, end: int) -> set[int]:
    """Places of the stretch that are text: prose, and the short lines that belong to it."""
    kept = {place for place in range(begin, end) if scores[place] > 0 and lines[place].reason is None}
    for place in range(begin + 1, end - 1):
        if place not in kept and lines[place].reason is None and _belongs(lines, scores, kept, place):
            kept.add(place)
    # What the last line announces is not there: `Share this story on social media:`.
    if len(kept) > 1 and lines[max(kept)].text.endswith(ANNOUNCING):
        kept.remove(max(kept))
    return kept | _clocks(lines, kept, begin)


def _belongs(lines: Sequence[Line], scores: Sequence[float], kept: set[int], place: int) -> bool:
    """Whether a short line goes on from the one above, as verses and lists do, or is a subheading of the next."""
    line, before = lines[place], lines[place - 1]
    if place - 1 not in kept or scores[place] <= REPEATED:
        return False
    if before.text.endswith((*ANNOUNCING, *GOES_ON)) or (line.bullet and before.bullet):
        return True
    between = scores[place - 1] > PROSE < scores[place + 1] and lines[place + 1].reason is None
    return between and not line.bullet and LEAST_SUBHEADING <= line.words <= SUBHEADING


def _clocks(lines: Sequence[Line], kept: set[int], begin: int) -> set[int]:
    """The times above the entries of a live report, the first included; a single one is when an article appeared."""
    clocks = {place for place in range(max(0, begin - 1), max(kept, default=0)) if _CLOCK.fullmatch(lines[place].bare)}
    above = {place for place in clocks if place + 1 in kept}
    return above if len(above) >= FEWEST_CLOCKS else set()


def words_of(text: Iterable[Line]) -> Counter[str]:
    """How many lines of a text have each of its longer words; in scripts without spaces each pair of letters."""
    return Counter(word for line in text for word in _content(line))


def likeness(line: Line, words: Container[str]) -> float:
    """The share of a line's longer words that are among `words`."""
    said = _content(line)
    return sum(word in words for word in said) / len(said) if said else ALIKE


def _closed(lines: Sequence[Line], scores: Sequence[float], begin: int, end: int) -> int:
    """Where the stretch ends at the latest: before the lines that close an article, if something else follows them."""
    prose = 0
    for place in range(begin, end):
        prose += scores[place] > PROSE
        if lines[place].reason not in _CLOSERS or not prose:
            continue
        first = place
        while first > begin and lines[first - 1].reason in _ENDS:
            first -= 1
        if (prose > 1 and _closes(lines[place], credited=first < place)) or _opens_another(lines, scores, place):
            return first
    return end


def _closes(line: Line, credited: bool) -> bool:
    alone = any(cue.alone for cue in line.cues)
    return line.reason is LineReason.TAGS or (alone and (credited or line.reason is LineReason.COMMENT))


def _opens_another(lines: Sequence[Line], scores: Sequence[float], place: int) -> bool:
    """Whether a heading such as `Read also` is followed by a headline and by prose that says the same again."""
    if lines[place].reason is not LineReason.RELATED or not any(cue.alone for cue in lines[place].cues):
        return False
    below = range(place + 1, min(len(lines), place + 1 + NEAR))
    prose = next((lower for lower in below if scores[lower] > PROSE), None)
    if prose is None:
        return False
    said = words_of([lines[prose]])
    headlines = (lines[upper] for upper in range(place + 1, prose) if lines[upper].reason is None)
    return any(line.words >= HEADLINE and likeness(line, said) >= RESTATED for line in headlines)


def _greatest(scores: Sequence[float]) -> tuple[int, int]:
    best, total, begin = 0.0, 0.0, 0
    found = (0, 0)
    for place, score in enumerate(scores):
        if total <= 0:
            total, begin = 0.0, place
        total += score
        if total > best:
            best, found = total, (begin, place + 1)
    return found


def _content(line: Line) -> set[str]:
    text = line.text[:4_000].casefold()
    if text.isascii() or not UNSPACED.search(text):
        return set(_CONTENT.findall(text))
    pairs = {pair[1] for pair in _PAIR.finditer(text)}
    return pairs.union(word for word in _CONTENT.findall(text) if not UNSPACED.search(word))
