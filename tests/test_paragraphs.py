"""A document's text is carried from step to step as clean lines."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.text.characters import clean_lines
from tasks.text.quoted_mail import without_quote_marks
from tasks.text.unwrap import group_lines, join_lines
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


_PARAGRAPHS = (
    "The baker of Norby sold the last loaf of the winter on Friday evening, and then she closed the shop for a month.",
    "Her neighbours had asked whether the oven could be kept warm, because the library above it has no heating at all.",
    "She said that a cold oven rests better, and that readers should bring a coat when they come to look at the maps.",
)
_MENU = ("Home", "Politics", "Weather", "Log in", "")
_FOOTER = ("", "All rights of the Norby Messenger are reserved, also those of the pictures and of the maps in " * 2)


def _wrap(width, blank=("",)):
    return [line for text in _PARAGRAPHS for line in (*textwrap.wrap(text, width), *blank)]


@pytest.mark.parametrize("width", [45, 60, 72, 90])
@pytest.mark.parametrize("above", [(), _MENU], ids=["bare", "menu"])
@pytest.mark.parametrize("below", [(), _FOOTER], ids=["bare", "footer"])
def test_a_wrapped_text_is_rejoined_whatever_stands_around_it(width, above, below):
    lines = [*above, *_wrap(width), *below]
    grouped = [join_lines([lines[number] for number in numbers]) for numbers in group_lines(lines)]
    assert grouped == [line for line in (*above, *_PARAGRAPHS, *below) if line]


def test_parts_of_a_text_that_were_wrapped_at_other_margins_are_rejoined():
    lines = [*_wrap(72), "On Monday Ann Lee wrote:", "", *_wrap(50)]
    grouped = [join_lines([lines[number] for number in numbers]) for numbers in group_lines(lines)]
    assert grouped == [*_PARAGRAPHS, "On Monday Ann Lee wrote:", *_PARAGRAPHS]


def test_headlines_of_equal_length_are_no_paragraph():
    lines = ["Council of Norby puts off the vote on its tunnel", "Bakers of Norby strike for a second week running"] * 4
    assert list(group_lines(lines)) == [(number,) for number in range(8)]


_JAPANESE = """
県は二十八日、鴎島と本土を結ぶ連絡船の便数を来年四月から一日六往復に増やすと発表した。新しい船を一隻導入し、乗組員を十二人雇用するという。
島の人口は減り続けているが、観光客は三年で二倍になった。県の担当者は「島で働く人が通えるようにしたい」と話し、運賃は据え置く考えを示した。
通常は四十分の航路だが、この日は二時間かかった。引退した水先人が昔と同じように手で水深を測ったためだと、乗客の一人は笑いながら話した。
"""


def _wrap_wide(text: str, letters: int) -> list[str]:
    """Wrap a Japanese text at so many letters; no line begins with a full stop or a comma."""
    lines: list[str] = []
    while text:
        end = letters + (text[letters : letters + 1] in tuple("。、」"))
        lines.append(text[:end])
        text = text[end:]
    return lines


@pytest.mark.parametrize("letters", [30, 36])
def test_letters_that_take_two_columns_are_wrapped_at_half_as_many(letters):
    paragraphs = _JAPANESE.strip().split("\n")
    lines = ["トップ", "社会", ""]
    for paragraph in paragraphs:
        lines += [*_wrap_wide(paragraph, letters), ""]
    joined = [join_lines([lines[number] for number in group]) for group in group_lines(lines)]
    assert joined == ["トップ", "社会", *paragraphs]


def test_a_quoted_text_loses_its_marks_and_a_menu_keeps_its_arrows():
    quoted = ["> " + line for paragraph in _PARAGRAPHS for line in (*textwrap.wrap(paragraph, 70), "")]
    lines = without_quote_marks(clean_lines("\n".join(["From: Norby", "", *quoted, "--", "Unsubscribe"])))
    joined = [join_lines([lines[number] for number in group]) for group in group_lines(lines)]
    assert joined == ["From: Norby", *_PARAGRAPHS, "--", "Unsubscribe"]
    menu = ["> Home", "> Politics", "> Weather", *_PARAGRAPHS]
    assert without_quote_marks(menu) == menu


def test_a_wrapped_paragraph_is_whole_though_its_second_line_begins_with_a_name():
    first = "Forty goats closed the road that leads to the airport of the plain of the northern Kampos for three hours."
    lines = [*_MENU, "Goats close a road", ""]
    lines += [line for text in (first, *_PARAGRAPHS) for line in (*textwrap.wrap(text, 82), "")]
    lines += ["Sign up for the morning letter of the Messenger", "Terms of use and the rules of the house apply to all"]
    assert "Kampos for three hours." in lines
    assert first in [join_lines([lines[number] for number in group]) for group in group_lines(lines)]
