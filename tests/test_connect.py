"""Anyone may ask the warehouse anything, and nobody can make it write or read what is not a table."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from tests.support.query import query
from tests.support.rows import NOON, article, discovery, fetched, rejection, run
from tests.support.snapshot import Snapshot
from warehouse.archive.writer import ArchiveWriter
from warehouse.catalogue import write_catalogue
from warehouse.connect import connect, locked
from warehouse.definitions import CATALOGUE, ORDER, SQL, TABLES, VIEWS
from warehouse.errors import EmptyWarehouseError, QueryError
from warehouse.model.schema import SCHEMAS
from warehouse.statements import run_statement
from warehouse.storage.tables import Store


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Make a data root with a row in every table, and a file in its archive."""
    root = tmp_path_factory.mktemp("connect") / "data"
    with ArchiveWriter(root, "harbour", "run-1", NOON) as writer:
        captures = [writer.write(fetched(1))]
    rows = {
        "articles": [article(1), article(2)],
        "captures": captures,
        "discoveries": [discovery(1), discovery(3)],
        "rejects": [rejection(3)],
        "runs": [run()],
    }
    for table, batch in rows.items():
        Store(root).land(table, batch, source_id="harbour", key="k1", now=NOON)
    return Snapshot(root)


@pytest.fixture
def root(landed: Snapshot) -> Path:
    return landed.restore()


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_sql_file_is_a_view_or_macro_that_opens_with_its_grain() -> None:
    assert sorted(path.stem for path in SQL.glob("*.sql")) == sorted(ORDER)
    for path in SQL.glob("*.sql"):
        first, *rest = path.read_text("utf-8").splitlines()
        assert first.startswith("-- One row ")
        assert any(line.startswith((f"CREATE VIEW {path.stem} ", f"CREATE MACRO {path.stem}(")) for line in rest)


def test_the_tables_are_those_of_the_schema() -> None:
    assert set(TABLES) == set(SCHEMAS)


@pytest.mark.parametrize("catalogue", [False, True], ids=["without catalogue", "with catalogue"])
def test_every_view_answers(root: Path, catalogue: bool) -> None:
    assert not catalogue or write_catalogue(root)
    connection = locked(root)
    counts = {view: run_statement(connection, f"SELECT count(*) FROM {view}").fetchall()[0] for view in VIEWS}
    assert counts["articles"] == (2,)
    assert counts["ledger"] == (2,)
    assert all(counts.values())
    assert len(run_statement(connection, "FROM articles_as_of(now())").fetchall()) == 2


def test_asking_writes_nothing(root: Path) -> None:
    before = everything(root)
    query(root, "SELECT * FROM articles ORDER BY title").fetchall()
    assert everything(root) == before


@pytest.mark.parametrize("there", [False, True], ids=["no folder", "empty folder"])
def test_an_empty_data_root_is_told_with_its_cure_and_stays_as_it_is(tmp_path: Path, there: bool) -> None:
    root = tmp_path / "data"
    if there:
        root.mkdir()
    with pytest.raises(EmptyWarehouseError, match=rf"^nothing has landed in {root}; run 'copydesk run', or name"):
        query(root, "SELECT 1")
    assert root.exists() == there
    assert not there or not list(root.iterdir())


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM articles",
        "-- a comment\nFROM articles SELECT title;",
        "WITH a AS (FROM articles) SELECT count(*) FROM a",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "VALUES (1)",
        "DESCRIBE articles",
        "SUMMARIZE articles",
        "SHOW TABLES",
        "EXPLAIN SELECT * FROM articles",
        "EXPLAIN ANALYZE SELECT * FROM articles",
        "EXPLAIN (FORMAT json) SELECT * FROM articles",
        "PIVOT articles ON language USING count(*)",
        "WITH p AS (PIVOT articles ON language USING count(*)) FROM p",
        "SELECT unnest(authors) FROM articles",
        "SELECT a.url FROM articles a JOIN captures USING (source_id)",
    ],
)
def test_a_statement_that_reads_runs(root: Path, statement: str) -> None:
    assert query(root, statement).fetchall()


