"""What ends the listing of an input; everything smaller is a value."""

from __future__ import annotations

from typing import Final

from config.redact import redact

LINKED_AWAY: Final = "a link to what lies outside the folder; leave it out, or set follow_links = true to take it"


class InputError(Exception):
    """An input that could not be listed, or not to its end; its text is for the user, and holds no password."""

    def __init__(self, sentence: str) -> None:
        super().__init__(redact(sentence))
