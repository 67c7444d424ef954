"""A source's file that we write is as right, and reads as well, as one written by hand."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import ConfigError
from config.sources import load_source
from config.write import free_id, slug, source_toml, write_source

FEED = {"kind": "feed", "url": "https://e.example/rss"}


def test_the_file_reads_as_the_documentation_does():
    declared = {
        "expect": {"articles_per_day": 20},
        "input": [FEED, {"kind": "jsonl", "path": Path("../a.jsonl"), "fields": {"title": "head"}, "url": None}],
        "delay": 5.0,
        "language": "de",
        "timezone": None,
        "title": 'The "Daily" Bugle',
        "recheck": (1, 6, 24, 168),
        "strip": {"drop": ["^Sign up\\d", "b", "c", "d"], "keep": None},
    }
    comments = {"": "Found on 1 March.", "delay": "asked for by robots.txt", "input.1.url": "RSS 2.0"}
    assert source_toml(declared, comments) == (
        "#:schema ../source.schema.json\n"
        "# Found on 1 March.\n"
        'title = "The \\"Daily\\" Bugle"\n'
        'language = "de"\n'
        "delay = 5.0 # asked for by robots.txt\n"
        "recheck = [1, 6, 24, 168]\n"
        "\n"
        "[[input]]\n"
        'kind = "feed"\n'
        'url = "https://e.example/rss" # RSS 2.0\n'
        "\n"
        "[[input]]\n"
        'kind = "jsonl"\n'
        'path = "../a.jsonl"\n'
        'fields = {title = "head"}\n'
        "\n"
        "[strip]\n"
        "drop = [\n"
        '    "^Sign up\\\\d",\n'
        '    "b",\n'
        '    "c",\n'
        '    "d",\n'
        "]\n"
        "\n"
        "[expect]\n"
        "articles_per_day = 20\n"
    )


@given(title=st.text(st.characters(codec="utf-8"), min_size=1), comment=st.text(st.characters(codec="utf-8")))
def test_no_title_or_comment_can_add_a_key(title, comment):
    text = source_toml({"title": title, "input": [FEED]}, {"": comment, "title": comment, "input.1.url": comment})
    assert tomllib.loads(text) == {"title": title, "input": [FEED]}


def test_a_key_that_no_source_has_is_refused():
    with pytest.raises(ConfigError, match="unknown key 'titel'; known here: title, tags, language"):
        source_toml({"titel": "x"})


def test_a_file_that_is_right_appears(tmp_path):
    text = source_toml({"title": "Bugle", "input": [FEED]})
    path = write_source(tmp_path, "bugle", text)
    assert path == tmp_path / "sources" / "bugle.toml"
    assert load_source(path).title == "Bugle"
    assert [file.name for file in (tmp_path / "sources").iterdir()] == ["bugle.toml"]
    assert path.stat().st_mode & stat.S_IRUSR


@pytest.mark.parametrize(
    ("source_id", "text", "problem"),
    [
        ("bugle", 'title = "x"\ninput = []', r"sources/bugle.toml: key 'input'"),
        ("bugle", "title = ", r"sources/bugle.toml: not readable as TOML"),
        ("Bugle", "", "is no source's id"),
        ("../bugle", "", "is no source's id"),
    ],
)
def test_a_file_that_is_wrong_does_not_appear(tmp_path, source_id, text, problem):
    with pytest.raises(ConfigError, match=problem) as refused:
        write_source(tmp_path, source_id, text)
    assert ".new-" not in str(refused.value)
    assert list(tmp_path.rglob("*.toml")) == []


def test_a_file_that_is_there_is_never_overwritten(tmp_path):
    text = source_toml({"title": "Bugle", "input": [FEED]})
    path = write_source(tmp_path, "bugle", text)
    with pytest.raises(ConfigError, match="exists already"):
        write_source(tmp_path, "bugle", text.replace("Bugle", "Other"))
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Süddeutsche Zeitung", "suddeutsche-zeitung"),
        ("  The Guardian — World! ", "the-guardian-world"),
        ("Łódź & Øresund", "lodz-oresund"),
        ("e.example", "e-example"),
        ("北京日报", ""),
        ("Новости", ""),
        ("!!!", ""),
        ("a" * 500, "a" * 60),
    ],
)
def test_the_slug_of_a_name_is_an_id_or_nothing(name, expected):
    assert slug(name) == expected


@given(st.text())
def test_a_free_id_is_always_one(tmp_path_factory, name):
    from config.sources import ID_PATTERN

    assert ID_PATTERN.fullmatch(free_id({"source"}, name))


def test_an_id_that_is_taken_gets_a_number():
    assert free_id({"bugle", "bugle-2"}, "Bugle") == "bugle-3"
    assert free_id(set(), "Новости", "news.example") == "news-example"
