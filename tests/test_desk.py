"""The desk over real HTTP: who is let in, what each page shows, and that nothing hostile comes alive on it."""

from __future__ import annotations

import re
import threading
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest
from typer.testing import CliRunner

from config.errors import ConfigError
from config.settings import load_settings
from flows.cli.app import app
from flows.desk.access import credentials
from flows.desk.difference import compare_texts
from flows.desk.paging import Page
from flows.desk.query import Result, as_command
from flows.desk.rendering import age, web_link
from flows.desk.report import MAX_SOURCES, render_report
from flows.desk.source_file import read_source_file
from flows.desk.summaries import FRESH_SECONDS, STALE_SECONDS, Summaries
from flows.scheduling.desk_server import find_prefect_ui, serve_desk
from flows.scheduling.server_checks import ServeError
from tests.support.newsdesk import COPY_ID, EDITED_ID, FLOW_RUN_ID, HOSTILE_ID, make_newsdesk
from tests.support.served_desk import ServedDesk, serve
from tests.support.waiting import wait_for

EVERYWHERE = "0.0.0.0"  # noqa: S104  refused
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    newsdesk = make_newsdesk(tmp_path_factory.mktemp("newsdesk"), datetime.now(UTC), hostile=True)
    with serve(newsdesk.settings) as served:
        yield served


def page(desk: ServedDesk, path: str, status: int = 200, **values: object) -> str:
    response = desk.client.get(f"/desk{path}", params=values)
    assert response.status_code == status, response.text
    return response.text


def rows_of(csv: str) -> list[str]:
    return csv.removeprefix("\ufeff").strip().splitlines()


def test_the_front_page_puts_what_fails_first(desk):
    html = page(desk, "/")
    order = [html.index(f'/desk/source/{name}"') for name in ("karst-zeitung", "faro-puerto-claro", "harbour-post")]
    assert order == sorted(order)
    states = re.findall(r'<span class="state (\w+)">', html)
    assert states[:2] == ["failing", "silent"]
    assert html.count('<svg class="spark"') == len(states) + 1
    for words in ("503 Service Unavailable", "Arabic", "consent_wall", "The last hour", "صحيفة الميناء"):
        assert words in html


def test_a_source_shows_its_weeks_and_no_secret(desk):
    html = page(desk, "/source/matin-valmont")
    assert "copydesk sources check matin-valmont" in html
    assert "Abonnez-vous à notre lettre" in html
    assert "env:READER" in html
    assert "very-secret" not in html
    assert "(not shown)" in html
    assert page(desk, "/source/matin-valmont", page=2).count("succeeded") > 10
    page(desk, "/source/no-such-source", 404)
    page(desk, f"/source/{'a' * 5_000}", 404)


def test_a_run_of_a_flow_is_linked_to_its_page_in_prefect(desk):
    assert "/runs/flow-run/" not in page(desk, "/source/matin-valmont"), "where there is no Prefect to link to"
    with serve(desk.settings, prefect_ui="http://127.0.0.1:4200") as served:
        html = page(served, "/source/matin-valmont")
    assert re.findall(r'href="([^"]*/runs/[^"]*)"', html) == [f"http://127.0.0.1:4200/runs/flow-run/{FLOW_RUN_ID}"]


def test_articles_are_narrowed_paged_and_sent(desk):
    html = page(desk, "/articles", source="sahifat-al-mina")
    assert html.count('<h2 dir="auto">') == 50
    assert set(re.findall(r"/desk/source/([\w-]+)", html)) == {"sahifat-al-mina"}
    first, second = (set(re.findall(r"/desk/article/([\w-]+)", page(desk, "/articles", page=n))) for n in (1, 2))
    assert len(first) == len(second) == 50
    assert not first & second
    rows = rows_of(page(desk, "/articles.csv", language="de", section="Verkehr"))
    assert 5 < len(rows) < 60
    assert all("karst-zeitung" in row for row in rows[1:])
    day = (datetime.now(UTC) - timedelta(days=3)).date()
    days = set(re.findall(r'<time datetime="(\d{4}-\d\d-\d\d)T', page(desk, "/articles", day=day.isoformat())))
    assert days == {day.isoformat()}
    assert "AFP" in page(desk, "/articles", agency="AFP")
    for day in (date.min, date.max):
        assert "No article is like that." in page(desk, "/articles", q="ferry", day=day.isoformat())


