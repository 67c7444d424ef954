"""`copydesk search`: the articles that have some words, best first."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from flows.cli.console import warn
from flows.cli.options import As, Config, Data, Output, complete_source, read_settings
from flows.cli.output import Format, choose_format
from flows.cli.output_file import write_out

EXAMPLES: Final = (
    "Examples:  copydesk search ferry   |   copydesk search '\"harbour tunnel\" OR title:ferry -strike'   |   "
    "copydesk search 渡轮 --language zh --format csv -o ferry.csv"
)
TABLE_COLUMNS: Final = ("rank", "source_id", "published_at", "title", "snippet")
DAY_FORMATS: Final = ["%Y-%m-%d"]


def search(
    words: Annotated[
        list[str],
        typer.Argument(metavar="WORDS...", help='Words, "phrases", title:WORD, OR; -WORD is not to be there.'),
    ],
    language: Annotated[str | None, typer.Option(metavar="TAG", help="Only articles in this language.")] = None,
    source: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Only of this source.", autocompletion=complete_source)
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, metavar="DAY", help="Published on this day (UTC) or later.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, metavar="DAY", help="Published before this day (UTC).")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many articles at most.")] = 20,
    offset: Annotated[int, typer.Option(min=0, max=1_000_000, help="How many of the best to pass over.")] = 0,
    form: As = None,
    output: Output = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Search titles and texts for words; the best articles first, with the passage that has them."""
    from warehouse.search.search import MARKS, Hit, Scope
    from warehouse.search.search import search as search_articles
    from warehouse.storage.root import Root

    settings = read_settings(data, config)
    chosen = choose_format(form, output)
    scope = Scope(language, source, since and since.replace(tzinfo=UTC), until and until.replace(tzinfo=UTC))
    hits = search_articles(
        Root.at(settings.data),
        " ".join(words),
        scope,
        limit=limit,
        offset=offset,
        marks=MARKS,
        seconds=settings.lock_seconds,
    )
    if not hits and chosen is Format.TABLE and output is None:
        warn("no article has these words")
        return
    columns = TABLE_COLUMNS if chosen is Format.TABLE else tuple(field.name for field in fields(Hit))
    write_out(chosen, columns, [[getattr(hit, name) for name in columns] for hit in hits], output)
