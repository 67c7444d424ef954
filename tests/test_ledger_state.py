"""The state of a source says what its tables say, whatever happened to files and processes between two runs."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.ledger_reference import Reference
from tests.support.rows import NOON, article, discovery, fetched, poll, rejection, run, url
from warehouse.errors import StorageError
from warehouse.model.records import FORGOTTEN, LISTED, RECOVERED, Capture
from warehouse.model.rows import Habit
from warehouse.model.vocabulary import HabitPlace, Outcome, Purpose, Reason, RunStatus, Stage
from warehouse.state.ledger import Ledger
from warehouse.state.recurring_lines import known_habits, newest_articles
from warehouse.state.source_state import SourceState
from warehouse.state.state_file import state_path
from warehouse.storage.compaction import Ages, compact
from warehouse.storage.root import Root
from warehouse.storage.tables import Store
from warehouse.takedown.forget import forget

AT_ONCE = Ages(log=timedelta(0), visible=timedelta(0), deleted=timedelta(0))
DELETED_FOR_AN_HOUR = replace(AT_ONCE, deleted=timedelta(hours=1))
NOW = NOON + timedelta(hours=20)
LATER = timedelta(hours=3)
RULES = ("1", "digest")
OUTCOMES = (*map(str, Outcome), RECOVERED, FORGOTTEN, LISTED)


def open_state(root: Path, beside: Collection[str] = (), now: datetime = NOW) -> SourceState:
    return SourceState(root, "harbour", now, lambda address: address.removesuffix("/")[8:], beside)


def path_of(root: Path) -> Path:
    return state_path(Root.at(root), "harbour")


def capture(number: int, key: int, **changes: Any) -> Capture:
    made = Capture.of(fetched(number), capture_id=f"capture-{key}", run_id="run-1", warc_filename="archive/x.warc.gz")
    return replace(made, **changes)


def land_batch(store: Store, rng: random.Random, key: int, count: int = 5) -> None:
    """Land rows about a few addresses; no two have one time, as which is the newest of these is nobody's promise."""
    times = [NOON + timedelta(hours=rng.randrange(24), seconds=30 * key + number) for number in range(4 * count)]
    run_ids = [rng.choice(["run-1", "shard-a", "shard-b"]) for _ in times]
    numbers = [rng.randrange(6) for _ in times]
    rows: dict[str, list[Any]] = {"discoveries": [], "captures": [], "articles": [], "rejects": []}
    for number, time_, run_id, row in zip(numbers, times, run_ids, range(len(times)), strict=True):
        table = list(rows)[row % 4]
        # Whatever comes of a capture has its address.
        number = number if table == "discoveries" else (key + rng.randrange(count)) % 6  # noqa: PLW2901
        capture_id, at = f"capture-{key}-{number}", {"run_id": run_id}
        if table == "discoveries":
            spelling = rng.choice([f"harbour.example/news/{number}", f"harbour.example/{number % 2}"])
            title, modified = rng.choice([None, f"Title {row}"]), rng.choice([None, f"2026-03-1{rng.randrange(9)}"])
            guid = rng.choice([url(number), f"guid-{number % 3}"])
            changes = {"normalized_url": spelling, "guid": guid, "title": title, "modified": modified, "seen_at": time_}
            rows[table].append(discovery(number, **changes, **at))
        elif table == "captures":
            facts = {
                "outcome": rng.choice(OUTCOMES),
                "http_status": rng.choice([None, 200, 304, 500]),
                "etag": f"e{row}",
            }
            final_url = rng.choice([None, None, url(rng.randrange(6))])
            made = capture(number, 0, capture_id=capture_id, fetched_at=time_, final_url=final_url, **facts, **at)
            rows[table].append(replace(made, payload_digest=f"sha256:{rng.randrange(9)}"))
        elif table == "articles":
            versions = {"version_id": f"version-{rng.randrange(4)}", "capture_id": capture_id}
            landed_at = time_ + timedelta(milliseconds=rng.randrange(1, 900))
            deleted = rng.random() < 0.1
            rows[table].append(
                article(number, fetched_at=time_, landed_at=landed_at, deleted=deleted, **versions, **at)
            )
        else:
            stage, reason = rng.choice([(Stage.FETCH, Reason.FETCH_FAILED), (Stage.EXTRACT, Reason.NO_ARTICLE)])
            refused = {"stage": stage, "reason": reason, "attempts": rng.randrange(1, 9), "detail": f"because {row}"}
            first_seen_at = time_ - timedelta(minutes=rng.randrange(9))
            changes = {"first_seen_at": first_seen_at, "last_seen_at": time_, "capture_id": capture_id}
            rows[table].append(rejection(number, **refused, **changes, **at))
    # One capture is in one state, so that any of its rows is the view's.
    rows["captures"] = list({row.capture_id: row for row in rows["captures"]}.values())
    for table, landing in rows.items():
        store.land(table, landing, source_id="harbour", key=f"{table}-{key}", now=NOON)
    store.land("discoveries", [discovery(8, source_id="harbour-two")], source_id="harbour-two", key=str(key), now=NOON)


