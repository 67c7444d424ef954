"""Extraction run again over the archive: what is better is taken over, what is worse is not, nothing else moves."""

from __future__ import annotations

import json
import os
from itertools import count
from pathlib import Path

import pytest

from config.settings import Settings
from config.sources import StripRules, load_source
from flows.cli.output import Format
from flows.cli.reextract import write_results
from flows.ingest import ingest
from flows.reextract import reextract
from tasks.http.fetcher import Fetcher
from tests.support.commands import killed_at
from tests.support.webserver import WebServer, answer
from warehouse.verify import verify

PROJECT = Path(__file__).resolve().parent.parent
STORY = """Beekeepers of Halde count their hives, number {number}

By Ilse Brandt

Published {day} March 2026

The {number} beekeepers of Halde have counted {number} hives after the long winter, more than anyone had expected.

"The willows came early this year," said Korbinian Faltz, who has kept bees above the village since he was a boy.

The district will pay for new frames, and the school has asked for a hive of its own behind the gymnasium.

Two of the hives stand on the roof of the old dairy, where a webcam has shown them to the whole valley since last June.
The camera was paid for by the savings bank, and it has been watched from as far away as Lisbon and Saskatoon.

In the autumn of the year before, a mite had killed every third colony between Halde and the lake. The beekeepers then
bought queens from the island, where the mite has never been seen, and shared the price of the ferry among them.

Whether the new colonies stand the wet weather that is forecast for Easter, nobody in the village wants to say. The
weighing of the hives goes on every Sunday after church, and the numbers are read out in the inn as they always were.

Meanwhile the mill has promised to leave its meadow uncut until July, so that the clover may flower there in peace, and
the railway will sow its embankment with sainfoin, as it did in the years before the line was widened for the express.

A honey market is planned for the last weekend of August on the square in front of the town hall, with a dance after it.
"""
MENU = "Home\nNews\nSport\nLog in\n"
NO_DATES = StripRules(keep=("^Published",))
"""Takes the line of the date for text, which then states no date."""
FRAMES = StripRules(drop=("frames|colony|clover|queens",))


@pytest.fixture(scope="module")
def fetcher():
    with Fetcher(Settings(retry_seconds=0)) as shared_fetcher:
        yield shared_fetcher


@pytest.fixture
def source(tmp_path, folder_source):
    for number in range(1, 4):
        (tmp_path / "pages" / f"{number}.txt").write_text(STORY.format(number=number, day=number))
    return folder_source


@pytest.fixture
def take_in(settings, workers, fetcher, clock):
    def run(source, **changes):
        return ingest(source.model_copy(update=changes), settings, workers, fetcher, clock=clock)

    return run


@pytest.fixture
def again(settings, workers, clock, capsys):
    """Runs the command: its exit code, its rows, what it says."""

    def run(source, dry_run=False, force=False, **changes):
        sources = [source.model_copy(update=changes)]
        results = reextract(sources, settings, dry_run=dry_run, force=force, clock=clock, workers=workers)
        assert capsys.readouterr() == ("", ""), "what does the work printed something"
        code = write_results(results, Format.JSON, None, dry_run=dry_run)
        output = capsys.readouterr()
        (row,) = json.loads(output.out)
        return code, row, output.err

    return run


def counts(row):
    return {name: row[name] for name in ("unchanged", "changed", "refused", "unreadable", "accepted") if row[name]}


def landed(settings):
    return sorted(path for path in Path(settings.data).rglob("*") if path.is_file() and ".locks" not in path.parts)


def test_what_extraction_gives_as_before_is_unchanged_and_nothing_lands(source, settings, take_in, again):
    take_in(source)
    before = landed(settings)
    code, row, stderr = again(source)
    assert (code, row["articles"], counts(row), row["fields"]) == (0, 3, {"unchanged": 3}, [])
    assert "nothing to promote" in stderr
    assert landed(settings) == before


def test_a_dry_run_says_what_would_be_gained_and_lands_nothing(source, settings, take_in, again):
    take_in(source, strip=NO_DATES)
    before = landed(settings)
    code, row, _ = again(source, dry_run=True)
    assert (code, counts(row), row["gained"], row["lost"], row["promoted"]) == (0, {"changed": 3}, 3, 0, 0)
    assert {"field": "published_at", "gained": 3, "lost": 0, "altered": 0} in row["fields"]
    assert landed(settings) == before


