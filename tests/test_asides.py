"""What stands inside a page's article and is none of its text."""

from __future__ import annotations

import pytest
from lxml.html import document_fromstring

from tasks.boilerplate.lines import read_lines
from tasks.boilerplate.page_lines import label_page
from tasks.html.captions_and_links import drop_captions_and_links
from warehouse.model.vocabulary import LineReason

STORY = (
    "The council of Norby met on Tuesday and agreed to repair the old bridge before the winter.",
    "Work will begin in March and cost about four million crowns, the mayor said after the meeting.",
)


def left(markup: str) -> str:
    tree = document_fromstring(f"<html><body><article>{markup}</article></body></html>")
    drop_captions_and_links(tree)
    return " ".join(tree.text_content().split())


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param('<a href="/1">Ferry stays in port until the storm is over</a>', id="a headline"),
        pytest.param('<b>Storm:</b> <a href="/1">Ferry stays in port until Monday</a>', id="below a word"),
    ],
)
def test_of_a_list_the_headlines_of_other_articles_go(entry):
    assert left(f"<p>{STORY[0]}</p><ul><li>{entry}</li></ul><p>{STORY[1]}</p>") == f"{STORY[0]}{STORY[1]}"


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param("Line 4 runs every ten minutes until midnight", id="text"),
        pytest.param('The <a href="/r">report</a> puts the cost at four million crowns', id="text with a link"),
        pytest.param('<a href="/r">The county\'s report</a>', id="a document"),
        pytest.param('<a href="/r">The county says that the old bridge will close in March.</a>', id="a sentence"),
        pytest.param('<p><a href="/r">A step that has a paragraph of its own</a></p>', id="a paragraph"),
    ],
)
def test_of_a_list_stays(entry):
    assert left(f"<p>{STORY[0]}</p><ul><li>{entry}</li></ul>") != STORY[0]


def test_what_is_printed_under_a_picture_goes_and_what_follows_it_stays():
    figure = "<figure><img src='a.jpg'><figcaption>The bridge in May. Photo: Ann</figcaption></figure>"
    assert left(f"<p>{STORY[0]}</p>{figure} and so on") == f"{STORY[0]} and so on"


def labelled(*lines: str, titles: tuple[str, ...] = (), authors: tuple[str, ...] = ()) -> list[LineReason | None]:
    return label_page(read_lines("\n".join(lines)), titles, authors)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Write to Ann Lee at ann.lee@norby.example with your own memories of the bridge.", LineReason.BYLINE),
        ("Ann Lee schreibt über Häfen und ist als @annlee zu erreichen, auch am Wochenende.", LineReason.BYLINE),
        ("Anybody who saw the lorry is asked to write to the police at tips@norby.example today.", None),
        ("Ann Lee was on the bridge when it opened, and she has walked over it every day since.", None),
    ],
)
def test_how_to_reach_a_writer_is_no_text(line, reason):
    assert labelled(*STORY, line, authors=("Ann Lee",)) == [None, None, reason]
    assert labelled(*STORY, line) == [None, None, None]


@pytest.mark.parametrize(
    ("above", "reason"),
    [
        ("By Ann Lee", LineReason.BYLINE),
        ("News > Harbour", LineReason.SECTION),
        ("9 May 2024, 10:05", LineReason.DATE_LINE),
        ("Photo: Ann Lee", LineReason.CREDIT),
        ("Norby repairs its bridge", LineReason.TITLE),
        ("A bridge for Norby", LineReason.TITLE),
        ("Costs", None),
    ],
)
def test_above_the_first_paragraph_of_a_page(above, reason):
    # A page states its title more than once, and prints one of them.
    labels = labelled(above, *STORY, titles=("Norby repairs its bridge", "A bridge for Norby"))
    assert labels == [reason, None, None]


@pytest.mark.parametrize(
    ("below", "reason"),
    [
        ("mit dpa", LineReason.AGENCY),
        ("(dmk)", LineReason.BYLINE),
        ("With files from The Associated Press", LineReason.AGENCY),
        ("Tags: bridge, bay", LineReason.TAGS),
        ("Read more about it:", LineReason.RELATED),
        ("And that was all", None),
        ("(What he meant by it nobody knows.)", None),
    ],
)
def test_below_the_last_paragraph_of_a_page(below, reason):
    assert labelled(*STORY, below) == [None, None, reason]


def test_between_paragraphs_only_what_tells_itself_goes():
    assert labelled(STORY[0], "By Ann Lee", "AFP", "Advertisement", STORY[1]) == [
        None,
        None,
        None,
        LineReason.BOILERPLATE,
        None,
    ]


def test_dates_that_a_timeline_is_told_by_stay():
    timeline = [part for number in (1, 2, 3) for part in (f"{number} May 2024", STORY[number % 2])]
    assert labelled(STORY[0], *timeline) == [None] * 7
    assert labelled(STORY[0], *timeline[:4])[1::2] == [LineReason.DATE_LINE] * 2


def test_a_page_of_nothing_but_such_lines_keeps_them():
    assert labelled("By Ann Lee", "9 May 2024") == [None, None]


@pytest.mark.parametrize(
    "note",
    [
        "Disclaimer: what is said here was sent in by a member of the forum, and the harbour office has not read it before.",
        "免责声明：本文由用户自行上传发布，平台仅提供信息存储服务，文中观点属于作者本人，与平台无关，如有问题请与我们联系。",
        "This article was translated from Danish by a machine and read by nobody.",
    ],
)
def test_the_small_print_below_the_text_goes_whole(note):
    going_on = (
        "Whoever finds a mistake in it may write to the harbour office, which will look into it when the ferry is back."
    )
    assert labelled(*STORY, note, going_on) == [None, None, LineReason.LEGAL, LineReason.LEGAL]
    assert labelled(*STORY, note, *STORY, *STORY)[3:] == [None] * 4


def test_the_captions_of_a_gallery_stay():
    captions = [f"{text} Photo: Ann Lee" for text in STORY * 2]
    assert labelled("Our photographer went along.", *captions) == [None] * 5
    assert labelled(*STORY, captions[0]) == [None, None, LineReason.CAPTION]
