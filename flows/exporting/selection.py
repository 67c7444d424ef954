"""Which articles an export holds: those of a filter or of a query, as of one moment."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from config.errors import ConfigError
from warehouse.connect import connect, limit, locked, records, rows, unreadable
from warehouse.definitions import quote
from warehouse.errors import QueryError
from warehouse.statements import run_statement

if TYPE_CHECKING:
    from pathlib import Path

    from config.settings import Settings

ID: Final = "article_id"
MAX_IDS_IN_MEMORY: Final = 50_000
DEFAULT_MEMORY: Final = "1 GB"
"""What DuckDB may hold in memory where the setting `sql_memory` says nothing; the rest goes to disk."""


EACH_TEXT_ONCE: Final = """(
    SELECT chosen.*
    FROM chosen
    LEFT JOIN (SELECT article_id, group_id FROM copies WHERE contained_id IS NULL) AS text USING (article_id)
    QUALIFY row_number() OVER (
        PARTITION BY coalesce(group_id, article_id)
        ORDER BY article_id <> group_id, least(first_seen_at, published_at), article_id
    ) = 1
)"""


@dataclass(frozen=True, slots=True)
class Selection:
    """A query that gives the `article_id`s, or a filter; neither of them is all articles."""

    query: str | None = None
    languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    since: date | None = None
    """The first day of publication, in UTC."""
    until: date | None = None
    """The last day of publication, in UTC; it is included."""
    unique: bool = False
    """Of the articles that have one text, only the one that came first."""

    def check(self) -> None:
        """Raise `ConfigError` where a query and a filter are both given."""
        if self.query and any((self.languages, self.sources, self.since, self.until)):
            raise ConfigError("--query chooses the articles; leave out --language, --source, --since and --until")

    def sql(self) -> str:
        """Return the query of the articles."""
        if self.query:
            return self.query
        conditions = [
            f"{column} IN ({', '.join(map(quote, values))})"
            for column, values in (("language", self.languages), ("source_id", self.sources))
            if values
        ]
        if self.since:
            conditions.append(f"published_at >= {_start_of(self.since)}")
        if self.until:
            conditions.append(f"published_at < {_start_of(self.until + timedelta(days=1))}")
        return " ".join(
            ["SELECT article_id FROM articles", *(["WHERE", " AND ".join(conditions)] if conditions else [])]
        )

    def facts(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            name: list(value) if isinstance(value, tuple) else value if value is True else str(value)
            for name, value in asdict(self).items()
            if value
        }


def write_selection(settings: Settings, selection: Selection, moment: datetime, path: Path) -> None:
    """Write the chosen articles and their order to a Parquet file. Raises `WarehouseError`.

    A query sees `articles` as of the moment, and the other views as they are now; what is a copy is as it is now, too.
    A row has `article_id`, `published_at`, `position` and `holds_capture`, which marks one article of those that were
    read from one capture.
    """
    ids = path.with_suffix(".ids")
    _write_ids(settings, selection, moment, ids)
    with _open(settings) as connection:
        try:
            connection.execute(f"""
                COPY (
                    WITH chosen AS (
                        SELECT article_id, capture_id, published_at, first_seen_at
                        FROM articles_as_of({_instant(moment)})
                        WHERE article_id IN (SELECT article_id FROM read_parquet({quote(str(ids))}))
                    )
                    SELECT
                        article_id,
                        published_at,
                        row_number() OVER (ORDER BY published_at IS NULL, published_at, article_id) - 1 AS position,
                        row_number() OVER (PARTITION BY capture_id ORDER BY article_id) = 1 AS holds_capture
                    FROM {EACH_TEXT_ONCE if selection.unique else "chosen"}
                    ORDER BY position
                ) TO {quote(str(path))} (FORMAT parquet)
            """)  # noqa: S608
        except duckdb.Error as error:
            raise unreadable(error) from None
    ids.unlink()


def _write_ids(settings: Settings, selection: Selection, moment: datetime, path: Path) -> None:
    with locked(settings.data, settings.sql_memory, settings.sql_spill) as connection:
        connection.execute(f"CREATE TEMP VIEW articles AS FROM articles_as_of({_instant(moment)})")
        result = run_statement(connection, selection.sql())
        columns = [column for column, *_ in result.description or ()]
        if ID not in columns:
            raise QueryError(f"the query gives no column {ID}; begin it with SELECT {ID}")
        index = columns.index(ID)
        try:
            with pq.ParquetWriter(path, pa.schema([(ID, pa.string())]), compression="zstd") as writer:
                while chunk := result.fetchmany(MAX_IDS_IN_MEMORY):
                    writer.write_table(pa.table({ID: pa.array([row[index] for row in chunk], pa.string())}))
        except duckdb.Error as error:
            raise unreadable(error) from None


def open_snapshot(settings: Settings, moment: datetime, path: Path) -> duckdb.DuckDBPyConnection:
    """Open the warehouse with the view `exported`: the articles of a selection as of the moment, by `position`.

    Raises `WarehouseError`.
    """
    connection = _open(settings)
    try:
        connection.execute(f"CREATE TEMP TABLE chosen AS FROM read_parquet({quote(str(path))})")
        places = "(SELECT * EXCLUDE (published_at) FROM chosen)"
        connection.execute(
            f"CREATE TEMP VIEW exported AS FROM articles_as_of({_instant(moment)}) JOIN {places} USING (article_id)"
        )
    except duckdb.Error as error:
        connection.close()
        raise unreadable(error) from None
    return connection


def read_shard(connection: duckdb.DuckDBPyConnection, first: int, rows: int) -> pa.Table:
    """Return the articles of a snapshot from a position on, in their order, without their position.

    Raises `WarehouseError`.
    """
    positions = f"position >= {first} AND position < {first + rows}"
    bounds = "SELECT min(published_at), max(published_at), count(*) > count(published_at) FROM chosen WHERE "
    try:
        [[earliest, latest, has_undated]] = connection.execute(bounds + positions).fetchall()
        # Without the times every text of the warehouse would be read for each shard.
        times = [f"published_at BETWEEN {_instant(earliest)} AND {_instant(latest)}"] if earliest else []
        times += ["published_at IS NULL"] if has_undated or not times else []
        # Sorted here, not by DuckDB: it cannot sort long texts within its memory.
        query = f"SELECT * FROM exported WHERE {positions} AND ({' OR '.join(times)})"  # noqa: S608
        table = connection.sql(query).to_arrow_table()
    except duckdb.Error as error:
        raise unreadable(error) from None
    return table.take(pc.sort_indices(table["position"])).drop_columns(["position"])


def _open(settings: Settings) -> duckdb.DuckDBPyConnection:
    connection = connect(settings.data)
    limit(connection, settings.sql_memory or DEFAULT_MEMORY, settings.sql_spill)
    return connection


def count_exported(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int]]:
    """Return source, language and number of the articles, in the order of their names."""
    return rows(
        connection, "SELECT source_id, language, count(*) FROM exported GROUP BY source_id, language ORDER BY ALL"
    )


def rules_of_exported(connection: duckdb.DuckDBPyConnection) -> list[dict[str, str]]:
    """Return the rules by which the articles were made: source, code version and digest of its configuration."""
    query = (
        "SELECT DISTINCT source_id, code_version, config_digest FROM runs"
        " SEMI JOIN exported USING (run_id) ORDER BY ALL"
    )
    return records(connection, query)


def _instant(moment: datetime) -> str:
    return f"TIMESTAMPTZ {quote(moment.astimezone(UTC).isoformat(' '))}"


def _start_of(day: date) -> str:
    return _instant(datetime.combine(day, time(), UTC))