FORBIDDEN = [
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/hostname')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM parquet_metadata('{outside}')",
    "SELECT * FROM read_parquet('{outside}')",
    "SELECT * FROM read_parquet('{root}/articles/../../outside.parquet')",
    "SELECT * FROM read_parquet('{root}/../outside.parquet')",
    "SELECT * FROM read_parquet('{root}/articles/link.parquet')",
    "SELECT * FROM read_text('{root}/articles/etc/hostname')",
    "SELECT * FROM read_blob('{root}/archive/harbour/*')",
    "SELECT * FROM read_blob('{root}/articles/../archive/harbour/*')",
    "SELECT * FROM glob('{root}/.locks/*')",
    "SELECT * FROM read_text('{root}/.locks/harbour.json')",
    "SELECT * FROM read_text('http://127.0.0.1:9/x')",
    "SELECT * FROM duckdb_secrets()",
    "SELECT getenv('HOME')",
    "COPY (SELECT 1) TO '{root}/articles/planted.parquet'",
    "COPY articles TO '{outside}.csv'",
    "COPY (PIVOT articles ON language USING count(*)) TO '{root}/articles/planted.parquet'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{root}/articles/planted.parquet'",
    "EXPLAIN (ANALYZE) COPY (SELECT 1) TO '{root}/articles/planted.parquet'",
    "EXPLAIN /* */ ANALYZE COPY (SELECT 1) TO '{root}/articles/planted.parquet'",
    "EXPLAIN ANALYZE COPY (PIVOT articles ON language USING count(*)) TO '{root}/articles/planted.parquet'",
    "EXPORT DATABASE '{root}/articles/export'",
    "IMPORT DATABASE '{root}/articles/export'",
    "ATTACH '{outside}.db' AS other",
    "ATTACH '{root}/copydesk.duckdb' AS other",
    "DETACH copydesk",
    "USE memory",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET threads = 1",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "CALL pragma_version()",
    "CREATE TABLE t AS SELECT 1",
    "CREATE TEMP TABLE t AS SELECT 1",
    "CREATE TABLE t AS PIVOT articles ON language USING count(*)",
    "CREATE OR REPLACE MACRO landed(name) AS TABLE SELECT 1",
    "DROP VIEW articles",
    "INSERT INTO articles VALUES (1)",
    "DELETE FROM articles",
    "UPDATE articles SET title = 'x'",
    "VACUUM",
    "CHECKPOINT",
    "BEGIN",
    "PREPARE p AS SELECT 1",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP VIEW articles",
    "",
    "-- nothing",
]


@pytest.mark.parametrize("catalogue", [False, True], ids=["without catalogue", "with catalogue"])
def test_a_statement_that_writes_or_reads_elsewhere_is_refused_in_a_sentence(
    root: Path, tmp_path: Path, catalogue: bool
) -> None:
    outside = tmp_path / "outside.parquet"
    duckdb.execute("COPY (SELECT 'secret' AS a) TO $1", [str(outside)]).fetchall()
    (root / "articles/link.parquet").symlink_to(outside)
    (root / "articles/etc").symlink_to("/etc")
    with Store(root).lock("harbour", 0):
        pass
    if catalogue:
        write_catalogue(root)
    before = everything(tmp_path) | everything(root)
    connection = locked(root)
    for statement in FORBIDDEN:
        with pytest.raises(QueryError, match=r"^[^\n]+$"):
            run_statement(connection, statement.format(root=root, outside=outside))
    assert everything(tmp_path) | everything(root) == before
    assert run_statement(connection, "SELECT count(*) FROM articles").fetchall() == [(2,)]


def test_a_python_variable_is_not_a_table(root: Path) -> None:
    secret = pa.table({"a": [1]})
    with connect(root) as connection, pytest.raises(duckdb.CatalogException, match="Table with name secret does not"):
        connection.execute("SELECT * FROM secret")
    assert len(secret) == 1


def test_a_mistyped_view_is_told_with_the_views(root: Path) -> None:
    with pytest.raises(QueryError, match=r"^Table with name artcles does not exist! .*; the views are articles, "):
        query(root, "SELECT * FROM artcles")


def test_a_mistyped_column_is_told_with_those_near_it(root: Path) -> None:
    with pytest.raises(QueryError, match=r'"titel" not found.*"title"'):
        query(root, "SELECT titel FROM articles")


def test_a_statement_that_is_not_sql_is_told_in_one_line(root: Path) -> None:
    with pytest.raises(QueryError, match=r"^syntax error at or near \"SELEKT\"$"):
        query(root, "SELEKT 1")


@pytest.mark.parametrize("name", ["it's", "a[b]", "star*", "two words", "нов", "q?a"])
def test_a_data_root_may_have_any_name(tmp_path: Path, name: str) -> None:
    Store(tmp_path / name).land("articles", [article(1)], source_id="harbour", key="k1", now=NOON)
    for _ in range(2):
        assert query(tmp_path / name, "SELECT count(*) FROM articles").fetchall() == [(1,)]
        write_catalogue(tmp_path / name)


