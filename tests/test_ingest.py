"""The main job: what lies in a folder becomes rows, once, whatever happens on the way."""

from __future__ import annotations

import gzip
import json
import shutil
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from config.inputs import JsonlInput
from config.settings import Settings
from flows.ingest import in_batches, ingest
from tasks.http.fetcher import Fetcher
from tests.support.bread import BREAD
from warehouse.archive.writer import read
from warehouse.errors import LockedError, WarehouseError
from warehouse.model.records import Fetched, Item
from warehouse.model.rows import Discovery
from warehouse.model.vocabulary import RunStatus
from warehouse.storage.tables import Store


@pytest.fixture(scope="module")
def fetcher():
    with Fetcher(Settings()) as asks_nobody:
        yield asks_nobody


@pytest.fixture
def run(folder_source, settings, workers, fetcher, now):
    """Runs the source once; each run is an hour after the one before, and no two looks at the clock are alike."""
    hours = count()

    def once(**changes):
        began = now + timedelta(hours=next(hours))
        ticks = (began + timedelta(microseconds=tick) for tick in count())
        source = folder_source.model_copy(update=changes)
        return ingest(source, settings, workers, fetcher, clock=lambda: next(ticks))

    return once


def counts(report):
    names = ("discovered", "stored", "unchanged", "duplicate", "rejected", "failed", "pending")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def test_a_folder_becomes_articles_and_every_document_is_counted_once(tmp_path, run, ask):
    pages = tmp_path / "pages"
    (pages / "bread.txt").write_text(BREAD)
    (pages / "bread.html.gz").write_bytes(gzip.compress(html(BREAD.replace("Lindau", "Konstanz")).encode()))
    (pages / "copy.txt").write_text("\n" + BREAD)
    (pages / "empty.txt").write_text(" \n")
    (pages / "menu.txt").write_text("Home\nNews\nSport\nLog in\n")
    report = run()
    assert report.status is RunStatus.SUCCEEDED
    assert counts(report) == {"discovered": 5, "stored": 2, "duplicate": 1, "rejected": 2}
    assert ask("SELECT state, count(*) FROM ledger GROUP BY ALL ORDER BY ALL") == [("article", 2), ("reject", 3)]
    assert ask("SELECT reason FROM rejects_open ORDER BY url") == [("duplicate",), ("empty",), ("no_article",)]
    title, by, day = ask(
        """SELECT title, "by", published_at::DATE::VARCHAR FROM articles WHERE url LIKE '%bread.txt'"""
    )[0]
    assert (title, by, day) == ("Bakers of Lindau return to stone ovens", "By Mira Voss", "2026-03-03")


def test_a_second_run_changes_nothing(tmp_path, run, ask):
    for name, text in (("a.txt", BREAD), ("b.txt", "\n" + BREAD), ("c.txt", ""), ("d.txt", "\x00\x01\x02" * 50)):
        (tmp_path / "pages" / name).write_text(text)
    run()
    every = " UNION ALL BY NAME ".join(f"FROM {name}" for name in ("article_versions", "rejects", "captures"))
    before = sorted(map(repr, ask(every)))
    assert counts(run()) == {"discovered": 4, "unchanged": 4}
    assert sorted(map(repr, ask(every))) == before


def test_an_edited_file_is_a_new_version_of_the_same_article(tmp_path, run, ask):
    page = tmp_path / "pages" / "a.txt"
    page.write_text(BREAD)
    run()
    page.write_text(BREAD.replace("Four bakeries", "Five bakeries"))
    assert counts(run()) == {"discovered": 1, "stored": 1}
    versions = ask("SELECT article_id, version_id, first_seen_at FROM article_versions ORDER BY landed_at")
    assert len(versions) == 2
    assert len({row[0] for row in versions}) == 1
    assert len({row[1] for row in versions}) == 2
    assert len({row[2] for row in versions}) == 1
    assert ask("SELECT text LIKE 'Five%' FROM articles") == [(True,)]


def test_an_edit_that_is_taken_back_keeps_the_history(tmp_path, run, ask):
    page = tmp_path / "pages" / "a.txt"
    for text in (BREAD, BREAD.replace("Four", "Five"), BREAD):
        page.write_text(text)
        run()
    assert ask("SELECT text[:4] FROM article_versions ORDER BY landed_at") == [("Four",), ("Five",), ("Four",)]
    assert ask("SELECT text[:4] FROM articles") == [("Four",)]


def test_an_edit_of_furniture_alone_is_no_new_version(tmp_path, run, ask):
    page = tmp_path / "pages" / "a.txt"
    page.write_text(BREAD)
    run()
    page.write_text("Home\nNews\n\n" + BREAD)
    assert counts(run()) == {"discovered": 1, "unchanged": 1}
    assert ask("SELECT count(*) FROM captures") == [(2,)]
    assert ask("SELECT count(*) FROM article_versions") == [(1,)]


