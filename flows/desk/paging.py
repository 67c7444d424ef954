"""Lists in pages: what stands on one, and whether another follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

PAGE_ROWS: Final = 50
MAX_PAGE: Final = 2_000

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list."""

    rows: Sequence[Row]
    number: int  # from 1
    has_next: bool

    @classmethod
    def of(cls, rows: Sequence[Row], number: int, size: int = PAGE_ROWS) -> Page[Row]:
        """Return a page from rows of which one more than `size` was asked for."""
        return cls(rows[:size], number, len(rows) > size and number < MAX_PAGE)


def window(number: int, size: int = PAGE_ROWS) -> dict[str, int]:
    """Return the values of a query that ask for a page, and for one row more."""
    return {"limit": size + 1, "offset": (number - 1) * size}
