"""What ends the listing of an input; everything smaller is a value."""

from __future__ import annotations


class InputError(Exception):
    """An input that could not be listed, or not to its end; its text is for the user."""
