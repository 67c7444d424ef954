"""Full-text search: what is found in many scripts, and an index that follows the tables."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import copydesk
from config.settings import Settings
from config.sources import Source
from flows.run import run_sources
from tests.support.command_line import SAMPLES, terminal
from tests.support.commands import copydesk as command
from tests.support.rows import NOON, article, url
from warehouse.errors import EmptyWarehouseError, QueryError, StorageError
from warehouse.own_files import parse_files
from warehouse.search.index import delete_index, update_index
from warehouse.search.index_files import folder, load_state, open_index
from warehouse.search.search import Hit, Scope, search
from warehouse.search.snippets import hits, snippet
from warehouse.search.words import parse_words
from warehouse.storage.compaction import compact
from warehouse.storage.locks import hold_lock
from warehouse.storage.root import Root
from warehouse.storage.tables import Store
from warehouse.takedown.forget import forget

LATER = NOON + timedelta(hours=1)
TEXTS = {
    "de": "Die Fähre über die Weser fährt an großen Straßen vorbei.",
    "fr": "L'école du village rouvre après l'été, dit le préfet.",
    "tr": "Balıkçılar IŞIK altında İzmir kıyısına döndü.",
    "vi": "Cây cầu mới bắc qua Đà Nẵng sẽ mở vào tháng tới.",
    "ru": "Новый Паром вернулся в порт после ремонта.",
    "el": "Ο ΔΡΟΜΟΣ προς το λιμάνι άνοιξε ξανά.",
    "ar": "عادت العبّارة إلى الميناء في مدينـة الإسكندرية.",
    "fa": "کشتی به بندر بازگشت و می‌رود.",
    "he": "הַסְּפִינָה חזרה אל הנמל אחרי הסערה.",
    "hi": "नाव कल शाम बंदरगाह पर लौट आई।",
    "zh": "渡轮昨天返回上海港口，乘客都很高兴。",
    "ja": "フェリーは昨日、東京の港に戻りました。",
    "ko": "여객선이 어제 부산항으로 돌아왔다.",
    "th": "เรือเฟอร์รี่กลับมาถึงท่าเรือเมื่อวานนี้",
}
QUERIES = {
    "de": ["fahre", "GROSSEN strassen", '"über die Weser"'],
    "fr": ["ecole", "été", '"du village"'],
    "tr": ["balikcilar", "ışık", "izmir"],
    "vi": ["da nang", '"cay cau"'],
    "ru": ["паром", '"новый паром"'],
    "el": ["δρόμος", "λιμανι"],
    "ar": ["العبارة", "مدينه", "الاسكندرية"],
    "fa": ["كشتي", "میرود"],
    "he": ["הספינה", '"אל הנמל"'],
    "hi": ["बंदरगाह", '"कल शाम"'],
    "zh": ["渡轮", "上海港", '"返回上海"', "港"],
    "ja": ["ﾌｪﾘｰ", "東京の港"],
    "ko": ["부산항", "여객선"],
    "th": ["ท่าเรือ", "เฟอร์รี่"],
}


def find(root: Path, words: str, **scope: object) -> list[Hit]:
    return search(Root.at(root), words, Scope(**scope), limit=50, marks=("[", "]"))


def ids(root: Path, words: str, **scope: object) -> list[str]:
    return [hit.article_id for hit in find(root, words, **scope)]


def land(root: Path, key: str, *rows: object, now: datetime = NOON) -> None:
    Store(root).land("articles", rows, source_id="harbour", key=key, now=now)


def report(number: int, text: str, **changes: object) -> object:
    return replace(article(number), title=f"Report {number}", text=text, **changes)


@pytest.fixture(scope="module")
def languages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("languages")
    land(root, "all", *(report(at, text, language=tag) for at, (tag, text) in enumerate(TEXTS.items())))
    return root


@pytest.mark.parametrize(("tag", "words"), [(tag, words) for tag, queries in QUERIES.items() for words in queries])
def test_words_are_found_in_every_script(languages: Path, tag: str, words: str) -> None:
    hit = next(hit for hit in find(languages, words) if hit.language == tag)
    assert hit.snippet.replace("[", "").replace("]", "").strip("…") in TEXTS[tag]
    assert "[" in hit.snippet


@pytest.mark.parametrize("words", ['"die über Weser"', "fahren", "海上", '"上海返回"', "Weser -Fähre", "title:Weser"])
def test_what_is_not_there_so_is_not_found(languages: Path, words: str) -> None:
    assert find(languages, words) == []


def test_a_search_is_narrowed_and_joined(languages: Path) -> None:
    assert {hit.language for hit in find(languages, "Weser OR паром")} == {"de", "ru"}
    assert {hit.language for hit in find(languages, "title:report", language="ko")} == {"ko"}
    assert len(find(languages, "report")) == len(TEXTS)
    assert find(languages, "report", source="elsewhere") == []
    assert find(languages, "report", since=date(2100, 1, 1)) == []
    newest = max(hit.published_at.date() for hit in find(languages, "report") if hit.published_at)
    (hit,) = find(languages, "report", since=newest, until=newest)
    assert find(languages, "report", until=newest - timedelta(days=1))[0].published_at < hit.published_at


def test_a_hit_is_marked_where_it_stands() -> None:
    text = "Straßen, ÉCOLE und 上海港口 hier"
    assert [text[a:b] for a, b in hits(text, parse_words("strassen école 海港"))] == ["Straßen", "ÉCOLE", "海港"]
    # A part of the word in another word is no hit.
    text = "สภาเทศบาลเมืองมีมติให้เปิดท่าเรือเก่า 駅前のコンクリートからフェリー乗り場まで"
    assert [text[a:b] for a, b in hits(text, parse_words("ท่าเรือ フェリー乗り場 駅"))] == [
        "ท่าเรือ",
        "駅",
        "フェリー乗り場",
    ]
    assert snippet("x " * 500 + "ferry", parse_words("ferry"), ("[", "]")).endswith("[ferry]")


def test_the_index_follows_new_files_edits_and_compaction(empty_root: Path) -> None:
    root = Root.at(empty_root)
    land(empty_root, "1", report(1, "the old ferry"), report(2, "a bridge"))
    assert ids(empty_root, "ferry") == ["article-1"]
    land(empty_root, "2", report(1, "the new tram", version_id="v2", fetched_at=LATER), report(3, "a ferry"))
    assert update_index(root, 10) == 1
    assert (ids(empty_root, "ferry"), ids(empty_root, "tram")) == (["article-3"], ["article-1"])
    compact(Store(root), NOON + timedelta(days=2), seconds=10)
    assert update_index(root, 10) == 0
    assert (ids(empty_root, "ferry"), ids(empty_root, "tram")) == (["article-3"], ["article-1"])
    assert update_index(root, 10, rebuild=True) > 0
    assert (ids(empty_root, "ferry"), ids(empty_root, "tram")) == (["article-3"], ["article-1"])


def test_what_is_taken_down_leaves_the_index(empty_root: Path) -> None:
    land(empty_root, "1", report(1, "the secret xylophone"), report(2, "a bridge"))
    assert ids(empty_root, "xylophone") == ["article-1"]
    forget(empty_root, url(1), LATER, normalize=str, identify=lambda *_: "article-1")
    assert not index_folders(empty_root)
    assert (ids(empty_root, "xylophone"), ids(empty_root, "bridge")) == ([], ["article-2"])


def test_a_take_down_that_is_killed_leaves_nothing_in_the_index_that_the_tables_have_not(empty_root: Path) -> None:
    land(empty_root, "1", report(1, "the secret xylophone"), report(2, "a bridge"))
    assert ids(empty_root, "xylophone") == ["article-1"]
    code = (
        "import os, signal, sys; from datetime import datetime, UTC; from warehouse.takedown import forget\n"
        "forget.keep_tombstones = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "forget.forget(*sys.argv[1:], datetime.now(UTC), normalize=str, identify=lambda *_: 'article-1')"
    )
    killed = subprocess.run([sys.executable, "-c", code, empty_root, url(1)], env=os.environ, check=False)
    assert killed.returncode == -9
    assert not index_folders(empty_root)
    assert (ids(empty_root, "xylophone"), ids(empty_root, "bridge")) == ([], ["article-2"])


@pytest.mark.parametrize("state", ["", "{}", json.dumps({"format": "0", "name": "index", "files": {}})])
def test_an_index_in_doubt_is_built_again(empty_root: Path, state: str) -> None:
    land(empty_root, "1", report(1, "the ferry"))
    assert ids(empty_root, "ferry") == ["article-1"]
    (folder(Root.at(empty_root)) / "state.json").write_text(state)
    assert ids(empty_root, "ferry") == ["article-1"]
    for path in folder(Root.at(empty_root)).glob("index*"):
        shutil.rmtree(path)
    assert ids(empty_root, "ferry") == ["article-1"]


def killed_update(root: Path, *arguments: str) -> None:
    """Update the index in a process that is killed as it records what it has done."""
    code = (
        "import os, signal, sys; from warehouse.search import index; from warehouse.storage.root import Root\n"
        "index.save_state = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "index.update_index(Root.at(sys.argv[1]), 10, rebuild=bool(sys.argv[2:]))"
    )
    assert subprocess.run([sys.executable, "-c", code, root, *arguments], env=os.environ, check=False).returncode == -9


def index_folders(root: Path) -> set[str]:
    return {path.name for path in folder(Root.at(root)).glob("index*")}


def test_a_writer_that_is_killed_is_gone_on_with(empty_root: Path) -> None:
    land(empty_root, "1", report(1, "the ferry"))
    killed_update(empty_root)
    assert ids(empty_root, "ferry") == ["article-1"]
    assert len(index_folders(empty_root)) == 1


def test_a_rebuild_that_is_killed_leaves_the_index_as_it_was(empty_root: Path) -> None:
    root = Root.at(empty_root)
    land(empty_root, "1", report(1, "the ferry"))
    update_index(root, 10)
    complete = index_folders(empty_root)
    killed_update(empty_root, "rebuild")
    assert len(index_folders(empty_root) - complete) == 1
    index = open_index(root)
    assert index is not None
    assert index.searcher().num_docs == 1
    assert ids(empty_root, "ferry") == ["article-1"]
    assert index_folders(empty_root) == complete
    killed_update(empty_root, "rebuild")
    delete_index(root, 10)
    assert index_folders(empty_root) == set()
    assert update_index(root, 10) == 1
    before = index_folders(empty_root)
    assert update_index(root, 10, rebuild=True) == 1
    assert len(index_folders(empty_root)) == 1
    assert index_folders(empty_root) != before


def test_a_run_takes_in_a_part_and_claims_no_more(empty_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Root.at(empty_root)
    for number in range(3):
        land(empty_root, str(number), report(number, f"ferry {number}"))
    sizes = [size for name, (size, _) in root.states("articles").items() if "schema" not in name]
    monkeypatch.setattr("warehouse.search.index.MAX_BOUNDED_BATCH_BYTES", min(sizes))
    monkeypatch.setattr("warehouse.search.index.MAX_BOUNDED_FILE_BYTES", max(sizes))
    counts = []
    for _ in range(4):
        update_index(root, 0, max_seconds=0)
        state, index = load_state(root), open_index(root)
        assert state is not None
        assert index is not None
        counts.append((index.searcher().num_docs, sum("schema" not in name for name in state.files)))
    assert counts == [(1, 1), (2, 2), (3, 3), (3, 3)]


def test_a_run_leaves_what_takes_long_to_a_search(empty_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Root.at(empty_root)
    land(empty_root, "1", report(1, "the ferry"))
    monkeypatch.setattr("warehouse.search.index.MAX_BOUNDED_FILE_BYTES", 10)
    update_index(root, 10, max_seconds=0)
    index = open_index(root)
    assert index is not None
    assert index.searcher().num_docs == 0
    assert ids(empty_root, "ferry") == ["article-1"]
    before = index_folders(empty_root)
    path = next(Path(empty_root).glob("articles/*/harbour-1.parquet"))
    os.utime(path, (1, 1))  # rewritten, as by a take-down on another machine
    update_index(root, 10, max_seconds=10)
    assert index_folders(empty_root) == before
    assert ids(empty_root, "ferry") == ["article-1"]
    assert index_folders(empty_root) != before


def test_a_page_is_full_while_the_index_is_behind(empty_root: Path) -> None:
    root = Root.at(empty_root)
    land(empty_root, "1", *(report(number, "ferry " * (20 - number)) for number in range(10)))
    everything = ids(empty_root, "ferry")
    edits = [report(number, "tram", version_id=f"edit-{number}", fetched_at=LATER) for number in (0, 1, 4)]
    land(empty_root, "2", *edits)
    current = [article_id for article_id in everything if article_id not in {"article-0", "article-1", "article-4"}]
    with hold_lock(folder(root) / "writer", "the search index is being written", 1):
        pages = [
            search(root, "ferry", Scope(), limit=3, offset=offset, marks=("", ""), seconds=0) for offset in (0, 3, 6)
        ]
    assert [hit.article_id for page in pages for hit in page] == current
    assert [hit.rank for page in pages for hit in page] == [1, 2, 3, 4, 5, 6, 7]


def test_who_may_not_write_searches_what_the_index_has(empty_root: Path) -> None:
    land(empty_root, "1", report(1, "the ferry"), report(2, "a ferry"))
    assert len(ids(empty_root, "ferry")) == 2
    land(empty_root, "2", report(1, "the tram", version_id="v2", fetched_at=LATER), report(3, "a ferry"))
    lock = folder(Root.at(empty_root)) / "writer.lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()  # which nobody can write, root neither
    assert ids(empty_root, "ferry") == ["article-2"]
    for path in folder(Root.at(empty_root)).glob("index*"):
        shutil.rmtree(path)
    with pytest.raises(StorageError):
        find(empty_root, "ferry")


def test_who_may_not_write_a_lock_beside_the_index_searches_it(empty_root: Path) -> None:
    land(empty_root, "1", report(1, "the ferry"), report(2, "a ferry"))
    assert len(ids(empty_root, "ferry")) == 2
    [lock] = folder(Root.at(empty_root)).glob("index*/.tantivy-meta.lock")
    lock.unlink()
    lock.mkdir()  # which nobody can write, root neither
    assert len(ids(empty_root, "ferry")) == 2


def test_a_search_where_nothing_has_landed_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(EmptyWarehouseError):
        find(tmp_path / "data", "ferry")
    assert not (tmp_path / "data").exists()


def test_two_at_once_find_the_same(empty_root: Path) -> None:
    land(empty_root, "1", *(report(number, f"ferry {number}") for number in range(200)))
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: sorted(ids(empty_root, "ferry")), range(2))
    assert first == second
    assert len(first) == 50


@pytest.mark.parametrize("words", ["", "-ferry", '"open', "...", " AND OR "])
def test_a_search_for_nothing_is_refused_in_a_sentence(words: str) -> None:
    with pytest.raises(QueryError, match=r"the search"):
        parse_words(words)


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=40) | st.text('ab "-:()*OR上海ึ\\?.+[titletx', max_size=40))
def test_any_search_gives_articles_or_a_sentence(languages: Path, words: str) -> None:
    with suppress(QueryError):
        find(languages, words)


def test_what_is_found_is_a_view_to_join(empty_root: Path) -> None:
    land(
        empty_root, "1", report(1, "the old ferry", source_id="bay"), report(2, "a ferry, a ferry"), report(3, "a tram")
    )
    query = "SELECT title, snippet FROM found JOIN articles USING (article_id) ORDER BY score DESC, title"
    with copydesk.open(empty_root) as warehouse:
        both = warehouse.sql(query, search="ferry").fetchall()
        assert both == [("Report 2", "a **ferry**, a **ferry**"), ("Report 1", "the old **ferry**")]
        assert warehouse.sql(query, search="tram").fetchall() == [("Report 3", "a **tram**")]
        assert warehouse.sql(query, search="zeppelin").fetchall() == []
        with pytest.raises(QueryError, match="no word"):
            warehouse.sql(query, search="-tram")
    done = command("sql", "--data", empty_root, "--search", "ferry", "--format", "csv", query)
    assert done.stdout.splitlines()[1:] == ['Report 2,"a **ferry**, a **ferry**"', "Report 1,the old **ferry**"]
    with pytest.raises(QueryError, match="'found' is a view already"):
        parse_files(["found=x.csv"])


def test_hits_are_bold_on_a_terminal(empty_root: Path) -> None:
    land(empty_root, "1", report(1, "the old ferry"), report(2, "عادت العبّارة إلى الميناء"))
    with terminal("search", "ferry OR العبارة", "--data", empty_root) as (_, read):
        assert {"\x1b[1mferry\x1b[0m", "\x1b[1mالعبّارة\x1b[0m"} <= set(re.findall(r"\x1b\[1m[^\x1b]+\x1b\[0m", read()))
    with terminal("search", "ferry", "--data", empty_root, TERM="dumb") as (_, read):
        assert "**ferry**" in read()


def test_a_run_takes_what_it_has_landed_into_the_index(settings: Settings, folder_source: Source) -> None:
    shutil.copy(SAMPLES / "tramway.txt", settings.config.parent / "pages")
    run_sources([folder_source], settings)
    index = open_index(Root.at(settings.data))
    assert index is not None
    assert index.searcher().num_docs == 1
