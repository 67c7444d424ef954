"""Write the reference pages that follow from the code: `python docs/generate.py`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq
from typer.main import get_command

from config.inputs import INPUTS
from config.schema import source_schema
from config.settings import SETTINGS_FILE, Settings
from flows.cli.app import app
from warehouse.catalogue import describe_columns
from warehouse.connect import connect
from warehouse.definitions import VIEWS, read_comment
from warehouse.model.schema import SCHEMAS

DOCS: Final = Path(__file__).resolve().parent
MAX_HELP_COLUMNS: Final = 100
NOTICE: Final = "<!-- This page is made by `make docs`. Change the code, not the page. -->"
# Defaults that differ from machine to machine.
DEFAULTS: Final = {"config": "the project's `config` folder", "workers": "one for each processor"}
# Tables of a source's file, which have sections of their own.
TABLES: Final = ("input", "fetch", "strip", "expect")
AFTER_THE_KEYS: Final = "These keys come first. At least one `[[input]]` follows them."
FIRST_VIEWS: Final = ("articles", "article_versions", "article_edits", "articles_by_day")


def page(title: str, introduction: str, *sections: str) -> str:
    """Return the text of a page."""
    return "\n\n".join((f"# {title}", NOTICE, introduction, *sections)) + "\n"


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    cells = [tuple(header), *map(tuple, rows)]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells]
    return "\n".join((lines[0], "|" + "---|" * len(cells[0]), *lines[1:]))


def cli_page() -> str:
    """Return the page of the command line: the help text of every command."""
    sections = (f"## {name}\n\n```text\n{text}\n```" for name, text in help_texts(get_command(app), "copydesk"))
    return page("The command line", "What `--help` prints for each command.", *sections)


def help_texts(command: Any, name: str, parent: Any = None) -> Iterator[tuple[str, str]]:
    """Return the name and the help text of a command and of those below it, in their order."""
    context = command.make_context(
        name,
        [],
        parent=parent,
        resilient_parsing=True,
        terminal_width=MAX_HELP_COLUMNS,
        max_content_width=MAX_HELP_COLUMNS,
    )
    lines = command.get_help(context).splitlines()
    yield context.command_path, "\n".join(line.rstrip() for line in lines)
    for inner_name, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from help_texts(inner, inner_name, context)


def settings_page() -> str:
    """Return the page of the settings."""
    schema = Settings.model_json_schema()
    rows = (
        (f"`{name}`", kind_of(field), DEFAULTS.get(name) or default_of(field), field["description"])
        for name, field in schema["properties"].items()
        if name != "fetch"
    )
    introduction = (
        f"A setting stands in `{SETTINGS_FILE}` in the working directory, as `name = value`, or in the environment as"
        f" `COPYDESK_<NAME>`. The environment wins. A path in the file is relative to the file."
    )
    settings = table(("setting", "value", "default", "meaning"), rows)
    return page("Settings", introduction, settings, keys_section("`[fetch]`", schema["$defs"]["SettingsFetch"]))


def source_file_page() -> str:
    """Return the page of a source's file."""
    schema = source_schema()
    properties = {name: field for name, field in schema["properties"].items() if name not in TABLES}
    kinds = (
        keys_section(f'`[[input]]` with `kind = "{kind}"`', schema["$defs"][model.__name__], skip="kind")
        for kind, model in INPUTS.items()
    )
    introduction = (
        "A source is one TOML file in `config/sources/`. Its name without `.toml` is the source's id. Unknown keys are"
        " refused. [Add a source](../how-to/add-a-source.md) shows a whole file."
    )
    return page(
        "A source's file",
        introduction,
        keys_section(
            "The file", {**schema, "properties": properties, "description": "At least one `[[input]]` follows."}
        ),
        *kinds,
        keys_section("`[fetch]`", schema["$defs"]["SourceFetch"]),
        keys_section("`[strip]`", schema["$defs"]["StripRules"]),
        keys_section("`[expect]`", schema["$defs"]["Expect"]),
    )


def keys_section(title: str, schema: Mapping[str, Any], skip: str = "") -> str:
    """Return the section of one table of a source's file: what it is, and its keys."""
    required = schema.get("required", ())
    rows = (
        (f"`{name}`", kind_of(field), "needed" if name in required else default_of(field), field.get("description", ""))
        for name, field in schema["properties"].items()
        if name != skip
    )
    return f"## {title}\n\n{schema['description']}\n\n{table(('key', 'value', 'default', 'meaning'), rows)}"


def kind_of(field: Mapping[str, Any]) -> str:
    """Return in words what a key of a JSON Schema takes."""
    if "anyOf" in field:
        return " or ".join(kind_of(part) for part in field["anyOf"] if part.get("type") != "null")
    if field["type"] == "object":
        return "table of strings"
    if field["type"] == "array":
        word, _, item_bounds = kind_of(field["items"]).partition(" ")
        return f"list of {word}s {item_bounds}".strip()
    name = {"object": "table of strings", "boolean": "true or false"}.get(field["type"], field["type"])
    bounds = [
        f"{word} {field[bound]:,}"
        for bound, word in (("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "to"))
        if bound in field
    ]
    return " ".join((name, *bounds))


def default_of(field: Mapping[str, Any]) -> str:
    """Return the default of a key of a JSON Schema as code; empty for none."""
    default = field.get("default")
    if default in (None, "", [], {}):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:_}`" if isinstance(default, int) else f"`{default}`"


def data_dictionary_page() -> str:
    """Return the page of the views: the grain of each, and its columns."""
    introduction = (
        "The views that `copydesk sql` and any DuckDB client see. Each section begins with what a row is. Times are in"
        " UTC. What an article does not state is NULL; a list is then empty. `articles_as_of(ts)` has the columns of"
        " `articles`."
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, schema in SCHEMAS.items():
            path = Path(folder) / name / "landed_month=2026-01" / "none-1.parquet"
            path.parent.mkdir(parents=True)
            pq.write_table(schema.empty_table(), path)
        connection = connect(folder)
        columns = {view: connection.execute(f"DESCRIBE {view}").fetchall() for view in VIEWS}
        connection.close()
    order = (*FIRST_VIEWS, *sorted(set(VIEWS) - {*FIRST_VIEWS}))
    return page("Data dictionary", introduction, *(view_section(view, columns[view]) for view in order))


def view_section(view: str, columns: Iterable[tuple[Any, ...]]) -> str:
    """Return the section of a view: its grain, and name, type and meaning of each column."""
    texts = describe_columns(view)
    rows = ((f"`{name}`", f"`{kind}`", texts.get(name, "")) for name, kind, *_ in columns)
    return f"## {view}\n\n{read_comment(view)}\n\n{table(('column', 'type', 'meaning'), rows)}"


PAGES: Final[dict[str, Callable[[], str]]] = {
    "data-dictionary.md": data_dictionary_page,
    "reference/cli.md": cli_page,
    "reference/settings.md": settings_page,
    "reference/source-file.md": source_file_page,
}


def main() -> None:
    """Write every page into its place."""
    for name, text_of in PAGES.items():
        path = DOCS / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text_of(), "utf-8")


if __name__ == "__main__":
    main()
