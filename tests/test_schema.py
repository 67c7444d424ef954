"""Each table's Arrow schema and the descriptions of its columns follow from its record type."""

from __future__ import annotations

from dataclasses import make_dataclass
from typing import Any

import pyarrow as pa
import pytest

from warehouse.model.descriptions import describe_fields
from warehouse.model.records import Article
from warehouse.model.schema import RECORDS, SCHEMAS, schema_of


def test_columns_have_the_types_and_nulls_of_the_fields() -> None:
    schema = SCHEMAS["articles"]
    assert schema.names == list(Article.__slots__)
    assert schema.field("authors") == pa.field("authors", pa.list_(pa.string()), nullable=False)
    assert schema.field("published_at") == pa.field("published_at", pa.timestamp("us", "UTC"))
    assert schema.field("published_zone") == pa.field("published_zone", pa.string())
    assert schema.field("quality") == pa.field("quality", pa.float64(), nullable=False)
    assert schema.field("deleted") == pa.field("deleted", pa.bool_(), nullable=False)
    assert pa.types.is_map(schema.field("provenance").type)
    assert schema.field("stripped").type.value_type.field("line").type == pa.int32()
    assert schema.field("languages").type.value_type.field("share").type == pa.float64()


@pytest.mark.parametrize("table", RECORDS)
def test_every_column_is_described_in_a_sentence(table: str) -> None:
    descriptions = describe_fields(RECORDS[table])
    assert list(descriptions) == SCHEMAS[table].names
    assert [name for name, text in descriptions.items() if not text.endswith(".") or len(text) < 8] == []


@pytest.mark.parametrize(
    "changed",
    [
        [("url", str), ("endpoint", str)],
        [("endpoint", str), ("url", str | None)],
        [("endpoint", str), ("url", tuple[str, ...])],
        [("endpoint", str)],
    ],
    ids=["order", "null", "list", "missing"],
)
def test_a_record_that_is_changed_has_another_schema(changed: list[tuple[str, Any]]) -> None:
    schema = schema_of(make_dataclass("Was", [("endpoint", str), ("url", str)]))
    assert schema != schema_of(make_dataclass("Changed", changed))
