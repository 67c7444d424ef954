"""One text in several places: what counts as a copy, and that its groups stay right as news comes, changes and goes."""

from __future__ import annotations

import random
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.commands import copydesk
from tests.support.kill import killed_at_every_moment
from tests.support.rows import NOON, article
from warehouse.catalogue import write_catalogue
from warehouse.connect import connect
from warehouse.copies import update
from warehouse.copies.groups import join_groups
from warehouse.copies.sketch_files import MAX_FILES_A_TIER, list_sketch_files
from warehouse.copies.update import update_copies
from warehouse.model.rows import Habit
from warehouse.model.vocabulary import HabitPlace
from warehouse.storage.root import Root
from warehouse.storage.tables import Store
from warehouse.takedown.forget import forget

WORDS = "harbour ferry council storm market bridge school river tax law strike match goal wind train of the and in a".split()
CJK = "港渡轮安全返回风暴后桥学校法律市场比赛目标火车河流税收罢工在的了和是不人有我他这中大来上国到说们为子地出"


def prose(seed: int, words: int = 200, vocabulary: Any = WORDS, glue: str = " ") -> str:
    chance = random.Random(seed)
    return glue.join(chance.choice(vocabulary) for _ in range(words))


def land(root: Path, *articles: Any, hours: int = 0) -> None:
    now = NOON + timedelta(hours=hours)
    key = f"{hours}-{articles[0].article_id}"
    Store(root).land("articles", articles, source_id=articles[0].source_id, key=key, now=now)


def text_of(number: int, text: str, source_id: str = "harbour", **changes: Any) -> Any:
    return article(number, text=text, source_id=source_id, first_seen_at=NOON + timedelta(minutes=number), **changes)


def groups(root: Path) -> set[frozenset[str]]:
    """Return the numbers of the articles in each group."""
    with connect(root) as warehouse:
        query = "SELECT list(article_id) FROM copies WHERE contained_id IS NULL GROUP BY group_id"
        listed = warehouse.execute(query).fetchall()
    return {frozenset(name.removeprefix("article-") for name in names) for (names,) in listed}


def refresh(root: Path, **options: Any) -> Any:
    return update_copies(root, seconds=5, **options)


def grouped(*numbers: str) -> set[frozenset[str]]:
    """Groups written as `1 2`."""
    return {frozenset(group.split()) for group in numbers}


FIRST = prose(1)
LONG = prose(3, 900)
CHINESE = prose(1, 300, CJK, "")
CASES = {
    "the same words in other signs": (FIRST, f"{FIRST.upper()}!", "exact"),
    "a short text": ("Ferry back in port.", "Ferry back in port", "exact"),
    "the end is cut": (FIRST, " ".join(FIRST.split()[:130]), "near"),
    "a paragraph is added": (FIRST, f"{prose(5, 60)}\n\n{FIRST}", "near"),
    "one number of several changed": (f"{FIRST} 3 4 5 6", f"{FIRST} 3 4 5 7", "near"),
    "Chinese with another end": (CHINESE, CHINESE[:260] + prose(4, 40, CJK, ""), "near"),
    "a part of a longer text": (" ".join(LONG.split()[100:300]), LONG, "contains"),
    "a template with other numbers": (
        f"{FIRST} 1 2 3 4 5 6",
        f"{FIRST} 11 12 13 14 15 16",
        None,
    ),
    "other words": (FIRST, prose(2), None),
    "other Chinese": (CHINESE, prose(2, 300, CJK, ""), None),
}


@pytest.mark.parametrize(("first", "second", "relation"), CASES.values(), ids=CASES.keys())
def test_what_counts_as_a_copy(empty_root: Path, first: str, second: str, relation: str | None) -> None:
    land(empty_root, text_of(1, first), text_of(2, second, "other"))
    refresh(empty_root)
    with connect(empty_root) as warehouse:
        relations = dict(warehouse.execute("SELECT relation, count(*) FROM copies GROUP BY ALL").fetchall())
    expected = {None: 2, "contains": 1} if relation == "contains" else {None: 1, relation: 1} if relation else {None: 2}
    assert relations == expected


def test_without_sketches_every_article_is_its_own_group(tmp_path: Path) -> None:
    land(tmp_path, text_of(1, FIRST), text_of(2, FIRST, "other"))
    assert groups(tmp_path) == grouped("1", "2")
    refresh(tmp_path)
    write_catalogue(tmp_path)
    shutil.rmtree(tmp_path / "copies")
    assert groups(tmp_path) == grouped("1", "2")
    # Any client reads the catalogue, also after the sketches were deleted.
    with duckdb.connect(str(tmp_path / "copydesk.duckdb"), read_only=True) as client:
        assert client.execute("SELECT count(*) FROM articles_unique").fetchall() == [(2,)]
    refresh(tmp_path)
    assert groups(tmp_path) == grouped("1 2")


