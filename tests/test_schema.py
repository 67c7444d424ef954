"""Each table's Arrow schema says what its record type says."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass, make_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pyarrow as pa
import pytest

from warehouse.model.records import Article, Capture, Rejection
from warehouse.model.rows import Discovery, Habit, Poll, Run
from warehouse.model.schema import SCHEMAS

RECORDS = {
    "articles": Article,
    "captures": Capture,
    "discoveries": Discovery,
    "habits": Habit,
    "polls": Poll,
    "rejects": Rejection,
    "runs": Run,
}
PLAIN = {str: pa.string(), bool: pa.bool_(), float: pa.float64(), int: pa.int64(), datetime: pa.timestamp("us", "UTC")}


def schema_of(record: type) -> pa.Schema:
    """The schema that a record type asks for, by its annotations alone."""
    return pa.schema([as_field(name, hint) for name, hint in get_type_hints(record).items()])


def as_field(name: str, hint: Any) -> pa.Field:
    optional = get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)
    inner = next(part for part in get_args(hint) if part is not type(None)) if optional else hint
    return pa.field(name, as_type(inner), nullable=optional)


def as_type(hint: Any) -> pa.DataType:
    if get_origin(hint) is tuple:
        return pa.list_(as_type(get_args(hint)[0]))
    if get_origin(hint) is dict:
        return pa.map_(*(as_type(part) for part in get_args(hint)))
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        # A line's number fits 32 bits, which is what the table of DESIGN has for it.
        return pa.struct(
            [(f.name, pa.int32() if hints[f.name] is int else as_type(hints[f.name])) for f in fields(hint)]
        )
    return pa.string() if issubclass(hint, StrEnum) else PLAIN[hint]


@pytest.mark.parametrize("table", RECORDS)
def test_a_table_has_the_columns_types_and_nulls_of_its_record(table: str) -> None:
    assert SCHEMAS[table] == schema_of(RECORDS[table]), table


def test_every_table_has_a_record_type() -> None:
    assert set(SCHEMAS) == set(RECORDS)


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
def test_a_record_that_is_changed_is_noticed(changed: list[tuple[str, Any]]) -> None:
    schema = schema_of(make_dataclass("Was", [("endpoint", str), ("url", str)]))
    assert schema != schema_of(make_dataclass("Changed", changed))
