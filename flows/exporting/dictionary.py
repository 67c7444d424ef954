"""The data dictionary that lies beside an export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from warehouse.catalogue import describe_columns

if TYPE_CHECKING:
    import pyarrow as pa

DICTIONARY: Final = "data-dictionary.md"
INTRODUCTION: Final = """# Data dictionary

A row is one article. Times are in UTC. What an article does not state is null; a list is then empty. These are the
columns of Parquet, CSV and Delta tables; CSV leaves out `languages`, `provenance` and `stripped`.

| column | type | meaning |
|---|---|---|
"""
JSON_NAMES: Final = """
In JSON Lines, `domain` is `canonical_domain`, else the host of `url`. `date` is `published_at` as `YYYY-MM-DD HH:MM:SS`;
`date_precision`, which is `published_precision`, says how much of it was printed. The other names are those of columns.
"""


def dictionary_text(schema: pa.Schema) -> str:
    """Return the page of the columns of a schema, as Markdown."""
    meanings = describe_columns("articles")
    lines = (f"| `{field.name}` | `{field.type}` | {meanings[field.name]} |\n" for field in schema)
    return INTRODUCTION + "".join(lines) + JSON_NAMES
