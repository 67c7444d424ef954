"""The simulated newsroom keeps its word: what it serves is what its plan says, and its checks see what is wrong."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from html import escape
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from config.inputs import FeedInput
from config.sources import Source, load_sources
from tasks.article import make_article
from tasks.extract import extract
from tasks.listings.feeds import read_feed
from tasks.listings.section_page import read_links
from tasks.listings.sitemaps import read_sitemap
from tests.newsroom import feeds, manners
from tests.newsroom.checks import was_to_land
from tests.newsroom.clock import ScaledClock, SimClock
from tests.newsroom.configure import configure
from tests.newsroom.landed import Ran
from tests.newsroom.ledger import write_requests
from tests.newsroom.pages import article_page, encoded, stand_in_page
from tests.newsroom.plan import Article, Fault, Plan, Site
from tests.newsroom.scenario import START, make_plan, small, week
from tests.newsroom.server import Newsroom
from tests.newsroom.sessions import own_path
from tests.support.raws import raw_page
from warehouse.model.records import Article as Landed
from warehouse.model.records import Rejection

ALL_SITES = week(1).sites
NEVER = "/no-such-page"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan("test", 7, timedelta(days=2), 20)


@pytest.fixture
def newsroom(plan: Plan) -> Iterator[Newsroom]:
    with Newsroom(plan, SimClock(plan.span.start)) as opened:
        yield opened


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=5.0, cookies={"visit": "1"}) as opened:
        yield opened


def site(newsroom: Newsroom, name: str) -> Site:
    return next(listed for listed in newsroom.plan.sites if listed.id == name)


def with_fault(newsroom: Newsroom, fault: Fault) -> Article:
    return next(article for article in newsroom.plan.articles if article.fault is fault)


def get(newsroom: Newsroom, client: httpx.Client, name: str, path: str, **headers: str) -> httpx.Response:
    fields = {key.replace("_", "-"): value for key, value in headers.items()}
    return client.get(newsroom.url(name, path), headers=fields)


def test_one_seed_gives_one_plan_and_another_seed_another():
    assert small(3) == small(3)
    assert {article.story for article in small(3).articles}.isdisjoint(article.story for article in small(4).articles)


def test_every_fault_and_every_kind_of_change_happens_in_a_week():
    articles = week(1).articles
    assert {article.fault for article in articles} == set(Fault)
    assert {edit.kind for article in articles for edit in article.edits} == {"headline", "number", "addition"}
    for change in ("moved_at", "removed_at", "twin_path", "agency"):
        assert any(getattr(article, change) for article in articles), change
    assert any(article.moved_at and article.edits for article in articles)


def test_a_paragraph_tells_whose_article_it_is(plan):
    # Else a check could not tell that a text has somebody else's paragraph in it.
    own = [text for article in plan.articles if not article.agency for text in article.story.paragraphs]
    assert len(own) == len(set(own))
    assert all(len(article.story.paragraphs) >= 6 for article in plan.articles)


@pytest.mark.parametrize("publisher", ALL_SITES, ids=lambda publisher: publisher.id)
def test_the_pipeline_finds_title_date_and_paragraphs_of_a_page(publisher: Site, plan: Plan):
    # A page that it could not read would make every other check say the wrong thing.
    source = Source.model_validate(
        {"id": publisher.id, "title": publisher.title, "language": publisher.language, "timezone": publisher.zone}
        | {"input": [{"kind": "feed", "url": "http://127.0.0.1/"}]}
    )
    good = [article for article in plan.by_site[publisher.id] if not article.reasons]
    for article in good:
        now = article.published + timedelta(hours=30)
        page = article_page(plan, publisher, article, now, "http://127.0.0.1:80")
        content, charset = encoded(publisher, article, page)
        raw = raw_page(content, "http://127.0.0.1" + article.shown_path(now), charset=charset)
        raw = replace(raw, capture=replace(raw.capture, fetched_at=now))
        landed = make_article(raw, source, 1_000_000)
        story = article.words(article.version(now))
        assert isinstance(landed, Landed), landed
        assert landed.title == story.title
        assert landed.text.split("\n\n") == list(story.paragraphs)
        assert landed.published_at == article.published


@pytest.mark.parametrize("publisher", ALL_SITES, ids=lambda publisher: publisher.id)
def test_a_listing_names_what_the_plan_has_published_and_nothing_else(publisher: Site, newsroom, client):
    newsroom.clock.wait(18 * 3600)
    response = get(newsroom, client, publisher.id, publisher.listing_path)
    if publisher.listing == "section":
        listing = read_links(response.content, str(response.url), r"/(news/20|amp|go|members)")
    else:
        listing = read_feed(response.content, str(response.url), response.headers["content-type"])
    now = newsroom.clock()
    addresses = {newsroom.url(publisher.id, own_path(urlsplit(entry.url).path)) for entry in listing.entries}
    assert addresses == {
        newsroom.url(publisher.id, path)
        for article in [up for up in newsroom.plan.up(publisher.id, now) if up.feeds != "desk"][: publisher.window]
        for path in article.paths(now)
    }
    assert {newsroom.url(publisher.id, path) for path in newsroom.ledger[-1].answer.listed} == addresses


def test_a_feed_rolls_over_and_the_news_sitemap_remembers(newsroom, client):
    first = get(newsroom, client, "merrow-gazette", "/rss.xml")
    newsroom.clock.wait(40 * 3600)
    second = get(newsroom, client, "merrow-gazette", "/rss.xml")
    links = [
        {entry.url for entry in read_feed(response.content, str(response.url)).entries} for response in (first, second)
    ]
    up = newsroom.plan.up("merrow-gazette", newsroom.clock())
    still = {newsroom.url(article.site, path) for article in up for path in article.paths(newsroom.clock())}
    gone = (links[0] - links[1]) & still
    assert gone
    sitemap = read_sitemap(get(newsroom, client, "merrow-gazette", "/sitemap.xml").content, "http://127.0.0.1/")
    assert gone & {entry.url for entry in sitemap.entries}


def test_a_sitemap_index_leads_to_everything_of_two_days(newsroom, client):
    newsroom.clock.wait(40 * 3600)
    index = read_sitemap(get(newsroom, client, "zarechny-vestnik", "/sitemap.xml").content, "http://127.0.0.1/")
    addresses = set()
    for child in index.children:
        addresses |= {entry.url for entry in read_sitemap(client.get(child.url).content, child.url).entries}
    up = newsroom.plan.up("zarechny-vestnik", newsroom.clock(), feeds.NEWS_SITEMAP)
    assert addresses == {
        newsroom.url("zarechny-vestnik", path) for article in up for path in article.paths(newsroom.clock())
    }


def test_a_paged_feed_can_be_followed_to_its_first_article(newsroom, client):
    newsroom.clock.wait(40 * 3600)
    url: str | None = newsroom.url("marsa-alyoum", "/atom")
    addresses: list[str] = []
    while url:
        listing = read_feed(client.get(url).content, url)
        addresses += [entry.url for entry in listing.entries]
        url = listing.older_url
    up = newsroom.plan.up("marsa-alyoum", newsroom.clock())
    assert len(addresses) == len(set(addresses)) == sum(len(article.paths(newsroom.clock())) for article in up)


def test_a_sitemap_that_is_an_input_spells_a_change_in_another_way_than_the_feed_or_calls_all_new(newsroom, client):
    newsroom.clock.wait(18 * 3600)
    feed = read_feed(get(newsroom, client, "faro-almendro", "/atom.xml").content, "http://127.0.0.1/")
    modified = {entry.url: entry.modified for entry in feed.entries}
    sitemap = read_sitemap(get(newsroom, client, "faro-almendro", "/sitemap.xml").content, "http://127.0.0.1/")
    both = [(modified[entry.url], entry.modified) for entry in sitemap.entries if entry.url in modified]
    assert both
    for spelling, other in both:
        assert spelling != other
        assert datetime.fromisoformat(spelling) == datetime.fromisoformat(other)
    always = read_sitemap(get(newsroom, client, "mihama-shimbun", "/sitemap.xml").content, "http://127.0.0.1/")
    assert {datetime.fromisoformat(entry.modified) for entry in always.entries} == {newsroom.clock.peek()}


def test_an_outage_hides_what_rolled_off_the_front_page_while_its_desk_names_what_is_left():
    # Else a gap of one feed would never lie behind what the other has named meanwhile.
    for plan in (small(), week()):
        site = next(publisher for publisher in plan.sites if publisher.desk)
        down = site.front_down[0]
        before, after = (
            {article for article, _ in feeds.entries(plan, site, at, feed="front")} for at in (down.start, down.end)
        )
        came = {article for article in plan.by_site[site.id] if article.published in down and article.feeds == "front"}
        assert not before & after
        assert came - after
        assert any(article.feeds == "both" for article in after)


def test_a_feed_of_whole_articles_holds_them_and_none_is_a_page_to_fetch(newsroom, client, tmp_path):
    newsroom.clock.wait(18 * 3600)
    listing = read_feed(get(newsroom, client, "tarn-voice", "/atom").content, "http://127.0.0.1/")
    by_url = {
        newsroom.url(article.site, path): article for article in newsroom.plan.articles for path in article.all_paths
    }
    assert listing.entries
    for entry in listing.entries:
        article = by_url[entry.url]
        for paragraph in article.words(article.version(newsroom.clock())).paragraphs:
            assert escape(paragraph) in (entry.html or "")
    source = load_sources(configure(tmp_path, newsroom))[0]["tarn-voice"]
    assert [entry.full_text for entry in source.input if isinstance(entry, FeedInput)] == [True]


def test_an_emoji_comes_as_two_references_that_xml_forbids(newsroom, client):
    newsroom.clock.wait(18 * 3600)
    text = get(newsroom, client, "merrow-gazette", "/rss.xml").text
    assert "&#55357;&#56842;</title>" in text
    assert "<description>&#55357;&#56842; " in text
    assert max(text) < "\U00010000"


def test_a_twin_stands_before_its_article_and_both_are_edited_at_once(newsroom, client):
    twin = next(article for article in newsroom.plan.articles if article.twin_first and article.edits)
    newsroom.clock.wait_until(twin.edits[0].at)
    url = newsroom.url(twin.site, twin.path)
    pages = [get(newsroom, client, twin.site, path).text for path in twin.paths(newsroom.clock())]
    assert twin.paths(newsroom.clock()) == (twin.twin_path, twin.path)
    assert all(twin.edits[0].story.title in page and f'<link rel="canonical" href="{url}">' in page for page in pages)


def test_an_unchanged_feed_is_304_and_a_changed_one_is_not(newsroom, client):
    first = get(newsroom, client, "merrow-gazette", "/rss.xml")
    etag, changed = first.headers["etag"], first.headers["last-modified"]
    assert parsedate_to_datetime(changed) <= newsroom.clock()
    assert get(newsroom, client, "merrow-gazette", "/rss.xml", if_none_match=etag).status_code == 304
    assert get(newsroom, client, "merrow-gazette", "/rss.xml", if_modified_since=changed).status_code == 304
    newsroom.clock.wait(12 * 3600)
    assert get(newsroom, client, "merrow-gazette", "/rss.xml", if_none_match=etag).status_code == 200


def test_an_etag_lies_while_the_plan_says_so(newsroom, client):
    etag = get(newsroom, client, "courrier-aubrac", "/rss.xml").headers["etag"]
    lie = site(newsroom, "courrier-aubrac").lies[0]
    newsroom.clock.wait_until(lie.start + timedelta(hours=2))
    assert get(newsroom, client, "courrier-aubrac", "/rss.xml", if_none_match=etag).status_code == 304
    honest = get(newsroom, client, "courrier-aubrac", "/rss.xml")
    assert honest.status_code == 200
    assert honest.headers["etag"] != etag
    newsroom.clock.wait_until(lie.end)
    assert get(newsroom, client, "courrier-aubrac", "/rss.xml", if_none_match=etag).status_code == 200


def test_a_throttle_says_how_long_to_wait_and_means_it(newsroom, client):
    limit = site(newsroom, "courrier-aubrac").throttle
    answers = [get(newsroom, client, "courrier-aubrac", NEVER).status_code for _ in range(limit.requests + 1)]
    assert answers == [404] * limit.requests + [429]
    newsroom.clock.wait(limit.retry_after - 1)
    again = get(newsroom, client, "courrier-aubrac", NEVER)
    assert (again.status_code, again.headers["retry-after"]) == (429, str(limit.retry_after))
    newsroom.clock.wait(limit.retry_after)
    assert get(newsroom, client, "courrier-aubrac", NEVER).status_code == 404


def test_a_feed_moves_for_good(newsroom, client):
    moved_at = site(newsroom, "faro-almendro").feed_moved_at
    assert get(newsroom, client, "faro-almendro", "/atom.xml").status_code == 200
    newsroom.clock.wait_until(moved_at)
    moved = get(newsroom, client, "faro-almendro", "/atom.xml")
    assert moved.status_code == 301
    assert read_feed(client.get(moved.headers["location"]).content, "http://127.0.0.1/").entries


def test_a_burst_of_errors_spares_robots_txt_and_ends(newsroom, client):
    burst = site(newsroom, "merrow-gazette").bursts[0]
    newsroom.clock.wait_until(burst.start)
    assert get(newsroom, client, "merrow-gazette", "/rss.xml").status_code == 503
    assert get(newsroom, client, "merrow-gazette", "/robots.txt").status_code == 200
    newsroom.clock.wait_until(burst.end)
    assert get(newsroom, client, "merrow-gazette", "/rss.xml").status_code == 200


def test_a_moved_article_redirects_and_a_removed_one_is_gone(newsroom, client):
    moved = next(article for article in newsroom.plan.articles if article.moved_at and not article.removed_at)
    removed = next(article for article in newsroom.plan.articles if article.removed_at and article.published > START)
    newsroom.clock.wait_until(removed.published)
    assert get(newsroom, client, removed.site, removed.path).status_code == 200
    newsroom.clock.wait_until(max(moved.moved_at, removed.removed_at))
    assert get(newsroom, client, removed.site, removed.path).status_code == 410
    answer = get(newsroom, client, moved.site, moved.path)
    assert (answer.status_code, answer.headers["location"]) == (301, newsroom.url(moved.site, moved.new_path))
    assert moved.words(moved.version(newsroom.clock())).title in client.get(answer.headers["location"]).text


@pytest.mark.parametrize(
    ("fault", "status"),
    [(Fault.EMPTY, 200), (Fault.BINARY, 200), (Fault.GONE, 410), (Fault.BROKEN, 500), (Fault.TO_FTP, 302)],
)
def test_a_faulty_page_answers_as_its_fault_says(fault, status, newsroom, client):
    article = with_fault(newsroom, fault)
    newsroom.clock.wait_until(max(article.published, newsroom.clock()))
    assert get(newsroom, client, article.site, article.path).status_code == status
    assert newsroom.ledger[-1].answer.version is None


@pytest.mark.parametrize(
    ("name", "windows"),
    [("merrow-gazette", "consent"), ("lindauer-bote", "challenges"), ("faro-almendro", "outages")],
)
def test_a_site_answers_with_another_page_for_a_time(name, windows, newsroom, client):
    window = getattr(site(newsroom, name), windows)[0]
    newsroom.clock.wait_until(window.start)
    article = newsroom.plan.up(name, newsroom.clock())[0]
    answers = []
    for moment in (window.start, window.end):
        newsroom.clock.wait_until(moment)
        answers.append(get(newsroom, client, name, article.shown_path(moment)))
    walled, _ = answers
    assert walled.status_code == 200
    assert article.story.title not in walled.text
    assert newsroom.ledger[-2].answer.kind == "wall"
    assert newsroom.ledger[-1].answer.kind != "wall"
    assert get(newsroom, client, name, "/robots.txt").text.startswith("User-agent")


@pytest.mark.parametrize("kind", ["consent", "challenge", "soft_404", "login", "maintenance"])
@pytest.mark.parametrize("publisher", ALL_SITES, ids=lambda publisher: publisher.id)
def test_a_page_in_the_place_of_an_article_is_told_in_every_language(publisher: Site, kind: str):
    raw = raw_page(stand_in_page(publisher, kind), "http://127.0.0.1/news/1", charset="utf-8")
    refused = extract(raw)
    assert isinstance(refused, Rejection)
    assert refused.reason == {"consent": "consent_wall", "login": "login_wall"}.get(kind, kind)


def test_a_listing_has_other_session_ids_each_time(newsroom, client):
    newsroom.clock.wait(3600)
    feeds_read = []
    for _ in range(2):
        response = get(newsroom, client, "zarechny-vestnik", "/rss.xml")
        feeds_read.append({entry.url for entry in read_feed(response.content, str(response.url)).entries})
        newsroom.clock.wait(1)
    assert not feeds_read[0] & feeds_read[1]
    assert len({own_path(urlsplit(url).path) for url in feeds_read[0] | feeds_read[1]}) == len(feeds_read[0])


def test_who_comes_without_a_cookie_is_sent_round(newsroom):
    with httpx.Client(trust_env=False, follow_redirects=True) as visitor:
        response = get(newsroom, visitor, "mihama-shimbun", "/feed.json")
    assert [exchange.path for exchange in newsroom.ledger] == ["/feed.json", "/check", "/feed.json"]
    assert "items" in response.json()
    with httpx.Client(trust_env=False) as forgetful:
        answers = [get(newsroom, forgetful, "mihama-shimbun", path) for path in ("/feed.json", "/check?to=/feed.json")]
    assert [answer.status_code for answer in answers] == [302, 302]


def test_a_hanging_page_does_not_hold_the_clock(newsroom):
    article = with_fault(newsroom, Fault.HANG)
    newsroom.clock.wait_until(article.published)
    with httpx.Client(trust_env=False, timeout=0.3) as impatient, pytest.raises(httpx.ReadTimeout):
        get(newsroom, impatient, article.site, article.path)
    newsroom.clock.wait(1)


def test_an_endless_page_goes_on_until_its_reader_has_had_enough(newsroom, client):
    article = with_fault(newsroom, Fault.ENDLESS)
    newsroom.clock.wait_until(article.published)
    read = 0
    with client.stream("GET", newsroom.url(article.site, article.path)) as answer:
        for piece in answer.iter_bytes():
            read += len(piece)
            if read > 500_000:
                break
    assert read > 500_000


def test_sources_are_written_that_the_pipeline_accepts(newsroom, tmp_path):
    good, wrong = load_sources(configure(tmp_path, newsroom))
    assert not wrong
    assert set(good) == set(newsroom.authorities)
    assert all(source.allow_private for source in good.values())


def test_time_jumps_to_the_next_waker_in_order():
    clock, woken = SimClock(START), []

    async def wait(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((seconds, clock() - START))

    async def together() -> None:
        await asyncio.gather(*(wait(seconds) for seconds in (500, 20, 7_000)))

    began = time.monotonic()
    asyncio.run(together())
    assert woken == [(seconds, timedelta(seconds=seconds)) for seconds in (20, 500, 7_000)]
    assert time.monotonic() - began < 5


def test_time_stands_still_while_a_request_is_on_its_way():
    clock, sent = SimClock(START), 0
    with clock.watched(lambda: sent):
        sent = 1
        waiting = threading.Thread(target=clock.wait, args=(3600,))
        waiting.start()
        time.sleep(0.05)
        assert clock.peek() == START
        with clock.working():
            assert clock.peek() == START
        waiting.join(5)
    assert clock.peek() == START + timedelta(hours=1)


def test_another_process_can_have_the_same_clock(plan, client):
    with Newsroom(plan, ScaledClock(START, 3600)) as newsroom:
        facts = client.get(f"http://{newsroom.control}/__clock").json()
        other = ScaledClock.of(facts["clock"])
        assert abs(other() - newsroom.clock()) < timedelta(minutes=5)
        assert datetime.fromisoformat(facts["now"]) >= START


def test_the_checks_see_bad_manners(newsroom, client):
    agent = {"user_agent": "Copydesk/0 (test)"}
    get(newsroom, client, "merrow-gazette", "/robots.txt", **agent)
    newsroom.clock.wait(5)
    get(newsroom, client, "merrow-gazette", "/rss.xml", **agent)
    assert not manners.check_manners(newsroom)
    assert not manners.check_pacing(newsroom, 5.0, 2)
    newsroom.clock.wait(4)
    get(newsroom, client, "merrow-gazette", Site.FORBIDDEN + "x")
    get(newsroom, client, "faro-almendro", "/atom.xml", **agent)
    client.get(f"http://{newsroom.canary}/", headers={"user-agent": "Copydesk"})
    problems = " ".join(manners.check_manners(newsroom))
    for problem in ("robots.txt forbids it", "the user agent is", "before robots.txt was read", "nobody may ask"):
        assert problem in problems
    assert "4 s after /rss.xml, not 5" in " ".join(manners.check_pacing(newsroom, 5.0, 2))


def test_the_checks_see_a_429_that_was_not_heeded(newsroom, client):
    for _ in range(10):
        get(newsroom, client, "courrier-aubrac", NEVER)
        newsroom.clock.wait(5)
    assert any("asked for 75" in problem for problem in manners.check_pacing(newsroom, 5.0, 2))


def test_the_checks_see_a_page_that_is_asked_for_too_often(newsroom, client):
    def is_plain(article: Article) -> bool:
        return article.fault is Fault.NONE and not (article.edits or article.moved_at or article.removed_at)

    plain = next(filter(is_plain, newsroom.plan.by_site["merrow-gazette"]))
    whole = newsroom.plan.by_site["tarn-voice"][0]
    newsroom.clock.wait_until(max(plain.published, newsroom.clock()))
    for hours in (0, 1, 5):
        newsroom.clock.wait(hours * 3600)
        get(newsroom, client, plain.site, plain.path)
    assert not manners.check_demand(newsroom)
    get(newsroom, client, plain.site, plain.path)
    get(newsroom, client, whole.site, whole.path)
    often, never = manners.check_demand(newsroom)
    assert f"{plain.path} was read 4 times, and 3 are explained" in often
    assert f"{whole.path} was asked for, and the feed holds the whole article" in never


def test_an_edit_that_killed_runs_were_served_may_be_lost_only_if_no_later_run_met_it(plan):
    article = next(article for article in plan.articles if len(article.edits) > 1)
    edited, superseded = article.edits[0].at, article.edits[1].at
    minute = timedelta(minutes=1)
    killed = Ran(edited, None)
    soon, late = Ran(edited + 5 * minute, edited + 6 * minute), Ran(superseded, superseded + minute)
    assert not was_to_land(article, edited + minute, [killed])
    assert not was_to_land(article, edited + minute, [killed, late])
    assert was_to_land(article, edited + minute, [killed, soon, late])
    assert was_to_land(article, edited + minute, [Ran(edited, superseded + minute)])


def test_a_requests_ledger_can_be_read_again(newsroom, client, tmp_path):
    get(newsroom, client, "merrow-gazette", "/rss.xml")
    requests: list[dict[str, Any]] = [
        json.loads(line)
        for line in write_requests(newsroom, tmp_path / "requests.jsonl").read_text("utf-8").splitlines()
    ]
    assert requests[0]["target"] == "/rss.xml"
    assert tuple(requests[0]["listed"]) == newsroom.ledger[0].answer.listed
