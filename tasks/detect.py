"""The language of an article.

A sample of its longest lines decides, as menus are short: first by scripts and letters that one language owns, then by
langdetect, whose 54 profiles know nothing of other languages and answer for them with a neighbour; what the page or
the source declares settles such cases, and breaks ties, but never overrules a sure answer.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import replace
from heapq import nlargest
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tasks.characters import clean_line, split_lines
from tasks.scripts import LETTERS_OF, OWNED, count_scripts
from warehouse.records import ExtractedArticle, Language

if TYPE_CHECKING:
    from langdetect.detector_factory import DetectorFactory

SEEN: Final = 200_000
"""Characters of a text that are looked at; a text may be one line of many megabytes."""
SAMPLE: Final = 500
"""Characters that are judged; accuracy does not rise beyond, time does."""
SHORT_BODY: Final = 200
"""Below this the title is added."""
FEWEST_LETTERS: Final = 20
SURE: Final = 0.9
MOST: Final = 0.5
UNRESOLVED: Final = 0.5
"""A probability below which an answer counts only where it was declared."""
HEADLINE: Final = 40
"""Han characters below which Japanese may do without kana."""
ENOUGH: Final = 5
"""Telling characters of one way of writing Chinese, and none of the other, that make it certain."""
UNKNOWN: Final = Language("und", 0.0)

_NO_WORDS: Final = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+|[@#]\w+|[\d_]+")
_TAG: Final = re.compile(r"([a-zA-Z]{2,3})(?:[-_].*)?")
_ALIASES: Final = {"nb": "no", "nn": "no", "iw": "he", "in": "id", "ji": "yi", "fil": "tl", "cn": "zh", "jp": "ja"}
# What langdetect answers for a language that it lacks, or tells from its twin by chance.
_TAKEN_FOR: Final = {
    "az": {"tr"}, "be": {"ru", "uk", "bg"}, "bho": {"hi", "mr", "ne"}, "br": {"cy", "fr", "nl"}, "bs": {"hr", "sl"},
    "ckb": {"fa", "ur", "ar"}, "da": {"no"}, "eo": {"es", "it", "pt", "sl"}, "eu": {"es", "et", "tl", "hu"},
    "fo": {"da", "no", "sv"}, "ga": {"cy"}, "gl": {"pt", "es"}, "ha": {"so", "sw", "tl", "id"}, "hr": {"sl"},
    "ig": {"so", "sw", "tl"}, "is": {"da", "no", "sv", "et"}, "jv": {"id", "tl"}, "kk": {"ru", "bg", "mk"},
    "ku": {"tr", "sq"}, "ky": {"ru", "bg", "mk"}, "la": {"it", "ro", "es"}, "lb": {"de", "nl", "af"},
    "mg": {"so", "tl", "sw"}, "mn": {"ru", "bg", "mk"}, "ms": {"id", "tl"}, "mt": {"it", "sq", "so"}, "no": {"da"},
    "oc": {"ca", "fr", "es"}, "ps": {"fa", "ur", "ar"}, "rw": {"sw", "so", "tl"}, "sa": {"hi", "mr", "ne"},
    "sd": {"ur", "fa", "ar"}, "sn": {"sw", "so", "tl"}, "sr": {"hr", "sl", "mk", "bg"}, "su": {"id", "tl"},
    "tg": {"ru", "bg", "mk"}, "tt": {"ru", "bg", "mk"}, "uz": {"tr", "so", "id"}, "xh": {"sw", "so", "tl"},
    "yo": {"vi", "so", "sw"}, "zu": {"sw", "so", "tl"},
}  # fmt: skip
# Frequent characters that only one of the two ways of writing Chinese has.
_SIMPLIFIED: Final = frozenset("们国这来时说对发会为个实现东产业进动华义长开问经济关与过还种电车")
_TRADITIONAL: Final = frozenset("們國這來時說對發會為個實現東產業進動華義長開問經濟關與過還種電車")

_loading: Final = threading.Lock()
_profiles: DetectorFactory | None = None


def detect(found: ExtractedArticle, declared: str | None) -> ExtractedArticle:
    """The article with its language, `und` where it cannot be known; never raises.

    `declared` is what the source says (BCP 47); without it, what the page says.
    """
    if declared is None:
        declared = next((c.values[0] for c in found.candidates if c.field == "language" and c.values), None)
    sample = _sample(found.text)
    if len(sample) < SHORT_BODY:
        title = next((c.values[0] for c in found.candidates if c.field == "title" and c.values), "")
        sample = f"{title[:SAMPLE]}\n{sample}"
    return replace(found, language=detect_language(sample, declared))


def detect_language(text: str, declared: str | None = None) -> Language:
    """The language of a text, of which the longest lines are judged; the same text has the same answer everywhere."""
    sample = _NO_WORDS.sub(" ", clean_line(_sample(text)))
    tag = _primary(declared)
    scripts = count_scripts(sample)
    letters = scripts.total()
    if owned := _by_script(sample, scripts, letters, tag):
        return owned
    if letters < FEWEST_LETTERS:
        return UNKNOWN
    return _by_profiles(sample, letters, tag)


def _sample(text: str) -> str:
    """The longest lines, up to `SAMPLE` characters; no line is more than half of it, lest one quotation decide."""
    lines = nlargest(20, split_lines(text[:SEEN]), key=len)
    taken = "\n".join(line[: SAMPLE // 2] for line in lines)
    return (taken if len(lines) > 1 else "".join(lines))[:SAMPLE]


def _primary(declared: str | None) -> str | None:
    match = _TAG.fullmatch((declared or "").strip())
    return _ALIASES.get(match[1].lower(), match[1].lower()) if match else None


def _by_script(sample: str, scripts: Counter[str], letters: int, declared: str | None) -> Language | None:
    """The language whose own script or letters carry the sample."""
    if not letters:
        return None
    if scripts["Han"] + scripts["Kana"] > max(MOST * letters, scripts["Hangul"]):
        return _chinese_or_japanese(sample, scripts, declared)
    script, count = scripts.most_common(1)[0]
    share = count / letters
    if own := _by_letters(sample, letters):
        return own
    if script == "Ethiopic":
        return Language("ti" if declared == "ti" else "am", 0.8)
    return Language(OWNED[script], round(0.8 + 0.19 * share, 3)) if script in OWNED and share > MOST else None


def _by_letters(sample: str, letters: int) -> Language | None:
    """The language whose own letters stand in the sample often enough to be no single name."""
    counts = Counter(sample.lower())
    for language, own in LETTERS_OF.items():
        if sum(counts[letter] for letter in own) >= max(2, 0.004 * letters):
            return Language(language, 0.9)
    return None


def _chinese_or_japanese(sample: str, scripts: Counter[str], declared: str | None) -> Language:
    kana, han = scripts["Kana"], scripts["Han"]
    if kana > 0.04 * (kana + han):
        return Language("ja", 0.99)
    if han < HEADLINE:
        return Language("ja" if declared == "ja" else "zh", 0.7)
    simplified = sum(character in _SIMPLIFIED for character in sample)
    traditional = sum(character in _TRADITIONAL for character in sample)
    if max(simplified, traditional) < ENOUGH or min(simplified, traditional):
        return Language("zh", 0.97)
    return Language("zh-Hans" if simplified else "zh-Hant", 0.98)


def _by_profiles(sample: str, letters: int, declared: str | None) -> Language:
    answers = _ask(_lowered(sample))
    if not answers:
        return UNKNOWN
    tag, probability = answers[0]
    if declared and declared != tag:
        if tag in _TAKEN_FOR.get(declared, ()):
            return Language(declared, 0.7)
        if probability < SURE and declared in dict(answers):
            return Language(declared, 0.6)
    if probability < UNRESOLVED and declared != tag:
        return UNKNOWN
    # Few letters leave langdetect as sure as many do, and wrong more often.
    trust = 0.95 if letters >= SHORT_BODY else 0.6 + 0.35 * letters / SHORT_BODY
    if declared:
        trust = 0.98 if declared == tag else trust * 0.8
    return Language(tag, round(probability * trust, 3))


def _lowered(text: str) -> str:
    """In lower case if it is mostly capitals, which langdetect passes over as acronyms."""
    capitals = sum(character.isupper() for character in text)
    return text.lower() if capitals * 2 > sum(character.isalpha() for character in text) else text


def _ask(text: str) -> list[tuple[str, float]]:
    """langdetect's answers, best first. A seeded detector of its own a text: the same answer in every thread."""
    from langdetect.lang_detect_exception import LangDetectException

    detector = _load().create()
    try:
        detector.append(text)
        answers = detector.get_probabilities()
    except LangDetectException:
        return []
    return [(answer.lang.split("-")[0], answer.prob) for answer in answers]


def _load() -> DetectorFactory:
    """The profiles, read once a process; in the order of their names, as that of a folder differs between machines."""
    global _profiles  # noqa: PLW0603
    with _loading:
        if _profiles is None:
            from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

            factory = DetectorFactory()
            paths = sorted(path for path in Path(PROFILES_DIRECTORY).iterdir() if not path.name.startswith("."))
            factory.load_json_profile([path.read_text("utf-8") for path in paths if path.is_file()])
            factory.set_seed(0)
            _profiles = factory
        return _profiles
