"""Keep passwords out of whatever is shown or kept: the one place that knows how they stand in text."""

from __future__ import annotations

import re
from typing import Final

_AUTHORITY: Final = re.compile(r"[^/?#\s]*")
_HOST: Final = re.compile(r"""(?:\[[^\[\]]*\]|[^\[\]:<>"'\\]*)(?::\d*)?""")
MARK: Final = "…@"


def redact(text: str, mark: str = MARK) -> str:
    """Return a text with `mark` in the place of user and password of every address in it; linear in its length.

    It makes no difference that an address is not valid, lacks its scheme, or that its password holds an `@` or a slash
    (not both: what follows `u:p@host/` is a path); where it is not clear where a password begins, more is taken out.
    """
    if "@" not in text:
        return text
    *before, last = text.split("@")
    pieces, in_user = [], False
    for part in before:
        start = _user(part, in_user=in_user)
        if start is None:
            pieces.append(f"{part}@")
        elif start or not in_user:
            pieces.append(part[:start] + mark)
        in_user = start is not None
    return "".join([*pieces, last])


def _user(part: str, *, in_user: bool) -> int | None:
    """Return where the user and password begin that end with a part of a text before an `@`; None if it is no password.

    `in_user` says that the part before this one was of a user or password too.
    """
    starts = [0] if in_user else []
    starts += [match.end() for match in re.finditer("//", part)]
    for start in starts:
        authority = _AUTHORITY.match(part, start)
        end = authority.end() if authority else start
        if end == len(part) or not _HOST.fullmatch(part, start, end):
            return start
    if part.endswith(MARK[0]):
        return len(part) - 1
    word = "" if part[-1:].isspace() else part[-1:] and part.rsplit(None, 1)[-1]
    start = len(part) - len(word)
    # What follows a user and password without a space is their host, which was looked at above.
    return start if ":" in word and "//" not in word and not (in_user and start == 0) else None
