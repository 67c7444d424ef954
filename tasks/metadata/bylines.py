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
from tasks.metadata.printed_dates import without_date
from tasks.text.characters import clean_line

# A longer line is prose.
MAX_BYLINE_CHARACTERS: Final = 300
MAX_NAME_CHARACTERS: Final = 80

_ADDRESS: Final = re.compile(
    r"\(?\bhttps?://\S+|[(<\[]?[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}[)>\]]?|(?<!\w)@\w+|(?<=[^\W\d_])@\w+$"
)
_LABEL: Final = (
    "written by|reported by|story by|posted by|words by|text by|author of the article|author|authors|reporter|"
    "staff reporter|"
    "autor|autorin|autoren|autorka|autori|autore|auteur|auteurs|autores|autora|text|texte|texto|testo|tekst|tekstas|"
    "текст|автор|авторы|автори|penulis|yazan|haber|szerző|författare|forfatter|skribent|kirjoittaja|"
    "مراسل|بقلم|كتب|كتبت|المؤلف|الكاتب|نویسنده|מאת|คอลัมน์|ผู้เขียน|tác giả|συντάκτης|"
    "文|作者|撰文|撰稿|筆者|執筆|取材|लेखक|रिपोर्टर|रिपोर्ट|ผู้สื่อข่าว|autorin/autor|redacción|pewarta|wartawan|jurnalis|"
    "kontributor|muhabir|yazar|journalist|kirjoittanut|toimittaja|opracowanie|redaktor|подготовила?|підготувала?|"
    "người viết|phóng viên|bài|تقرير|إعداد|گزارش|گزارشگر|خبرنگار|авторка|автори"
)
_PICTURES: Final = (
    r"images?|pictures?|photos?|photograph\w*|foto['’]s|fotos?|fotogr\w+|bild(?:er)?|illustrations?|videos?|kamera|kuvat?|ảnh|"
    r"fotoğraf\w*|görüntü\w*|zdjęcia|zdj\.|фото|камера|видео|відео|φωτογραφίες|写真|撮影|사진|تصوير"
)
# `Text and photos: Ann Lee`
_BOTH: Final = re.compile(
    rf"(?:{_LABEL}|words|글)\s?(?:[,&/·・+]|\s(?:and|und|et|e|y|i|och|og|en|ja|và|и|та|ve)\s)\s?(?:{_PICTURES})(?!\w)"
    r"\s?(?:[:：=]|\s(?:by|von|par|de|di|av)(?=\s))?",
    re.IGNORECASE,
)
# Of a link to a writer's other articles: `Show all posts by Ann Lee`.
_OTHER_POSTS: Final = (
    r"(?:(?:view|see|show|read) )?(?:(?:all|more) )?(?:posts|articles|stories) (?:by|of|from|about)"
    r"|read more (?:about|from|by)|(?:zum |zur )?(?:profil|autorenseite) von"
    r"|(?:zeige? )?(?:alle|weitere|mehr) (?:artikel|beiträge|einträge) von"
    r"|(?:voir )?tous les (?:articles|billets) (?:de|par)"
    r"|(?:ver )?tod[ao]s (?:las|los|os|as) (?:entradas|artículos|artigos|posts) de|tutti gli articoli di"
    r"|alle (?:artikelen|berichten) van|visa alla inlägg av|(?:zobacz )?wszystkie wpisy"
)
_WRITTEN_BY: Final = (
    "(?:erstellt|geschrieben|verfasst|veröffentlicht) von|(?:écrit|publié|rédigé|posté) par"
    "|(?:escrito|publicado|creado) por|(?:scritto|pubblicato) da|(?:geschreven|geplaatst) door"
    "|(?:skrevet|skrivet) a[fv]|napisan[ey] przez"
)
_LEADING_LABEL: Final = re.compile(
    rf"(?:{_OTHER_POSTS}|{_WRITTEN_BY}"
    r"|more (?:about|from|by)|this (?:post|article|story) (?:was|is) written by)\s+|"
    r"(?:(?:ein(?:e)?\s)?(?:gast)?(?:kolumne|kommentar|analyse|bericht|reportage|interview|essay|rezension|beitrag)\s+von"
    r"|(?:une?\s)?(?:chronique|analyse|tribune|reportage|article|propos recueillis)\s+(?:de|par))\s+|"
    rf"(?:{_LABEL})\s?[:：/／|・＝]\s*|"
    r"(?:(?:written|reported|story|posted|words|text|interview|analysis|opinion|review|commentary|column)\s+)?by[:\s]\s*|"
    r"(?:بقلم|מאת|โดย|γράφει\s[οη]|του|της)\s+"
    r"|[一-鿿]{0,6}?(?:记者|記者)[:：\s]*"
    # An agency alone behind it would leave nobody.
    r"|(?:la\s)?(?:rédaction|redaktion|redacción|redazione|redação)\s(?:avec|mit|con|com)\s(?=(?-i:[A-ZÀ-Þ][a-zà-ÿ]+\s+[A-ZÀ-Þ]))",
    re.IGNORECASE,
)
_PREPOSITION: Final = {
    "de": "von", "fr": "par", "es": "por", "pt": "por", "ca": "per", "it": "di", "nl": "door", "sv": "av", "no": "av",
    "nb": "av", "nn": "av", "da": "af", "id": "oleh", "ms": "oleh", "ro": "de", "sw": "na", "tl": "ni", "is": "eftir",
    "gl": "por", "lb": "vum", "hu": "írta", "pl": "autor", "af": "deur",
}  # fmt: skip
_ANY_PREPOSITION: Final = re.compile(r"(?:Von|VON|Par|PAR|Por|POR|Door|DOOR|Oleh|OLEH)\s+(?=\S+\s+\S)")
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
_TRAILING_AND: Final = re.compile(r"\s(?:and|und|et|y|og|och|&|\+)$", re.IGNORECASE)
# `Ann Lee STT`
_AGENCY_BEHIND: Final = re.compile(r"(?<=[a-zà-ÿ])\s([A-Z]{2,5})$")
# `港日報社会部 高美玲`
_EASTERN_DESK: Final = re.compile(r"[一-鿿]{2,12}[部局]\s([一-鿿]{2,3}\s?[一-鿿]{1,2})")
# Beside a person the desk has not written.
_DESK: Final = re.compile(
    r"(?:la\s|de\s)?(?:rédaction|redaktion|redacción|redazione|redação|redactie|редакция)", re.IGNORECASE
)
_LEADING_AND: Final = re.compile(r"^(?:and|und|et|og|och|&|\+)\s+", re.IGNORECASE)
# These words are also parts of names, or words of other languages (`Ortega y Gasset`): they separate names of two words
# or more only.
_ANDS: Final = {
    "es": "y|e", "ca": "i", "gl": "e", "it": "e|ed", "pt": "e", "pl": "i|oraz", "hr": "i", "bs": "i", "sr": "i|и",
    "ru": "и", "bg": "и", "mk": "и", "uk": "і|й", "be": "і", "cs": "a", "sk": "a", "sl": "in", "nl": "en", "af": "en",
    "fi": "ja", "et": "ja", "ro": "și|şi", "lv": "un", "lt": "ir", "hu": "és", "el": "και", "sw": "na", "tl": "at",
    "eu": "eta",
}  # fmt: skip
_WITH_AGENCY: Final = re.compile(
    r"(?:^|(?<!\s)\s++)(?:with|mit|avec|con|com|met|med|für|for the|para|pour|special (?:to|for)|at the|from the)\s+.*",
    re.IGNORECASE | re.DOTALL,
)
# `ANN LEE FOR HARBOUR ONLINE`, `Ann Lee For Harbour.com`
_FOR_OUTLET: Final = re.compile(r"\s(?:FOR\s+[A-Z].*|For\s+\S+\.[a-z]{2,4})$")
_CHINESE_NAMES: Final = re.compile(r"[一-鿿]{2,4}(?:\s[一-鿿]{2,4})+")
_IN_PLACE: Final = re.compile(r"(?<=\w)[\s,]+(?:in|reporting from|aus|à|em|en|from)\s+(?=[^\W\d_a-z])[\w .,'’-]+$")
_TAIL: Final = re.compile(
    r"(?<!\s)\s++(?:기자|특파원|记者|記者|(?:last )?(?:updated|published|posted)|aktualisiert|publié|mis à jour"
    r"|actualizado|im gespräch|im interview|lesezeit|reading time|yesterday|gestern"
    r"|\d+ (?:min|hours?|days?)(?:\sago)?|(?:am|on|le|el|at|um)$)"
    r"(?!\w).*",
    re.IGNORECASE | re.DOTALL,
)
_BRACKETED: Final = re.compile(r"(?:(?<!\s)\s++)?[(\[][^()\[\]]*[)\]]")
_ROLE: Final = re.compile(
    r"\b(?:writers?|reporter(?:s|in)?|editors?|correspondents?|columnists?|contributors?|producers?|analysts?|"
    r"journalist\w*|mitarbeiter\w*|verslaggever\w*|inviat[oaie]|enviad[oa]s? especia\w+|rep[oó]rter\w*|redakt\w+|"
    r"redact\w+|rédact\w+|[ck]orrespond\w+|corrispondent\w+|corresponsal\w*|"
    r"periodista\w*|jornalista\w*|giornalista\w*|dziennikarz\w*|volontär\w*|chefredakt\w*|envoyée?s? spécial\w*|"
    r"корреспондент\w*|журналист\w*|обозреватель|редактор\w*|muhabir\w*|wartawan)\b",
    re.IGNORECASE,
)
_NO_NAME: Final = re.compile(
    r"(?:(?:last |first )?(?:updated|published|posted|modified)|aktualisiert|veröffentlicht|stand|publié|mis à jour|"
    r"publicado|actualizado|\d+ min).*|phd|ph\.d\.?|md|m\.d\.?|mba|rn|esq\.?|null|none|n/a|admin|undefined|unknown|"
    r"agencies|agences|agenturen|agencias|agenzie|anonymous|"
    rf"(?:{_LABEL}):?|por|par|door|di|av|af|oleh|írta|"
    r"by|von|and|und|editor|reporter|staff|(?:written|posted|reviewed|edited) by|the authors?|print|"
    r"(?:\d+ )?min(?:ute)?s?(?: read)?|.*\bcomments? so far|[a-z]+(?:\.[a-z]+){2,}|"
    r"(?:january|february|march|april|june|july|august|september|october|november|december|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)\.?|"
    r"autor(?:in)? (?:kontaktieren|folgen)|(?:contacter|suivre) l['’]aut(?:eur|rice)|contactar (?:al|a la) autora?|"
    r"(?:contatta|segui) l['’]autore|"
    r"(?:(?:send )?(?:an )?e-?mail|contact|follow)(?:\s(?:the )?(?:author|writer|reporter|editor|me|us|him|her|them))?|"
    r"(?:print|e-?mail|share|save|copy|listen to) (?:this|the|to a friend|link|friendly)\b.*|"
    r"drucken|imprimer|imprimir|stampa|"
    r"yesterday|today|gestern|heute|hier|aujourd’hui|ayer|ieri|ontem|dün|bugün|вчера|сегодня|أمس|اليوم|"
    r"(?:(?:责任|責任|本文|网络|網路)?(?:编辑|編輯|校对|校對|审核|審核))\s?[:：/／]?.*|"
    r"(?:view|see|more|all) (?:all )?(?:posts|articles|stories|from|by).*|[^\W\d_]*(?:報導|报导|報道|报道)",
    re.IGNORECASE,
)
_HOST: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,4}")
# `Ann LeeCorrespondent`, `Ann Lee Political Editor`: printed in another style, the role follows the name.
_ROLE_AFTER: Final = re.compile(
    r"(?<=\w)(?:\s+|(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ]))(?:(?:[Ss]enior|[Cc]hief|[Ss]taff|[Dd]eputy|[Pp]olitical|[Pp]arliamentary|[Ff]oreign|[Ss]pecial|"
    r"[Ss]ports?|[Bb]usiness|[Ee]conomics?|[Ss]cience|[Hh]ealth|[^\W\d_]*[Pp]olitische[rn]?|[Ff]reier?|[Ll]eitender?)\s+)*"
    r"(?:[Ww]riter|[Rr]eporter(?:in)?|[Ee]ditor|[Cc]orrespondent|[Cc]olumnist|[Jj]ournalist(?:in)?|"
    r"[KkCc]orrespondent(?:in|e)?|"
    r"[Rr]edakt(?:eur|or|ør|ör)(?:in)?|[Cc]or+esponsal|[Cc]orrispondente"
    r"|[Cc]orrespondant(?:e)?|[Ee]nviad[oa] especial|[Ee]nvoyée? spéciale?|[Ii]nviat[oa]|[Pp]eriodista"
    r"|[Jj]ornalista|[Gg]iornalista"
    r"|[Jj]ournaliste|[Rr]epórter|[Rr]edactora?|[Vv]erslaggever|[Кк]орреспондент|[Жж]урналист(?:ка)?|[Жж]урналіст(?:ка)?"
    r"|[Mm]uhabir|[Ff]ollow)(?:\s(?:in|en|à|a|em|aus|from|w|в)\s.*)?$"
)
# `Blatt-Redakteurin Ann Lee`: the role is a word with the name of the paper before it.
_ROLE_BEFORE: Final = re.compile(
    r"(?:(?:unser(?:e[rnm]?)?|our|guest|staff|senior|special|political|sports?|business)\s+)*"
    r"(?:(?:[^\W\d_]+-)?(?:redakteur|reporter|korrespondent|volontär|mitarbeiter|autor)(?:in)?"
    r"|redaktor(?:ka)?|reportér(?:ka)?|journaliste|periodista|giornalista|verslaggever|muhabir|korespondent(?:ka)?"
    r"|корреспондент|журналист(?:ка)?|журналіст(?:ка)?|contributor|columnist|correspondent|writer|editor)\s+(?=(?-i:[^\W\d_a-zà-ÿ])\S*\s+\S)",
    re.IGNORECASE,
)
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
# `노르비신문 김하나 기자`, `세종=김하나 기자`: only the last word is the name.
_KOREAN_REPORTER: Final = re.compile(
    r"(?:.*[\s=])?([가-힣]{2,4})\s?(?:선임|수습|인턴|전문|객원)?\s?(?:기자|특파원)(?:$|\s.*)", re.DOTALL
)
# `Ana Prado, Vale News — Monte Alto`: behind the outlet stands the place.
_OUTLET_AND_PLACE: Final = re.compile(r"(?<=\w),\s[^,–—|•&/]{2,30}\s[–—]\s[^,–—|•&/]{2,40}$")
# `Ana Prado e Bruno Leite, de Monte Alto`
_PLACE_PART: Final = re.compile(r"(?:de|da|do|em|en|in|aus|à|from|desde)\s[A-ZÀ-Þ]\S*(?:\s\S+){0,3}")
_INITIALS: Final = re.compile(r"[a-zà-ž]{1,2}")
_DOUBLED: Final = re.compile(r"^(\S{2,}\s\S.{1,38}?)\s?\1$")
_SUFFIX: Final = re.compile(r"(?:jr|sr|ii|iii|iv)\.?", re.IGNORECASE)
# Behind a full name: `Ann Lee, MSc, RD`.
_DEGREE: Final = re.compile(r"\s*(?:[A-Z][a-z]?\.?){1,3}[A-Z][a-z]?\.?[®™]?\s*")
_TWO_LETTERS: Final = re.compile(r"[^\W\d_].*[^\W\d_]", re.DOTALL)
_DATED: Final = re.compile(r"(?<!\w)(?:19|20)\d\d(?!\d)|\d\s?[/.:]\s?\d")
_DIGIT: Final = re.compile(r"\d")
_INITIAL: Final = re.compile(r"(?<!\w)\w{1,2}\.$")
_EDGES: Final = ' \t,;:|/·•→–—-*"“”«»()[]<>（）〔〕【】'


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
    if _DATED.search(line):
        line = without_date(line, language)
    line = _OUR_ROLE.sub("", _BOTH.sub("", line.lstrip(_EDGES), count=1), count=1)
    line = _without_opening(_OTHER_WORK.sub("", line), primary).strip(_EDGES)
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
        elif name := _name(part, primary):
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


