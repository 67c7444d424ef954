"""What is said of a site's articles is what an editor decides by: each weakness is named, and no other."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.site_probe.trial_articles import (
    TrialArticle,
    feed_holds_all,
    main_language,
    mean_quality,
    needs_scripts,
    weaknesses,
)
from tests.support.rows import article, rejection
from warehouse.model.vocabulary import Reason


def good(**changes: Any) -> TrialArticle:
    return TrialArticle("https://harbour.example/1", article(1, **{"word_count": 300, **changes}))


def refused(reason: Reason, **changes: Any) -> TrialArticle:
    return TrialArticle("https://harbour.example/2", rejection(2, reason=reason), **changes)


def test_of_good_articles_nothing_is_said():
    assert weaknesses([good()] * 5) == ()


@pytest.mark.parametrize(
    ("weak", "sentence_part"),
    [
        (refused(Reason.NO_ARTICLE), "1 of 5 articles tried held no article text."),
        (refused(Reason.NO_ARTICLE, needs_scripts=True), "only after scripts have run"),
        (refused(Reason.DISALLOWED), "1 of 5 articles tried may not be fetched: no text on the page."),
        (refused(Reason.FETCH_FAILED), "1 of 5 articles tried failed: no text on the page."),
        (good(is_accessible_for_free=False), "1 of 5 articles tried say that they are not free to read"),
        (good(title=None), "1 of 5 articles tried state no title."),
        (good(published_at=None), "1 of 5 articles tried state no date."),
        (good(authors=(), by=None, info_sources=()), "1 of 5 articles tried state no author."),
        (good(language="fi"), "The articles are in more than one language: en, fi."),
    ],
)
def test_one_weak_article_of_five_is_said_to_be_so(weak, sentence_part):
    (sentence,) = weaknesses([good()] * 4 + [weak])
    assert sentence_part in sentence


def test_articles_that_are_all_teasers_are_said_to_be():
    assert any("fewer than 80 words" in sentence_part for sentence_part in weaknesses([good(word_count=30)] * 5))


def test_an_agency_is_an_author():
    assert weaknesses([good(authors=(), by=None, info_sources=("AFP",))] * 5) == ()


def test_what_was_refused_counts_in_the_mean():
    assert mean_quality([good(quality=0.8), refused(Reason.EMPTY)]) == 0.4
    assert mean_quality([]) == 0.0


@pytest.mark.parametrize(
    ("languages", "main"),
    [(["en", "en", "fi"], "en"), (["en", "fi"], None), (["und", "und", "en"], None), (["und"], None), ([], None)],
)
def test_the_language_is_that_of_more_than_half(languages, main):
    assert main_language([good(language=language) for language in languages]) == main


def holding(words: int, **changes: Any) -> TrialArticle:
    return TrialArticle("https://harbour.example/1", article(1, **changes), entry_html=f"<p>{'word ' * words}</p>")


@pytest.mark.parametrize(
    ("samples", "holds"),
    [
        ([holding(300, word_count=300)] * 5, True),
        ([holding(60, word_count=300)] * 5, False),
        ([holding(300, word_count=300)] * 4 + [good()], False),
        ([holding(300, word_count=300)] * 3 + [holding(10, word_count=300)] * 2, False),
        ([], False),
    ],
    ids=["whole", "summaries", "one without", "two cut", "none"],
)
def test_a_feed_holds_all_where_nearly_every_entry_is_as_long_as_its_page(samples, holds):
    assert feed_holds_all(samples) is holds


@pytest.mark.parametrize(
    ("page", "frame"),
    [
        (b"<html><body><div id='app'></div><script>boot()</script></body></html>", True),
        (b"<html><body><noscript>Please enable JavaScript</noscript><script src='a.js'></script></body></html>", True),
        (b"<html><body><p>Moved.</p></body></html>", False),
        (b"<html><body><p>" + b"The ferry came back. " * 40 + b"</p><script>count()</script></body></html>", False),
        (b"", False),
        (b"%PDF-1.7", False),
    ],
)
def test_a_page_is_an_empty_frame_where_scripts_have_to_fill_it(page, frame):
    assert needs_scripts(page) is frame
