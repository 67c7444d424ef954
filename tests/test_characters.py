"""Lines come out in one spelling, and lose nothing that is seen."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.text.characters import MAX_MARKS, clean_line, normalize, split_lines

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  two   words\t here ", "two words here"),
        ("a\u00a0b\u2009c\u3000d", "a b c d"),
        ("Helikopter\u00adlande\u00adplatz", "Helikopterlandeplatz"),
        ("\ufeffTitle\u200b", "Title"),
        ("\u200fشماره\u200e", "شماره"),
        ("cafe\u0301", "caf\u00e9"),
        ("bell\x07 and nul\x00", "bell and nul"),
        ("half \ud800 pair", "half pair"),
        ("\u200c \u200d", ""),
    ],
    ids=["spaces", "odd spaces", "soft hyphens", "marks at the edges", "direction marks", "decomposed", "control",
         "lone surrogate", "joiners alone"],
)  # fmt: skip
def test_a_line_loses_what_is_not_seen(raw, clean):
    assert clean_line(raw) == clean


@pytest.mark.parametrize(
    "word",
    ["می\u200cخواهم", "क\u094d\u200dष", "👩\u200d🚀", "ᠬᠠᠨ\u180eᠠ"],
    ids=["Persian", "Hindi", "emoji", "Mongolian"],
)
def test_a_joiner_inside_a_word_stays(word):
    """Without it these are spelled wrong."""
    assert clean_line(f" {word} ") == word


@given(ANY_TEXT)
def test_a_clean_line_is_one_line_of_utf8_and_stays_as_it_is(text):
    line = clean_line(text)
    assert line == line.strip() == clean_line(line)
    assert unicodedata.is_normalized("NFC", line)
    assert "  " not in line
    line.encode("utf-8")


@given(st.text("abc é中ب"))
def test_plain_letters_are_never_lost(text):
    assert clean_line(text).replace(" ", "") == text.replace(" ", "")


def test_a_text_is_split_at_every_end_of_line_there_is():
    ends = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
    assert split_lines("x".join(ends)) == ["", *["x"] * 10, ""]
    assert split_lines("") == [""]


@given(st.lists(st.text("ab c", max_size=5), min_size=1))
def test_lines_come_back_in_their_order(lines):
    assert split_lines("\n".join(lines)) == lines


@pytest.mark.parametrize("mark", ["\u0301", "\u05b8", "\U0001e944"])
def test_a_run_of_marks_is_cut_where_no_language_goes_on(mark):
    assert normalize("NFC", f"x{mark * 100}q{mark * 9}") == f"x{mark * MAX_MARKS}q{mark * 9}"


def test_marks_that_become_two_are_cut_once_for_all():
    line = clean_line("x" + "\u0344" * 100)
    assert line == clean_line(line)


def test_a_text_of_marks_alone_is_clean_at_once():
    began = time.process_time()
    assert len(clean_line("a" + "\u0301\u0323" * 200_000)) <= MAX_MARKS + 1
    assert time.process_time() - began < 2
