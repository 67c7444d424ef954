"""Texts that were quoted in an e-mail: their lines begin with `>`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

# Of the characters of a text, in lines with the mark; menus have it too, as an arrow before each entry.
MIN_QUOTED_SHARE: Final = 0.6
MIN_QUOTED_LINES: Final = 3

_MARK: Final = re.compile(r">(?:\s?>)*+(?:\s|$)")


def without_quote_marks(lines: Sequence[str]) -> list[str]:
    """Return the lines without the marks of a quotation, if most of the text is quoted; else as they are."""
    marks = [_MARK.match(line) if line.startswith(">") else None for line in lines]
    quoted = [line for line, mark in zip(lines, marks, strict=True) if mark]
    if len(quoted) < MIN_QUOTED_LINES or sum(map(len, quoted)) < MIN_QUOTED_SHARE * sum(map(len, lines)):
        return list(lines)
    return [line[mark.end() :] if mark else line for line, mark in zip(lines, marks, strict=True)]