def test_a_search_ranks_and_marks_its_words(desk):
    html = page(desk, "/articles", q='"night ferry" passengers')
    assert "<mark>passengers</mark>" in html
    assert set(re.findall(r"/desk/source/([\w-]+)", html)) == {"harbour-post", "sahifat-al-mina"}
    assert "صيادو" in page(desk, "/articles", q="صيادو", language="ar")
    assert "No article is like that" in page(desk, "/articles", q="xylophone")
    assert "notice" in page(desk, "/articles", q="-ferry")


def test_an_article_shows_what_was_taken_out_where_it_came_from_and_its_edits(desk):
    html = page(desk, f"/article/{EDITED_ID}")
    assert re.search(r'<span class="chip quiet">menu</span> <del [^>]*>Sign up for the morning letter</del>', html)
    assert "json-ld" in html
    assert "published_local" in html
    assert "3 versions" in html
    assert "<ins>" in html
    assert re.search(r'class="change new"', html)
    assert re.search(rf'/desk/article/{COPY_ID}">.*The night ferry to Wennmouth is back.*\n?.*the same words', html)
    [capture] = set(re.findall(r"/desk/document/([\w-]+)", html))
    assert "&lt;article&gt;&lt;h1&gt;" in page(desk, f"/document/{capture}")
    page(desk, "/article/none", 404)
    page(desk, "/article/none/lines", 404)
    page(desk, "/document/none", 404)


def test_a_long_list_says_that_it_has_more(desk, monkeypatch):
    sizes = {"article.MAX_STRIPPED": 1, "article.MAX_VERSIONS": 2, "article.MAX_COPIES": 1, "source.POLLS": 1,
             "source.PROBLEMS": 1}  # fmt: skip
    for name, size in sizes.items():
        monkeypatch.setattr(f"flows.desk.{name}", size)
    html = page(desk, f"/article/{EDITED_ID}")
    assert html.count("<del dir=") == 1
    for words in ("has all of them", "there are older ones", "there are more", ">The Harbour Post</a>"):
        assert words in html
    assert "The newest 1 are shown" in page(desk, "/source/matin-valmont")
    html = page(desk, "/source/karst-zeitung")
    assert html.count('<p class="notice">') == html.count('data-copy="') == 1
    assert "The first 1 problems of " in html


def test_the_lines_of_a_document_stand_in_their_order_beside_it(desk):
    html = page(desk, f"/article/{EDITED_ID}/lines")
    lines = re.findall(r'<li( class="gone")?><span class="number">(\d+)</span>', html)
    assert [bool(gone) for gone, _ in lines] == [True] * 4 + [False] * 4 + [True]
    assert [int(number) for _, number in lines] == sorted(int(number) for _, number in lines)
    assert "&lt;nav&gt;" in html
    assert 'class="notice"' not in html
    assert "the archive" in page(desk, f"/article/{COPY_ID}/lines") or "Its capture is missing" in page(
        desk, f"/article/{COPY_ID}/lines"
    )


def test_the_lines_of_a_long_document_stand_on_several_pages(desk, monkeypatch):
    monkeypatch.setattr("flows.desk.lines.LINES", 4)
    path, numbers = f"/article/{EDITED_ID}/lines", []
    for number in (1, 2, 3):
        html = page(desk, path, page=number)
        assert "4 of 9 lines" in html
        assert ('rel="next"' in html) == (number < 3)
        numbers += map(int, re.findall(r'<span class="number">(\d+)</span>', html))
    assert len(numbers) == 9
    assert numbers == sorted(set(numbers))


def test_a_facet_says_that_it_has_more(desk, monkeypatch):
    assert "There are more" not in page(desk, "/rejects", reason="binary")
    monkeypatch.setattr("flows.desk.rejects.MAX_COUNTS", 1)
    monkeypatch.setattr("flows.desk.articles.FACET_VALUES", 1)
    # Of other reasons and words than before, as counts are kept for a while.
    assert "There are more" in page(desk, "/rejects", reason="empty")
    assert "There are more" in page(desk, "/articles", language="ar", source="sahifat-al-mina")


def test_rejects_are_narrowed_and_say_what_helps(desk):
    html = page(desk, "/rejects", reason="consent_wall")
    assert "What helps: use the full text of the feed" in html
    assert html.count("the page asks to accept cookies") == 40
    assert "Older" in page(desk, "/rejects")


