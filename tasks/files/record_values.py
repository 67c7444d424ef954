"""Parse the JSON of a record, and read its values as the programs that wrote them meant them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tasks.text.decode import Decoded, decode

MAX_DEPTH: Final = 3  # of lists in lists, of objects around a list of articles
MAX_NAME_CHARACTERS: Final = 2_000  # of a record's URL or id

# What tables write for a value that is missing, in exactly these cases: `Nan` and `Na` are names of people.
_MISSING: Final = frozenset("nan NaN NAN null NULL None NaT <NA> N/A n/a #N/A \\N undefined".split())
# The keys under which MongoDB, DynamoDB, Firestore and Avro put a value by its type.
_TYPE_KEYS: Final = frozenset(
    "$oid $numberLong $numberInt $numberDouble $numberDecimal $uuid $symbol S N L SS NS string long int double"
    " stringValue integerValue doubleValue timestampValue arrayValue values".split()
)
# The keys of the text in an object: of schema.org, JSON-LD, XML turned into JSON, WordPress.
_TEXT_KEYS: Final = ("name", "@value", "#text", "_text", "$t", "rendered", "__cdata", "value")
_SECONDS_KEYS: Final = ("seconds", "_seconds", "t")  # of the timestamps of Firestore and MongoDB
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SHELL_VALUE: Final = re.compile(r":\s*(?:ISODate|ObjectId|NumberLong|NumberInt|new Date)\s*\(")
_PYTHON_VALUE: Final = re.compile(r"[{,]\s*u?'|:\s*(?:None|True|False|datetime\.)\b")

Record = dict[str, Any]


def parse_records(line: bytes, fields: Mapping[str, str]) -> list[Record] | str:
    """Return the records of a line, mostly one, or what is wrong with it.

    A list of objects is as many records, and so is an object around a list of articles, as services answer.
    """
    try:
        value = json.loads(_text(line), strict=False)
    except (ValueError, RecursionError) as error:
        return _describe_error(_text(line), error)
    if isinstance(value, list) and value and all(isinstance(element, dict) for element in value):
        return value
    if not isinstance(value, dict):
        return f"not a JSON object but {'null' if value is None else type(value).__name__}"
    is_article = any(strings(value_of(value, fields, name)) for name in ("html", "text", "url", "title"))
    return [value] if is_article else next(_article_lists(value, fields), [value])


def value_of(record: Mapping[str, Any], fields: Mapping[str, str], name: str) -> Any:
    """Return the value under this file's name for a column; `a.b` reaches into an object unless a key has that name."""
    key = fields.get(name, name)
    if key in record:
        return record[key]
    value: Any = record
    for name_part in key.split("."):
        value = value.get(name_part) if isinstance(value, Mapping) else None
    return value


def name_of(value: Any) -> str:
    """Return a URL or id as a row can hold it; empty if the value is neither text nor number, or far too long."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of numbers with a gap is one of fractions: 17.0
    name = next(iter(strings(value)), "") if not isinstance(value, list | bool) else ""
    name = name.encode("utf-8", "replace").decode().strip()
    return name if len(name) <= MAX_NAME_CHARACTERS else ""


def strings(value: Any, depth: int = 0) -> tuple[str, ...]:
    """Return a value as strings: of a list each element, of an object its text; empty if it stands for no value."""
    if depth > MAX_DEPTH:
        return ()
    if isinstance(value, list):
        return tuple(string for element in value for string in strings(element, depth + 1))
    if isinstance(value, dict):
        return strings(_inner_value(value), depth + 1)
    string = str(value).lower() if isinstance(value, bool) else str(value)
    is_missing = value is None or (isinstance(value, float) and not math.isfinite(value))
    return () if is_missing or not string.strip() or string.strip() in _MISSING else (string,)


def _text(line: bytes) -> str:
    """Return the line as text; each is in UTF-8 but for those that an older version archived as they came."""
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        decoded = decode(line)
        text = decoded.text if isinstance(decoded, Decoded) else line.decode("utf-8", "replace")
    return text.strip(" \t\r\n\x1e\0,")


def _describe_error(text: str, error: Exception) -> str:
    if _SHELL_VALUE.search(text):
        return "not JSON: it was printed by the MongoDB shell; write the file with mongoexport"
    if _PYTHON_VALUE.search(text):
        return "not JSON: it was printed by Python; write the file with json.dumps"
    return f"not JSON: {error}"


def _article_lists(value: Record, fields: Mapping[str, str], depth: int = 0) -> Iterator[list[Record]]:
    """Return the lists of objects with an html or a text of their own, the outermost first."""
    lists = [inner for inner in value.values() if isinstance(inner, list) and inner]
    for elements in lists:
        if all(isinstance(element, dict) for element in elements) and _has_body(elements, fields):
            yield elements
    if depth < MAX_DEPTH:
        for inner in value.values():
            if isinstance(inner, dict):
                yield from _article_lists(inner, fields, depth + 1)


def _has_body(elements: list[Record], fields: Mapping[str, str]) -> bool:
    return any(strings(value_of(element, fields, name)) for element in elements for name in ("html", "text"))


def _inner_value(value: Record) -> Any:
    """Return what an object stands for: the value beside its type, an instant, or the text in it."""
    if "$date" in value:
        return _instant(value["$date"])
    if "$timestamp" in value:
        return _inner_value(value["$timestamp"]) if isinstance(value["$timestamp"], dict) else None
    if len(value) == 1 and (inner := [value[key] for key in value if key in _TYPE_KEYS]):
        return inner[0]
    for key in _SECONDS_KEYS:
        if isinstance(value.get(key), int):
            return _instant(value[key] * 1000)
    return next((value[key] for key in _TEXT_KEYS if key in value), None)


def _instant(value: Any) -> Any:
    """Return the time of a `$date` as text; it is in milliseconds since 1970, or is written out."""
    if isinstance(value, dict):
        value = next(iter(value.values()), None)
    milliseconds = str(value).strip()
    if not re.fullmatch(r"-?\d{1,15}", milliseconds):
        return value
    try:
        return (_EPOCH + timedelta(milliseconds=int(milliseconds))).isoformat()
    except OverflowError:
        return None