def check_against_tables(root: Path, beside: Collection[str] = (), *, now: datetime = NOW) -> None:
    expected = Reference(root, "harbour", now, beside)
    with open_state(root, beside, now) as state, Ledger(state, RULES) as ledger:
        assert {url(number): ledger.addresses.get(url(number)) for number in range(9)} == {
            url(number): expected.addresses.get(url(number)) for number in range(9)
        }
        known = expected.addresses.items()
        assert sorted(ledger.addresses.pending()) == sorted(address for address, known in known if known.is_pending)
        assert sorted(ledger.addresses.unsighted()) == sorted(
            address for address, known in known if not known.is_sighted
        )
        for recheck in ((), (1.0,), (1.0, 30.0)):
            due = {url for url in expected.addresses if ledger.is_wanted(url, now, recheck)}
            assert set(ledger.due(now, recheck)) == due
        assert ledger.forgotten == expected.forgotten
        assert ledger.lost() == expected.lost
        assert {
            version: ledger.addresses.first_of_version(version) for version in expected.versions
        } == expected.versions
        sighted = [(address, known) for address, known in known if known.is_sighted]
        for guid in {known.guid for _, known in sighted}:
            assert ledger.addresses.first_with_guid(guid) == next(a for a, known in sighted if known.guid == guid)
        for spelling in {known.normalized_url for _, known in sighted}:
            first = next(address for address, known in sighted if known.normalized_url == spelling)
            assert ledger.addresses.first_spelled(spelling) == first
        if not beside:
            assert ledger.count_articles() == sum(known.version_id is not None for _, known in known)


def contents(root: Path) -> dict[str, list[Any]]:
    """All that a state says, without what is its own business."""
    with sqlite3.connect(path_of(root)) as connection:
        queries = {
            "addresses": "SELECT url, facts, first_seen_at, found_in, is_sighted, is_pending, has_version, is_lost,"
            " watched_age, last_fetched_at FROM address ORDER BY url",
            "names": "SELECT kind, name, url FROM name JOIN address ON id = address ORDER BY 1, 2, 3",
            "runs": "SELECT * FROM run ORDER BY run_id",
            "endpoints": "SELECT * FROM endpoint ORDER BY url",
        }
        return {name: connection.execute(query).fetchall() for name, query in queries.items()}


