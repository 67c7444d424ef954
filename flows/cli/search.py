"""`copydesk search`: the articles that have some words, best first."""

from __future__ import annotations

import sys
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Final

import typer

from flows.cli.console import console, warn
from flows.cli.options import As, Config, Data, Output, Since, Until, complete_source, read_days, read_settings
from flows.cli.output import Format, choose_format
from flows.cli.output_file import write_out
from flows.formats.values import cell_text

if TYPE_CHECKING:
    from rich.text import Text

EXAMPLES: Final = (
    "Examples:  copydesk search bridge   |   copydesk search '\"harbour tunnel\" OR title:ferry -strike'   |   "
    "copydesk search 渡轮 --language zh --format csv -o ferry.csv"
)
TABLE_COLUMNS: Final = ("rank", "source_id", "published_at", "title", "snippet")
# Characters of no meaning, which no text of an article has.
BOLD_MARKS: Final = ("\ue000", "\ue001")


def search(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="WORDS...", help='Words, "phrases", title:WORD, OR; -WORD after them leaves articles with it out.'
        ),
    ],
    language: Annotated[str | None, typer.Option(metavar="TAG", help="Only articles in this language.")] = None,
    source: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Only articles of this source.", autocompletion=complete_source)
    ] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many articles at most.")] = 20,
    offset: Annotated[int, typer.Option(min=0, max=1_000_000, help="How many of the best to pass over.")] = 0,
    form: As = None,
    output: Output = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Search titles and texts for words; the best articles first, with the passage that has them."""
    from flows.cli.query import check_sources
    from warehouse.search.search import MARKS, Hit, Scope
    from warehouse.search.search import search as search_articles
    from warehouse.storage.root import Root

    settings = read_settings(data, config)
    chosen = choose_format(form, output)
    # A terminal that has no bold letters gets the marks that a pipe and a file get.
    is_bold = chosen is Format.TABLE and output is None and console(sys.stdout).color_system is not None
    hits = search_articles(
        Root.at(settings.data),
        " ".join(words),
        Scope(language, source, *read_days(since, until)),
        limit=limit,
        offset=offset,
        marks=BOLD_MARKS if is_bold else MARKS,
        seconds=settings.lock_seconds,
    )
    if not hits and source:
        check_sources(settings, [source])
    if not hits and chosen is Format.TABLE and output is None:
        warn("no article matches this search")
        return
    columns = TABLE_COLUMNS if chosen is Format.TABLE else tuple(field.name for field in fields(Hit))
    rows = [[getattr(hit, name) for name in columns] for hit in hits]
    if is_bold:
        rows = [[*row[:-1], _bold(row[-1])] for row in rows]
    write_out(chosen, columns, rows, output)


def _bold(snippet: str) -> Text:
    """Return a snippet whose hits stand between `BOLD_MARKS` with bold hits."""
    from rich.text import Text

    plain, *pieces = cell_text(snippet).split(BOLD_MARKS[0])
    text = Text(plain)
    for piece in pieces:
        hit, _, after = piece.partition(BOLD_MARKS[1])
        text.append(hit, "bold").append(after)
    return text
