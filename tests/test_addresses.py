"""One spelling for each address, and one identity for each article."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.metadata.identity import article_id, version_id
from tasks.metadata.urls import absolute_url, canonical_domain, canonical_url, identity_url, is_logo_url, normalize_url

PAGE = "https://www.example.org/world/harbour-opens-71234567"


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTPS://WWW.Example.ORG/A", "https://www.example.org/A"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("http://example.org:8080/a", "http://example.org:8080/a"),
        ("https://example.org", "https://example.org/"),
        ("https://example.org/a#comments", "https://example.org/a"),
        ("https://example.org/#!/story/7", "https://example.org/#!/story/7"),
        ("https://example.org/a?utm_source=x&fbclid=1&id=7&ref=rss", "https://example.org/a?id=7"),
        ("https://example.org/a?b=2&a=1", "https://example.org/a?a=1&b=2"),
        ("https://example.org/a/../b/./c", "https://example.org/b/c"),
        ("https://example.org/%7euser/%c3%a9", "https://example.org/~user/%C3%A9"),
        ("https://example.org/città", "https://example.org/citt%C3%A0"),
        ("https://münchen.example/a", "https://xn--mnchen-3ya.example/a"),
        ("https://example.org./a", "https://example.org/a"),
        ("http://[2001:DB8::1]/a", "http://[2001:db8::1]/a"),
    ],
)
def test_an_address_has_one_spelling(url, normal):
    assert normalize_url(url) == normal
    assert normalize_url(normal) == normal


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a/one;jsessionid=0A1B2C3D4E",
        "https://example.org/a/one%3Bjsessionid%3D0A1B2C3D4E?id=2",
        "https://example.org/(S(lit3py55t21z5v55vlm25s55))/a/one?id=2",
        "https://example.org/a/one?PHPSESSID=b1c9&id=2",
        "https://example.org/a/one?id=2&osCsid=1f&CFID=12&CFTOKEN=9a",
        "https://example.org/a/one?id=2&ASPSESSIONIDQQ=KLM",
        "https://example.org/a/one?id=2&sid=d41d8cd98f00b204e9800998ecf8427e",
        "https://example.org/a/one?session_id=3k2j5h7g9f1d4s6a8p0o2i4u6y&id=2",
        "https://example.org/a/one?id=2&mc_tc=1&elqTrackId=7&irclickid=x&epik=a&fb_source=feed&_branch_match_id=9",
        "https://example.org/a/one?id=2&outputType=amp",
        "https://example.org/a/one?amp&id=2",
        "https://www.google.com/amp/s/example.org/a/one?id=2",
        "https://example-org.cdn.ampproject.org/c/s/example.org/a/one?id=2&usqp=mq331",
    ],
)
def test_what_names_the_visit_and_not_the_article_is_no_part_of_the_normal_form(url):
    normal = normalize_url(url)
    assert normal in {"https://example.org/a/one", "https://example.org/a/one?id=2"}
    assert normalize_url(normal) == normal


@pytest.mark.parametrize(
    "query",
    [
        "sid=17",
        "sid=65f2c0ffee00000000000001",
        "session_id=12",
        "s=harbour",
        "sid=d41d8cd98f00b204e9800998ecf8427e",
        "token=d41d8cd98f00b204e9800998ecf8427e",
        "mod=viewthread",
        "view=ampere",
        "camp=1",
    ],
)
def test_a_number_that_may_be_that_of_a_story_stays(query):
    assert normalize_url(f"https://example.org/story.php?{query}") == f"https://example.org/story.php?{query}"


@pytest.mark.parametrize(
    "twin",
    [
        "https://example.org/amp/world/harbour-opens",
        "https://example.org/world/harbour-opens/amp/",
        "https://example.org/world/harbour-opens?amp=1",
        "https://example.org/world/harbour-opens/?outputType=amp",
        "https://amp.example.org/world/harbour-opens",
        "https://m.example.org/world/harbour-opens",
        "https://mobile.example.org/world/harbour-opens",
        "https://example.org/m/world/harbour-opens",
        "https://www-example-org.cdn.ampproject.org/v/s/www.example.org/world/harbour-opens?amp_js_v=0.1",
    ],
)
def test_the_amp_and_the_mobile_form_of_a_page_are_the_same_article(twin):
    page = "https://www.example.org/world/harbour-opens"
    assert article_id("example", twin, twin) == article_id("example", page, page)


@pytest.mark.parametrize(
    "other",
    [
        "https://example.org/amp",
        "https://example.org/m/1",
        "https://m.co/world/harbour",
        "https://example.org/gear/amplifier",
    ],
)
def test_an_address_that_only_looks_like_that_of_a_twin_is_its_own(other):
    assert article_id("example", other, other) != article_id("example", "https://example.org/", "https://example.org/")
    assert identity_url(other).endswith(other.removeprefix("https:"))


@pytest.mark.parametrize(
    ("host", "encoded"),
    [
        ("straße.example", "xn--strae-oqa.example"),
        ("βόλος.example", "xn--nxasmm1c.example"),
    ],
)
def test_a_host_has_the_name_under_which_it_is_fetched(host, encoded):
    assert normalize_url(f"https://{host}/a") == f"https://{encoded}/a"
    assert httpx.URL(f"https://{host}/a").raw_host.decode() == encoded


@pytest.mark.parametrize("query", ["12345", "p=5", "gallery=5", "cid=9", "id=", "article_id=4&page=2"])
def test_a_parameter_that_names_the_article_stays(query):
    """Taken for tracking, it would merge all articles of the site into one."""
    assert normalize_url(f"https://example.org/show?{query}") == f"https://example.org/show?{query}"


@pytest.mark.parametrize(
    "url", ["file:///data/a%20b.html#3", "urn:uuid:1", "http://[::1", "http://host:port/", "", "no address"]
)
def test_what_is_no_web_address_stays_as_it_is(url):
    assert normalize_url(url) == url == identity_url(url)
    assert canonical_domain(url) is None


@given(st.text())
def test_no_text_breaks_an_address(text):
    for url in (text, f"https://{text}", f"https://example.org/{text}", f"https://example.org/a?{text}"):
        assert normalize_url(normalize_url(url)) == normalize_url(url)
        identity_url(url)
        canonical_domain(url)
        canonical_url(url, PAGE)
        absolute_url(url, PAGE)


@pytest.mark.parametrize(
    "edited",
    [
        "http://example.org/world/harbour-opens-71234567/",
        "https://example.org/world/harbour-opens-after-delay-71234567?utm_medium=rss",
        "https://www.example.org/world/71234567#top",
    ],
    ids=["scheme, www and slash", "slug and tracking", "no slug"],
)
def test_an_article_keeps_its_id_when_its_address_is_edited(edited):
    assert article_id("example", edited, edited) == article_id("example", PAGE, PAGE)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("https://example.org/a-71234567", "https://example.org/a-71234568"),
        ("https://example.org/talks-fail-20240503", "https://example.org/talks-open-20240503"),
        ("https://example.org/storm-20240503120000", "https://example.org/flood-20240503120000"),
        ("https://example.org/state-gains-1000000", "https://example.org/state-loses-1000000"),
        ("https://example.org/top-10", "https://example.org/worst-10"),
        ("https://example.org/a?id=1", "https://example.org/a?id=2"),
        ("https://example.org/a", "https://example.net/a"),
    ],
    ids=["number", "day", "second", "round number", "short number", "parameter", "site"],
)
def test_two_articles_never_share_an_id(first, second):
    assert article_id("example", first, first) != article_id("example", second, second)


def test_an_id_belongs_to_a_source_and_follows_its_guid():
    assert article_id("one", "17", PAGE) == article_id("one", "17", "https://example.org/moved")
    assert article_id("one", "17", PAGE) != article_id("two", "17", PAGE)
    assert len(article_id("one", "17", PAGE)) == 32


def test_a_revision_mark_on_the_own_address_is_no_identity_but_any_other_fragment_is():
    """Some feeds count revisions in the guid's fragment; others tell their entries apart by nothing else."""
    assert article_id("one", f"{PAGE}#3", f"{PAGE}?at_medium=RSS") == article_id("one", PAGE, PAGE)
    feed = "https://example.org/feed"
    assert article_id("one", f"{feed}#1", PAGE) != article_id("one", f"{feed}#2", PAGE)


