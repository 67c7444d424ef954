"""What became of a document, for people: its fields and where they come from, its lines and why they went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from flows.cli.output import cell, console
from tasks.article import open_document
from tasks.boilerplate.line import Line
from tasks.boilerplate.lines import group_paragraphs
from tasks.boilerplate.model import score_lines
from tasks.extract import extract
from tasks.strip import LINE_EXTRACTORS
from warehouse.model.records import Article, RawArticle, Rejection
from warehouse.model.vocabulary import LineReason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from config.sources import Source

FIELDS: Final = (
    "title",
    "by",
    "authors",
    "located",
    "published_at",
    "published_raw",
    "published_precision",
    "published_zone",
    "modified_at",
    "section",
    "tags",
    "info_sources",
    "description",
    "image_url",
    "image_caption",
    "image_credit",
    "is_accessible_for_free",
    "license",
    "canonical_url",
)
WIDTH: Final = 20
ABREAST: Final = 100
"""Columns from which a terminal shows what was kept beside what was stripped."""
SHOWN: Final = 96
"""Characters of a line, where it has a row to itself."""


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of a document's text."""

    number: int
    """From 0, blank lines counted."""
    text: str
    reason: LineReason | None
    """Why it was stripped; None where it was kept."""
    score: float | None
    """From 0 to 1, how much it reads like article text; None where nobody asked."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A document as it was named, what was made of it, and its lines; none where it was refused."""

    label: str
    made: Article | Rejection
    lines: tuple[ShownLine, ...] = ()

    @property
    def kept(self) -> int:
        """How many lines are article text."""
        return sum(line.reason is None for line in self.lines)


def explain(label: str, raw: RawArticle | Rejection, made: Article | Rejection, source: Source) -> Explained:
    """What became of a document that `made` was made of: it is read once more, for the lines that were kept."""
    if isinstance(made, Rejection) or isinstance(raw, Rejection):
        return Explained(label, made)
    document = open_document(raw, source)
    found = document if isinstance(document, Rejection) else extract(document, len(raw.content) + 1)
    if isinstance(found, Rejection):
        return Explained(label, made)
    lines = group_paragraphs(found.paragraphs.lines)
    scores = keep_scores(lines) if found.extractor in LINE_EXTRACTORS else {}
    reasons = {line.line: line.reason for line in made.stripped}
    return Explained(
        label,
        made,
        tuple(
            ShownLine(line.numbers[0], line.text, reasons.get(line.numbers[0]), scores.get(line.numbers[0]))
            for line in lines
        ),
    )


def keep_scores(lines: Sequence[Line]) -> Mapping[int, float]:
    """From 0 to 1, how likely each line of a text is article text by the line model alone, by the line's number."""
    scored = zip(lines, score_lines(lines).probability, strict=True)
    return {line.numbers[0]: float(chance) for line, chance in scored}


def print_explained(told: Explained) -> None:
    """Print it to stdout, in colour on a terminal."""
    out, made = console(), told.made
    out.print(Text(told.label, style="bold"))
    if isinstance(made, Rejection):
        out.print(Text(f"  rejected at {made.stage}: {made.reason}: {made.detail}\n", style="red"))
        return
    for name, value, origin in fields(made):
        _say(out, name, value, origin)
    out.print(Text(f"  kept {told.kept} lines, stripped {len(told.lines) - told.kept}", style="bold"))
    if out.is_terminal and out.width >= ABREAST:
        out.print(_abreast(told.lines))
    else:
        for line in told.lines:
            out.print(_row(line))
    out.print()


def fields(made: Article) -> list[tuple[str, str, str]]:
    """Name, value and origin of what an article states, and of what was found out about it."""
    language = [("language", f"{made.language} ({made.language_confidence:.2f})", "")]
    stated = [
        (name, cell(value), _origin(made, name)) for name in FIELDS if (value := getattr(made, name)) not in (None, ())
    ]
    length = f"{made.word_count} words in {len(made.text.split(chr(10) * 2))} paragraphs"
    return [*language, *stated, ("text", length, made.extractor), ("quality", f"{made.quality:.2f}", "")]


def _say(out: Any, name: str, value: str, origin: str = "") -> None:
    said = Text(f"  {name:<{WIDTH}} ", style="cyan").append(value, style="default")
    out.print(said.append(f"  [{origin}]", style="dim") if origin else said)


def _row(line: ShownLine) -> Text:
    said = f"{line.text[: SHOWN - 1]}…" if len(line.text) > SHOWN else line.text
    why = Text(f"  {line.number:>5} {_score(line):>4} ", style="dim")
    why.append(f"{line.reason or 'kept':<15} ", style="yellow" if line.reason else "green")
    return why.append(cell(said), style="dim" if line.reason else "default")


def _abreast(lines: Sequence[ShownLine]) -> Table:
    """Kept lines at the left, stripped ones at the right, each at its height."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(justify="right", style="dim", width=7)
    table.add_column(justify="right", style="dim", width=4)
    table.add_column(ratio=3)
    table.add_column(ratio=2)
    for line in lines:
        kept, gone = Text(cell(line.text), style="green"), Text("")
        if line.reason is not None:
            kept, gone = gone, Text(f"{line.reason}  ", style="yellow").append(cell(line.text), style="dim")
        table.add_row(Text(str(line.number)), Text(_score(line)), kept, gone)
    return table


def _score(line: ShownLine) -> str:
    return "" if line.score is None else f"{line.score:.2f}"


def _origin(made: Article, name: str) -> str:
    """Where the value comes from, and what else was stated and lost."""
    found = made.provenance.get(name)
    if found is None:
        return ""
    lost = [f"{other.origin}: {cell(other.value)}" for other in found.lost]
    return str(found.origin) + (f"; not {', '.join(lost)}" if lost else "")
