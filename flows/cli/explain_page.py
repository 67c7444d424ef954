"""Write what became of documents as one HTML page, which needs no script and no other file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import IO, Final

from flows.cli.explain import Explained, fields
from flows.explaining.lines import ShownLine
from warehouse.model.records import Article, Rejection

TEMPLATE: Final = Path(__file__).with_suffix(".html")
DOCUMENTS: Final = "$documents"  # where the template has the documents


class Page:
    """A page that is being written; each document is written as it comes."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        head, _, self._tail = TEMPLATE.read_text("utf-8").partition(DOCUMENTS)
        stream.write(head)

    def add(self, document: Explained) -> None:
        """Write one document."""
        self._stream.writelines(_article(document))

    def close(self) -> None:
        """Write what ends the page."""
        self._stream.write(self._tail)


def _article(document: Explained) -> Iterator[str]:
    made = document.made
    yield "<article>\n"
    if isinstance(made, Rejection):
        yield f'<h1 dir="auto">{_escaped(document.label)}</h1>\n'
        yield f'<p class="refused">Rejected at {made.stage}: {made.reason}. {_escaped(made.detail)}</p>\n</article>\n'
        return
    yield f'<h1 dir="auto" lang="{_escaped(made.language)}">{_escaped(made.title or "Without a title")}</h1>\n'
    yield f'<p class="label">{_escaped(document.label)}</p>\n'
    yield from _facts(document, made)
    yield '<h2>Fields</h2>\n<table class="fields">\n'
    for name, value, origin in fields(made):
        yield f'<tr><th scope="row">{name}</th><td dir="auto">{_escaped(value)}</td>'
        yield f'<td class="from" dir="auto">{_escaped(origin)}</td></tr>\n'
    yield "</table>\n<h2>Lines</h2>\n"
    yield from _lines(document, made)
    yield "</article>\n"


def _facts(document: Explained, made: Article) -> Iterator[str]:
    facts = {
        "lines kept": document.kept_lines,
        "lines stripped": len(document.lines) - document.kept_lines,
        "words": made.word_count,
        "language": made.language,
        "quality": f"{made.quality:.2f}",
        "read by": made.extractor,
    }
    yield '<ul class="facts">\n'
    for name, value in facts.items():
        yield f"<li><b>{_escaped(str(value))}</b>{name}</li>\n"
    yield "</ul>\n"


def _lines(document: Explained, made: Article) -> Iterator[str]:
    counts = Counter(str(line.reason) for line in document.lines if line.reason)
    chips = " ".join(f'<span class="chip">{reason} {count}</span>' for reason, count in counts.most_common())
    yield f'<p class="chips">{chips}</p>\n' if chips else ""
    has_scores = any(line.score is not None for line in document.lines)
    score = '<th class="score" scope="col">Score</th>' if has_scores else ""
    yield f'<table class="lines">\n<thead><tr><th class="number" scope="col">Line</th>{score}'
    yield '<th class="kept" scope="col">Kept</th><th class="gone" scope="col">Stripped</th></tr></thead>\n<tbody>\n'
    for line in document.lines:
        yield _line(line, _escaped(made.language), has_scores=has_scores)
    yield "</tbody>\n</table>\n"


def _line(line: ShownLine, language: str, *, has_scores: bool) -> str:
    text = f'<span dir="auto" lang="{language}">{_escaped(line.text)}</span>'
    score = f'<td class="score">{_meter(line.score)}</td>' if has_scores else ""
    if line.reason is None:
        kind, sides = "kept-line", f'<td class="kept">{text}</td><td class="gone"></td>'
    else:
        chip = f'<span class="chip">{line.reason}</span>'
        kind, sides = "stripped", f'<td class="kept"></td><td class="gone">{chip} {text}</td>'
    return f'<tr class="{kind}"><td class="number">{line.number}</td>{score}{sides}</tr>\n'


def _meter(score: float | None) -> str:
    if score is None:
        return ""
    return (
        f'<meter min="0" max="1" low="0.3" high="0.6" optimum="1" value="{score:.2f}">{score:.2f}</meter> {score:.2f}'
    )


def _escaped(text: str) -> str:
    """Return text escaped for HTML, without signs that cannot be printed."""
    return escape("".join(character for character in text if character.isprintable() or character == " "), quote=True)
