"""Explain to people what became of a document: its fields and their origins, its lines and why they went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from flows.cli.console import console
from flows.explaining.lines import ShownLine, explain_lines
from flows.formats.fields import STATED_FIELDS
from flows.formats.values import cell_text
from warehouse.model.records import Article, RawArticle, Rejection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.sources import Source

NAME_WIDTH: Final = 20
MIN_TWO_COLUMN_WIDTH: Final = 100  # of a terminal that shows what was kept beside what was stripped
MAX_LINE_CHARACTERS: Final = 96  # where a line has a row to itself


@dataclass(frozen=True, slots=True)
class Explained:
    """A document as the user named it, what was made of it, and its lines, none if it was refused."""

    label: str
    made: Article | Rejection
    lines: tuple[ShownLine, ...] = ()

    @property
    def kept_lines(self) -> int:
        """The number of lines that are article text."""
        return sum(line.reason is None for line in self.lines)


def explain(label: str, raw: RawArticle | Rejection, made: Article | Rejection, source: Source) -> Explained:
    """Read a document that `made` was made of once more, for its lines, and return what became of each."""
    if isinstance(made, Rejection) or isinstance(raw, Rejection):
        return Explained(label, made)
    return Explained(label, made, explain_lines(raw, source, {line.line: line.reason for line in made.stripped}))


def print_explained(document: Explained) -> None:
    """Print what became of a document to stdout, in colour on a terminal."""
    out, made = console(), document.made
    out.print(Text(document.label, style="bold"))
    if isinstance(made, Rejection):
        out.print(Text(f"  rejected at {made.stage}: {made.reason}: {made.detail}\n", style="red"))
        return
    for name, value, origin in fields(made):
        _print_field(out, name, value, origin)
    out.print(
        Text(f"  kept {document.kept_lines} lines, stripped {len(document.lines) - document.kept_lines}", style="bold")
    )
    if out.is_terminal and out.width >= MIN_TWO_COLUMN_WIDTH:
        out.print(_two_columns(document.lines))
    else:
        for line in document.lines:
            out.print(_row(line))
    out.print()


def fields(made: Article) -> list[tuple[str, str, str]]:
    """Return name, value and origin of each field of an article that has a value."""
    language = [("language", f"{made.language} ({made.language_confidence:.2f})", "")]
    filled = [
        (name, cell_text(value), _origin(made, name))
        for name in STATED_FIELDS
        if (value := getattr(made, name)) not in (None, ())
    ]
    length = f"{made.word_count} words in {len(made.text.split(chr(10) * 2))} paragraphs"
    return [*language, *filled, ("text", length, made.extractor), ("quality", f"{made.quality:.2f}", "")]


def _print_field(out: Any, name: str, value: str, origin: str = "") -> None:
    line = Text(f"  {name:<{NAME_WIDTH}} ", style="cyan").append(value, style="default")
    out.print(line.append(f"  [{origin}]", style="dim") if origin else line)


def _row(line: ShownLine) -> Text:
    text = f"{line.text[: MAX_LINE_CHARACTERS - 1]}…" if len(line.text) > MAX_LINE_CHARACTERS else line.text
    row = Text(f"  {line.number:>5} {_score(line):>4} ", style="dim")
    row.append(f"{line.reason or 'kept':<15} ", style="yellow" if line.reason else "green")
    return row.append(cell_text(text), style="dim" if line.reason else "default")


def _two_columns(lines: Sequence[ShownLine]) -> Table:
    """Draw kept lines at the left, stripped ones at the right, each at its height."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(justify="right", style="dim", width=7)
    table.add_column(justify="right", style="dim", width=4)
    table.add_column(ratio=3)
    table.add_column(ratio=2)
    for line in lines:
        left, right = Text(cell_text(line.text), style="green"), Text("")
        if line.reason is not None:
            left, right = right, Text(f"{line.reason}  ", style="yellow").append(cell_text(line.text), style="dim")
        table.add_row(Text(str(line.number)), Text(_score(line)), left, right)
    return table


def _score(line: ShownLine) -> str:
    return "" if line.score is None else f"{line.score:.2f}"


def _origin(made: Article, name: str) -> str:
    """Return where a value comes from, and the candidates that lost."""
    origin = made.provenance.get(name)
    if origin is None:
        return ""
    lost = [f"{other.origin}: {cell_text(other.value)}" for other in origin.lost]
    return str(origin.origin) + (f"; not {', '.join(lost)}" if lost else "")
