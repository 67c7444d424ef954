"""A document's text is carried from step to step as clean lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tasks.text.characters import clean_lines
from tasks.text.unwrap import join_lines
from warehouse.model.records import Paragraphs


def test_a_blank_line_stands_between_paragraphs_and_nowhere_else():
    lines = tuple(clean_lines("\n One\u00a0two. \n\n\nThree.\nFour.\n"))
    assert lines == ("", "One two.", "", "", "Three.", "Four.", "")
    assert Paragraphs(lines).text == "One two.\n\nThree.\n\nFour."


@given(st.lists(st.text("ab", max_size=5)), st.integers(0, 40))
def test_the_beginning_is_that_of_the_text(lines, size):
    paragraphs = Paragraphs(tuple(lines))
    assert "\n\n".join(paragraphs.beginning(size)) == paragraphs.text[:size].rstrip("\n")


def test_lines_that_are_joined_are_clean():
    # A voiced kana, its mark wrapped to the next line.
    assert join_lines(["\u304b", "\u3099\u304f"]) == "\u304c\u304f"