def test_a_data_root_or_a_table_may_be_a_link_to_another_disk(root: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    shutil.move(root / "articles", tmp_path / "disk/articles")
    (root / "articles").symlink_to(tmp_path / "disk/articles")
    (tmp_path / "link").symlink_to(root)
    assert query(tmp_path / "link", "SELECT count(*) FROM articles").fetchall() == [(2,)]


def test_the_catalogue_is_written_once_and_again_when_the_data_root_was_moved(root: Path, tmp_path: Path) -> None:
    assert write_catalogue(root)
    assert not write_catalogue(root)
    moved = tmp_path / "moved"
    root.rename(moved)
    assert query(moved, "SELECT count(*) FROM articles").fetchall() == [(2,)]
    assert write_catalogue(moved)
    with duckdb.connect(str(moved / CATALOGUE), read_only=True) as client:
        assert client.execute("SELECT count(*) FROM articles").fetchall() == [(2,)]


def test_a_broken_catalogue_does_not_stop_a_query_and_is_replaced(root: Path) -> None:
    (root / CATALOGUE).write_bytes(b"no database")
    assert query(root, "SELECT count(*) FROM articles").fetchall() == [(2,)]
    assert write_catalogue(root)
    assert not write_catalogue(root)


def test_the_catalogue_opens_in_the_command_line_client_of_duckdb_1_5(root: Path, tmp_path: Path) -> None:
    client = shutil.which("duckdb", path=str(Path(sys.executable).parent))
    if client is None:
        pytest.skip("the duckdb-cli package is not installed")
    write_catalogue(root)
    for view in (*VIEWS, "articles_as_of(now())"):
        command = [client, "-readonly", "-csv", root / CATALOGUE, f"SELECT count(*) AS n FROM (FROM {view})"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.stdout.startswith("n\n"), f"{view}: {done.stderr}"


def test_a_catalogue_that_was_copied_or_moved_reads_the_data_beside_it(root: Path, tmp_path: Path) -> None:
    write_catalogue(root)
    copy = tmp_path / "a copy [1]"
    shutil.copytree(root, copy)
    Store(copy).land("articles", [article(9)], source_id="harbour", key="k9", now=NOON)
    shutil.move(root, tmp_path / "gone")
    count = "SELECT count(*) FROM articles"
    for path in (copy / CATALOGUE, Path("..") / copy.name / CATALOGUE):
        program = f"import duckdb; print(duckdb.connect({str(path)!r}, read_only=True).execute({count!r}).fetchall())"
        for folder in (tmp_path / "gone", copy):
            done = subprocess.run(
                [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=folder
            )
            assert done.stdout == "[(3,)]\n", done.stderr
    client = shutil.which("duckdb", path=str(Path(sys.executable).parent))
    if client is not None:
        command = [client, "-readonly", "-csv", copy / CATALOGUE, count]
        assert subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout.split()[-1] == "3"


def test_an_attached_catalogue_that_was_moved_is_told_where_it_is_by_a_variable(root: Path, tmp_path: Path) -> None:
    write_catalogue(root)
    moved = shutil.move(root, tmp_path / "moved")
    with duckdb.connect() as client:
        client.execute(f"SET VARIABLE copydesk_data = '{moved}'; ATTACH '{moved}/{CATALOGUE}' AS news (READ_ONLY)")
        assert client.execute("SELECT count(*) FROM news.articles").fetchall() == [(2,)]
        assert client.execute("SELECT count(*) FROM news.articles_as_of(now())").fetchall() == [(2,)]


def test_every_view_and_column_of_the_catalogue_has_a_comment(root: Path) -> None:
    write_catalogue(root)
    with duckdb.connect(str(root / CATALOGUE), read_only=True) as client:
        columns = client.execute("SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal")
        comments = {(view, column): comment for view, column, comment in columns.fetchall()}
        views = client.execute("SELECT view_name, comment FROM duckdb_views() WHERE NOT internal").fetchall()
    assert {view for view, _ in comments} == {view for view, _ in views} == set(VIEWS)
    assert [key for key, comment in comments.items() if not comment or not comment.endswith(".")] == []
    assert [view for view, comment in views if not comment.startswith("One row ")] == []
    assert comments["articles", "located"] == "Place of its dateline, such as `London`."
    assert comments["ledger", "state"] == "What became of the address: `article`, `reject` or `pending`."


def test_the_catalogue_works_beside_others(root: Path) -> None:
    write_catalogue(root)
    with duckdb.connect() as client:
        client.execute(f"ATTACH '{root / CATALOGUE}' AS news (READ_ONLY)")
        for view in (*VIEWS, "articles_as_of(now())"):
            assert client.execute(f"SELECT count(*) FROM news.{view}").fetchone()


def test_two_processes_may_write_the_catalogue_while_others_read(root: Path) -> None:
    program = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "from warehouse.catalogue import write_catalogue\nfrom tests.support.query import query\nfrom warehouse.definitions import CATALOGUE\n"
        "from pathlib import Path\n"
        "for _ in range(6):\n"
        "    write_catalogue(sys.argv[1])\n"
        "    assert query(sys.argv[1], 'SELECT count(*) FROM articles').fetchall() == [(2,)]\n"
        "    Path(sys.argv[1], CATALOGUE).unlink(missing_ok=True)\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, str(root)]) for _ in range(2)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert not list((root / ".partial").iterdir())


def test_what_does_not_fit_in_memory_spills_neither_into_the_data_root_nor_here(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    before = everything(root)
    connection = connect(root)
    connection.execute("SET memory_limit = '60MB'; SET threads = 1; SET enable_external_access = false")
    result = connection.execute(
        "SELECT max(b) FROM (SELECT * FROM (SELECT range a, repeat(range::VARCHAR, 20) b"
        " FROM range(600_000)) ORDER BY hash(a) LIMIT 500_000)"
    )
    assert result.fetchall()
    assert everything(root) == before
    assert not list(here.iterdir())


def test_connecting_does_not_load_pyarrow() -> None:
    program = "import sys, warehouse.connect; sys.exit('pyarrow' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    assert subprocess.run([sys.executable, "-c", program], check=False, env=environment).returncode == 0