def test_a_removed_file_is_not_a_deletion(tmp_path, run, ask):
    page = tmp_path / "pages" / "a.txt"
    page.write_text(BREAD)
    run()
    page.unlink()
    assert counts(run()) == {}
    assert ask("SELECT count(*) FROM articles") == [(1,)]


def test_a_spoilt_edit_is_refused_and_the_article_stays(tmp_path, run, ask):
    page = tmp_path / "pages" / "a.txt"
    page.write_text(BREAD)
    run()
    page.write_text("")
    assert counts(run()) == {"discovered": 1, "rejected": 1}
    assert ask("SELECT count(*) FROM articles") == [(1,)]
    assert ask("SELECT state FROM ledger") == [("article",)]
    assert ask("SELECT reason FROM rejects") == [("empty",)]


def test_a_mended_document_leaves_the_rejects(tmp_path, run, ask):
    page = tmp_path / "pages" / "a.txt"
    page.write_text("")
    run()
    page.write_text(BREAD)
    assert counts(run()) == {"discovered": 1, "stored": 1}
    assert ask("SELECT count(*) FROM rejects_open") == [(0,)]


def test_a_file_that_vanishes_after_it_was_listed_is_counted_and_the_rest_lands(tmp_path, run, ask):
    pages = tmp_path / "pages"
    (pages / "a.txt").write_text(BREAD)
    (pages / "gone.txt").symlink_to(pages / "nowhere.txt")
    assert counts(run()) == {"discovered": 2, "stored": 1, "failed": 1}
    assert ask("SELECT reason, attempts FROM rejects_open") == [("vanished", 1)]
    assert counts(run()) == {"discovered": 2, "unchanged": 1, "failed": 1}
    assert ask("SELECT reason, attempts FROM rejects_open") == [("vanished", 2)]


def test_a_large_file_is_refused_once_and_not_again(tmp_path, run, ask):
    with (tmp_path / "pages" / "large.txt").open("wb") as file:
        file.truncate(50_000_000)
    assert counts(run()) == {"discovered": 1, "rejected": 1}
    assert counts(run()) == {"discovered": 1, "unchanged": 1}
    assert ask("SELECT reason, attempts FROM rejects") == [("too_large", 1)]


def test_an_input_that_cannot_be_listed_fails_the_run_with_the_sentence(tmp_path, run, ask):
    (tmp_path / "pages").rmdir()
    report = run()
    assert report.status is RunStatus.FAILED
    assert "pages: no such folder; correct `path` in paper.toml" in report.error
    assert ask("SELECT status, error FROM runs") == [("failed", report.error)]
    assert ask("SELECT error FROM polls") == [(report.error,)]


def test_rules_of_the_source_overrule(tmp_path, run, ask, folder_source):
    (tmp_path / "pages" / "a.txt").write_text(BREAD)
    run(strip=folder_source.strip.model_copy(update={"drop": ("^The town hall",)}))
    assert ask("SELECT text LIKE '%town hall%' FROM articles") == [(False,)]
    assert ask("SELECT count(*) FROM articles, unnest(stripped) t(s) WHERE s.reason = 'site_rule'") == [(1,)]


def test_a_source_under_way_is_waited_for_and_then_said(folder_source, settings, workers, fetcher):
    busy = settings.model_copy(update={"lock_seconds": 0.2})
    with Store(settings.data).lock("paper", 1), pytest.raises(LockedError, match="paper"):
        ingest(folder_source, busy, workers, fetcher)


