"""Markdown as editors write it: each case of tests/markdown is an input and what must come of it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tasks.listings.entry_text import plain_text
from tasks.text.markdown import read_markdown
from warehouse.model.records import Candidate
from warehouse.model.vocabulary import Origin

CASES = sorted((Path(__file__).parent / "markdown").glob("*.md"))


def values(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_markdown_becomes_paragraphs_and_statements(path: Path) -> None:
    document = read_markdown(path.read_bytes().decode(), plain_text)
    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert list(filter(None, document.paragraphs.lines)) == expected["lines"]
    assert [(candidate.field, candidate.values) for candidate in document.candidates] == [
        (field, values(value)) for field, value in expected["stated"]
    ]


def test_front_matter_outranks_the_first_heading() -> None:
    document = read_markdown("---\ntitle: Short title\n---\n# The long title\n\nText.\n", plain_text)
    assert document.candidates == (
        Candidate("title", ("Short title",), Origin.META),
        Candidate("title", ("The long title",), Origin.TEXT),
    )


@pytest.mark.parametrize(
    "front_matter",
    [
        "---\na: &a [x, x]\n" + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefghij", "bcdefghijk", strict=True)) + "tags: *k\n---\n",
        "---\ntags: &t [*t]\n---\n",
        "---\ntags: " + "[" * 9_000 + "\n---\n",
        "---\n? [a, b]\n: c\n---\n",
        "+++\ntags = " + "[" * 9_000 + "\n+++\n",
        "+++\n" + "a." * 9_000 + "b = 1\n+++\n",
        "---\ntitle: !!python/object/apply:os.system [ls]\n---\n",
        "---\ntitle: " + "x" * 1_000_000 + "\n---\n",
    ],
    ids=["alias bomb", "alias of itself", "deep list", "list as key", "deep TOML", "long TOML key", "Python tag", "vast"],
)  # fmt: skip
def test_hostile_front_matter_ends_soon_and_leaves_the_text(front_matter: str) -> None:
    began = time.process_time()
    document = read_markdown(front_matter + "The text stays.\n", plain_text)
    assert time.process_time() - began < 2
    assert document.paragraphs.text.endswith("The text stays.")
    assert sum(len(value) for candidate in document.candidates for value in candidate.values) < 50_000
