"""The language of an article, and of those parts of it that are in another.

A sample of its longest lines decides, as menus are short: first by scripts that one language owns; then by langdetect's
profiles and by CLD2, which knows the languages that langdetect takes for their neighbours; then by the words that tell
such neighbours apart. What the page or the source declares breaks ties, and overrules nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from heapq import nlargest
from typing import Final

from tasks.language.cld2 import Opinion, second_opinion
from tasks.language.close_languages import family_of
from tasks.language.combine import UNKNOWN, by_langdetect, weigh
from tasks.language.scripts import LETTERS_OF, OWNED, SHARERS, count_forms, count_scripts
from tasks.text.characters import clean_line
from warehouse.model.records import ExtractedArticle, Language, LanguageShare

SEEN: Final = 200_000
"""Characters of a text that are looked at; a text may be one line of many megabytes."""
JUDGED: Final = 2_000
"""Characters that CLD2 reads."""
SAMPLE: Final = 300
"""Characters that are looked up in langdetect's profiles; accuracy does not rise beyond, time does."""
LINES: Final = 20
SHORT_BODY: Final = 200
"""Characters below which the title is added."""
FEWEST_LETTERS: Final = 12
MOST: Final = 0.5
FEW_HAN: Final = 40
"""Han characters below which Japanese may do without kana."""
PART: Final = 0.1
"""The share of a text above which another language is named."""
HINT: Final = 5
"""Percent of a text from which CLD2's word for another language is looked into."""
OWNED_SURE: Final = 0.99
LETTERS_SURE: Final = 0.97
OWN_SHARE: Final = 0.01
"""The share of a language's own letters in a text that is in it."""
PARAGRAPHS: Final = 40
PARAGRAPH_LETTERS: Final = 40
PARAGRAPH_SURE: Final = 0.8