def test_sql_reads_and_does_nothing_else(desk):
    query = "SELECT language, count(*) AS articles FROM articles GROUP BY ALL ORDER BY ALL"
    html = page(desk, "/sql", query=query)
    assert 'data-chart="{&#34;foot&#34;: [&#34;ar&#34;, &#34;de&#34;' in html
    assert as_command(query).replace("'", "&#39;") in html
    assert rows_of(page(desk, "/sql.csv", query=query))[0] == '"language","articles"'
    assert "only statements that read" in page(desk, "/sql", query="DROP VIEW articles")
    assert "a query reads the views" in page(desk, "/sql", query="FROM read_csv('/etc/passwd')")
    assert "a query reads the views" in page(
        desk, "/sql", query=f"FROM read_text('{desk.settings.data}/copydesk.duckdb')"
    )
    assert "only statements that read" in page(desk, "/sql", query="SET threads = 1")
    assert "one statement at a time" in page(desk, "/sql", query="SELECT 1; SELECT 2")
    assert "the first 1\u202f000 of more" in page(desk, "/sql", query="SELECT unnest(range(5000))")
    assert "articles_by_day" in page(desk, "/names.json")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_statement_of_another_site_waits_for_the_reader(desk, site):
    query = "SELECT 6 * 7 AS answer"
    response = desk.client.get("/desk/sql", params={"query": query}, headers={"Sec-Fetch-Site": site})
    assert query in response.text
    assert "<td" not in response.text
    response = desk.client.get("/desk/sql.csv", params={"query": query}, headers={"Sec-Fetch-Site": site})
    assert response.status_code == 403


def test_a_result_is_bounded_by_its_size_too(desk, monkeypatch):
    monkeypatch.setattr("flows.desk.query.MAX_CHARACTERS", 10_000)
    query = "SELECT repeat('x', 1000) FROM range(50)"
    assert "the first 11 of more" in page(desk, "/sql", query=query)
    assert len(rows_of(page(desk, "/sql.csv", query=query))) == 1 + 11


def test_a_statement_that_takes_too_long_is_ended(desk, monkeypatch):
    monkeypatch.setattr("flows.desk.query.MAX_SECONDS", 0.2)
    html = page(desk, "/sql", query="SELECT count(*) FROM range(10000000000) AS t (n) WHERE n % 7 = 3 AND n % 11 = 5")
    assert "took longer than 0.2 s" in html


def test_a_statement_that_takes_all_memory_ends_alone(desk):
    html = page(desk, "/sql", query="SELECT repeat('x', 2000000) FROM range(10000)")
    assert "the query needs more memory than it may have" in html
    assert ">42<" in page(desk, "/sql", query="SELECT 6 * 7 AS answer")