def _without_opening(line: str, primary: str) -> str:
    """Return a line without the label or preposition at its start, such as `Author:` and `von`."""
    names = line.lstrip(_EDGES)
    for _ in range(2):
        if match := _LEADING_LABEL.match(names):
            names = names[match.end() :]
    word, _, rest = names.partition(" ")
    if rest and word.rstrip(":").casefold() == _PREPOSITION.get(primary):
        return rest
    return names if primary else _ANY_PREPOSITION.sub("", names, count=1)


def _parts(line: str, primary: str) -> list[str]:
    conjunctions = _ANDS.get(primary)
    parts: list[str] = []
    for part in (part for piece in _SEPARATOR.split(line) for part in _AND.split(piece)):
        if primary == "zh" and _CHINESE_NAMES.fullmatch(part.strip(_EDGES)):
            parts += (name for name in part.split() if name not in _CHINESE_ROLES)
            continue
        names = re.split(rf"\s+(?:{conjunctions})\s+", part) if conjunctions else [part]
        parts += names if all(" " in name for name in names) else [part]
    return list(filter(None, parts))


def _name(part: str, primary: str) -> str | None:
    """Return the name in a part of a byline, without agency, place or time; None if it is no name."""
    if korean := _KOREAN_REPORTER.fullmatch(part):
        return korean[1]
    part = _DOUBLED.sub(r"\1", part)
    without_tail = _TAIL.sub("", _LEADING_AND.sub("", part.strip(_EDGES)))
    without_tail = without_tail[match.end() :] if (match := _ROLE_BEFORE.match(without_tail)) else without_tail
    role = _ROLE_AFTER.search(without_tail)
    if role and " " in without_tail[: role.start()]:
        without_tail = without_tail[: role.start()]
    name = _without_opening(_IN_PLACE.sub("", _WITH_AGENCY.sub("", _FOR_OUTLET.sub("", without_tail))), primary).strip(
        _EDGES
    )
    name = _TRAILING_AND.sub("", name)
    if (agency := _AGENCY_BEHIND.search(name)) and find_agencies(agency[1]) == (agency[1],):
        name = name[: agency.start()]
    name = desk[1] if (desk := _EASTERN_DESK.fullmatch(name)) else name
    if name.endswith(".") and not _INITIAL.search(name):
        name = name[:-1].strip(_EDGES)
    if (
        not _TWO_LETTERS.search(name)
        or _DATED.search(name)
        or len(name) > MAX_NAME_CHARACTERS
        or _NO_NAME.fullmatch(name)
    ):
        return None
    return name
