"""What was refused is tried again when asked: from the archive where it is there, else from where it came."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.sources import StripRules, load_source
from flows.cli.output import Format
from flows.cli.rejects import write_results
from flows.ingest import ingest
from flows.replay import replay
from tasks.http.fetcher import Fetcher
from tests.support.webserver import WebServer, answer
from warehouse.verify import verify

STORY = """Night ferry to Skarvoy sails again

By Sunniva Lie

The night ferry to Skarvoy sails again from Friday, after a winter in which its engine lay in pieces on the quay.

"We have slept badly without it," said the harbour master, Torstein Moe, who had sent the mail by fishing boat.

Tickets cost what they did in the autumn, and bicycles travel free of charge until the end of May at the earliest.
"""
MENU = "Home\nNews\nSport\nLog in\n"
KEEP_MENU = StripRules(keep=("^(Home|News|Sport|Log in)$",))


@pytest.fixture
def source(tmp_path, folder_source):
    for name, text in (("a.txt", STORY), ("copy.txt", "\n" + STORY), ("menu.txt", MENU), ("void.txt", " ")):
        (tmp_path / "pages" / name).write_text(text)
    return folder_source


@pytest.fixture
def take_in(settings, workers, clock):
    def run(source):
        with Fetcher(settings) as fetcher:
            return ingest(source, settings, workers, fetcher, clock=clock)

    return run


@pytest.fixture
def again(settings, workers, clock, capsys):
    """Runs the command: its exit code, its row without what is nought, what it says."""

    def run(source, reason=None, url=None, **changes):
        sources = [source.model_copy(update=changes)]
        results = replay(sources, settings, reason=reason, url=url, clock=clock, workers=workers)
        assert capsys.readouterr() == ("", ""), "what does the work printed something"
        code = write_results(results, Format.JSON, None, reason=reason, url=url)
        output = capsys.readouterr()
        (row,) = json.loads(output.out)
        return code, {name: value for name, value in row.items() if value and name != "source"}, output.err

    return run


def test_what_the_rules_still_refuse_is_refused_and_nothing_is_added(source, take_in, again, ask):
    take_in(source)
    before = ask("SELECT url, reason, attempts FROM rejects ORDER BY ALL")
    code, row, stderr = again(source)
    assert (code, stderr) == (0, "")
    assert row == {
        "tried": 2,
        "still_refused": 2,
        "reasons": {"empty": 1, "no_article": 1},
    }
    assert ask("SELECT url, reason, attempts FROM rejects ORDER BY ALL") == before


def test_what_passes_now_is_stored_from_the_archive_though_its_file_is_gone(
    source, tmp_path, settings, take_in, again, ask
):
    take_in(source)
    (tmp_path / "pages" / "menu.txt").unlink()
    runs = ask("FROM runs")
    code, row, _ = again(source, reason="no_article", strip=KEEP_MENU)
    assert (code, row) == (0, {"tried": 1, "stored": 1})
    assert ask("SELECT url[-8:], run_id[:7] FROM articles WHERE run_id LIKE 'replay%'") == [("menu.txt", "replay-")]
    assert ask("SELECT reason FROM rejects_open ORDER BY 1") == [("duplicate",), ("empty",)]
    assert not verify(settings.data).findings
    # Had it landed a run, the next ingestion would take every other refusal for judged by the new rules.
    assert ask("FROM runs") == runs


def test_one_address_is_tried_alone_and_then_there_is_nothing_left(source, tmp_path, take_in, again):
    take_in(source)
    url = (tmp_path / "pages" / "menu.txt").as_uri()
    assert again(source, url=url, strip=KEEP_MENU)[1] == {"tried": 1, "stored": 1}
    code, row, stderr = again(source, url=url, strip=KEEP_MENU)
    assert (code, row) == (0, {})
    assert stderr == f"copydesk: nothing to try again: no open reject at {url}\n"


def test_a_capture_that_is_gone_is_told_and_the_others_are_tried(source, settings, take_in, again, ask):
    take_in(source)
    ((name,),) = ask("SELECT DISTINCT warc_filename FROM captures")
    Path(settings.data, name).unlink()
    code, row, stderr = again(source)
    assert (code, row) == (1, {"tried": 2, "unreadable": 2})
    assert "menu.txt: cannot read " in stderr


def test_a_page_that_could_not_be_had_is_fetched_again(tmp_path, settings, workers, take_in, again, ask):
    page = "<html><body><article>" + "".join(f"<p>{line}</p>" for line in STORY.splitlines() if line)
    settings_toml = tmp_path / "config" / "sources" / "skarvoy.toml"
    settings_toml.parent.mkdir(parents=True)
    missing = answer(status="404 Not Found")
    empty, whole = answer(b" ", content_type="text/html"), answer(page.encode(), content_type="text/html")
    routes = {"/a": [missing, whole], "/b": missing, "/empty-once": [empty, whole], "/empty": empty}
    with WebServer(routes) as server:
        urls = ", ".join(f'"{server.url(path)}"' for path in routes)
        settings_toml.write_text(
            f'title = "Skarvoy"\ndelay = 0\nallow_private = true\n[[input]]\nkind = "pages"\nurls = [{urls}]\n'
        )
        source = load_source(settings_toml)
        take_in(source)
        stages = ask("SELECT stage, count(*) FROM rejects_open GROUP BY ALL ORDER BY ALL")
        assert stages == [("extract", 2), ("fetch", 2)]
        code, row, _ = again(source, reason="empty")
        assert (code, row) == (0, {"tried": 2, "stored": 1, "still_refused": 1, "reasons": {"empty": 1}})
        code, row, _ = again(source, url=server.url("/a"))
    assert (code, row) == (0, {"tried": 1, "duplicate": 1})
    assert ask("SELECT state, count(*) FROM ledger GROUP BY ALL ORDER BY ALL") == [("article", 1), ("reject", 3)]


def test_a_record_that_was_too_long_waits_for_a_run_of_its_file(tmp_path, take_in, again):
    toml = tmp_path / "config" / "sources" / "wire.toml"
    toml.parent.mkdir(parents=True)
    toml.write_text('title = "Wire"\n[[input]]\nkind = "jsonl"\npath = "../../wire.jsonl"\n')
    (tmp_path / "wire.jsonl").write_text(json.dumps({"id": 1, "text": STORY * 1_000}) + "\n")
    take_in(load_source(toml))
    code, row, _ = again(load_source(toml))
    assert (code, row) == (0, {"tried": 1, "waiting": 1})