def test_every_read_document_is_in_the_archive_as_it_came(tmp_path, run, ask, settings):
    raw = gzip.compress(html(BREAD).encode())
    (tmp_path / "pages" / "a.html.gz").write_bytes(raw)
    (tmp_path / "pages" / "bad.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    run()
    captures = ask("SELECT warc_filename, warc_offset, warc_length, outcome FROM captures ORDER BY url")
    assert [row[3] for row in captures] == ["stored", "rejected"]
    assert read(settings.data, *captures[0][:3]) == raw


def test_a_batch_ends_by_number_or_by_content(now):
    items = [Item("s", url, url, "f", now) for url in "abcde"]
    assert ["".join(item.url for item in batch) for batch in in_batches(items, 2)] == ["ab", "cd", "e"]
    large = [Fetched(item, bytes(40_000_000), now) for item in items[:3]]
    assert ["".join(document.item.url for document in batch) for batch in in_batches(large, 500)] == ["ab", "c"]


def test_equal_names_in_two_folders_are_two_articles(tmp_path, run, ask, folder_source):
    for folder, city in (("pages", "Lindau"), ("more", "Konstanz")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "a.txt").write_text(BREAD.replace("Lindau", city))
    both = (*folder_source.input, folder_source.input[0].model_copy(update={"path": Path("../../more")}))
    assert counts(run(input=both)) == {"discovered": 2, "stored": 2}
    assert ask("SELECT count(*) FROM articles") == [(2,)]
    assert counts(run(input=both[::-1])) == {"discovered": 2, "unchanged": 2}


def test_one_file_under_two_inputs_is_one_article(tmp_path, run, ask, folder_source):
    (tmp_path / "pages" / "a.txt").write_text(BREAD)
    narrow = folder_source.input[0].model_copy(update={"glob": "*.txt"})
    assert counts(run(input=(*folder_source.input, narrow))) == {"discovered": 2, "stored": 1, "unchanged": 1}
    (tmp_path / "pages" / "a.txt").write_text(BREAD.replace("Four", "Five"))
    run(input=(narrow, *folder_source.input))
    assert ask("SELECT count(*) FROM articles") == [(1,)]
    assert ask("SELECT count(*) FROM polls") == [(4,)]


@pytest.fixture
def records(tmp_path, folder_source):
    """Writes a JSON Lines file, and gives the change that makes it the source's input."""

    def write(*lines, **fields):
        (tmp_path / "wire.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        return {"input": (JsonlInput(kind="jsonl", path=Path("../../wire.jsonl"), fields=fields),)}

    return write


def test_records_of_one_id_are_versions_and_a_second_run_changes_nothing(run, ask, records):
    lines = [{"id": 1, "text": BREAD.replace("Four", word)} for word in ("Four", "Five", "Four", "Six")]
    assert counts(run(**records(*lines))) == {"discovered": 4, "stored": 3, "unchanged": 1}
    assert ask("SELECT text[:3] FROM articles") == [("Six",)]
    assert counts(run(**records(*lines))) == {"discovered": 4, "unchanged": 4}
    assert ask("SELECT count(*), count(DISTINCT article_id) FROM article_versions") == [(3, 1)]


def test_a_source_whose_configuration_was_mended_takes_what_it_had_refused(run, ask, records):
    line = {"id": 1, "body": BREAD}
    assert counts(run(**records(line))) == {"discovered": 1, "rejected": 1}
    assert counts(run(**records(line))) == {"discovered": 1, "unchanged": 1}
    assert counts(run(**records(line, text="body"))) == {"discovered": 1, "stored": 1}
    assert ask("SELECT count(*) FROM rejects_open") == [(0,)]


def test_an_article_that_is_spoilt_again_is_refused_again(tmp_path, run):
    page = tmp_path / "pages" / "a.txt"
    for text in ("", BREAD, ""):
        page.write_text(text)
        last = run()
    assert counts(last) == {"discovered": 1, "rejected": 1}


def test_a_record_that_was_seen_and_never_read_is_not_asked_of_the_web(run, ask, records, settings, now):
    url = "https://paper.example/1"
    run(**records({"id": 1, "text": BREAD}))
    discovered = Discovery("paper", "killed", url, url, "1", ask("SELECT found_in FROM discoveries")[0][0], now)
    Store(settings.data).land("discoveries", [discovered], source_id="paper", key="killed", now=now)
    assert counts(run(**records({"id": 1, "text": BREAD}))) == {"discovered": 2, "unchanged": 1, "failed": 1}
    assert ask("SELECT reason, url FROM rejects_open") == [("vanished", url)]


def test_damage_in_the_warehouse_is_a_sentence(tmp_path, run, settings):
    (tmp_path / "pages" / "a.txt").write_text(BREAD)
    run()
    (torn,) = Path(settings.data).glob("captures/landed_month=2*/*.parquet")
    torn.write_bytes(torn.read_bytes()[:100])
    with pytest.raises(WarehouseError, match=r"cannot read the warehouse: .*; 'copydesk maintain verify' names"):
        run()


def test_a_lost_file_of_discoveries_does_not_stop_the_source(tmp_path, run, ask, settings):
    (tmp_path / "pages" / "a.txt").write_text(BREAD)
    run()
    for file in Path(settings.data).glob("discoveries/landed_month=2*/*.parquet"):
        file.unlink()
    assert counts(run()) == {"discovered": 1, "unchanged": 1}


def test_a_lost_table_does_not_make_the_ledger_forget(tmp_path, run, ask, settings):
    (tmp_path / "pages" / "a.txt").write_text(BREAD)
    run()
    shutil.rmtree(Path(settings.data) / "polls")
    assert counts(run()) == {"discovered": 1, "unchanged": 1}


def html(text):
    title, *paragraphs = text.strip().split("\n\n")
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{body}</article></body></html>"
