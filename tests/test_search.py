"""Full-text search: what is found in many scripts, and an index that follows the tables."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.rows import NOON, article, url
from warehouse.errors import QueryError
from warehouse.search.index import folder, update_index
from warehouse.search.search import Hit, Scope, search
from warehouse.search.snippets import hits, snippet
from warehouse.search.words import parse_words
from warehouse.storage.compaction import compact
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
WANTED = {
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


@pytest.mark.parametrize(("tag", "words"), [(tag, words) for tag, queries in WANTED.items() for words in queries])
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
    assert find(languages, "report", since=datetime(2100, 1, 1, tzinfo=UTC)) == []


def test_a_hit_is_marked_where_it_stands() -> None:
    text = "Straßen, ÉCOLE und 上海港口 hier"
    assert [text[a:b] for a, b in hits(text, parse_words("strassen école 海港"))] == ["Straßen", "ÉCOLE", "海港"]
    assert snippet("x " * 500 + "ferry", parse_words("ferry"), ("[", "]")).endswith("[ferry]")


def test_the_index_follows_new_files_edits_and_compaction(tmp_path: Path) -> None:
    root = Root.at(tmp_path)
    land(tmp_path, "1", report(1, "the old ferry"), report(2, "a bridge"))
    assert ids(tmp_path, "ferry") == ["article-1"]
    land(tmp_path, "2", report(1, "the new tram", version_id="v2", fetched_at=LATER), report(3, "a ferry"))
    assert update_index(root, 10) == 1
    assert (ids(tmp_path, "ferry"), ids(tmp_path, "tram")) == (["article-3"], ["article-1"])
    compact(Store(root), NOON + timedelta(days=2), seconds=10)
    assert update_index(root, 10) == 0
    assert (ids(tmp_path, "ferry"), ids(tmp_path, "tram")) == (["article-3"], ["article-1"])
    assert update_index(root, 10, rebuild=True) > 0
    assert (ids(tmp_path, "ferry"), ids(tmp_path, "tram")) == (["article-3"], ["article-1"])


def test_what_is_taken_down_leaves_the_index(tmp_path: Path) -> None:
    land(tmp_path, "1", report(1, "the secret xylophone"), report(2, "a bridge"))
    assert ids(tmp_path, "xylophone") == ["article-1"]
    forget(tmp_path, url(1), LATER, normalize=str, identify=lambda *_: "article-1")
    assert not (folder(Root.at(tmp_path)) / "index").exists()
    assert (ids(tmp_path, "xylophone"), ids(tmp_path, "bridge")) == ([], ["article-2"])


@pytest.mark.parametrize("state", ["", "{}", json.dumps({"version": 0, "files": {}})])
def test_an_index_in_doubt_is_built_again(tmp_path: Path, state: str) -> None:
    land(tmp_path, "1", report(1, "the ferry"))
    assert ids(tmp_path, "ferry") == ["article-1"]
    (folder(Root.at(tmp_path)) / "state.json").write_text(state)
    assert ids(tmp_path, "ferry") == ["article-1"]
    shutil.rmtree(folder(Root.at(tmp_path)) / "index")
    assert ids(tmp_path, "ferry") == ["article-1"]


def test_a_writer_that_is_killed_is_gone_on_with(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from warehouse.search import index; from warehouse.storage.root import Root\n"
        "index._save = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "index.update_index(Root.at(sys.argv[1]), 10)"
    )
    land(tmp_path, "1", report(1, "the ferry"))
    died = subprocess.run([sys.executable, "-c", code, tmp_path], env=os.environ, check=False)
    assert died.returncode == -9
    assert ids(tmp_path, "ferry") == ["article-1"]


def test_two_at_once_find_the_same(tmp_path: Path) -> None:
    land(tmp_path, "1", *(report(number, f"ferry {number}") for number in range(200)))
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: sorted(ids(tmp_path, "ferry")), range(2))
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
