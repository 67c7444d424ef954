"""A source is a file that an editor writes; a wrong one must say what to do about it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.inputs import FolderInput, JsonlInput
from config.schema import SCHEMA_FILE, source_schema_text
from config.settings import PROJECT_CONFIG
from config.sources import choose_sources, load_source, load_sources

FOLDER = '[[input]]\nkind = "folder"\npath = "pages"\n'


def write(folder: Path, text: str, name: str = "example-news.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_a_source_is_ten_lines_of_toml(tmp_path):
    source = load_source(
        write(
            tmp_path,
            'title = "Example News"\nlanguage = "en"\ntimezone = "Europe/London"\nschedule = "*/20 * * * *"\n'
            f'{FOLDER}glob = "*.html"\n[strip]\ndrop = ["^Sign up"]\n[expect]\narticles_per_day = 20\n',
        )
    )
    assert source.id == "example-news"
    assert source.input == (FolderInput(kind="folder", path=Path("pages"), glob="*.html"),)
    assert source.strip.drop == ("^Sign up",)
    assert source.expect.articles_per_day == 20
    assert source.folder == tmp_path


def test_a_jsonl_source_names_its_own_keys(tmp_path):
    source = load_source(
        write(tmp_path, 'title = "Wire"\n[[input]]\nkind = "jsonl"\npath = "a.jsonl"\nfields = {title = "headline"}\n')
    )
    assert source.input == (JsonlInput(kind="jsonl", path=Path("a.jsonl"), fields={"title": "headline"}),)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("title = ", "not readable as TOML"),
        ('titel = "x"\n' + FOLDER, "unknown key 'titel', did you mean 'title'? known here: allow_private, delay"),
        (FOLDER, "key 'title' is missing"),
        ('title = "x"\n', "key 'input' is missing"),
        (
            'title = "x"\n[[input]]\npath = "p"\n',
            "key 'input.1.kind': missing; known: feed, folder, jsonl, pages, sitemap, warc",
        ),
        (
            'title = "x"\n[[input]]\nkind = "fax"\n',
            "unknown kind 'fax'; known: feed, folder, jsonl, pages, sitemap, warc",
        ),
        ('title = "x"\n[[input]]\nkind = "folder"\npth = "p"\n', "unknown key 'input.1.pth', did you mean 'path'?"),
        ('title = "x"\n[[input]]\nkind = "jsonl"\n', "give either path or url"),
        (
            'title = "x"\n[[input]]\nkind = "jsonl"\npath = "p"\nfields = {headline = "h"}\n',
            "unknown column 'headline'",
        ),
        ('title = "x"\ntimezone = "Mars"\n' + FOLDER, "not a time zone name such as 'Europe/London' (given: 'Mars')"),
        ('title = "x"\ntags = ["two words"]\n' + FOLDER, "key 'tags.1': a tag is one word of at most 40 characters"),
        (
            'title = "x"\n[[input]]\nkind = "feed"\nurl = "https://e.example/"\nevery = "5"\n',
            "key 'input.1.every': not a time such as '10 minutes', '2 hours' or '1 day', from 1 minute to 30 days",
        ),
        (
            'title = "x"\n[[input]]\nkind = "pages"\nurls = ["https://e.example/"]\nevery = "1 day"\n',
            "every goes with url: pages of a list are fetched again by `recheck`",
        ),
        ('title = "x"\nschedule = "daily"\n' + FOLDER, "not five cron fields"),
        ('title = "x"\nschedule = "*/90 * * * *"\n' + FOLDER, "write 'every 90 minutes'"),
        ('title = "x"\nschedule = "0 */36 * * *"\n' + FOLDER, "write 'every 36 hours'"),
        ('title = "x"\ndelay = -1\n' + FOLDER, "key 'delay'"),
        ('title = "x"\n' + FOLDER + 'glob = "**.txt"\n', "not a pattern inside the folder"),
        ('title = "x"\n' + FOLDER + 'glob = "../*.txt"\n', "not a pattern inside the folder"),
        ('title = "x"\n' + FOLDER + '[strip]\ndrop = ["("]\n', "key 'strip.drop.1': not a regular expression"),
        # The mistakes of a day, each with the sentence that an editor can act on.
        ('title = "x\n' + FOLDER, "line 1: a text has no closing quotation mark"),
        ("title = Example\n" + FOLDER, "line 1: a text stands in quotation marks, as in title ="),
        ("title = \u201cx\u201d\n" + FOLDER, "line 1: use straight quotation marks"),
        ("title: x\n", 'line 1: write key = value, as in title = "Example News"'),
        ('title = "x"\ntitle = "y"\n' + FOLDER, "line 2: this key stands in the file twice; remove one"),
        ('title = "x"\n[[input]]\nkind = "folder"\npath = "C:\\wire"\n', "line 4: a backslash in a text; put the text"),
        ('title = "x"\n[[input]]\nkind = "folder"\npath = "C:\\news"\n', "a path holds no control character; put one"),
        ('title = "x"\n[input]\nkind = "folder"\npath = "p"\n', "key 'input': write [[input]], with two brackets"),
        ('title = "x"\n' + FOLDER + "delay = 3\n", "'delay' is a key of the whole file: write it above the first ["),
        ("title = 5\n" + FOLDER, "key 'title': write a text, in quotation marks (given: 5)"),
        ('title = "x"\ndelay = "5"\n' + FOLDER, "key 'delay': write a number, without quotation marks (given: '5')"),
        ('title = "x"\nallow_private = "yes"\n' + FOLDER, "key 'allow_private': write true or false"),
        ('title = "x"\nrecheck = 5\n' + FOLDER, "key 'recheck': write a list in brackets, such as"),
        ('title = "x"\n' + FOLDER + '[strip]\ndrop = "^x"\n', "key 'strip.drop': write a list in brackets"),
        ('title = "x"\nlanguage = "English"\n' + FOLDER, "not the code of a language, such as 'en', 'de' or 'pt-BR'"),
        (
            'title = "x"\n[[input]]\nkind = "feed"\nurl = "e.example/rss"\n',
            "an address begins with https:// or http://",
        ),
        ('title = "x"\n[[input]]\nkind = "feed"\nurl = "https://e.example/a b"\n', "an address has no spaces"),
        (
            'title = "x"\n[[input]]\nkind = "feed"\nurl = "https://ada:secret@e.example/"\n',
            "write username and password into [fetch] (given: 'https://…@e.example/')",
        ),
        (
            'title = "x"\n[[input]]\nkind = "feed"\nurl = "https://e.example/"\ninclude = "*.html"\n',
            "not a regular expression at character 1: '*', '+' and '?' repeat what is before them",
        ),
        (
            'title = "x"\n' + FOLDER + '[fetch]\nheaders = "X-A: secret"\n',
            "key 'fetch.headers': write names with their",
        ),
        ('title = "x"\nid = "y"\n' + FOLDER, "a source's id is the name of its file"),
    ],
)
def test_a_wrong_file_says_which_file_which_key_and_what_is_known(tmp_path, text, problem):
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as failure:
        load_source(path)
    assert str(failure.value).startswith(f"{path}: ")
    assert problem in str(failure.value)
    assert "\n" not in str(failure.value)
    assert not re.search(r"secret|tuple|codec|pattern '|dictionary", str(failure.value))


@pytest.mark.parametrize(
    ("charset", "problem"),
    [
        ("utf-8-sig", None),
        ("utf-16", "the file is saved as UTF-16; save it as UTF-8"),
        ("cp1252", "line 1 has a letter that is not in UTF-8; save the file as UTF-8"),
    ],
)
def test_a_file_in_another_charset_is_read_or_says_how_to_save_it(tmp_path, charset, problem):
    path = tmp_path / "cafe.toml"
    path.write_bytes(f'title = "Café"\n{FOLDER}'.encode(charset))
    if problem is None:
        assert load_source(path).title == "Café"
        return
    with pytest.raises(ConfigError) as failure:
        load_source(path)
    assert str(failure.value) == f"{path}: not readable as TOML: {problem}"


def test_the_name_of_the_file_must_do_as_an_id(tmp_path):
    with pytest.raises(ConfigError, match=r"such as example-news\.toml"):
        load_source(write(tmp_path, 'title = "x"\n' + FOLDER, "Example News.toml"))
    with pytest.raises(ConfigError, match=r"such as example-news\.toml"):
        load_source(write(tmp_path, 'title = "x"\n' + FOLDER, "example.TOML"))


def test_a_configuration_folder_without_sources_is_named(tmp_path):
    with pytest.raises(ConfigError, match="no such folder; a configuration has sources/"):
        load_sources(tmp_path)


def test_a_configuration_without_a_source_is_said(tmp_path):
    (tmp_path / "sources").mkdir()
    with pytest.raises(ConfigError, match=r"sources: no sources; a source is a TOML file there"):
        choose_sources(tmp_path)


def test_the_digest_changes_with_the_declaration_only(tmp_path):
    first = load_source(write(tmp_path, 'title = "x"\n' + FOLDER))
    again = load_source(write(tmp_path, '# a remark\ntitle = "x"\n' + FOLDER))
    group = load_source(write(tmp_path, 'title = "x"\ntags = ["UK"]\n' + FOLDER))
    other = load_source(write(tmp_path, 'title = "x"\ndelay = 9\n' + FOLDER))
    assert group.tags == ("uk",)
    assert first.digest == again.digest == group.digest != other.digest


def test_the_sources_that_ship_are_right():
    known, wrong = load_sources(PROJECT_CONFIG)
    assert (list(known), wrong) == (["sample", "sample-wire"], [])


def test_one_wrong_file_does_not_hide_the_right_ones(tmp_path):
    (tmp_path / "sources").mkdir()
    write(tmp_path / "sources", 'title = "x"\n' + FOLDER)
    write(tmp_path / "sources", "title = ", "half-written.toml")
    write(tmp_path / "sources", "", ".#example-news.toml")
    known, wrong = load_sources(tmp_path)
    assert list(known) == ["example-news"]
    assert ["half-written.toml" in str(error) for error in wrong] == [True]
    assert [source.id for source in choose_sources(tmp_path, ["example-news"])[0]] == ["example-news"]
    with pytest.raises(ConfigError, match=r"no source 'other'.*; configured: example-news, half-written"):
        choose_sources(tmp_path, ["other"])


def test_the_schema_for_editors_is_what_the_types_say():
    assert SCHEMA_FILE.read_text("utf-8") == source_schema_text(), "renew it: python -m config.schema"
