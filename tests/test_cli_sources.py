"""`copydesk init` and `copydesk sources`: from an empty folder to sources that were tried."""

from __future__ import annotations

import json

import pytest

from config.settings import load_settings
from tests.support.commands import copydesk
from tests.support.polled import page
from tests.support.webserver import WebServer, answer


def test_sources_are_listed_and_checked(tmp_path):
    assert "Sample wire" in copydesk("sources", "list").stdout
    done = copydesk("sources", "check")
    assert done.returncode == 0
    assert "sample: ok, folder" in done.stdout
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "a.toml").write_text('title = "A"\n[[input]]\nkind = "folder"\npath = "none"\n')
    (sources / "b.toml").write_text("tilte = 1\n")
    done = copydesk("sources", "check", "--config", tmp_path)
    assert done.returncode == 2
    assert "none: no such folder" in done.stderr
    assert "b.toml: unknown key 'tilte', did you mean 'title'?" in done.stderr


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        (
            'kind = "folder"\npath = "../pages"\nglob = "*.md"',
            "0 documents; correct `path` or `glob`, or put files there",
        ),
        (
            'kind = "jsonl"\npath = "../wire.jsonl"',
            (
                "1 tried: 0 articles, 1 bad_record: nothing under 'html' or 'text'; this record has: headline, story, link, "
                'sent; try fields = { text = "story", title = "headline", url = "link", published_at = "sent" }'
            ),
        ),
        (
            'kind = "feed"\nurl = "SITE/feed"\nexclude = "/news/"',
            "1 entries; none of them is taken: see `include`, `exclude`",
        ),
        (
            'kind = "feed"\nurl = "SITE/feed"',
            "1 entries; 1 tried: 0 articles, 1 vanished: 127.0.0.1: answered 404 Not Found",
        ),
    ],
)
def test_an_input_that_gives_no_article_is_not_ok(tmp_path, inputs, problem):
    (tmp_path / "config" / "sources").mkdir(parents=True)
    (tmp_path / "config" / "pages").mkdir()
    story = {
        "headline": "Bread is dearer",
        "story": "Bread is dearer again. " * 9,
        "link": "http://a.example/1",
        "sent": "2026-03-01",
    }
    (tmp_path / "config" / "wire.jsonl").write_text(json.dumps(story) + "\n")
    with WebServer({}) as server:
        item = f"<item><title>Bread</title><link>{server.url('/news/1')}</link></item>"
        feed = f"<rss version='2.0'><channel>{item}</channel></rss>"
        server.routes["/feed"] = answer(feed.encode(), content_type="application/rss+xml")
        declared = (
            f'title = "A"\nallow_private = true\ndelay = 0\n[[input]]\n{inputs.replace("SITE", server.url(""))}\n'
        )
        (tmp_path / "config" / "sources" / "a.toml").write_text(declared)
        done = copydesk("sources", "check", "--config", tmp_path / "config")
    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr


def test_sources_are_chosen_by_their_tags(tmp_path):
    (tmp_path / "sources").mkdir()
    (tmp_path / "pages").mkdir()
    for name, lines in {
        "a": 'tags = ["uk", "daily"]',
        "b": 'tags = ["UK"]',
        "c": "",
        "d": 'tags=["fr"]\npaused=true',
    }.items():
        text = f'title = "x"\n{lines}\n[[input]]\nkind = "folder"\npath = "../pages"\n'
        (tmp_path / "sources" / f"{name}.toml").write_text(text)
    at = ("--config", tmp_path, "--data", tmp_path / "data")
    listed = copydesk("sources", "list", "--tag", "uk", "--tag", "daily", "-f", "json", *at[:2])
    assert [(row["source"], row["tags"]) for row in json.loads(listed.stdout)] == [
        ("a", ["uk", "daily"]),
        ("b", ["uk"]),
    ]
    done = copydesk("run", "--tag", "Uk", *at)
    assert [line.split()[0] for line in done.stdout.splitlines() if line[:2] in ("a ", "b ", "c ")] == ["a", "b"]
    rows = copydesk("sql", "FROM source_tags ORDER BY ALL", "-f", "json", *at[2:]).stdout
    assert [tuple(row.values()) for row in json.loads(rows)] == [("a", "daily"), ("a", "uk"), ("b", "uk")]
    status = copydesk("status", "--tag", "daily", "-f", "json", *at)
    assert [(row["source"], row["tags"]) for row in json.loads(status.stdout)] == [("a", ["uk", "daily"])]
    for arguments, code, message in (
        (("run", "--tag", "us"), 2, "no source has the tag 'us'; known tags: daily, fr, uk"),
        (("run", "a", "--tag", "uk"), 2, "name sources, or groups of them by --tag, not both"),
        (("run", "--tag", "fr"), 0, "every source with the tag 'fr' is paused; name one to take it all the same"),
    ):
        done = copydesk(*arguments, *at)
        assert (done.returncode, message in done.stderr) == (code, True), done.stderr


