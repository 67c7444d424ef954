"""Tags of HTML inside texts that should have none: embedded data and feeds often have them."""

from __future__ import annotations

import re
from typing import Final

_NAMES: Final = (
    "a|abbr|acronym|address|article|aside|audio|b|big|blockquote|body|button|caption|center|cite|code|col|dd|del|details|"
    "dfn|div|dl|dt|em|embed|figcaption|figure|font|footer|form|h[1-6]|head|header|html|i|iframe|input|ins|kbd|label|li|"
    "link|main|mark|meta|nav|noscript|object|ol|picture|pre|q|s|samp|script|section|small|source|span|strike|strong|"
    "style|sub|summary|sup|svg|table|tbody|td|tfoot|th|thead|time|tr|tt|u|ul|var|video"
)
# These are written without an end tag too.
_SINGLE_NAMES: Final = "br|hr|img|li|p|wbr"
_TAG: Final = re.compile(rf"<(?:!--[^<>]*--|(/?)({_NAMES}|{_SINGLE_NAMES})(?:[\s/][^<>]*)?)>", re.IGNORECASE)
# Words are not apart that only these stand between.
INLINE_TAGS: Final = frozenset({"em", "i", "b", "strong", "span", "a", "u", "mark", "sup", "sub", "q", "cite"})
_IS_SINGLE: Final = re.compile(_SINGLE_NAMES, re.IGNORECASE)


def strip_tags(text: str, between: str = " ") -> str:
    """Return a text with `between` in place of its tags; words such as `<ferry-map>` and a lone `<b>` are text."""
    if "<" not in text:
        return text
    folded = text.casefold()
    closed: dict[str, bool] = {}

    def replace(match: re.Match[str]) -> str:
        slash, name = match[1], match[2]
        if name is None or _IS_SINGLE.fullmatch(name):
            return between
        other = (f"<{name}" if slash else f"</{name}").casefold()
        if other not in closed:  # one search for each name: a text may have very many tags
            closed[other] = other in folded
        if not closed[other]:
            return match[0]
        return "" if name.casefold() in INLINE_TAGS else between

    return _TAG.sub(replace, text)
