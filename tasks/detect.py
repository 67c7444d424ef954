"""Detect the language of an article, and the languages of parts that are in another.

A sample of the longest lines decides, as menus are short. First come scripts of one language; then langdetect's
profiles and CLD2, which knows more languages; then the words that distinguish close languages. A language that the page
or the source declares breaks ties and overrules nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from heapq import nlargest
from typing import Final

from tasks.language.cld2 import Cld2Result, detect_by_cld2
from tasks.language.combine import UNKNOWN, are_close, combine_detectors, detect_by_langdetect
from tasks.language.scripts import (
    LANGUAGE_OF_SCRIPT,
    OTHER_LANGUAGES_OF_SCRIPT,
    UNIQUE_LETTERS,
    count_forms,
    count_scripts,
)
from tasks.text.characters import clean_line
from warehouse.model.records import ExtractedArticle, Language, LanguageShare

# A text may be one line of many megabytes.
MAX_TEXT_CHARACTERS: Final = 200_000
MAX_CLD2_CHARACTERS: Final = 2_000
# With more characters for langdetect's profiles accuracy does not rise, time does.
MAX_SAMPLE_CHARACTERS: Final = 300
MAX_SAMPLE_LINES: Final = 20
# The title is added to a shorter text.
MIN_TEXT_CHARACTERS_WITHOUT_TITLE: Final = 200
MIN_LETTERS: Final = 12
MIN_SCRIPT_SHARE: Final = 0.5
# A shorter Japanese text may have no kana.
MIN_HAN_WITHOUT_KANA: Final = 40
# Smaller parts in another language are not reported.
MIN_OTHER_LANGUAGE_SHARE: Final = 0.1
# Paragraphs are checked if CLD2 sees this much of another language.
MIN_OTHER_LANGUAGE_PERCENT: Final = 5
MAX_SCRIPT_CONFIDENCE: Final = 0.99
LETTERS_CONFIDENCE: Final = 0.97
# Fewer letters of another language may come from a single name.
MIN_UNIQUE_LETTER_SHARE: Final = 0.01
MAX_PARAGRAPHS: Final = 40
MIN_PARAGRAPH_LETTERS: Final = 40
MIN_PARAGRAPH_CONFIDENCE: Final = 0.8

_NOT_WORDS: Final = re.compile(r"(?:https?://|www\.)\S+|#\w+|[\d_]+")
# In a text without the sign of e-mail it is sought in vain, for a third of the time.
_NOT_WORDS_NOR_MAIL: Final = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+|[@#]\w+|[\d_]+")
_TAG: Final = re.compile(r"([a-zA-Z]{2,3})(?:[-_](\w+))?(?:[-_].*)?")
_ALIASES: Final = {"no": "nb", "iw": "he", "in": "id", "ji": "yi", "fil": "tl", "cn": "zh", "jp": "ja", "sh": "sr"}
_CHINESE_TAGS: Final = {
    "hans": "zh-Hans",
    "cn": "zh-Hans",
    "sg": "zh-Hans",
    "hant": "zh-Hant",
    "tw": "zh-Hant",
    "hk": "zh-Hant",
}


def detect(article: ExtractedArticle, declared: str | None, *, langdetect_alone: bool = False) -> ExtractedArticle:
    """Return the article with its language, `und` if unknown, and the languages of its parts; never raises.

    `declared` is the source's language (BCP 47); if None, the page's declaration is used. With `langdetect_alone` only
    langdetect's profiles answer, and no declaration or part is considered.
    """
    lines = article.paragraphs.beginning(MAX_TEXT_CHARACTERS)
    if len(article.paragraphs.text) < MIN_TEXT_CHARACTERS_WITHOUT_TITLE:
        lines = [_first_value(article, "title")[:MAX_SAMPLE_CHARACTERS], *lines]
    if langdetect_alone:
        return replace(article, language=_detect_by_langdetect_alone(lines))
    declared = _normalize_tag(_first_value(article, "language") if declared is None else declared)
    language, cld2 = _detect_lines(lines, declared)
    language, others = _detect_parts(lines, language, cld2, declared)
    return replace(article, language=language, languages=others)


def _first_value(article: ExtractedArticle, field: str) -> str:
    values = (candidate.values for candidate in article.candidates if candidate.field == field and candidate.values)
    return next(values, ("",))[0]


def detect_language(text: str, declared: str | None = None) -> Language:
    """Return the language of a text by its longest lines; the same text has the same answer on every machine."""
    return _detect_lines(text[:MAX_TEXT_CHARACTERS].splitlines(), _normalize_tag(declared))[0]


def detect_by_langdetect_alone(text: str) -> Language:
    """Return the language of a text by langdetect's profiles alone; `und` for a text of few letters."""
    return _detect_by_langdetect_alone(text[:MAX_TEXT_CHARACTERS].splitlines())


def _detect_by_langdetect_alone(lines: list[str]) -> Language:
    longest = nlargest(MAX_SAMPLE_LINES, lines, key=len)
    return detect_by_langdetect(_words_only(_join_sample(longest, MAX_SAMPLE_CHARACTERS)))


def _detect_lines(lines: list[str], declared: str | None) -> tuple[Language, Cld2Result]:
    longest = nlargest(MAX_SAMPLE_LINES, lines, key=len)
    sample = _words_only(_join_sample(longest, MAX_SAMPLE_CHARACTERS))
    long_sample = _join_sample(longest, MAX_CLD2_CHARACTERS)
    cld2 = detect_by_cld2(long_sample.lower() if sample.islower() else long_sample)
    scripts = count_scripts(sample)
    letters = scripts.total()
    if language := _by_script(sample, scripts, cld2, declared):
        return language, cld2
    if letters < MIN_LETTERS:
        return UNKNOWN, cld2
    return combine_detectors(sample, scripts.most_common(1)[0][0], letters, cld2, declared), cld2