def test_each_text_once_with_who_carried_it_and_how_a_wire_text_spread(empty_root: Path) -> None:
    times = {number: NOON + timedelta(minutes=10 * number) for number in (1, 2, 3)}
    land(
        empty_root,
        text_of(2, FIRST, "gazette", info_sources=(), published_at=times[2], published_precision="minute"),
        text_of(1, f"{FIRST} {prose(7, 30)}", "wire", published_at=times[1], published_precision="minute"),
        text_of(3, FIRST, "gazette", info_sources=(), published_at=times[3], published_precision="minute"),
        text_of(4, prose(2), "wire"),
    )
    refresh(empty_root)
    with connect(empty_root) as warehouse:
        unique = "SELECT article_id, copies, sources FROM articles_unique ORDER BY ALL"
        assert warehouse.execute(unique).fetchall() == [
            ("article-1", 3, ["gazette", "wire"]),
            ("article-4", 1, ["wire"]),
        ]
        spread = """
            SELECT agency, source_id, is_credited, relation, minutes_after_first FROM wire_spread
            WHERE group_id = 'article-1' ORDER BY run_at
        """
        assert warehouse.execute(spread).fetchall() == [
            ("AFP", "wire", True, None, 0),
            ("AFP", "gazette", False, "near", 10),
            ("AFP", "gazette", False, "near", 20),
        ]


def test_new_articles_join_and_join_up_older_groups(empty_root: Path) -> None:
    head, tail = prose(1, 300).split(), prose(2, 300).split()
    land(empty_root, text_of(1, " ".join(head)), text_of(2, " ".join(tail)), text_of(3, " ".join(tail), "other"))
    refresh(empty_root)
    assert groups(empty_root) == grouped("1", "2 3")
    land(empty_root, text_of(4, " ".join([*head[:280], *tail[:280]])), hours=1)
    assert refresh(empty_root, since_last=True).sketched == 1
    assert groups(empty_root) == grouped("1 2 3 4")
    assert refresh(empty_root).sketched == 0


def test_an_edit_replaces_the_sketch(empty_root: Path) -> None:
    land(empty_root, text_of(1, FIRST), text_of(2, FIRST, "other"))
    refresh(empty_root)
    edit = text_of(2, prose(2), "other", version_id="edited", capture_id="c2", fetched_at=NOON + timedelta(hours=1))
    land(empty_root, edit, hours=1)
    assert groups(empty_root) == grouped("1", "2")
    refresh(empty_root, since_last=True)
    land(empty_root, text_of(3, FIRST), text_of(4, prose(2)), hours=2)
    refresh(empty_root, since_last=True)
    assert groups(empty_root) == grouped("1 3", "2 4")


def test_a_line_that_a_source_repeats_makes_no_copy(empty_root: Path) -> None:
    line = prose(9, 180)
    land(empty_root, text_of(1, f"{prose(1, 40)}\n\n{line}"), text_of(2, f"{prose(2, 40)}\n\n{line}"))
    refresh(empty_root)
    assert groups(empty_root) == grouped("1 2")
    habit = Habit("harbour", line.casefold(), line, HabitPlace.END, 9, 9, NOON, NOON, NOON)
    Store(empty_root).land("habits", [habit], source_id="harbour", key="h", now=NOON)
    refresh(empty_root, rebuild=True)
    assert groups(empty_root) == grouped("1", "2")


def test_hashes_of_many_texts_say_nothing_and_many_copies_of_one_do(empty_root: Path) -> None:
    frame = prose(9, 150)
    land(empty_root, *(text_of(n, f"{prose(n, 50)}\n\n{frame}", article_id=f"a{n}") for n in range(100, 170)))
    refresh(empty_root)
    land(empty_root, text_of(1, f"{prose(1, 50)}\n\n{frame}"), hours=1)
    for hour in range(2, 9):
        land(empty_root, *(text_of(n, f"{FIRST} {n}") for n in range(hour * 10, hour * 10 + 10)), hours=hour)
        refresh(empty_root, since_last=True)
    sizes = sorted(map(len, groups(empty_root)))
    assert sizes[-1] == 70
    assert all(len(group) == 1 for group in groups(empty_root) if "1" in group)