def test_a_version_changes_with_title_and_text_only():
    assert version_id("T", "text") == version_id("T", "text")
    assert (
        len({version_id("T", "text"), version_id("T", "texts"), version_id(None, "T\0text"), version_id("", "x")}) == 4
    )


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://news.bbc.example.co.uk/a", "example.co.uk"),
        ("https://www.example.org:8080/a", "example.org"),
        ("http://127.0.0.1:9000/a", "127.0.0.1"),
        ("http://localhost/a", "localhost"),
        (None, None),
    ],
)
def test_a_domain_is_what_its_owner_registered(url, domain):
    assert canonical_domain(url) == domain


@pytest.mark.parametrize(
    ("declared", "canonical"),
    [
        ("/world/harbour-opens-71234567?utm_source=x", PAGE),
        ("https://m.example.org/other", "https://m.example.org/other"),
        (
            "https://agency.example.net/wire/harbour-opens-71234567",
            "https://agency.example.net/wire/harbour-opens-71234567",
        ),
        ("https://www.example.org/", None),
        ("https://unrelated.example.net/page", None),
        ("javascript:void(0)", None),
        ("https:///", None),
        (PAGE.removeprefix("https://"), PAGE),
        ("https://www.example.org/world/", None),
        ("https://staging.example.org/world/harbour-opens-71234567", None),
        ("https://www.example.org:8443/world/harbour-opens-71234567", None),
        ("http://10.0.3.7/world/harbour-opens-71234567", None),
        ("undefined", None),
        ("https://www.example.org/{{slug}}", None),
    ],
    ids=[
        *("relative", "same domain", "syndicated", "home page", "elsewhere", "script", "nothing", "no scheme"),
        *("section", "staging", "port", "number", "undefined", "template"),
    ],
)
def test_a_canonical_address_is_believed_when_it_can_be_this_page(declared, canonical):
    assert canonical_url(declared, PAGE) == canonical


