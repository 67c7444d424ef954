"""A page whose few words all tell that it stands for an article is refused, whatever its title; news of such things is not."""

from __future__ import annotations

import pytest

from tasks.extract import extract
from tests.support.raws import raw_page
from warehouse.model.records import Rejection
from warehouse.model.vocabulary import Reason

PAGE = '<html><head><title>{title}</title>{head}</head><body><div class="page"><h1>{title}</h1><p>{text}</p></div></body></html>'
MARKED = '<meta property="og:type" content="article">'

NOTICES = {
    Reason.SOFT_404: (
        ("Norby Post", "Sorry, the story you are looking for has been removed. It may have expired."),
        ("Tygodnik Norby", "Strona nie istnieje albo została usunięta. Sprawdź adres lub skorzystaj z wyszukiwarki."),
        ("रोज़ का अख़बार", "आप जिस पेज को खोज रहे हैं वह हटा दिया गया है या उपलब्ध नहीं है, उसका पता बदल गया है।"),
    ),
    Reason.REGION_BLOCK: (
        (
            "Norby Tribune",
            "We see that you are visiting from the European Economic Area, which enforces the General Data Protection Regulation (GDPR).",
        ),
    ),
    Reason.CONSENT_WALL: (
        (
            "Corriere di Norby",
            "Noi e i nostri partner trattiamo dati con i cookie. Accetta la pubblicità o rifiuta e abbonati.",
        ),
    ),
    Reason.MAINTENANCE: (
        ("Norby Post", "We are having technical difficulties. Please refresh the page or try again later."),
    ),
}
NEWS = {
    "prices": (
        "A bitter pill for film fans",
        (
            "Streaming service Kino will cost two pounds a month more from January. Subscribers with a premium account will pay 14.99, the"
            " company said. It also plans to stop people sharing a password with friends."
        ),
    ),
    "ruling in German": (
        "Klare Ansage aus Karlsruhe",
        (
            "Das Ablehnen darf nicht versteckt werden. Cookies für Werbung brauchen eine Zustimmung, und der Widerruf muss leicht sein,"
            " entschied das Gericht am Donnerstag."
        ),
    ),
    "outage in Russian": (
        "Сбой на портале",
        "Сайт мэрии временно не работал из-за технических работ. Обслуживание заняло шесть часов вместо двух.",
    ),
}


@pytest.mark.parametrize(
    ("reason", "title", "text"), [(reason, *notice) for reason, notices in NOTICES.items() for notice in notices]
)
def test_a_notice_is_known_by_its_words_where_its_title_is_only_the_name_of_the_site(
    reason: Reason, title: str, text: str
):
    refused = extract(raw_page(PAGE.format(title=title, head="", text=text).encode()))

    assert isinstance(refused, Rejection)
    assert refused.reason == reason


def test_a_page_that_prints_a_headline_and_only_an_offer_is_refused_though_it_says_it_is_an_article():
    text = "Get unlimited access for $1 a week. Cancel anytime. Already a subscriber? Sign in to read this story."

    refused = extract(raw_page(PAGE.format(title="Inside the fight over the mill", head=MARKED, text=text).encode()))

    assert isinstance(refused, Rejection)
    assert refused.reason == Reason.LOGIN_WALL


@pytest.mark.parametrize("head", ["", MARKED], ids=["plain", "marked"])
@pytest.mark.parametrize(("title", "text"), NEWS.values(), ids=NEWS)
def test_short_news_of_walls_and_outages_without_a_date_is_an_article(title: str, text: str, head: str):
    assert not isinstance(extract(raw_page(PAGE.format(title=title, head=head, text=text).encode())), Rejection)
