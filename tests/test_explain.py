"""What became of a document, shown to people: on a terminal, in a pipe, on a page of its own."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import NOW
from rich.console import Console
from test_habits import APP

from config.sources import Source
from flows.cli import explain as cli_explain
from flows.cli.explain import Explained, ShownLine, explain, print_explained
from flows.cli.explain_page import Page
from tasks.article import make_article
from tasks.boilerplate.recurring_lines import fold_line
from tests.support.commands import copydesk
from tests.support.plain_texts import STORY, paragraphs
from warehouse.model.records import Article, Capture, Item, RawArticle, Rejection
from warehouse.model.rows import Habit
from warehouse.model.vocabulary import HabitPlace, LineReason
from warehouse.storage.tables import Store

TEXT = paragraphs("Home", "Norby repairs its old bridge", "By Ann Lee", *STORY, "Read also: <b>The ferry</b> & more")


def read(text: str, source: Source, kind: str = "text/plain") -> Explained:
    item = Item("paper", "file:///a", "a", "file:///", NOW)
    capture = Capture("c", "paper", "r", item.url, None, NOW, None, kind, None, None, None, "", 0, "", 0, 0, "")
    raw = RawArticle(item, capture, text.encode())
    return explain("a.txt", raw, make_article(raw, source, 1_000_000), source)


def page(*documents: Explained) -> str:
    stream = io.StringIO()
    written = Page(stream)
    for document in documents:
        written.add(document)
    written.close()
    return stream.getvalue()


def test_every_line_is_shown_once_with_its_reason_and_score(folder_source):
    document = read(TEXT, folder_source)
    assert [line.text for line in document.lines] == TEXT.split("\n\n")
    assert [line.number for line in document.lines] == list(range(0, 14, 2))
    assert [line.reason for line in document.lines[:3]] == [LineReason.MENU, LineReason.TITLE, LineReason.BYLINE]
    assert (document.kept_lines, document.lines[-1].reason) == (3, LineReason.RELATED)
    assert isinstance(document.made, Article)
    assert {line.number: line.reason for line in document.lines if line.reason} == {
        line.line: line.reason for line in document.made.stripped
    }
    scores = [line.score for line in document.lines if line.score is not None]
    assert len(scores) == len(document.lines)
    assert min(scores[3:6]) > 0.7
    assert max(scores[:3]) < 0.5


def test_a_page_has_no_scores_yet_and_shows_none(folder_source):
    body = "".join(f"<p>{part}</p>" for part in STORY * 2)
    document = read(f"<html><body><article>{body}</article></body></html>", folder_source, "text/html")
    assert {line.score for line in document.lines} == {None}
    assert "<meter" not in page(document)


def terminal(document: Explained, width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    stream = io.StringIO()
    out = Console(file=stream, force_terminal=True, width=width, color_system="standard", highlight=False)
    monkeypatch.setattr(cli_explain, "console", lambda: out)
    print_explained(document)
    return stream.getvalue()


def test_a_wide_terminal_shows_kept_and_stripped_side_by_side(folder_source, monkeypatch):
    drawn = terminal(read(TEXT, folder_source), 120, monkeypatch)
    rows = [re.sub(r"\x1b\[[\d;]*m", "", row) for row in drawn.splitlines()]
    (story_row,) = [row for row in rows if STORY[0][:30] in row]
    (stripped_row,) = [row for row in rows if "Read also" in row]
    assert story_row.index(STORY[0][:30]) < 20
    assert 60 < stripped_row.index("related") < stripped_row.index("Read also")
    assert "\x1b[32m" in drawn
    assert max(map(len, rows)) <= 120


def test_a_narrow_one_shows_a_line_a_row(folder_source, monkeypatch):
    assert re.search(r"kept.*The council of Norby", terminal(read(TEXT, folder_source), 80, monkeypatch))


class Elements(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: dict[str, list[str | None]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value)


def test_whatever_a_document_says_the_page_holds_it_as_text(folder_source):
    evil = '<script>alert(1)</script> "><img src=x onerror=alert(1)> \x1b[31m\u202e & more'
    document = read(paragraphs(f"{evil} in Norby's bridge", *STORY, f"Read also: {evil}"), folder_source)
    refused = Explained(evil, Rejection("paper", "u", None, "extract", "empty", evil))  # type: ignore[arg-type]
    written = page(document, refused, Explained(evil, document.made, (ShownLine(0, evil, None, None),)))
    elements = Elements(written)
    assert not {"script", "img", "link", "iframe", "object", "base", "form", "a"} & set(elements.names)
    assert not {"src", "href", "onerror", "style"} & set(elements.attributes)
    assert "url(" not in written
    assert "@import" not in written
    assert "\x1b" not in written
    assert "\u202e" not in written
    assert written.count("<article>") == written.count("</article>") == 3
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in written


def test_the_command_writes_the_page_and_says_where_it_cannot(tmp_path):
    text, out = tmp_path / "a.txt", tmp_path / "why.html"
    text.write_text(TEXT)
    done = copydesk("extract", text, tmp_path / "missing.txt", "--html", out)
    assert (done.returncode, done.stdout) == (0, "")
    written = out.read_text("utf-8")
    assert written.startswith("<!doctype html>")
    assert written.rstrip().endswith("</html>")
    assert "Norby repairs its old bridge" in written
    assert "vanished" in written
    wrong = copydesk("extract", text, "--html", tmp_path / "no" / "why.html")
    assert wrong.returncode == 2
    assert "why.html: cannot be written" in wrong.stderr


def test_a_source_s_habits_are_used_where_the_data_root_has_them(tmp_path):
    text, data, config = tmp_path / "a.txt", tmp_path / "data", tmp_path / "config"
    text.write_text(paragraphs("Norby repairs its old bridge", *STORY, APP))
    (config / "sources").mkdir(parents=True)
    toml = '[[input]]\nkind = "folder"\npath = "."\n'
    (config / "sources" / "paper.toml").write_text(f'title = "Paper"\n{toml}')
    command = ("extract", "--explain", "--source", "paper", "--config", config, "--data", data, text)
    assert re.search(f"kept +{APP}", copydesk(*command).stdout)
    assert not Path(data).exists()
    habit = Habit("paper", fold_line(APP), APP, HabitPlace.END, 8, 20, NOW, NOW, NOW)
    Store(data).land("habits", [habit], source_id="paper", key="k", now=NOW)
    assert re.search(f"habit +{APP}", copydesk(*command).stdout)