def test_a_file_may_state_any_web_address_as_its_canonical_one():
    assert canonical_url("https://example.org/a#x", "file:///a.html") == "https://example.org/a"
    assert canonical_url("a.html", "file:///b.html") is None


@pytest.mark.parametrize(
    ("url", "absolute"),
    [
        ("//cdn.example.org/i.jpg", "https://cdn.example.org/i.jpg"),
        ("../i.jpg", "https://www.example.org/i.jpg"),
        ("data:image/png;base64,xyz", None),
        ("http://two words.example/", None),
    ],
)
def test_an_image_address_is_made_absolute_or_refused(url, absolute):
    assert absolute_url(url, PAGE) == absolute


def test_a_canonical_url_of_two_addresses_is_none():
    assert (
        canonical_url("https://news.examplehttps://news.example/2026/bakery", "https://news.example/2026/bakery")
        is None
    )


@pytest.mark.parametrize(
    ("name", "is_logo"),
    [("logo-share-128.png", True), ("paper_logo.svg", True), ("favicon.ico", True), ("logo.jpg", True),
     ("logo-1200x630.jpg", True), ("city-council-new-logo.jpg", False), ("logo-designer-ann-lee.jpg", False),
     ("default-share.png", True), ("og-fallback.jpg", True), ("pixel.gif", True), ("dog-default-nap.jpg", False),
     ("slogo.png", False), ("bakery.jpg", False)],
)  # fmt: skip
def test_an_image_is_a_logo_by_its_name(name, is_logo):
    assert is_logo_url(f"https://news.example/img/{name}?w=3") is is_logo