def test_a_gain_is_promoted_and_the_article_stays_the_same_one(source, settings, take_in, again, ask):
    take_in(source, strip=NO_DATES)
    same = "SELECT article_id, capture_id, url, first_seen_at, fetched_at FROM articles ORDER BY url"
    before = ask(same)
    code, row, _ = again(source)
    assert (code, row["promoted"]) == (0, 3)
    assert ask(same) == before
    assert ask("SELECT published_at::DATE::VARCHAR, run_id[:10] FROM articles ORDER BY url") == [
        (f"2026-03-0{day}", "reextract-") for day in (1, 2, 3)
    ]
    assert ask("FROM article_edits") == []
    assert not verify(settings.data).findings


def test_done_twice_it_is_done_once(source, settings, take_in, again):
    take_in(source, strip=NO_DATES)
    again(source)
    before = landed(settings)
    _, row, _ = again(source)
    assert counts(row) == {"unchanged": 3}
    assert landed(settings) == before


def test_the_run_after_it_finds_nothing_new(source, take_in, again):
    take_in(source, strip=NO_DATES)
    again(source)
    run = take_in(source)
    assert (run.discovered, run.unchanged) == (3, 3)


def test_a_loss_is_left_until_it_is_forced(source, take_in, again, ask):
    take_in(source)
    code, row, stderr = again(source, strip=NO_DATES)
    assert (code, row["lost"], row["promoted"]) == (1, 3, 0)
    assert "left as it is: 3 values would be lost and 0 gained; most are lost of published_at (3); --force" in stderr
    assert ask("SELECT count(published_at) FROM articles") == [(3,)]
    code, row, _ = again(source, strip=NO_DATES, force=True)
    assert (code, row["promoted"]) == (0, 3)
    assert ask("SELECT count(published_at) FROM articles") == [(0,)]


def test_texts_that_shrink_are_left(source, take_in, again):
    take_in(source)
    code, row, stderr = again(source, strip=FRAMES)
    assert (code, row["promoted"]) == (1, 0)
    assert row["text_growth"] < -300
    assert row["median_growth"] < -25
    assert "its texts would shrink by " in stderr


def test_articles_that_would_be_refused_stay_and_are_told(source, take_in, again, ask):
    take_in(source)
    code, row, stderr = again(source, strip=StripRules(drop=(".",)))
    assert (code, counts(row)) == (1, {"refused": 3})
    assert "3 of 3 articles would be refused, most as no_article (3)" in stderr
    assert ask("SELECT count(*) FROM articles") == [(3,)]


def test_what_was_refused_and_passes_now_becomes_an_article_and_a_duplicate_stays_one(
    source, tmp_path, settings, take_in, again, ask
):
    (tmp_path / "pages" / "menu.txt").write_text(MENU)
    (tmp_path / "pages" / "copy.txt").write_text("\n" + STORY.format(number=1, day=1))
    take_in(source)
    assert ask("SELECT reason FROM rejects_open ORDER BY reason") == [("duplicate",), ("no_article",)]
    _, row, _ = again(source)
    assert counts(row) == {"unchanged": 3}
    code, row, _ = again(source, strip=StripRules(keep=("^(Home|News|Sport|Log in)$",)))
    assert (code, counts(row), row["promoted"]) == (0, {"unchanged": 3, "accepted": 1}, 1)
    assert ask("SELECT count(*) FROM articles") == [(4,)]
    assert ask("SELECT reason FROM rejects_open") == [("duplicate",)]
    assert not verify(settings.data).findings


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_capture_that_cannot_be_read_ends_nothing(source, settings, take_in, again, ask, damage):
    take_in(source, strip=NO_DATES)
    ((name, offset),) = ask("SELECT warc_filename, max(warc_offset) FROM captures GROUP BY ALL")
    archive = Path(settings.data, name)
    if damage == "gone":
        archive.unlink()
    else:
        os.truncate(archive, offset + 20)
    code, row, stderr = again(source)
    lost = 3 if damage == "gone" else 1
    assert (code, row["articles"], row["unreadable"], row["changed"]) == (0, 3, lost, 3 - lost)
    assert "not to be read from the archive: file://" in stderr


