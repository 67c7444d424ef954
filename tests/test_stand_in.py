"""A page that a site sends in the place of an article is refused with its reason; an article never is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.extract import extract
from tests.support.raws import raw_page
from warehouse.model.records import Candidate, Rejection
from warehouse.model.vocabulary import Origin, Reason, Stage

ANNOUNCED = "Glassworks of Harrachov lights its furnace again"
ARTICLE = """<html lang="en"><head><title>{title}</title></head><body><h1>{title}</h1>
<p>The glassworks of Harrachov has lit its furnace again after eleven months, the owner said on Tuesday. The last shift
went home in April, when the price of gas had made every vase a loss.</p><p>Forty people start on Monday. The first
order, lamps for a railway station, keeps them busy until the summer, and a second one is being talked about.</p></body></html>"""

WALLS = {
    "consent": (
        Reason.CONSENT_WALL,
        (
            "<title>Before you continue</title><h1>How we use your data</h1><p>We and our 341 partners store cookies on this device, to"
            " measure our audience and for personalised advertising.</p><p>You may accept all, reject all, or set your preferences;"
            " consent can be withdrawn at any time in the privacy centre.</p>"
        ),
    ),
    "consent in German": (
        Reason.CONSENT_WALL,
        (
            "<title>Ihre Einwilligung</title><h1>Lesen mit Werbung</h1><p>Mit Ihrer Zustimmung setzen wir Cookies ein und zeigen Ihnen Werbung,"
            " die zu Ihnen passt. Den Widerruf erklären Sie jederzeit im Bereich Datenschutz.</p><button>Akzeptieren</button>"
        ),
    ),
    "consent in French": (
        Reason.CONSENT_WALL,
        (
            "<title>Votre vie privée nous importe</title><p>Avec votre consentement, nos partenaires et nous déposons des cookies afin de mesurer"
            " la publicité. Vous pouvez accepter, ou refuser en un clic, et lire nos règles de confidentialité.</p>"
        ),
    ),
    "challenge of a vendor": (
        Reason.CHALLENGE,
        (
            "<title>Just a moment...</title><script src='https://challenges.cloudflare.com/turnstile/v0/api.js'></script>"
            "<h1>paper.example</h1><p>Checking if the site connection is secure. Verify that you are human.</p>"
        ),
    ),
    "block": (
        Reason.CHALLENGE,
        (
            "<title>Access denied</title><h1>Access denied</h1><p>Your IP address was blocked, as it sent too many requests. Reference"
            " #18.2f0c. If you are not a robot, switch the extension of your browser off.</p>"
        ),
    ),
    "challenge in Russian": (
        Reason.CHALLENGE,
        (
            "<title>Доступ ограничен</title><h1>Вы не робот?</h1><p>Нам нужно проверить ваш браузер. Если вы человек, подождите несколько"
            " секунд, проверка идёт сама.</p>"
        ),
    ),
    "challenge in Japanese": (
        Reason.CHALLENGE,
        "<title>しばらくお待ちください</title><p>アクセスが拒否されました。ロボットではないことを確認するため、ブラウザで認証を行ってください。</p>",
    ),
    "not found": (
        Reason.SOFT_404,
        (
            "<title>Page not found | The Paper</title><h1>Sorry</h1><p>The page you are looking for does not exist, has moved, or the address was"
            " mistyped. Try the search or go to our home page.</p>"
        ),
    ),
    "not found in Spanish": (
        Reason.SOFT_404,
        (
            "<title>Página no encontrada</title><h1>Lo sentimos</h1><p>La noticia que busca ya no está aquí: la dirección no existe o fue"
            " eliminada. Vuelva al inicio o use el buscador del diario.</p>"
        ),
    ),
    "not found in Arabic": (
        Reason.SOFT_404,
        (
            "<html lang='ar' dir='rtl'><title>الصفحة غير موجودة</title><p>الصفحة التي تبحث عنها غير موجودة أو تم حذفها من الموقع، يمكنك العودة إلى الصفحة"
            " الرئيسية أو استخدام البحث للوصول إلى ما تريد قراءته.</p></html>"
        ),
    ),
    "login": (
        Reason.LOGIN_WALL,
        (
            "<title>Sign in to keep reading</title><h1>Subscribers only</h1><p>Log in with your account or start a subscription: four weeks for one"
            " crown, cancel any time.</p><form><input type='password'></form><p>Forgot your password?</p>"
        ),
    ),
    "login in Polish": (
        Reason.LOGIN_WALL,
        (
            "<title>Zaloguj się</title><p>Ten tekst przeczytasz w prenumeracie. Zaloguj się albo zarejestruj konto, a potem podaj hasło, aby"
            " czytać dalej bez ograniczeń przez cały miesiąc.</p>"
        ),
    ),
    "no scripts": (
        Reason.NEEDS_JAVASCRIPT,
        (
            "<title>The Paper</title><h1>Please enable JavaScript</h1><p>JavaScript is disabled. To run this app, switch on scripts in a supported"
            " browser and load it again.</p>"
        ),
    ),
    "maintenance": (
        Reason.MAINTENANCE,
        (
            "<title>We'll be back soon</title><h1>Maintenance</h1><p>The site is temporarily out of service for an upgrade. Please try again in"
            " an hour; we are sorry for the inconvenience.</p>"
        ),
    ),
    "another region": (
        Reason.REGION_BLOCK,
        (
            "<title>451: Unavailable for legal reasons</title><h1>Unavailable in your region</h1><p>As you seem to be in the European Economic Area,"
            " where the General Data Protection Regulation (GDPR) holds, we cannot show this page to your country.</p>"
        ),
    ),
}


def fetched(page, *, announced=None, final_url=None):
    candidates = (Candidate("title", (announced,), Origin.FEED),) if announced else ()
    raw = raw_page(page.encode(), "https://paper.example/2026/03/glassworks", charset="utf-8", candidates=candidates)
    return extract(replace(raw, capture=replace(raw.capture, final_url=final_url)))


@pytest.mark.parametrize("name", WALLS)
def test_a_wall_is_refused_where_an_article_was_announced(name):
    reason, page = WALLS[name]
    refusal = fetched(page, announced=ANNOUNCED)
    assert isinstance(refusal, Rejection), refusal.paragraphs.text
    assert (refusal.reason, refusal.stage) == (reason, Stage.FETCH)


@pytest.mark.parametrize("name", WALLS)
def test_a_wall_is_refused_at_an_address_of_which_nothing_is_known(name):
    reason, page = WALLS[name]
    refusal = fetched(page)
    assert isinstance(refusal, Rejection), refusal.paragraphs.text
    assert refusal.reason == reason


@pytest.mark.parametrize(
    ("content", "final_url", "reason"),
    [
        ("<p>All the news of the valley, from the glassworks to the ski jump, on one page.</p>", "https://paper.example/", "front_page"),
        ("<p>All the news of the valley, from the glassworks to the ski jump.</p>", "https://paper.example/en/index.html", "front_page"),
        (WALLS["consent"][1], "https://consent.paper.example/ask?back=%2F2026", "consent_wall"),
        (WALLS["login"][1], "https://paper.example/login?next=%2F2026", "login_wall"),
    ],
)  # fmt: skip
def test_a_redirect_to_a_page_of_another_kind_is_seen(content, final_url, reason):
    refusal = fetched(content, final_url=final_url)
    assert isinstance(refusal, Rejection)
    assert refusal.reason == reason


@pytest.mark.parametrize("announced", [None, ANNOUNCED, "Harrachov: glass again", "Furnace is lit"])
@pytest.mark.parametrize(
    "final_url", [None, "https://www.paper.example/2026/03/glassworks-1", "https://m.paper.example/a/login-of-1890"]
)
def test_an_article_without_a_date_is_one(announced, final_url):
    assert not isinstance(fetched(ARTICLE.format(title=ANNOUNCED), announced=announced, final_url=final_url), Rejection)


@pytest.mark.parametrize(
    "title", ["Robots at the gate: how browsers verify that we are human", "Page not found: a museum of dead links opens", "Cookie recall"]
)  # fmt: skip
def test_an_article_about_such_pages_is_one(title):
    page = ARTICLE.format(title=title).replace(
        "<h1>", '<meta property="article:published_time" content="2026-03-03T10:00:00Z"><h1>'
    )
    assert not isinstance(fetched(page), Rejection)
    assert not isinstance(fetched(page, announced=title), Rejection)


def test_a_page_that_has_nothing_of_what_was_announced_is_none():
    page = ARTICLE.format(title="The Paper: all of the valley")
    refusal = fetched(page, announced="Ministers resign over tunnel contracts")
    assert isinstance(refusal, Rejection)
    assert refusal.reason == Reason.NOT_AN_ARTICLE
    assert "'Ministers resign over tunnel contracts'" in refusal.detail
    # A page that calls itself an article may have been given another headline since.
    marked = page.replace("<body>", "<body><article>").replace("</body>", "</article></body>")
    assert not isinstance(fetched(marked, announced="Ministers resign over tunnel contracts"), Rejection)


TEASER = "<p>The glassworks of Harrachov has lit its furnace again after eleven months, the owner said on Tuesday.</p>"
STORY = f"""{TEASER}<p>The last shift went home in April, when the price of gas had made every vase a loss. Since then only a
watchman and two cats had walked the hall, and the moulds, some of them older than the railway, had been oiled once a week.</p>
<p>Forty people start on Monday. The first order, lamps for a railway station, keeps them busy until the summer, and a
second one is being talked about. The village has set up a kiosk at the gate, for visitors who want to see the blowers at
work, and hopes that the school, too, will fill up once the families are back from the towns to which they had moved.</p>"""


@pytest.mark.parametrize(
    ("text", "is_article"),
    [
        (STORY, True),
        (TEASER, False),
        (f"{TEASER}<p>Sign up for an account, or enter your password to continue reading.</p>", False),
        (f"{STORY}<p>Subscribe for four crowns a month, and keep reading this story to its end.</p>", False),
    ],
    ids=["article", "its beginning", "wall with its beginning", "wall with most of it"],
)
def test_a_box_to_log_in_makes_no_wall_of_the_article_beside_it(text, is_article):
    page = f"<title>{ANNOUNCED}</title><div><h1>Log in</h1></div><div><h1>{ANNOUNCED}</h1>{text}</div>"
    assert isinstance(fetched(f"<html lang='en'>{page}</html>"), Rejection) is not is_article
