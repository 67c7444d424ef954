"""Make the JSON Schema of a source's file, for editors; `python -m config.schema` writes it beside this module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from config.sources import NOT_DECLARED, Source

SCHEMA_FILE: Final = Path(__file__).with_name("source.schema.json")


def source_schema() -> dict[str, Any]:
    """Return the schema, made from the types."""
    schema = Source.model_json_schema()
    for name in NOT_DECLARED:
        del schema["properties"][name]
    schema["required"] = [name for name in schema["required"] if name not in NOT_DECLARED]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def source_schema_text() -> str:
    """Return the text of the schema's file."""
    return json.dumps(source_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(source_schema_text(), "utf-8")
