"""The tables, their record types, and the Arrow schema and column descriptions that follow from these."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import pyarrow as pa

from warehouse.model.records import Article, Capture, Rejection, StrippedLine
from warehouse.model.rows import Discovery, Habit, Poll, Run

Row = Article | Capture | Discovery | Habit | Poll | Rejection | Run

RECORDS: Final[dict[str, type[Row]]] = {
    "articles": Article,
    "captures": Capture,
    "discoveries": Discovery,
    "habits": Habit,
    "polls": Poll,
    "rejects": Rejection,
    "runs": Run,
}
ARROW_TYPES: Final[dict[type, pa.DataType]] = {
    str: pa.string(),
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    datetime: pa.timestamp("us", tz="UTC"),
    date: pa.date32(),
}
# Files of the first release have it so, and a column never changes its type.
NARROWER_TYPES: Final[dict[tuple[type, str], pa.DataType]] = {(StrippedLine, "line"): pa.int32()}


def schema_of(record: type) -> pa.Schema:
    """Derive the Arrow schema of a record type from its annotations; `X | None` is nullable."""
    return pa.schema([_field(record, name, hint) for name, hint in get_type_hints(record).items()])


def _field(record: type, name: str, hint: Any) -> pa.Field:
    is_optional = get_origin(hint) in (Union, types.UnionType)
    inner = next(part for part in get_args(hint) if part is not type(None)) if is_optional else hint
    return pa.field(name, NARROWER_TYPES.get((record, name)) or _arrow_type(inner), nullable=is_optional)


def _arrow_type(hint: Any) -> pa.DataType:
    if get_origin(hint) is tuple:
        return pa.list_(_arrow_type(get_args(hint)[0]))
    if get_origin(hint) is dict:
        return pa.map_(*map(_arrow_type, get_args(hint)))
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint)
        return pa.struct(
            [
                (field.name, NARROWER_TYPES.get((hint, field.name)) or _arrow_type(hints[field.name]))
                for field in fields(hint)
            ]
        )
    return pa.string() if issubclass(hint, StrEnum) else ARROW_TYPES[hint]


SCHEMAS: Final = {table: schema_of(record) for table, record in RECORDS.items()}