def test_what_was_taken_down_leaves_the_sketches(empty_root: Path) -> None:
    land(empty_root, text_of(1, FIRST), text_of(2, FIRST, "other"), text_of(3, prose(2)))
    refresh(empty_root)
    forget(empty_root, "article-1", NOON + timedelta(hours=1), normalize=str, identify=lambda *parts: parts[-1])
    assert groups(empty_root) == grouped("2", "3")
    files = [Root.at(empty_root).location(file.name) for file in list_sketch_files(Root.at(empty_root))]
    assert duckdb.read_parquet(files).filter("article_id = 'article-1'").fetchall() == []
    assert refresh(empty_root).sketched == 0


def test_small_files_are_merged_and_change_nothing(empty_root: Path) -> None:
    for number in range(1, 2 * MAX_FILES_A_TIER):
        land(empty_root, text_of(number, FIRST if number % 2 else prose(number)), hours=number)
        refresh(empty_root, since_last=True)
    refresh(empty_root)
    odd, even = range(1, 2 * MAX_FILES_A_TIER, 2), range(2, 2 * MAX_FILES_A_TIER, 2)
    assert groups(empty_root) == grouped(" ".join(map(str, odd)), *map(str, even))
    assert len(list_sketch_files(Root.at(empty_root))) <= MAX_FILES_A_TIER


def test_sketches_of_another_version_are_made_anew(empty_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    land(empty_root, text_of(1, FIRST), text_of(2, FIRST, "other"))
    refresh(empty_root)
    monkeypatch.setattr(update, "SKETCH_VERSION", 2)
    update.sketch_version.cache_clear()
    try:
        assert refresh(empty_root, since_last=True).sketched == 2
        assert groups(empty_root) == grouped("1 2")
        assert len(list_sketch_files(Root.at(empty_root))) == 1
    finally:
        update.sketch_version.cache_clear()


KILLED = """
import shutil
from tests.test_copies import refresh

def prepare(root):
    shutil.copytree({made!r}, root)

def run(root):
    refresh(root, since_last=True)
"""


@pytest.mark.slow
def test_an_update_that_was_killed_doubles_nothing(tmp_path: Path) -> None:
    made = tmp_path / "made"
    for number in range(1, MAX_FILES_A_TIER + 1):
        land(made, text_of(number, FIRST if number % 2 else prose(number)), hours=number)
        if number < MAX_FILES_A_TIER:
            refresh(made, since_last=True)
    roots = killed_at_every_moment(tmp_path / "killed", KILLED.format(made=str(made)), step=94)
    assert len(roots) > 3
    for root in roots:
        for _ in range(2):
            with connect(root) as warehouse:
                count = "SELECT count(*), count(DISTINCT article_id) FROM copies"
                assert warehouse.execute(count).fetchall() == [(8, 8)]
            refresh(root)
        assert groups(root) == grouped("1 3 5 7", "2", "4", "6", "8")


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12))))
@settings(max_examples=50, deadline=None)
def test_labels_of_one_group_have_its_least(edges: list[tuple[int, int]]) -> None:
    labels = join_groups(edges)
    reached = {label: {label} for edge in edges for label in edge}
    for _ in reached:
        for first, second in edges:
            reached[first] = reached[second] = reached[first] | reached[second]
            for label in reached[first]:
                reached[label] = reached[first]
    assert labels == {label: min(others) for label, others in reached.items()}


def test_a_run_compares_what_it_has_landed(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.txt").write_text(f"Ferry returns after storm, say {name}\n\n{SENTENCES}", "utf-8")
    sources = tmp_path / "config" / "sources"
    sources.mkdir(parents=True)
    for name in ("one", "two"):
        source = f'title = "T"\n[[input]]\nkind = "folder"\npath = "{folder}"\nglob = "{name}.txt"\n'
        (sources / f"{name}.toml").write_text(source, "utf-8")
    assert copydesk("run", "--data", tmp_path / "d", "--config", tmp_path / "config").returncode == 0
    with connect(tmp_path / "d") as warehouse:
        assert warehouse.execute("SELECT copies, sources FROM articles_unique").fetchall() == [(2, ["one", "two"])]


SENTENCES = "\n\n".join(
    f"{start} that the ferry had come back to the harbour on {day}, after a storm that kept it at sea for {n} hours."
    for start, day, n in (
        ("The port authority said in a statement", "Monday", 14),
        ("Passengers told reporters who had waited on the quay", "the same evening", 15),
        ("The captain wrote in his log, which the company published,", "time for the next tide", 16),
    )
)