def test_a_new_folder_is_made_and_can_be_used_as_it_is(tmp_path):
    folder = tmp_path / "my news"
    done = copydesk("init", folder, "--contact", 'desk "one" <desk@paper.example>', cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith(f"next: cd '{folder}', then copydesk sources add")
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "config/source.schema.json",
        "config/sources/example.toml",
        "copydesk.toml",
    ]
    assert load_settings(folder).contact == 'desk "one" <desk@paper.example>'
    listed = copydesk("sources", "list", "-f", "json", cwd=folder)
    assert [(row["source"], row["paused"]) for row in json.loads(listed.stdout)] == [("example", True)]
    checked = copydesk("sources", "check", cwd=folder)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == "example: paused, so not tried; 'copydesk sources check example' tries it\n"
    # What a sentence tells to call looks where this call did.
    elsewhere = copydesk("--config", folder / "config", "sources", "check", "--data", "other data", cwd=tmp_path)
    options = f"--config '{folder}/config' --data 'other data'"
    assert elsewhere.stdout == f"example: paused, so not tried; 'copydesk sources check example {options}' tries it\n"
    nothing = copydesk("sql", "FROM articles", "--data", "other data", cwd=folder)
    assert "run 'copydesk run --data 'other data''" in nothing.stderr
    done = copydesk("run", cwd=folder)
    assert "every source is paused; name one" in done.stderr
    assert done.stdout == ""
    again = copydesk("init", folder, cwd=tmp_path)
    assert again.returncode == 2
    assert f"{folder}/copydesk.toml: exists already; name a new folder, or delete it" in again.stderr


def test_a_source_that_would_never_run_is_told_by_check(tmp_path):
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "sample.toml").write_text('[[input]]\nkind = "folder"\npath = "."\n')
    feed = "<rss version='2.0'><channel><item><title>Bread</title><link>http://paper.example/1</link></item></channel></rss>"
    with WebServer({"/1": answer(page(1).encode(), content_type="text/html")}) as server:
        feed = feed.replace("http://paper.example/1", server.url("/1"))
        server.routes["/feed"] = answer(feed.encode(), content_type="application/rss+xml")
        declared = (
            f'title = "A"\nallow_private = true\ndelay = 0\n[[input]]\nkind = "feed"\nurl = "{server.url("/feed")}"\n'
        )
        (tmp_path / "sources" / "a.toml").write_text(declared)
        done = copydesk("sources", "check", "--config", tmp_path)
        assert "no schedule: 'copydesk serve' never runs it; add schedule = \"every 30 minutes\"" in done.stdout
        (tmp_path / "sources" / "a.toml").write_text(f'schedule = "@hourly"\n{declared}')
        assert "schedule" not in copydesk("sources", "check", "--config", tmp_path).stdout
        (tmp_path / "sources" / "a.toml").write_text(f'schedule = "@hourly"\n{declared}every = "10 minutes"\n')
        done = copydesk("sources", "check", "--config", tmp_path)
        assert "input 1 has every = 10 minutes, but the schedule has a turn only every 60 minutes" in done.stdout
