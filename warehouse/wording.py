"""Wording of sentences for the user: numbers with what they count, and sentences of others inside our own."""

from __future__ import annotations


def count_of(count: int, noun: str) -> str:
    """Return a number with what it counts, such as `1 file` or `2,000 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def lower_first(sentence: str) -> str:
    """Return a sentence with a small first letter, to stand inside another one."""
    return f"{sentence[:1].lower()}{sentence[1:]}"
