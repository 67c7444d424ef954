"""What verifying finds, as values; each names its cure, and a test runs every cure to its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REPAIR: Final = "run 'copydesk maintain repair', then 'copydesk run'"
"""The cure of all that can be made anew: what cannot be read is moved away, what was lost is made from the archive."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be."""

    problem: str
    cure: str
    file: str = ""
    """Path or URL of the file that it is about; empty where it is about rows."""
    source_id: str = ""
    """The source whose rows or archive it is about; empty for a file of a table."""
    example: str = ""
    """One of the rows."""

    @property
    def where(self) -> str:
        """The file, or the source and one of its rows."""
        if self.file:
            return self.file
        return f"source {self.source_id}" + (f", such as {self.example}" if self.example else "")

    def __str__(self) -> str:
        return f"{self.problem}: {self.where}; {self.cure}"
