"""The desk in a real Chromium: read, searched, narrowed and paged; hostile articles are inert; axe finds nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.support.chromium import find_chromium, open_browser
from tests.support.newsdesk import EDITED_ID, HOSTILE_ID, make_newsdesk
from tests.support.served_desk import serve

CHROMIUM = find_chromium()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: 'apt-get install chromium' installs it on Debian"),
]
SQL = "SELECT day, sum(articles) AS articles FROM articles_by_day GROUP BY day ORDER BY day"
PAGES = ("/", "/articles?q=library&source=harbour-post", f"/article/{EDITED_ID}", f"/article/{EDITED_ID}/lines", "/rejects",
         "/source/karst-zeitung", f"/sql?query={SQL}", f"/article/{HOSTILE_ID}", "/no-such-page")  # fmt: skip
NARROW = {"width": 390, "height": 800}
WIDE = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    newsdesk = make_newsdesk(tmp_path_factory.mktemp("newsdesk"), datetime.now(UTC), hostile=True)
    with serve(newsdesk.settings) as served:
        yield f"{served.address}/desk"


@pytest.fixture(scope="module")
def browser():
    with open_browser(CHROMIUM) as opened:
        yield opened


@pytest.fixture
def page(browser, address):
    """Open a page that fails a test for a request to elsewhere, an error of a script, a dialog."""
    context = browser.new_context(viewport=WIDE, base_url=address)
    opened, faults = context.new_page(), []
    opened.on("request", lambda request: request.url.startswith(address) or faults.append(request.url))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "console", lambda message: message.type == "error" and "404" not in message.text and faults.append(message.text)
    )
    opened.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    opened.address = address
    yield opened
    context.close()
    assert not faults


def go(page, path: str) -> None:
    page.goto(page.address + path)


def follow(link) -> None:
    """Click, and wait for the whole page: its head comes before its rows."""
    with link.page.expect_navigation():
        link.click()


def titles(page) -> list[str]:
    return page.locator(".articles h2").all_inner_texts()


@pytest.mark.parametrize(
    ("scheme", "paths", "rules"), [("light", PAGES, {}), ("dark", PAGES[::3], {"runOnly": ["color-contrast"]})]
)
def test_axe_finds_nothing_that_keeps_people_out(page, scheme, paths, rules):
    from axe_playwright_python.sync_playwright import Axe

    page.emulate_media(color_scheme=scheme)
    violations = []
    for path in paths:
        go(page, path)
        entries = Axe().run(page, options={"resultTypes": ["violations"], **rules}).response["violations"]
        violations += [(path, entry["id"], entry["impact"], entry["nodes"][0]["html"]) for entry in entries]
    assert not violations


def test_no_text_is_small_and_no_page_is_wider_than_the_window(page):
    smallest = """() => Math.min(...[...document.querySelectorAll('body *')]
        .filter((element) => element.innerText?.trim() && element.children.length === 0)
        .map((element) => parseFloat(getComputedStyle(element).fontSize)))"""
    page.set_viewport_size(NARROW)
    for path in PAGES:
        go(page, path)
        assert page.evaluate(smallest) >= 14, path
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path


def test_a_reader_goes_from_the_front_to_a_line_that_was_taken_out(page):
    go(page, "/")
    assert page.locator(".sources tbody .state").first.inner_text() == "failing"
    follow(page.get_by_role("link", name="The Harbour Post"))
    page.locator(".chart canvas").wait_for()
    follow(page.get_by_role("link", name="its articles"))
    follow(page.locator(".articles h2 a").nth(1))  # the first one is hostile
    assert page.locator(".stripped del").count() >= 3
    assert (
        page.locator(".stripped del").first.evaluate("element => getComputedStyle(element).textDecorationLine")
        == "line-through"
    )
    follow(page.get_by_role("link", name="Line by line"))
    assert page.locator(".lines li.gone").count() >= 3


def test_articles_are_searched_narrowed_and_paged(page):
    go(page, "/articles")
    first = titles(page)
    follow(page.get_by_role("link", name="Older"))
    assert "page=2" in page.url
    assert len(first) == 50
    follow(page.get_by_role("link", name="Newer"))
    page.get_by_role("searchbox", name="Words").fill("ferry")
    follow(page.get_by_role("button", name="Search"))
    assert page.locator("mark").count() >= 10
    total = page.locator(".total").inner_text()
    follow(page.get_by_label("Narrow the list").get_by_role("link", name="AFP"))
    assert page.locator(".total").inner_text() != total
    follow(page.get_by_role("link", name="Remove Agency"))
    assert page.locator(".total").inner_text() == total
    go(page, "/rejects")
    follow(page.get_by_role("link", name="login_wall").first)
    assert set(page.locator(".list .chip").all_inner_texts()) == {"login_wall"}


def test_a_statement_is_written_by_the_keyboard(page):
    go(page, "/sql")
    page.locator("#query").focus()
    with page.expect_response("**/names.json"):
        page.reload()
    page.locator("#query").focus()
    page.keyboard.type("SELECT lang")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("Tab")
    page.keyboard.type(", count(*) AS n FROM articles GROUP BY ALL ORDER BY n")
    page.keyboard.press("Escape")
    assert page.locator("#query").input_value().startswith("SELECT language, count(*)")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    page.locator(".chart canvas").wait_for()
    assert page.locator(".rows tbody tr").count() == 6
    assert "copydesk sql" in page.locator(".command code").inner_text()
    assert page.locator(".u-legend").is_visible()


def test_the_keyboard_reaches_content_and_search(page):
    go(page, "/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "quick"


def test_a_text_from_right_to_left_stands_so(page):
    go(page, "/articles?source=sahifat-al-mina&language=ar")
    follow(page.locator(".articles h2 a").first)
    assert page.locator(".text p").first.evaluate("element => getComputedStyle(element).direction") == "rtl"
    assert page.locator("h1").get_attribute("lang") == "ar"
    assert page.locator("html").evaluate("element => getComputedStyle(element).direction") == "ltr"


@pytest.mark.parametrize(
    "path", [f"/article/{HOSTILE_ID}", "/articles", "/articles?q=ferry+script", "/rejects", "/source/harbour-post", "/",
             "/sql?query=SELECT title, url, text FROM articles WHERE article_id = 'hostile'"]
)  # fmt: skip
def test_a_hostile_article_is_inert(page, path):
    go(page, path)
    assert page.locator("text=document.title='owned'").count()
    for element in page.locator("main a").all()[:80]:
        assert element.get_attribute("href").startswith(("/desk/", "#", "http://", "https://"))
    for link in page.locator("main a[href^='/desk/document/']").all()[:1]:
        follow(link)
        assert page.locator("pre.raw").inner_text().startswith("<html><body onload=")
    assert page.title().endswith("· Copydesk")
    assert "owned" not in page.title().partition(" · ")[0] or path == f"/article/{HOSTILE_ID}"
    assert page.evaluate("document.querySelectorAll('main script, img, iframe').length") == 0


def test_without_scripts_all_of_it_can_be_read(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for path in ("/", "/articles?q=ferry", f"/sql?query={SQL}"):
        page.goto(address + path)
        assert page.locator("main table, main .articles").count()
    context.close()
