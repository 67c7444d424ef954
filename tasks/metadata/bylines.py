"""Bylines: the names in a line such as `By Ann Lee and Bob Ray, Political Editors`.

Names stay as printed, in any script and case. Cut off are words such as `By`, roles after a comma, addresses, handles,
and the agency or place after `with` and `in`. A byline that is the name of an outlet stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from tasks.metadata.agencies import find_agencies
from tasks.metadata.byline_names import DATED, EDGES, LABEL, read_name, without_opening
from tasks.metadata.printed_dates import without_date
from tasks.text.characters import clean_line

# A longer line is prose.
MAX_BYLINE_CHARACTERS: Final = 300
_ADDRESS: Final = re.compile(
    r"\(?\bhttps?://\S+|[(<\[]?[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}[)>\]]?|(?<!\w)@\w+|(?<=[^\W\d_])@\w+$"
)
_PICTURES: Final = (
    r"images?|pictures?|photos?|photograph\w*|foto['’]s|fotos?|fotogr\w+|bild(?:er)?|illustrations?|videos?|kamera|kuvat?|ảnh|"
    r"fotoğraf\w*|görüntü\w*|zdjęcia|zdj\.|фото|камера|видео|відео|φωτογραφίες|写真|撮影|사진|تصوير"
)
# `Text and photos: Ann Lee`
_BOTH: Final = re.compile(
    rf"(?:{LABEL}|words|글)\s?(?:[,&/·・+]|\s(?:and|und|et|e|y|i|och|og|en|ja|và|и|та|ve)\s)\s?(?:{_PICTURES})(?!\w)"
    r"\s?(?:[:：=]|\s(?:by|von|par|de|di|av)(?=\s))?",
    re.IGNORECASE,
)
_OTHER_WORK: Final = re.compile(
    rf"(?:(?<![\s,;/|(–-])[\s,;/|(–-]++)?\b(?:{_PICTURES}|edited|(?:责任|責任)?(?:编辑|編輯)|责编|校对)"
    r"(?:\s+(?:by|von|par|de|di)\b|\s?[:：/／=]).*",
    re.IGNORECASE | re.DOTALL,
)
_PHOTOGRAPHER: Final = re.compile(
    r"(?:\s(?:and|und|sowie|et|y|e)\s)?(?:(?!\s(?:and|und|sowie|et|y|e)\s)[^,;()]){2,60}\((?:fotos?|photos?|bilder?|video)\)",
    re.IGNORECASE,
)
_SEPARATOR: Final = re.compile(r"(?:(?<!\s)\s++)?[|•·;；、﹑/／\n,，،]\s*|(?<!\s)\s++[–—&+-]\s+")
_AND: Final = re.compile(
    r"(?<!\s)\s++(?:and|und|sowie|et|og|och|та|ve|және|và|dan|dhe|และ|و|और|和|及|및)\s+", re.IGNORECASE
)
# Beside a person the desk has not written.
_DESK: Final = re.compile(
    r"(?:la\s|de\s)?(?:rédaction|redaktion|redacción|redazione|redação|redactie|редакция)", re.IGNORECASE
)
# These words are also parts of names, or words of other languages (`Ortega y Gasset`): they separate names of two words
# or more only.
_ANDS: Final = {
    "es": "y|e", "ca": "i", "gl": "e", "it": "e|ed", "pt": "e", "pl": "i|oraz", "hr": "i", "bs": "i", "sr": "i|и",
    "ru": "и", "bg": "и", "mk": "и", "uk": "і|й", "be": "і", "cs": "a", "sk": "a", "sl": "in", "nl": "en", "af": "en",
    "fi": "ja", "et": "ja", "ro": "și|şi", "lv": "un", "lt": "ir", "hu": "és", "el": "και", "sw": "na", "tl": "at",
    "eu": "eta",
}  # fmt: skip
_CHINESE_NAMES: Final = re.compile(r"[一-鿿]{2,4}(?:\s[一-鿿]{2,4})+")
_BRACKETED: Final = re.compile(r"(?:(?<!\s)\s++)?[(\[][^()\[\]]*[)\]]")
_ROLE: Final = re.compile(
    r"\b(?:writers?|reporter(?:s|in)?|editors?|correspondents?|columnists?|contributors?|producers?|analysts?|"
    r"journalist\w*|mitarbeiter\w*|verslaggever\w*|inviat[oaie]|enviad[oa]s? especia\w+|rep[oó]rter\w*|redakt\w+|"
    r"redact\w+|rédact\w+|[ck]orrespond\w+|corrispondent\w+|corresponsal\w*|"
    r"periodista\w*|jornalista\w*|giornalista\w*|dziennikarz\w*|volontär\w*|chefredakt\w*|envoyée?s? spécial\w*|"
    r"корреспондент\w*|журналист\w*|обозреватель|редактор\w*|muhabir\w*|wartawan)\b",
    re.IGNORECASE,
)
_HOST: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,4}")
# `Dalla nostra inviata Ann Lee`, `De notre correspondant à Rome, Ann Lee`
_OUR_ROLE: Final = re.compile(
    r"(?:(?:[Dd]e|[Dd]al|[Dd]alla|[Ff]rom|[Vv]an|[Dd]oor|[Oo]d|[Ff]ra|[Vv]on|[Pp]ar|[Pp]or|[Bb]y)\s+)?"
    r"(?:[Oo]ur|[Nn]otre|[Nn]ostr[oa]|[Nn]uestr[oa]|[Nn]oss[oa]|[Oo]nze|[Vv]år|[Vv]ores|[Nn]asz\w{0,3}|[Нн]аш\w{0,3})\s+"
    r"(?:[^\W\d_A-ZÀ-ÞА-Я][\w-]*\s+){1,3}?(?:(?:à|in|a|en|em|w|te|в)\s+[A-ZÀ-ÞА-Я][\w-]+(?:\s[A-ZÀ-ÞА-Я][\w-]+)?,\s*)?"
    r"(?=[A-ZÀ-ÞА-Я]\S*\s+\S)"
)
_FULL_NAME: Final = re.compile(r"[A-ZÀ-ÞА-Я][\w'’.-]*(?:\s[\w'’.-]+){1,3}")
_LOWER_WORDS: Final = re.compile(r"(?:(?:By|Von|Par|Por|Door|Di|Av|Od)\s)?[a-zà-ÿа-я][^A-ZÀ-ÞА-Я]*")
_CHINESE_ROLES: Final = frozenset(
    {"通讯员", "通訊員", "实习生", "實習生", "记者", "記者", "摄影", "攝影", "编辑", "編輯"}
)
# `Ann Lee | Norby`, `Ann Lee - Reuters`: one word behind a full name is a place or an outlet.
_PLACE_BEHIND: Final = re.compile(
    r"(?<=\w)(?:(?<!\s)\s++[–—-](?=\s)|(?:(?<!\s)\s++)?[|•·/／])[\s|•·/／–—-]*(?<=[\s|•·/／])[^\s|•·/／,;&]+$"
)
# `Ana Prado, Vale News — Monte Alto`: behind the outlet stands the place.
_OUTLET_AND_PLACE: Final = re.compile(r"(?<=\w),\s[^,–—|•&/]{2,30}\s[–—]\s[^,–—|•&/]{2,40}$")
# `Ana Prado e Bruno Leite, de Monte Alto`
_PLACE_PART: Final = re.compile(r"(?:de|da|do|em|en|in|aus|à|from|desde)\s[A-ZÀ-Þ]\S*(?:\s\S+){0,3}")
_INITIALS: Final = re.compile(r"[a-zà-ž]{1,2}")
_SUFFIX: Final = re.compile(r"(?:jr|sr|ii|iii|iv)\.?", re.IGNORECASE)
# Behind a full name: `Ann Lee, MSc, RD`.
_DEGREE: Final = re.compile(r"\s*(?:[A-Z][a-z]?\.?){1,3}[A-Z][a-z]?\.?[®™]?\s*")
_DIGIT: Final = re.compile(r"\d")


def split_byline(byline: str, language: str | None = None) -> tuple[str, ...]:
    """Return the names in a byline as printed, in order, each once; empty if the line is no byline.

    `language` (BCP 47) decides which short words are prepositions and which join names.
    """
    line = clean_line(byline)
    return _split_line(line, language) if 0 < len(line) <= MAX_BYLINE_CHARACTERS else ()


# A page names its writers again and again, and a site the same ones on many pages.
@lru_cache(maxsize=1_000)
def _split_line(line: str, language: str | None) -> tuple[str, ...]:
    primary = re.split("[-_]", language or "")[0].lower()
    line = line[1:-1] if line[0] in "[(" and line[-1] in "])" else line
    line = _BRACKETED.sub("", _PHOTOGRAPHER.sub("", _ADDRESS.sub(" | ", line)))
    if DATED.search(line):
        line = without_date(line, language)
    line = _OUR_ROLE.sub("", _BOTH.sub("", line.lstrip(EDGES), count=1), count=1)
    line = without_opening(_OTHER_WORK.sub("", line), primary).strip(EDGES)
    if (match := _OUTLET_AND_PLACE.search(line)) and " " in line[: match.start()]:
        line = line[: match.start()]
    if (match := _PLACE_BEHIND.search(line)) and " " in line[: match.start()]:
        line = line[: match.start()]
    names: list[str] = []
    for part in _parts(line, primary):
        if names and _SUFFIX.fullmatch(part):
            names[-1] += f", {part}"
        elif names and " " in names[-1] and _DEGREE.fullmatch(part) and not find_agencies(part):
            continue
        elif name := read_name(part, primary):
            names.append(name)
    people: dict[str, str] = {}
    for number, name in enumerate(_without_others(names)):
        if not (number and _ROLE.search(name)):
            people.setdefault(name.casefold(), name)
    return tuple(people.values())


def _without_others(names: list[str]) -> list[str]:
    """Return the names without what stands behind the writers: the address of the site, its name, and times."""
    for pattern in (_HOST, _DESK, _INITIALS, _PLACE_PART):
        names = [name for name in names if not pattern.fullmatch(name)] or names
    names = [name for name in names if not _DIGIT.search(name)] or names
    # `By ANN LEE, Harbour Wire`
    in_capitals = [name for name in names if name.isupper() and " " in name]
    return in_capitals if names[:1] == in_capitals[:1] else names


def split_bylines(bylines: Iterable[str], language: str | None = None) -> tuple[str, ...]:
    """Return the names in the parts of one byline, each as `split_byline` gives them.

    Beside a full name stand roles, places of one word, and words such as `our reporter`.
    """
    first, *others = dict.fromkeys(name for byline in bylines for name in split_byline(byline, language)) or ("",)
    if _LOWER_WORDS.fullmatch(first) and others:
        first, *others = others
    if " " in first:
        others = [name for name in others if " " in name and not _ROLE.search(name)]
    return tuple(filter(None, (first, *(name for name in others if not _LOWER_WORDS.fullmatch(name)))))


def is_byline_of_role(line: str) -> bool:
    """Return whether a line is such as `From our correspondent in Rome, Ann Lee` or `Text and photos: Ann Lee`."""
    role = _OUR_ROLE.match(line)
    role = role if role and has_role(line[: role.end()]) else _BOTH.match(line)
    return role is not None and _FULL_NAME.fullmatch(line[role.end() :].strip()) is not None


def has_role(text: str) -> bool:
    """Return whether a text has a word for the role of a writer, such as `Editor`."""
    return _ROLE.search(text) is not None


def _parts(line: str, primary: str) -> list[str]:
    conjunctions = _ANDS.get(primary)
    parts: list[str] = []
    for part in (part for piece in _SEPARATOR.split(line) for part in _AND.split(piece)):
        if primary == "zh" and _CHINESE_NAMES.fullmatch(part.strip(EDGES)):
            parts += (name for name in part.split() if name not in _CHINESE_ROLES)
            continue
        names = re.split(rf"\s+(?:{conjunctions})\s+", part) if conjunctions else [part]
        parts += names if all(" " in name for name in names) else [part]
    return list(filter(None, parts))