def _join_sample(longest: list[str], max_characters: int) -> str:
    """Join the longest lines; no line is more than half of the sample, so that one quotation cannot decide."""
    if len(longest) == 1:
        return clean_line(longest[0][:max_characters])
    return clean_line(" ".join(line[: max_characters // 2] for line in longest)[:max_characters])


def _words_only(text: str) -> str:
    """Drop addresses and figures; lower a text of mostly capitals, which langdetect would skip as acronyms."""
    text = (_NOT_WORDS_NOR_MAIL if "@" in text else _NOT_WORDS).sub(" ", text)
    start = text[:MAX_SAMPLE_CHARACTERS]
    if sum(map(str.isupper, start)) * 2 <= sum(map(str.isalpha, start)):
        return text
    return text.replace("İ", "i").lower()


def _normalize_tag(declared: str | None) -> str | None:
    """Return the BCP 47 tag that we use for a declared language; None if it is no tag."""
    match = _TAG.fullmatch((declared or "").strip())
    if not match:
        return None
    primary, subtag = match[1].lower(), (match[2] or "").lower()
    if primary == "zh":
        return _CHINESE_TAGS.get(subtag, "zh")
    return "pt-BR" if (primary, subtag) == ("pt", "br") else _ALIASES.get(primary, primary)


def _by_script(sample: str, scripts: Counter[str], cld2: Cld2Result, declared: str | None) -> Language | None:
    """Return the language that the script or unique letters of the sample identify."""
    letters = scripts.total()
    if not letters:
        return UNKNOWN
    # A Han character carries as much as two or three letters.
    if 2 * scripts["Han"] + scripts["Kana"] > max(MIN_SCRIPT_SHARE * (letters + scripts["Han"]), scripts["Hangul"]):
        return _chinese_or_japanese(sample, scripts, declared)
    script, count = scripts.most_common(1)[0]
    if script != "Latin" and (language := _by_unique_letters(sample, letters)):
        return language
    if script not in LANGUAGE_OF_SCRIPT or count <= MIN_SCRIPT_SHARE * letters:
        return None
    tag = cld2.tag if cld2.tag in OTHER_LANGUAGES_OF_SCRIPT.get(script, ()) else LANGUAGE_OF_SCRIPT[script]
    return Language(tag, round(MAX_SCRIPT_CONFIDENCE - (1 - count / letters) / 5, 3))


def _by_unique_letters(sample: str, letters: int) -> Language | None:
    """Return the language whose unique letters are too frequent to come from a single name."""
    counts = Counter(sample.lower())
    for language, unique_letters in UNIQUE_LETTERS.items():
        if sum(counts[letter] for letter in unique_letters) >= max(2, MIN_UNIQUE_LETTER_SHARE * letters):
            return Language(language, LETTERS_CONFIDENCE)
    return None


def _chinese_or_japanese(sample: str, scripts: Counter[str], declared: str | None) -> Language:
    kana, han = scripts["Kana"], scripts["Han"]
    if kana > 0.04 * (kana + han):
        return Language("ja", 0.99)
    if han < MIN_HAN_WITHOUT_KANA and declared == "ja":
        return Language("ja", 0.7)
    simplified, traditional = count_forms(sample)
    if simplified > 3 * traditional:
        return Language("zh-Hans", 0.97)
    if traditional > 3 * simplified:
        return Language("zh-Hant", 0.97)
    return Language(declared if declared in ("zh-Hans", "zh-Hant") else "zh", 0.95)


def _detect_parts(
    lines: list[str], language: Language, cld2: Cld2Result, declared: str | None
) -> tuple[Language, tuple[LanguageShare, ...]]:
    """Return the language of most letters, and the others with more than a tenth of them, the largest first."""
    candidates = [(cld2.tag, cld2.percent), *cld2.others]
    if not any(
        tag and percent >= MIN_OTHER_LANGUAGE_PERCENT and not _is_same_or_close(language.tag, tag)
        for tag, percent in candidates
    ):
        return language, ()
    letters: Counter[str] = Counter()
    by_tag = {language.tag: language}
    for line in nlargest(MAX_PARAGRAPHS, lines, key=len):
        size = sum(map(str.isalpha, line[:MAX_CLD2_CHARACTERS]))
        if size < MIN_PARAGRAPH_LETTERS:
            break
        part = _detect_lines([line], declared)[0]
        # A doubtful line, or one in a close language, counts as the main language.
        is_main = part.confidence < MIN_PARAGRAPH_CONFIDENCE or _is_same_or_close(language.tag, part.tag)
        letters[language.tag if is_main else part.tag] += size
        by_tag.setdefault(part.tag, part)
    if not letters:
        return language, ()
    (first, _), *rest = letters.most_common()
    shares = [(tag, count / letters.total()) for tag, count in rest]
    return by_tag[first], tuple(
        LanguageShare(tag, round(share, 3)) for tag, share in shares if share > MIN_OTHER_LANGUAGE_SHARE
    )


def _is_same_or_close(tag: str, other: str) -> bool:
    """Return whether two tags are of one language, or of close ones that a single line cannot distinguish."""
    return tag.partition("-")[0] == other.partition("-")[0] or are_close(tag, other)
