"""The name in one part of a byline: `Ann Lee` of `by Ann Lee, for the Harbour Post`.

Cut off are words such as `By` before it, and the role, the agency and the place behind it.
"""

from __future__ import annotations

import re
from typing import Final

from tasks.metadata.agencies import find_agencies

MAX_NAME_CHARACTERS: Final = 80
LABEL: Final = (
    "written by|reported by|story by|posted by|words by|text by|author of the article|author|authors|reporter|"
    "staff reporter|"
    "autor|autorin|autoren|autorka|autori|autore|auteur|auteurs|autores|autora|text|texte|texto|testo|tekst|tekstas|"
    "текст|автор|авторы|автори|penulis|yazan|haber|szerző|författare|forfatter|skribent|kirjoittaja|"
    "مراسل|بقلم|كتب|كتبت|المؤلف|الكاتب|نویسنده|מאת|คอลัมน์|ผู้เขียน|tác giả|συντάκτης|"
    "文|作者|撰文|撰稿|筆者|執筆|取材|लेखक|रिपोर्टर|रिपोर्ट|ผู้สื่อข่าว|autorin/autor|redacción|pewarta|wartawan|jurnalis|"
    "kontributor|muhabir|yazar|journalist|kirjoittanut|toimittaja|opracowanie|redaktor|подготовила?|підготувала?|"
    "người viết|phóng viên|bài|تقرير|إعداد|گزارش|گزارشگر|خبرنگار|авторка|автори"
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
    rf"(?:{LABEL})\s?[:：/／|・＝]\s*|"
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
_TRAILING_AND: Final = re.compile(r"\s(?:and|und|et|y|og|och|&|\+)$", re.IGNORECASE)
# `Ann Lee STT`
_AGENCY_BEHIND: Final = re.compile(r"(?<=[a-zà-ÿ])\s([A-Z]{2,5})$")
# `港日報社会部 高美玲`
_EASTERN_DESK: Final = re.compile(r"[一-鿿]{2,12}[部局]\s([一-鿿]{2,3}\s?[一-鿿]{1,2})")
_LEADING_AND: Final = re.compile(r"^(?:and|und|et|og|och|&|\+)\s+", re.IGNORECASE)
_WITH_AGENCY: Final = re.compile(
    r"(?:^|(?<!\s)\s++)(?:with|mit|avec|con|com|met|med|für|for the|para|pour|special (?:to|for)|at the|from the)\s+.*",
    re.IGNORECASE | re.DOTALL,
)
# `ANN LEE FOR HARBOUR ONLINE`, `Ann Lee For Harbour.com`
_FOR_OUTLET: Final = re.compile(r"\s(?:FOR\s+[A-Z].*|For\s+\S+\.[a-z]{2,4})$")
_IN_PLACE: Final = re.compile(r"(?<=\w)[\s,]+(?:in|reporting from|aus|à|em|en|from)\s+(?=[^\W\d_a-z])[\w .,'’-]+$")
_TAIL: Final = re.compile(
    r"(?<!\s)\s++(?:기자|특파원|记者|記者|(?:last )?(?:updated|published|posted)|aktualisiert|publié|mis à jour"
    r"|actualizado|im gespräch|im interview|lesezeit|reading time|yesterday|gestern"
    r"|\d+ (?:min|hours?|days?)(?:\sago)?|(?:am|on|le|el|at|um)$)"
    r"(?!\w).*",
    re.IGNORECASE | re.DOTALL,
)
_NO_NAME: Final = re.compile(
    r"(?:(?:last |first )?(?:updated|published|posted|modified)|aktualisiert|veröffentlicht|stand|publié|mis à jour|"
    r"publicado|actualizado|\d+ min).*|phd|ph\.d\.?|md|m\.d\.?|mba|rn|esq\.?|null|none|n/a|admin|undefined|unknown|"
    r"agencies|agences|agenturen|agencias|agenzie|anonymous|"
    rf"(?:{LABEL}):?|por|par|door|di|av|af|oleh|írta|"
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
# `노르비신문 김하나 기자`, `세종=김하나 기자`: only the last word is the name.
_KOREAN_REPORTER: Final = re.compile(
    r"(?:.*[\s=])?([가-힣]{2,4})\s?(?:선임|수습|인턴|전문|객원)?\s?(?:기자|특파원)(?:$|\s.*)", re.DOTALL
)
_DOUBLED: Final = re.compile(r"^(\S{2,}\s\S.{1,38}?)\s?\1$")
_TWO_LETTERS: Final = re.compile(r"[^\W\d_].*[^\W\d_]", re.DOTALL)
DATED: Final = re.compile(r"(?<!\w)(?:19|20)\d\d(?!\d)|\d\s?[/.:]\s?\d")
_INITIAL: Final = re.compile(r"(?<!\w)\w{1,2}\.$")
EDGES: Final = ' \t,;:|/·•→–—-*"“”«»()[]<>（）〔〕【】'


def read_name(part: str, primary: str) -> str | None:
    """Return the name in a part of a byline, without agency, place or time; None if it is no name."""
    if korean := _KOREAN_REPORTER.fullmatch(part):
        return korean[1]
    part = _DOUBLED.sub(r"\1", part)
    without_tail = _TAIL.sub("", _LEADING_AND.sub("", part.strip(EDGES)))
    without_tail = without_tail[match.end() :] if (match := _ROLE_BEFORE.match(without_tail)) else without_tail
    role = _ROLE_AFTER.search(without_tail)
    if role and " " in without_tail[: role.start()]:
        without_tail = without_tail[: role.start()]
    name = without_opening(_IN_PLACE.sub("", _WITH_AGENCY.sub("", _FOR_OUTLET.sub("", without_tail))), primary).strip(
        EDGES
    )
    name = _TRAILING_AND.sub("", name)
    if (agency := _AGENCY_BEHIND.search(name)) and find_agencies(agency[1]) == (agency[1],):
        name = name[: agency.start()]
    name = desk[1] if (desk := _EASTERN_DESK.fullmatch(name)) else name
    if name.endswith(".") and not _INITIAL.search(name):
        name = name[:-1].strip(EDGES)
    if (
        not _TWO_LETTERS.search(name)
        or DATED.search(name)
        or len(name) > MAX_NAME_CHARACTERS
        or _NO_NAME.fullmatch(name)
    ):
        return None
    return name


def without_opening(line: str, primary: str) -> str:
    """Return a line without the label or preposition at its start, such as `Author:` and `von`."""
    names = line.lstrip(EDGES)
    for _ in range(2):
        if match := _LEADING_LABEL.match(names):
            names = names[match.end() :]
    word, _, rest = names.partition(" ")
    if rest and word.rstrip(":").casefold() == _PREPOSITION.get(primary):
        return rest
    return names if primary else _ANY_PREPOSITION.sub("", names, count=1)
