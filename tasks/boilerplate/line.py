"""One line of a plain text, as the steps that judge it see it."""

from __future__ import annotations

from typing import NamedTuple

from tasks.boilerplate.cues import Cue
from warehouse.model.vocabulary import LineReason


class Line(NamedTuple):
    """A line that is not blank, or the lines of one paragraph that was wrapped at a margin."""

    numbers: tuple[int, ...]
    """Line numbers in the document, from 0; blank lines are counted."""
    parts: tuple[str, ...]
    """The cleaned text of each of these lines."""
    after_blank: bool
    text: str
    """The parts joined; a bullet at the start stays."""
    bare: str
    """The text without its bullet."""
    word_count: float
    """An estimate, as of `estimate_words`."""
    ends_sentence: bool
    has_bullet: bool
    cues: tuple[Cue, ...]
    reason: LineReason | None = None
    """Why the line is not article text, if its own text shows it."""

    def cue(self, kind: str) -> Cue | None:
        """Return the first cue of a kind."""
        for cue in self.cues:
            if cue.kind == kind:
                return cue
        return None