def test_records_are_read_by_the_names_of_their_file_and_stay_the_same_articles(tmp_path, take_in, again, ask):
    records = [
        {"nr": number, "kop": f"Hives, part {number}", "tekst": STORY.format(number=number, day=1), "wie": "Ada Roos"}
        for number in (1, 2)
    ]
    (tmp_path / "wire.jsonl").write_text("\n".join(map(json.dumps, records)))
    (tmp_path / "config" / "sources").mkdir(parents=True)
    toml = tmp_path / "config" / "sources" / "wire.toml"
    toml.write_text(
        'title = "Wire"\n[[input]]\nkind = "jsonl"\npath = "../../wire.jsonl"\n'
        'fields = { id = "nr", title = "kop", text = "tekst" }\n'
    )
    take_in(load_source(toml))
    before = ask("SELECT article_id, title FROM articles ORDER BY ALL")
    assert again(load_source(toml))[1]["unchanged"] == 2
    toml.write_text(toml.read_text().replace("fields = {", 'fields = { authors = "wie",'))
    _, row, _ = again(load_source(toml))
    assert (row["changed"], row["lost"], row["promoted"]) == (2, 0, 2)
    assert ask("SELECT article_id, title FROM articles ORDER BY ALL") == before
    assert ask("SELECT DISTINCT authors FROM articles") == [(["Ada Roos"],)]


FEED = """<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Halde</title>
<item><title>As the feed has it</title><link>{page}</link><dc:creator>Nele Kranz</dc:creator>
<pubDate>Mon, 02 Mar 2026 08:30:00 GMT</pubDate></item></channel></rss>"""


def test_what_only_the_feed_said_is_not_lost(tmp_path, take_in, again, ask):
    body = "".join(f"<p>{line}</p>" for line in STORY.format(number=7, day=5).splitlines()[6:] if line)
    page = f"<html><body><article><h1>As the page has it</h1>{body}</article></body></html>"
    with WebServer({"/a": answer(page.encode(), content_type="text/html")}) as server:
        feed = FEED.format(page=server.url("/a")).encode()
        server.routes["/rss"] = answer(feed, content_type="application/rss+xml")
        (tmp_path / "config" / "sources").mkdir(parents=True)
        toml = tmp_path / "config" / "sources" / "halde.toml"
        toml.write_text(
            'title = "Halde"\ndelay = 0\nallow_private = true\n'
            f'[[input]]\nkind = "feed"\nurl = "{server.url("/rss")}"\n'
        )
        take_in(load_source(toml))
    expected = [("As the page has it", ["Nele Kranz"], "2026-03-02 08:30:00+00")]
    query = "SELECT title, authors, published_at::VARCHAR FROM articles"
    assert ask(query) == expected
    _, row, _ = again(load_source(toml))
    assert row["unchanged"] == 1
    again(load_source(toml), strip=StripRules(drop=("frames",)), force=True)
    assert ask(query) == expected
    assert ask("SELECT text LIKE '%frames%' FROM articles") == [(False,)]
    assert again(load_source(toml))[1]["text_growth"] > 0


def test_a_source_without_documents_has_nothing_to_read(source, take_in, again, folder_source):
    take_in(source)
    code, row, stderr = again(source.model_copy(update={"id": "other"}))
    assert (code, row["articles"]) == (0, 0)
    assert "other: nothing to read again" in stderr


def test_a_table_has_the_sources_and_below_them_the_fields(source, settings, workers, take_in, clock, capsys):
    take_in(source, strip=NO_DATES)
    results = reextract([source], settings, dry_run=True, clock=clock, workers=workers)
    write_results(results, Format.TABLE, None, dry_run=True)
    out = capsys.readouterr().out
    assert out.index("text_growth") < out.index("altered")
    assert "published_at" in out


@pytest.mark.slow
def test_killed_at_any_file_operation_and_repeated_it_ends_in_the_same_rows(source, tmp_path, settings, take_in, ask):
    take_in(source, strip=NO_DATES)
    environment = os.environ | {"COPYDESK_WORKERS": "1", "COPYDESK_BATCH": "2"}
    arguments = ["reextract", "--config", str(tmp_path / "config"), "--data", settings.data]
    half = 0
    for moment in count(1, 4):
        is_killed = killed_at(moment, settings.data, arguments, environment)
        dated = ask("SELECT count(published_at) FROM articles")[0][0]
        assert dated in {0, 3}
        if not is_killed:
            break
        half += 1
    assert half >= 3
    assert dated == 3
    assert ask("SELECT count(*) FROM landed('articles')") == [(6,)]
    assert not [path for path in (Path(settings.data) / "articles").rglob("*") if path.suffix not in {"", ".parquet"}]
