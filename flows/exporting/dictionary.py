"""The data dictionary that lies beside an export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from warehouse.catalogue import describe_columns

DICTIONARY: Final = "data-dictionary.md"
INTRODUCTION: Final = """# Data dictionary

A row is one article. Times are in UTC. What an article does not state is null; a list is then empty. These are the
columns of Parquet, CSV and Delta tables; CSV leaves out `languages`, `provenance` and `stripped`.

| column | type | meaning |
|---|---|---|
"""
JSON_NAMES: Final = """
In JSON Lines, `domain` is `canonical_domain`, else the host of `url`. `date` is `published_at`, to the second;
`date_precision`, which is `published_precision`, says how much of it was printed. The other names are those of columns.
"""


def dictionary_text(columns: Mapping[str, str]) -> str:
    """Return the page of columns, whose Arrow types are given by name, as Markdown."""
    meanings = describe_columns("articles")
    lines = (f"| `{name}` | `{kind}` | {meanings[name]} |\n" for name, kind in columns.items())
    return INTRODUCTION + "".join(lines) + JSON_NAMES
