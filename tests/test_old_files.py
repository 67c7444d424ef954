"""Files of earlier releases read as those of this one do."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.query import query
from tests.support.rows import NOON, rejection, url
from warehouse.archive.old_facts import current_facts
from warehouse.definitions import CATALOGUE
from warehouse.errors import StorageError, WarehouseError
from warehouse.model.schema import SCHEMAS
from warehouse.state.ledger import Ledger
from warehouse.state.source_state import SourceState
from warehouse.storage.compaction import compact
from warehouse.storage.tables import Store
from warehouse.takedown.trace import trace

RELEASES = sorted((Path(__file__).parent / "old_files").iterdir())
FEED, SITEMAP = "https://harbour.example/feed.xml", "https://harbour.example/sitemap.xml"


@pytest.fixture(params=["untouched", "prepared"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Copy a data root as release 0.1 left it, or as it is once this release has prepared it for its own rows."""
    shutil.copytree(RELEASES[0], tmp_path / "data")
    if request.param == "prepared":
        Store(tmp_path / "data").prepare()
    return tmp_path / "data"


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_a_column_never_changes_its_type_or_goes(release: Path) -> None:
    for table, schema in SCHEMAS.items():
        for path in (release / table).rglob("*.parquet"):
            old = pq.read_schema(path)
            assert [field.name for field in old if field.name not in schema.names] == []
            assert [field.name for field in old if schema.field(field.name).type != field.type] == []
            assert old.names == schema.names[: len(old.names)], "a new column goes behind the old ones"


def test_a_root_of_a_release_with_another_type_is_refused_with_the_column_named(tmp_path: Path) -> None:
    Store(tmp_path).prepare()
    schema = SCHEMAS["rejects"]
    number = schema.get_field_index("attempts")
    changed = schema.set(number, schema.field(number).with_type(pa.string()))
    pq.write_table(changed.empty_table(), tmp_path / "rejects" / "landed_month=0000-00" / "schema-later.parquet")
    store = Store(tmp_path)
    with pytest.raises(StorageError, match="column 'attempts' of rejects is string there and int64 in this release"):
        store.land("rejects", [rejection(1)], source_id="harbour", key="1", now=NOON)
    assert not list(tmp_path.glob("rejects/landed_month=2026*"))


def test_what_captures_were_read_for_is_told_of_old_ones_too(root: Path) -> None:
    rows = query(root, "SELECT capture_id, url, purpose, is_read, error FROM captures ORDER BY warc_offset").fetchall()
    assert rows == [
        ("capture-1", url(1), "document", True, None),
        ("capture-2", url(2), "document", True, None),
        ("capture-3", url(3), "document", True, None),
        ("capture-5", url(5), "document", False, "503 Service Unavailable"),
        ("capture-10", FEED, "listing", True, None),
        ("capture-11", FEED, "listing", False, "it is no feed"),
        ("capture-12", SITEMAP, "gap_repair", True, None),
        ("capture-13", SITEMAP, "backfill", True, None),
        ("capture-14", "https://harbour.example/robots.txt", "robots", True, "503"),
    ]


def test_old_duplicates_name_their_article(root: Path) -> None:
    rows = query(root, "SELECT url, duplicate_of, run_id, is_settled FROM rejects ORDER BY url").fetchall()
    assert rows == [
        (url(4), url(1), "run-1", False),
        (url(6), url(1), "shard-0f0f", True),
        (url(7), None, "run-1", False),
    ]


def test_columns_that_old_files_lack_are_null(root: Path) -> None:
    rows = query(root, "SELECT DISTINCT title, published_at, language FROM rejects").fetchall()
    assert rows == [(None, None, None)]
    assert query(root, "SELECT DISTINCT published_local, published_offset FROM articles").fetchall() == [(None, None)]
    assert query(root, "SELECT count(*) FROM articles_by_day WHERE day IS NULL").fetchone() == (0,)


def test_old_runs_have_a_kind(root: Path) -> None:
    rows = query(root, "SELECT run_id, kind, shard_key, flow_run_id FROM runs ORDER BY run_id").fetchall()
    assert rows == [
        ("again", "addresses", None, None),
        ("run-1", "ingest", None, None),
        ("shard-0f0f", "shard", "0f0f", None),
    ]


def test_every_view_has_the_columns_of_this_release(root: Path) -> None:
    for table, schema in SCHEMAS.items():
        columns = {row[0] for row in query(root, f"DESCRIBE {table}").fetchall()}
        assert columns >= set(schema.names) or table == "habits"


def test_the_pipeline_goes_on_from_old_files(root: Path) -> None:
    with SourceState(root, "harbour", datetime(2026, 4, 1, tzinfo=UTC), str) as state:
        endpoints = state.endpoints()
    assert endpoints[FEED].capture_id == "capture-10", "what could not be read hides nothing"
    assert SITEMAP not in endpoints, "what was read for a gap was not read as an input"
    with SourceState(root, "harbour", datetime(2026, 12, 1, tzinfo=UTC), str) as state:
        assert Ledger(state, ("1", "digest")).addresses[url(4)].attempts == 1
    assert {location[1] for location in trace_of(root)} == {url(1), url(4), url(6)}


def trace_of(root: Path) -> frozenset[tuple[str, str]]:
    from warehouse.storage.root import Root

    return trace(Root.at(root), url(1), lambda address: address).addresses


def test_what_a_killed_run_of_an_old_release_had_archived_is_told_apart() -> None:
    facts = {"url": f"{SITEMAP}#repair", "outcome": "listed", "run_id": "run-1", "fetched_at": NOON}
    assert current_facts(facts) == facts | {"url": SITEMAP, "purpose": "gap_repair"}
    assert current_facts(facts | {"run_id": "plan-1"})["purpose"] == "backfill"
    assert current_facts(facts | {"url": FEED})["purpose"] == "listing"
    assert current_facts(facts | {"outcome": "pending", "url": url(1)})["purpose"] == "document"


def test_the_cure_for_files_that_lack_a_column_makes_them_readable(empty_root: Path) -> None:
    for path in [*empty_root.glob("articles/*/schema-*.parquet")]:
        older = pq.read_table(path).drop_columns(["published_local"])
        path.unlink()
        pq.write_table(older, path.with_stem("schema-0123456789ab"))
    (empty_root / CATALOGUE).unlink()  # that of the other release is not used
    with pytest.raises(WarehouseError, match="of another release: 'copydesk maintain compact' prepares them"):
        query(empty_root, "SELECT count(*) FROM articles")
    compact(Store(empty_root), NOON, seconds=0)
    assert query(empty_root, "SELECT count(published_local) FROM articles").fetchall() == [(0,)]