_NO_WORDS: Final = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+|[@#]\w+|[\d_]+")
_TAG: Final = re.compile(r"([a-zA-Z]{2,3})(?:[-_](\w+))?(?:[-_].*)?")
_ALIASES: Final = {"no": "nb", "iw": "he", "in": "id", "ji": "yi", "fil": "tl", "cn": "zh", "jp": "ja", "sh": "sr"}
_FORMS: Final = {
    "hans": "zh-Hans",
    "cn": "zh-Hans",
    "sg": "zh-Hans",
    "hant": "zh-Hant",
    "tw": "zh-Hant",
    "hk": "zh-Hant",
}


def detect(found: ExtractedArticle, declared: str | None, *, alone: bool = False) -> ExtractedArticle:
    """The article with its language, `und` where it cannot be known, and the languages of its parts; never raises.

    `declared` is what the source says (BCP 47); without it, what the page says. `alone` asks langdetect and no other.
    """
    if declared is None:
        declared = next((c.values[0] for c in found.candidates if c.field == "language" and c.values), None)
    lines = found.paragraphs.beginning(SEEN)
    if len(found.paragraphs.text) < SHORT_BODY:
        title = next((c.values[0] for c in found.candidates if c.field == "title" and c.values), "")
        lines = [title[:SAMPLE], *lines]
    if alone:
        return replace(found, language=by_langdetect(_words(_longest(lines, SAMPLE))))
    language, opinion = _judge(lines, _normal(declared))
    language, others = _with_parts(lines, language, opinion, _normal(declared))
    return replace(found, language=language, languages=others)


def detect_language(text: str, declared: str | None = None, *, alone: bool = False) -> Language:
    """The language of a text, of which the longest lines are judged; the same text has the same answer everywhere."""
    lines = text[:SEEN].splitlines()
    return by_langdetect(_words(_longest(lines, SAMPLE))) if alone else _judge(lines, _normal(declared))[0]


def _judge(lines: list[str], declared: str | None) -> tuple[Language, Opinion]:
    sample = _words(_longest(lines, SAMPLE))
    judged = _longest(lines, JUDGED)
    opinion = second_opinion(judged.lower() if sample.islower() else judged)
    scripts = count_scripts(sample)
    letters = scripts.total()
    if language := _by_script(sample, scripts, opinion, declared):
        return language, opinion
    if letters < FEWEST_LETTERS:
        return UNKNOWN, opinion
    return weigh(sample, scripts.most_common(1)[0][0], letters, opinion, declared), opinion


def _longest(lines: list[str], most: int) -> str:
    """The longest lines, up to so many characters; no line is more than half of it, lest one quotation decide."""
    if len(lines) == 1:
        return clean_line(lines[0][:most])
    return clean_line(" ".join(line[: most // 2] for line in nlargest(LINES, lines, key=len))[:most])


def _words(text: str) -> str:
    """Without addresses and figures; in lower case if it is mostly capitals, which langdetect takes for acronyms."""
    text = _NO_WORDS.sub(" ", text)
    start = text[:SAMPLE]
    if sum(map(str.isupper, start)) * 2 <= sum(map(str.isalpha, start)):
        return text
    return text.replace("İ", "i").lower()


def _normal(declared: str | None) -> str | None:
    """The language of a declaration, as it is tagged here; None where it is no tag."""
    match = _TAG.fullmatch((declared or "").strip())
    if not match:
        return None
    primary, more = match[1].lower(), (match[2] or "").lower()
    if primary == "zh":
        return _FORMS.get(more, "zh")
    return "pt-BR" if (primary, more) == ("pt", "br") else _ALIASES.get(primary, primary)


def _by_script(sample: str, scripts: Counter[str], opinion: Opinion, declared: str | None) -> Language | None:
    """The language whose own script or letters carry the sample."""
    letters = scripts.total()
    if not letters:
        return UNKNOWN
    # A Han character says as much as two or three letters.
    if 2 * scripts["Han"] + scripts["Kana"] > max(MOST * (letters + scripts["Han"]), scripts["Hangul"]):
        return _chinese_or_japanese(sample, scripts, declared)
    script, count = scripts.most_common(1)[0]
    if script != "Latin" and (own := _by_letters(sample, letters)):
        return own
    if script not in OWNED or count <= MOST * letters:
        return None
    tag = opinion.tag if opinion.tag in SHARERS.get(script, ()) else OWNED[script]
    return Language(tag, round(OWNED_SURE - (1 - count / letters) / 5, 3))


def _by_letters(sample: str, letters: int) -> Language | None:
    """The language whose own letters stand in the sample often enough to be no single name."""
    counts = Counter(sample.lower())
    for language, own in LETTERS_OF.items():
        if sum(counts[letter] for letter in own) >= max(2, OWN_SHARE * letters):
            return Language(language, LETTERS_SURE)
    return None


def _chinese_or_japanese(sample: str, scripts: Counter[str], declared: str | None) -> Language:
    kana, han = scripts["Kana"], scripts["Han"]
    if kana > 0.04 * (kana + han):
        return Language("ja", 0.99)
    if han < FEW_HAN and declared == "ja":
        return Language("ja", 0.7)
    simplified, traditional = count_forms(sample)
    if simplified > 3 * traditional:
        return Language("zh-Hans", 0.97)
    if traditional > 3 * simplified:
        return Language("zh-Hant", 0.97)
    return Language(declared if declared in ("zh-Hans", "zh-Hant") else "zh", 0.95)


def _with_parts(
    lines: list[str], language: Language, opinion: Opinion, declared: str | None
) -> tuple[Language, tuple[LanguageShare, ...]]:
    """The language of most of a text's letters, and the others that more than a tenth of them is in, largest first."""
    heard = [(opinion.tag, opinion.percent), *opinion.others]
    if not any(tag and percent >= HINT and not _same(language.tag, tag) for tag, percent in heard):
        return language, ()
    letters: Counter[str] = Counter()
    told = {language.tag: language}
    for line in nlargest(PARAGRAPHS, lines, key=len):
        size = sum(map(str.isalpha, line[:JUDGED]))
        if size < PARAGRAPH_LETTERS:
            break
        part = _judge([line], declared)[0]
        # A doubtful line, or one in a twin of the text's language, is no other language's.
        main = part.confidence < PARAGRAPH_SURE or _same(language.tag, part.tag)
        letters[language.tag if main else part.tag] += size
        told.setdefault(part.tag, part)
    if not letters:
        return language, ()
    (first, _), *rest = letters.most_common()
    shares = [(tag, count / letters.total()) for tag, count in rest]
    return told[first], tuple(LanguageShare(tag, round(share, 3)) for tag, share in shares if share > PART)


def _same(one: str, other: str) -> bool:
    """Whether two tags are of one language, or of twins that a single line cannot tell apart."""
    if one.partition("-")[0] == other.partition("-")[0]:
        return True
    family = family_of(one)
    return family is not None and other in family.languages
