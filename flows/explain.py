"""What became of a document, for people: its fields and where they come from, its lines and why they went."""

from __future__ import annotations

from typing import Any, Final

from rich.text import Text

from flows.show import cell, console
from warehouse.records import Article, Rejection

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


def explain_article(label: str, made: Article | Rejection) -> None:
    """Print it to stdout, in colour on a terminal."""
    out = console()
    out.print(Text(label, style="bold"))
    if isinstance(made, Rejection):
        out.print(Text(f"  rejected at {made.stage}: {made.reason}: {made.detail}\n", style="red"))
        return

    _say(out, "language", f"{made.language} ({made.language_confidence:.2f})")
    for name in FIELDS:
        value = getattr(made, name)
        if value is None or value == ():
            continue
        _say(out, name, cell(value), _origin(made, name))
    _say(out, "text", f"{made.word_count} words in {len(made.text.split(chr(10) * 2))} paragraphs", made.extractor)
    _say(out, "quality", f"{made.quality:.2f}")

    out.print(Text(f"  stripped {len(made.stripped)} lines", style="bold"))
    for line in made.stripped:
        out.print(Text(f"  {line.line:>5} {line.reason:<15} ", style="yellow").append(cell(line.text), style="dim"))
    out.print()


def _say(out: Any, name: str, value: str, origin: str = "") -> None:
    said = Text(f"  {name:<{WIDTH}} ", style="cyan").append(value, style="default")
    out.print(said.append(f"  [{origin}]", style="dim") if origin else said)


def _origin(made: Article, name: str) -> str:
    """Where the value comes from, and what else was stated and lost."""
    found = made.provenance.get(name)
    if found is None:
        return ""
    lost = [f"{other.origin}: {cell(other.value)}" for other in found.lost]
    return str(found.origin) + (f"; not {', '.join(lost)}" if lost else "")