def check_against_new(root: Path) -> None:
    """Check that a state that was taken forward equals one made anew."""
    open_state(root).close()
    taken_forward = contents(root)
    path_of(root).unlink()
    open_state(root).close()
    new = contents(root)
    # A name may lead to an address that has it no more; whoever asks looks.
    assert set(taken_forward.pop("names")) >= set(new.pop("names"))
    assert taken_forward == new


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6), batches=st.integers(1, 4), compact_after=st.integers(0, 4))
def test_the_ledger_says_what_the_tables_say(
    seed: int, batches: int, compact_after: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root, rng = tmp_path_factory.mktemp("root"), random.Random(seed)
    store = Store(root)
    for key in range(batches):
        land_batch(store, rng, key)
        if rng.random() < 0.7:
            open_state(root).close()
        if key == compact_after:
            compact(store, datetime.now(tz=NOON.tzinfo) + LATER, seconds=0, ages=AT_ONCE)
    check_against_tables(root)
    check_against_tables(root, ("shard-a",))
    check_against_tables(root, ("shard-b",), now=NOON + timedelta(hours=6))
    check_against_new(root)
    shutil.rmtree(root)


def opened_files(root: Path, code: str = "") -> list[str]:
    """Open the state in a process; return the Parquet files that it opens."""
    program = f"""
import sys
from datetime import datetime
opened = []
sys.addaudithook(lambda event, values: event == "open" and str(values[0]).endswith(".parquet") and opened.append(values[0]))
from warehouse.state.recurring_lines import known_habits, newest_articles
from warehouse.state.source_state import SourceState
from warehouse.state.ledger import Ledger
state = SourceState({str(root)!r}, "harbour", datetime.fromisoformat({NOW.isoformat()!r}), str)
Ledger(state, ("1", "digest")).addresses.pending(), state.endpoints(), state.killed_since(), state.close()
print(*opened, sep="\\n")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    # By its name, a file of the source `harbour-two` may be one of `harbour`: of it the footer is read.
    return [path for path in done.stdout.split() if "harbour-two" not in path]


def test_a_start_opens_new_files_of_its_source_and_no_others(empty_root: Path) -> None:
    store = Store(empty_root)
    for key in range(3):
        land_batch(store, random.Random(key), key)
    store.land("runs", [run(source_id="other", run_id="run-9")], source_id="other", key="run-9", now=NOON)
    first = opened_files(empty_root)
    assert len(first) == len(set(first)) == 12, "each of its own once"
    assert opened_files(empty_root) == []
    land_batch(store, random.Random(9), 9)
    assert len(opened_files(empty_root)) == 4
    compact(store, datetime.now(tz=NOON.tzinfo) + LATER, seconds=0, ages=DELETED_FOR_AN_HOUR)
    footers = opened_files(empty_root)
    assert len(footers) == 5, "a base file a table, of which only the footer is read"
    assert opened_files(empty_root) == []


@pytest.mark.parametrize("sees_each_step", [True, False], ids=["each step seen", "steps missed"])
def test_compaction_makes_no_state_anew(empty_root: Path, sees_each_step: bool) -> None:
    store, rng = Store(empty_root), random.Random(5)
    land_batch(store, rng, 0)
    open_state(empty_root).close()
    with sqlite3.connect(path_of(empty_root)) as connection:
        connection.execute("CREATE TABLE is_the_first (x)")
    for key in range(1, 4):
        land_batch(store, rng, key)
        for ages in (DELETED_FOR_AN_HOUR, AT_ONCE):
            compact(store, datetime.now(tz=NOON.tzinfo) + LATER, seconds=0, ages=ages)
            if sees_each_step:
                open_state(empty_root).close()
    check_against_tables(empty_root)
    with sqlite3.connect(path_of(empty_root)) as connection:
        assert connection.execute("SELECT count(*) FROM is_the_first").fetchall() == [(0,)]
    check_against_new(empty_root)


def test_a_file_that_was_lost_is_lost_to_the_state_too(empty_root: Path) -> None:
    store, rng = Store(empty_root), random.Random(6)
    for key in range(3):
        land_batch(store, rng, key)
    open_state(empty_root).close()
    next(empty_root.glob("articles/*/harbour-articles-1.parquet")).unlink()
    check_against_tables(empty_root)
    # Also where compaction has replaced all others meanwhile, and what replaced them first is gone.
    next(empty_root.glob("captures/*/harbour-captures-2.parquet")).unlink()
    for key in (3, 4):
        land_batch(store, rng, key)
        compact(store, datetime.now(tz=NOON.tzinfo) + LATER, seconds=0, ages=AT_ONCE)
        compact(store, datetime.now(tz=NOON.tzinfo) + LATER, seconds=0, ages=AT_ONCE)
    check_against_tables(empty_root)


def damage_header(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 400)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5_000])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def change_version(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET version = 'another'")


def drop_a_table(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE name")


def harm_pages(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 8] = b"\xff" * 8
    path.write_bytes(content)


def leave_log_of_another(path: Path) -> None:
    with sqlite3.connect(path.with_name("other.sqlite")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE meta (version)")
        shutil.copy(path.with_name("other.sqlite-wal"), path.with_name(f"{path.name}-wal"))
    path.unlink()


@pytest.mark.parametrize(
    "harm", [damage_header, cut_off, empty, change_version, drop_a_table, harm_pages, leave_log_of_another, Path.unlink]
)
def test_a_state_that_cannot_be_believed_is_made_anew(empty_root: Path, harm: Any) -> None:
    land_batch(Store(empty_root), random.Random(7), 0)
    open_state(empty_root).close()
    harm(path_of(empty_root))
    land_batch(Store(empty_root), random.Random(8), 1)
    check_against_tables(empty_root)


def test_a_take_down_leaves_nothing_in_the_state(empty_root: Path) -> None:
    store = Store(empty_root)
    titles = {1: "Kept title", 2: "Title of what goes"}
    for number, title in titles.items():
        store.land("discoveries", [discovery(number, title=title)], source_id="harbour", key=f"{number}", now=NOON)
        store.land("articles", [article(number, landed_at=NOON)], source_id="harbour", key=f"{number}", now=NOON)
    open_state(empty_root).close()
    assert titles[2].encode() in path_of(empty_root).read_bytes()
    forget(empty_root, url(2), NOW, normalize=str, identify=lambda *parts: parts[-1])
    assert not any(titles[2].encode() in path.read_bytes() for path in path_of(empty_root).parent.iterdir())
    with open_state(empty_root) as state, Ledger(state, RULES) as ledger:
        assert ledger.addresses[url(2)].is_forgotten
        assert ledger.addresses[url(2)].title is None
        assert ledger.addresses[url(1)].title == "Kept title"


def test_rows_that_were_rewritten_are_read_again(empty_root: Path) -> None:
    land_batch(Store(empty_root), random.Random(7), 0)
    open_state(empty_root).close()
    # As on another machine: its state was there when the take-down came.
    old_state = path_of(empty_root).read_bytes()
    forget(empty_root, url(2), NOW, normalize=str, identify=lambda *parts: parts[-1])
    path_of(empty_root).write_bytes(old_state)
    check_against_tables(empty_root, now=NOW + timedelta(days=1))


def test_shards_leave_the_state_of_their_source_as_it_is(empty_root: Path) -> None:
    store, rng = Store(empty_root), random.Random(8)
    land_batch(store, rng, 0)
    open_state(empty_root).close()
    before = path_of(empty_root).read_bytes()
    land_batch(store, rng, 1)
    with open_state(empty_root, ("shard-a",)) as first, open_state(empty_root, ("shard-b",)) as second:
        assert {first.known(url(number)) is None for number in range(9)} == {True, False}
        assert first.facts(url(8)) is None
        assert second.connection.execute("SELECT count(*) FROM shared.address").fetchone() != (0,)
    check_against_tables(empty_root, ("shard-a",))
    assert path_of(empty_root).read_bytes() == before
    assert [path.name for path in path_of(empty_root).parent.iterdir()] == ["harbour.sqlite"]


def test_a_run_that_changes_many_addresses_holds_few(empty_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warehouse.state.addresses.MAX_CHANGED", 3)
    land_batch(Store(empty_root), random.Random(9), 0)
    with open_state(empty_root) as state, Ledger(state, RULES) as ledger:
        for number in range(100, 120):
            ledger.record_sighting(fetched(number).item, NOW, f"spelling-{number}")
            ledger.addresses.first_guid(f"guid-{number}", url(number))
            ledger.addresses.rest()
            assert len(ledger.addresses._changed) <= 4
        ledger.record_answer(url(105), NOW)
        ledger.addresses.rest()
        assert ledger.addresses[url(105)].last_fetched_at == NOW
        assert {url(number) for number in range(100, 120)} <= set(ledger.addresses.pending())
        assert ledger.addresses.first_spelled("spelling-107") == url(107)
        assert ledger.addresses.first_with_guid("guid-119") == url(119)


def test_of_a_listing_what_says_how_it_stands_is_kept_and_no_more(empty_root: Path) -> None:
    store = Store(empty_root)
    for number in range(40):
        at = NOON + timedelta(minutes=number)
        status = 200 if number == 30 else 304
        row = poll(polled_at=at, next_poll_at=at + timedelta(minutes=20), http_status=status, run_id=f"run-{number}")
        store.land("polls", [row], source_id="harbour", key=str(number), now=NOON)
        item = replace(fetched(number).item, url=row.endpoint, purpose=Purpose.LISTING)
        listing = Capture.of(fetched(number, item=item, http_status=200, etag="same"), capture_id=f"capture-{number}")
        listing = replace(listing, outcome=LISTED, fetched_at=at)
        store.land("captures", [listing] if number in (2, 30) else [], source_id="harbour", key=str(number), now=NOON)
        if number in (10, 35):
            open_state(empty_root).close()
    with open_state(empty_root) as state:
        (endpoint,) = state.endpoints().values()
        ((facts,),) = state.connection.execute("SELECT facts FROM endpoint").fetchall()
    assert (endpoint.read_at, endpoint.polled_at) == (NOON + timedelta(minutes=30), NOON + timedelta(minutes=39))
    assert endpoint.unchanged_in_row == 9
    assert endpoint.capture_id == "capture-30"
    assert endpoint.interval == timedelta(minutes=20)
    assert endpoint.lied, "one etag, two contents"
    assert facts.count("304") == 9, "none before it was read whole"
    assert "capture-2" not in facts


def test_a_run_knows_those_that_were_killed(empty_root: Path) -> None:
    store = Store(empty_root)
    rows = [
        run(run_id="run-1", started_at=NOON),
        run(run_id="run-2", started_at=NOON + timedelta(hours=1), status=RunStatus.RUNNING, finished_at=None),
        run(run_id="run-3", started_at=NOON + timedelta(hours=2), status=RunStatus.RUNNING, finished_at=None),
        run(run_id="run-3", started_at=NOON + timedelta(hours=2), status=RunStatus.INTERRUPTED, finished_at=None),
    ]
    for number, row in enumerate(rows):
        store.land("runs", [row], source_id="harbour", key=str(number), now=NOON)
        with open_state(empty_root) as state:
            assert state.last_rules() == RULES
    with open_state(empty_root) as state, Ledger(state, ("2", "digest")) as ledger:
        assert [killed.run_id for killed in ledger.unfinished] == ["run-2"]
        assert state.killed_since() == NOON + timedelta(hours=1)
        assert ledger.rules_changed


KILLED_UPDATE = """
import sys
sys.path.insert(0, {path!r})
from tests.test_ledger_state import *
print("begun", flush=True)
open_state(Path({root!r})).close()
"""


def test_a_state_that_is_killed_as_it_is_taken_forward_says_the_same(empty_root: Path) -> None:
    store, rng, killed = Store(empty_root), random.Random(10), 0
    program = KILLED_UPDATE.format(path=str(Path(__file__).parent.parent), root=str(empty_root))
    for key in range(9):
        land_batch(store, rng, key, count=60)
        if key % 4 == 3:
            compact(store, datetime.now(tz=NOON.tzinfo) + LATER, seconds=0, ages=AT_ONCE)
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(rng.uniform(0, 0.06))
            child.send_signal(signal.SIGKILL)
        killed += child.returncode == -signal.SIGKILL
        if key == 5:
            path_of(empty_root).unlink(missing_ok=True)
    assert killed >= 4
    check_against_tables(empty_root)
    check_against_new(empty_root)


def test_recurring_lines_and_newest_articles_are_the_same_after_compaction(empty_root: Path) -> None:
    store = Store(empty_root)
    for number in range(3):
        at = NOON + timedelta(days=number)
        lines = [Habit("harbour", f"line {n}", f"Line {n}", HabitPlace.END, n, 9, NOON, at, at) for n in (number, 5)]
        store.land("habits", lines, source_id="harbour", key=f"habits-{number}", now=NOON)
        row = article(number, landed_at=at, text=f"Text {number}")
        store.land("articles", [row, article(7, landed_at=at)], source_id="harbour", key=f"{number}", now=NOON)
        store.land("articles", [article(9, source_id="other")], source_id="other", key=f"{number}", now=NOON)
    habits, articles = known_habits(str(empty_root), "harbour"), newest_articles(str(empty_root), "harbour")
    assert [habit.line for habit in habits] == ["line 1", "line 2", "line 5"], "none of no articles"
    assert [row[0] for row in articles] == ["article-2", "article-7", "article-1", "article-0"]
    for ages in (DELETED_FOR_AN_HOUR, AT_ONCE):
        compact(store, datetime.now(tz=NOON.tzinfo) + LATER, seconds=0, ages=ages)
        assert known_habits(str(empty_root), "harbour") == habits
        assert newest_articles(str(empty_root), "harbour") == articles


def test_when_the_clock_was_set_back_what_it_wrote_ahead_hides_nothing(empty_root: Path) -> None:
    store, ahead = Store(empty_root), NOW + timedelta(days=30)
    for number, at in enumerate([NOON, ahead, ahead + timedelta(hours=1)]):
        row = poll(polled_at=at, next_poll_at=at + timedelta(minutes=20), run_id=f"run-{number}")
        store.land("polls", [row], source_id="harbour", key=str(number), now=NOON)
        open_state(empty_root, now=at + timedelta(minutes=1)).close()
    with open_state(empty_root) as state:
        (endpoint,) = state.endpoints().values()
    assert endpoint.polled_at == NOON


def test_damage_that_a_run_meets_is_gone_in_the_next_one(empty_root: Path) -> None:
    land_batch(Store(empty_root), random.Random(7), 0)
    open_state(empty_root).close()
    with sqlite3.connect(path_of(empty_root)) as connection:
        connection.execute("UPDATE address SET facts = substr(facts, 1, 40)")
    with open_state(empty_root) as state, pytest.raises(StorageError, match="run again: it is made anew"):
        sum(state.known(url(number)) is None for number in range(9))
    check_against_tables(empty_root)
