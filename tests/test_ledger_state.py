"""The state of a source says what its tables say, whatever happened to files and processes between two runs."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.ledger_reference import Reference
from tests.support.rows import NOON, article, discovery, fetched, rejection, url
from warehouse.model.records import FORGOTTEN, LISTED, RECOVERED, Capture
from warehouse.model.vocabulary import Outcome, Reason, Stage
from warehouse.state.ledger import Ledger
from warehouse.state.source_state import SourceState
from warehouse.state.state_file import state_path
from warehouse.storage.compaction import Ages, compact
from warehouse.storage.root import Root
from warehouse.storage.tables import Store

AT_ONCE = Ages(log=timedelta(0), visible=timedelta(0), deleted=timedelta(0))
KEPT = replace(AT_ONCE, deleted=timedelta(hours=1))
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
        assert sorted(ledger.pending()) == sorted(address for address, known in known if known.is_pending)
        assert sorted(ledger.unsighted()) == sorted(address for address, known in known if not known.is_sighted)
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
    """A state that was taken forward says what one made anew does."""
    open_state(root).close()
    taken_forward = contents(root)
    path_of(root).unlink()
    open_state(root).close()
    new = contents(root)
    # A name may lead to an address that has it no more; whoever asks looks.
    assert set(taken_forward.pop("names")) >= set(new.pop("names"))
    assert taken_forward == new


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
