"""Even cuts of an input, and the stamps by which a split knows that its files have changed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Final

MIN_SPLIT_DOCUMENTS: Final = 1_000  # the fixed costs of a split, a few seconds, are then a tenth of its time


def even_ranges(count: int, min_length: int) -> list[range]:
    """Cut 0 to `count` into ranges of one length or one more, none below `min_length` unless it is the only one."""
    number_of_ranges = max(1, count // max(1, min_length))
    bounds = [count * number // number_of_ranges for number in range(number_of_ranges + 1)]
    return [range(first, end) for first, end in pairwise(bounds) if count]


def stamp_of(path: Path) -> str:
    """Return size in bytes and time of change of a file as `size-nanoseconds`; `0-0` if it cannot be looked at."""
    try:
        status = path.stat()
    except OSError:
        return "0-0"  # whoever reads the file reports why
    return f"{status.st_size}-{status.st_mtime_ns}"


def stamp_size(stamp: str) -> int:
    """Return the size in bytes of a stamp."""
    return int(stamp.partition("-")[0])
