"""The entries of a live report in a text: a time, and what stands below it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from tasks.boilerplate.line import Line

MIN_LIVE_REPORT_CLOCKS: Final = 3
# The time and the heading of an entry.
MAX_LINES_ABOVE_FIRST_ENTRY: Final = 2

_CLOCK: Final = re.compile(r"\d{1,2}[:.h]\d{2}(?:\s?(?:Uhr|h|[ap]\.?m\.?))?", re.IGNORECASE)


def find_live_report(lines: Sequence[Line], selected: set[int]) -> set[int]:
    """Return the whole entries of a live report: a time, and what stands between it and the entry's last selected line.

    A single time is that of the publication.
    """
    last = max(selected)
    span = range(max(0, min(selected) - MAX_LINES_ABOVE_FIRST_ENTRY), last)
    clocks = [index for index in span if lines[index].reason is None and _CLOCK.fullmatch(lines[index].bare)]
    if len({lines[index].bare for index in clocks}) < MIN_LIVE_REPORT_CLOCKS:
        return set()
    entries: set[int] = set()
    for clock, end in pairwise([*clocks, last + 1]):
        if inside := [index for index in range(clock, end) if index in selected]:
            entries.update(index for index in range(clock, max(inside)) if lines[index].reason is None)
    return entries | _last_entries(lines, last + 1)


def _last_entries(lines: Sequence[Line], begin: int) -> set[int]:
    """Return the lines of the entries from `begin` on: a time and what stands below it, with a sentence."""
    indexes: set[int] = set()
    entry: list[int] = []
    for index, line in enumerate([*lines[begin:], None], begin):
        is_clock = line is not None and line.reason is None and _CLOCK.fullmatch(line.bare) is not None
        if line is None or line.reason is not None or is_clock:
            if any(lines[number].ends_sentence for number in entry):
                indexes.update(entry)
            entry = [index] if is_clock else []
        elif entry:
            entry.append(index)
        else:
            break
    return indexes