class Elements(HTMLParser):
    """The elements and attributes that a browser would make of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.attributes = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.attributes += attributes


@pytest.mark.parametrize(
    "path",
    ["/", "/articles", "/articles?q=ferry+script", f"/article/{HOSTILE_ID}", "/rejects", "/source/harbour-post",
     "/sql?query=SELECT+title,+text,+url+FROM+articles+WHERE+article_id='hostile'", "/articles?q=%3Cscript%3Ealert(1)",
     "/articles?section=%22%3E%3Cscript%3E"],
)  # fmt: skip
def test_nothing_hostile_becomes_an_element_an_attribute_or_a_link(desk, path):
    response = desk.client.get(f"/desk{path}")
    assert response.status_code == 200
    elements = Elements(response.text)
    assert {tag for tag, _ in elements.tags}.isdisjoint({"img", "iframe", "object", "base", "style"})
    assert all(
        attributes.get("src", "").startswith("/desk/static/") for tag, attributes in elements.tags if tag == "script"
    )
    assert not [name for name, _ in elements.attributes if name.startswith("on") or name == "style"]
    links = [value for name, value in elements.attributes if name in ("href", "action", "src")]
    assert all(re.match(r"/desk/|#|https?://[\w.-]+\.example/", link) for link in links), links


def test_the_document_as_it_came_is_text(desk):
    html = page(desk, f"/article/{HOSTILE_ID}")
    [capture] = set(re.findall(r"/desk/document/([\w-]+)", html))
    assert "&lt;body onload=&#34;" in page(desk, f"/document/{capture}")


@pytest.mark.parametrize(
    ("path", "function", "status"), [("rejects", "load_rejects", 200), ("article/a", "find_title", 500)]
)
def test_a_fault_of_ours_is_a_page_too(desk, monkeypatch, path, function, status):
    monkeypatch.setattr(f"flows.desk.routes.{function}", lambda *_: 1 / 0)
    response = desk.client.get(f"/desk/{path}")
    assert response.status_code == status
    assert "ZeroDivisionError" in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_the_head_of_a_page_comes_before_its_queries(desk, monkeypatch):
    began = threading.Event()
    monkeypatch.setattr("flows.desk.routes.load_rejects", lambda *_: began.wait(20) and Page([], 1, has_next=False))
    with desk.client.stream("GET", "/desk/rejects") as response:
        pieces = response.iter_text()
        assert "<h1>Rejects</h1>" in next(pieces)
        began.set()
        assert "".join(pieces).rstrip().endswith("</html>")


def test_the_front_page_is_one_file_too(desk, tmp_path):
    data, config = desk.settings.data, str(desk.settings.config)
    result = CliRunner().invoke(app, ["report", str(tmp_path / "r.html"), "--data", data, "--config", config])
    assert result.exit_code == 0, result.output
    html = (tmp_path / "r.html").read_text("utf-8")
    assert "Karst-Zeitung" in html
    elements = Elements(html)
    assert not [name for name, _ in elements.attributes if name in ("href", "src", "style") or name.startswith("on")]
    assert "script" not in {tag for tag, _ in elements.tags}
    assert html.count("<svg") > 10


def test_every_answer_has_its_policy(desk):
    for path in ("/", "/articles", "/no/such/page", "/static/desk.css", "/names.json"):
        headers = desk.client.get(f"/desk{path}").headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "path", ["/articles?page=0", "/articles?page=abc", "/articles?day=yesterday", "/rejects?page=-1"]
)
def test_a_wrong_address_is_answered_in_a_sentence(desk, path):
    response = desk.client.get(f"/desk{path}")
    assert response.status_code == 400
    assert "<h1>" in response.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_sent_to_it(desk, method):
    assert desk.client.request(method, "/desk/articles").status_code == 405


def test_only_its_own_names_are_answered(desk):
    for headers, status in (({"Host": "evil.example"}, 421), ({"Origin": "http://evil.example"}, 403), ({}, 200)):
        assert desk.client.get("/desk/sql", headers=headers).status_code == status
    assert desk.client.get("/").headers["location"] == "/desk/"


def test_with_a_password_it_asks_for_it(desk, monkeypatch):
    monkeypatch.setattr("flows.desk.access.SECONDS_AFTER_WRONG", 0.01)
    with serve(desk.settings, "reader:word") as served:
        for auth, status in ((None, 401), (("reader", "other"), 401), (("reader", "word"), 200)):
            response = served.client.get("/desk/static/desk.css", auth=auth)
            assert response.status_code == status
            assert ("www-authenticate" in response.headers) == (status == 401)


def test_it_does_not_listen_to_others_without_a_password(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ServeError, match=r"open to everybody.*set desk_password"):
        serve_desk(load_settings(), tmp_path, EVERYWHERE, 4202)
    with pytest.raises(ConfigError, match="not user:password"):
        serve_desk(load_settings(desk_password="word"), tmp_path, "127.0.0.1", 4202)  # noqa: S106
    result = CliRunner().invoke(app, ["desk", "--host", EVERYWHERE, "--data", str(tmp_path)])
    assert result.exit_code == 1


def test_an_empty_installation_has_a_front_page(tmp_path):
    (tmp_path / "sources").mkdir()
    with serve(load_settings(data=str(tmp_path / "none"), config=tmp_path)) as served:
        response = served.client.get("/desk/")
        assert response.status_code == 200
        assert "no sources" in response.text
        for path in ("/desk/articles", "/desk/articles?q=ferry"):
            assert "Nothing has landed yet" in served.client.get(path).text
        for path in ("articles.csv", "sql.csv?query=FROM+articles", "names.json", "article/a", "document/a"):
            assert served.client.get(f"/desk/{path}").status_code == 404
    assert not (tmp_path / "none").exists()


def test_many_sources_are_paged_and_a_report_says_how_many_it_leaves_out(tmp_path):
    config = tmp_path / "config"
    (config / "sources").mkdir(parents=True)
    for number in range(MAX_SOURCES + 30):
        text = f'title = "Paper {number}"\n[[input]]\nkind = "feed"\nurl = "https://paper-{number}.example/feed"\n'
        (config / "sources" / f"paper-{number}.toml").write_text(text)
    settings = load_settings(data=str(tmp_path / "none"), config=config)
    with serve(settings) as served:
        pages = [page(served, "/", page=number) for number in (1, 2, 5)]
    ids = [re.findall(r'/desk/source/([\w-]+)"', html) for html in pages]
    assert [len(rows) for rows in ids] == [50, 50, 30]
    assert not set(ids[0]) & set(ids[1])
    assert "230 never ran" in pages[0]
    assert 'href="/desk/?page=2">Next' in pages[0]
    assert "Next" not in pages[2]
    report = render_report(settings)
    assert report.count('<tr role="row">') == MAX_SOURCES
    assert "30 more sources are not in this file" in report


@pytest.mark.parametrize(
    ("header", "password"),
    [("Basic YTpi", b"a:b"), ("basic YTpi", b"a:b"), ("Bearer YTpi", b""), ("Basic ?", b""), ("", b"")],
)
def test_a_password_is_read_from_its_header_alone(header, password):
    assert credentials(header) == password


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.example",
            "https://", "http://a\nb/", "https://x.example/ y", "vbscript:x", None, "", "https://[oops/"],
)  # fmt: skip
def test_no_other_address_than_one_of_the_web_is_a_link(url):
    assert web_link(url) is None
    assert web_link("https://harbour.example/a?b=c#d") == "https://harbour.example/a?b=c#d"


def test_texts_are_compared_by_paragraphs_and_words():
    before = "The ferry left on Monday.\n\nNobody was hurt.\n\nIt is old."
    after = "The ferry left on Tuesday.\n\nNobody was hurt.\n\nA new pier is being built."
    changes = compare_texts(before, after)
    assert [change.change for change in changes] == ["changed", "gone", "new"]
    assert [(span.kind, span.text) for span in changes[0].spans] == [
        ("same", "The ferry left on "), ("gone", "Monday"), ("new", "Tuesday"), ("same", "."),
    ]  # fmt: skip
    assert compare_texts("a\n\n" * 2_000, "b") == []


def test_a_result_is_a_chart_where_it_has_numbers():
    days = Result(("day", "n", "name"), [(date(2026, 3, 2), 3, "b"), (date(2026, 3, 1), None, "a")], False, 0.1)
    assert days.series.is_time
    assert days.series.lines == [("n", [None, 3.0])]
    assert days.series.foot[1] - days.series.foot[0] == 86_400
    assert Result(("name", "title"), [("a", "b"), ("c", "d")], False, 0.1).series is None
    assert Result(("n",), [(1,), (2,)], False, 0.1).series is None


def test_times_without_a_zone_are_drawn_in_utc():
    moments = [datetime(1, 1, 1), datetime(1970, 1, 2)]  # noqa: DTZ001  as DuckDB returns a TIMESTAMP
    series = Result(["at", "articles"], [(moment, 1) for moment in moments], False, 0.0).series
    assert series.foot == [-62_135_596_800.0, 86_400.0]


def test_a_summary_is_computed_once_and_renewed_behind_the_reader():
    clock, computed = [0.0], []
    summaries = Summaries(lambda: clock[0])

    def compute() -> int:
        computed.append(clock[0])
        return len(computed)

    assert [summaries.get("a", compute) for _ in range(3)] == [1, 1, 1]
    clock[0] = FRESH_SECONDS + 1
    assert summaries.get("a", compute) == 1
    wait_for(lambda: summaries.get("a", compute) == 2, 10, "a new summary")
    clock[0] += STALE_SECONDS + 1
    assert summaries.get("a", compute) == 3


def test_a_page_of_a_list_knows_whether_another_follows():
    assert Page.of([1, 2, 3], 1, 2) == Page([1, 2], 1, has_next=True)
    assert Page.of([1, 2], 4, 2) == Page([1, 2], 4, has_next=False)


@pytest.mark.parametrize(
    ("minutes", "words"), [(-5, "0 min ago"), (7, "7 min ago"), (150, "2 h ago"), (60 * 72, "3 days ago")]
)
def test_an_age_is_told_in_its_largest_unit(minutes, words):
    assert age(NOW - timedelta(minutes=minutes), NOW) == words


def test_prefect_is_linked_where_it_is_known(tmp_path):
    assert find_prefect_ui({}, tmp_path) is None
    (tmp_path / "server.url").write_text("http://127.0.0.1:4200/api")
    assert find_prefect_ui({}, tmp_path) == "http://127.0.0.1:4200"
    assert find_prefect_ui({"PREFECT_API_URL": "https://prefect.example/api"}, tmp_path) == "https://prefect.example"


@pytest.mark.parametrize(
    "fetch",
    ['[fetch]\npassword = "pst" # pst\n# password = "pst"\nusername = "u"', '[fetch]\nheaders = { X = "pst", Y = "env:Y" }',
     '[fetch]\nproxy = "http://u:pst@proxy.example"\ncookies = "pst"', '[fetch.headers]\nX = "pst" # pst\n# pst'],
)  # fmt: skip
def test_a_file_is_shown_without_its_secrets(tmp_path, fetch):
    path = tmp_path / "a.toml"
    url = "https://reader:pst@a.example/feed"
    path.write_text(f'# of A\ntitle = "A" # its name\n[[input]]\nkind = "feed"\nurl = "{url}"\n{fetch}\n')
    text = read_source_file(path)
    assert "pst" not in text
    assert "# its name" in text
    assert ("env:Y" in fetch) == ("env:Y" in text)
