"""What became of documents, as one HTML page that needs nothing else: no script, no other file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html import escape
from typing import IO, Final

from flows.cli.explain import Explained, ShownLine, fields
from warehouse.model.records import Article, Rejection

HEAD: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>Copydesk: what was kept, and why the rest went</title>
<style>
:root {
  --paper: #fbfaf7; --card: #fff; --ink: #1c1b19; --soft: #6c6860; --rule: #e4e0d7;
  --kept: #1e7f4f; --gone: #a4471c; --wash: #fdf1e9; --chip: #f6e2d5; --bar: #d9d4c8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #161618; --card: #1e1e21; --ink: #e9e6df; --soft: #9a968d; --rule: #34332f;
    --kept: #5fc492; --gone: #e59a6d; --wash: #29211d; --chip: #40291d; --bar: #45433e;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 76rem; padding: 2rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, "Segoe UI", "Noto Sans", sans-serif;
}
article {
  margin: 0 0 2rem; padding: 1.75rem 2rem 2rem; background: var(--card); border: 1px solid var(--rule);
  border-radius: 12px;
}
h1 { margin: 0 0 .35rem; font: 600 1.7rem/1.25 Georgia, "Noto Serif", serif; text-wrap: balance; }
h2 { margin: 2rem 0 .6rem; font-size: .8rem; letter-spacing: .08em; text-transform: uppercase; color: var(--soft); }
.label { margin: 0 0 1rem; color: var(--soft); font-size: .85rem; overflow-wrap: anywhere; }
.facts { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 0; padding: 0; list-style: none; }
.facts b { display: block; font: 600 1.25rem/1.3 Georgia, "Noto Serif", serif; }
.facts li { color: var(--soft); font-size: .8rem; }
table { width: 100%; border-collapse: collapse; }
td, th { padding: .4rem .6rem; text-align: start; vertical-align: top; border-top: 1px solid var(--rule); }
.fields th { width: 12rem; font-weight: 500; color: var(--soft); }
.fields td { overflow-wrap: anywhere; }
.from { color: var(--soft); font-size: .8rem; width: 34%; }
.chip {
  display: inline-block; padding: 0 .5rem; border-radius: 1rem; background: var(--chip); color: var(--gone);
  font-size: .78rem; line-height: 1.5rem; white-space: nowrap;
}
.chips { display: flex; flex-wrap: wrap; gap: .4rem; margin: 0 0 .8rem; }
.lines { table-layout: fixed; }
.lines .number, .lines .score { color: var(--soft); font-size: .78rem; font-variant-numeric: tabular-nums; }
.lines .number { width: 3.6rem; text-align: end; }
.lines .score { width: 7.8rem; white-space: nowrap; }
.lines .kept { width: 55%; font-family: Georgia, "Noto Serif", "Noto Serif CJK SC", serif; }
.lines td { overflow-wrap: anywhere; }
.lines thead .number, .lines thead .score, .lines thead .kept, .lines thead .gone {
  border: 0; color: var(--soft); font: 500 .78rem/1.5 system-ui, "Noto Sans", sans-serif; letter-spacing: .04em;
  text-transform: uppercase;
}
.lines tr.stripped td.gone { background: var(--wash); }
.lines .gone { font-size: .88rem; color: var(--soft); }
.lines tr.kept-line .number { border-inline-start: 3px solid var(--kept); }
.lines tr.stripped .number { border-inline-start: 3px solid var(--gone); }
meter { width: 4.2rem; height: .55rem; }
.refused { color: var(--gone); }
@media (max-width: 46rem) {
  body { padding: 1rem .6rem; } article { padding: 1.1rem .9rem; } .from { width: auto; }
  .lines .score { display: none; }
  .fields th { width: 8rem; }
}
@media print {
  :root {
    --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --rule: #bbb; --kept: #000; --gone: #000; --wash: #fff;
    --chip: #fff;
  }
  body { max-width: none; padding: 0; font-size: 10pt; }
  article { border: 0; padding: 0; break-after: page; } article:last-of-type { break-after: auto; }
  tr { break-inside: avoid; } thead { display: table-header-group; } .chip { border: 1px solid #999; }
}
</style>
</head>
<body>
"""
TAIL: Final = "</body>\n</html>\n"


class Page:
    """A page under way; each document is written as it comes."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        stream.write(HEAD)

    def add(self, told: Explained) -> None:
        """Write one document."""
        self._stream.writelines(_article(told))

    def close(self) -> None:
        """Write what ends the page."""
        self._stream.write(TAIL)


def _article(told: Explained) -> Iterator[str]:
    made = told.made
    yield "<article>\n"
    if isinstance(made, Rejection):
        yield f'<h1 dir="auto">{_plain(told.label)}</h1>\n'
        yield f'<p class="refused">Rejected at {made.stage}: {made.reason}. {_plain(made.detail)}</p>\n</article>\n'
        return
    yield f'<h1 dir="auto" lang="{_plain(made.language)}">{_plain(made.title or "Without a title")}</h1>\n'
    yield f'<p class="label">{_plain(told.label)}</p>\n'
    yield from _facts(told, made)
    yield '<h2>Fields</h2>\n<table class="fields">\n'
    for name, value, origin in fields(made):
        yield f'<tr><th scope="row">{name}</th><td dir="auto">{_plain(value)}</td>'
        yield f'<td class="from" dir="auto">{_plain(origin)}</td></tr>\n'
    yield "</table>\n<h2>Lines</h2>\n"
    yield from _lines(told, made)
    yield "</article>\n"


def _facts(told: Explained, made: Article) -> Iterator[str]:
    facts = {
        "lines kept": told.kept,
        "lines stripped": len(told.lines) - told.kept,
        "words": made.word_count,
        "language": made.language,
        "quality": f"{made.quality:.2f}",
        "read by": made.extractor,
    }
    yield '<ul class="facts">\n'
    for name, value in facts.items():
        yield f"<li><b>{_plain(str(value))}</b>{name}</li>\n"
    yield "</ul>\n"


def _lines(told: Explained, made: Article) -> Iterator[str]:
    counts = Counter(str(line.reason) for line in told.lines if line.reason)
    chips = " ".join(f'<span class="chip">{reason} {count}</span>' for reason, count in counts.most_common())
    yield f'<p class="chips">{chips}</p>\n' if chips else ""
    scored = any(line.score is not None for line in told.lines)
    score = '<th class="score" scope="col">Score</th>' if scored else ""
    yield f'<table class="lines">\n<thead><tr><th class="number" scope="col">Line</th>{score}'
    yield '<th class="kept" scope="col">Kept</th><th class="gone" scope="col">Stripped</th></tr></thead>\n<tbody>\n'
    for line in told.lines:
        yield _line(line, _plain(made.language), scored=scored)
    yield "</tbody>\n</table>\n"


def _line(line: ShownLine, language: str, *, scored: bool) -> str:
    text = f'<span dir="auto" lang="{language}">{_plain(line.text)}</span>'
    score = f'<td class="score">{_meter(line.score)}</td>' if scored else ""
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


def _plain(text: str) -> str:
    """Text as HTML shows it, whatever it holds."""
    return escape("".join(sign for sign in text if sign.isprintable() or sign == " "), quote=True)
