"""The standfirst of a page is text where its element is named so, also where the page states no description."""

from __future__ import annotations

import pytest

from config.sources import StripRules
from tasks.extract import extract
from tasks.strip import strip
from tests.support.raws import raw_page
from tests.test_page_body import STORY, page, paragraphs
from warehouse.model.records import Rejection

STANDFIRST = "A storm took two of its arches, and winter is near."


def text_of(main: str) -> list[str]:
    article = extract(raw_page(page(main)))
    assert not isinstance(article, Rejection)
    stripped = strip(article, StripRules())
    assert not isinstance(stripped, Rejection)
    return stripped.paragraphs.text.split("\n\n")


@pytest.mark.parametrize(
    "element",
    [
        '<p class="article-header__lead">{}</p>',
        '<div class="field--name-field-perex">{}</div>',
        '<h2 class="news__spot">{}</h2>',
        '<p class="strapline">{}</p>',
        '<h2 data-qa="subheadline">{}</h2>',
    ],
)
def test_a_block_below_the_headline_that_is_named_a_standfirst_begins_the_text(element: str):
    header = f"<h1>Norby repairs its bridge</h1>{element.format(STANDFIRST)}"
    main = f'<article><header>{header}<p class="byline">By Ann Lee</p></header>{paragraphs(*STORY)}</article>'

    assert text_of(main) == [STANDFIRST, *STORY]


@pytest.mark.parametrize(
    "element",
    [
        '<figure><img src="b.jpg"><figcaption class="lead-caption">{}</figcaption></figure>',
        '<div class="author-card"><p class="author-card__intro">{}</p></div>',
        '<ul><li class="article__subtitles-item"><a href="/story/9">{}</a></li></ul>',
    ],
)
def test_a_caption_a_writer_and_a_link_with_such_a_name_are_no_standfirst(element: str):
    header = f"<h1>Norby repairs its bridge</h1>{element.format(STANDFIRST)}"

    assert text_of(f"<article><header>{header}</header>{paragraphs(*STORY)}</article>") == list(STORY)
