"""The addresses of the desk: one function for each page. FastAPI runs them in its threads."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from flows.desk import query as queries
from flows.desk.article import find_title, load_article
from flows.desk.articles import Facets, load_articles, load_csv, load_facets
from flows.desk.desk import Desk
from flows.desk.documents import find_capture, read_document
from flows.desk.filters import Filters
from flows.desk.front import load_front
from flows.desk.lines import configured_source, load_lines
from flows.desk.paging import MAX_PAGE, PAGE_ROWS, Page
from flows.desk.rejects import RejectCounts, count_rejects, load_rejects
from flows.desk.source import load_source_page
from flows.desk.words import WordSearch, search_words
from flows.formats.spreadsheet import write_spreadsheet
from flows.monitoring.health import cure_of
from warehouse.errors import QueryError, WarehouseError

MAX_TEXT: Final = 500
MAX_STATEMENT: Final = 20_000
NO_ARTICLE: Final = "There is no such article; it may have been taken down."

router = APIRouter()


def desk_of(request: Request) -> Desk:
    """Return what all pages share."""
    desk: Desk = request.app.state.desk
    return desk


def read_filters(
    q: Annotated[str, Query(max_length=MAX_TEXT)] = "",
    source: Annotated[str, Query(max_length=MAX_TEXT)] = "",
    language: Annotated[str, Query(max_length=MAX_TEXT)] = "",
    day: str = "",
    section: Annotated[str, Query(max_length=MAX_TEXT)] = "",
    agency: Annotated[str, Query(max_length=MAX_TEXT)] = "",
) -> Filters:
    """Return the filters that an address names."""
    try:
        chosen = date.fromisoformat(day) if day else None
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"'{day}' is not a day, such as 2026-03-14.") from None
    return Filters(q.strip(), source, language, chosen, section, agency)


SharedDesk = Annotated[Desk, Depends(desk_of)]
ArticleFilters = Annotated[Filters, Depends(read_filters)]
PageNumber = Annotated[int, Query(ge=1, le=MAX_PAGE)]
Text = Annotated[str, Query(max_length=MAX_TEXT)]
Statement = Annotated[str, Query(max_length=MAX_STATEMENT)]


@router.get("/")
def show_front(desk: SharedDesk, page: PageNumber = 1) -> Response:
    """Show how all sources stand, and what came in."""

    def load() -> dict[str, Any]:
        front = desk.summaries.get("front", lambda: load_front(desk.database, desk.standings()))
        return {"front": front, "sources": front.sources(page)}

    return desk.page_in_parts("front", load)


@router.get("/source/{source_id}")
def show_source(desk: SharedDesk, source_id: str, page: PageNumber = 1) -> Response:
    """Show one source."""

    def load() -> dict[str, Any]:
        source = load_source_page(desk.database, desk.standings(), source_id, page)
        if source is None:
            raise WarehouseError(f"nothing of '{source_id}' can be read; 'copydesk sources check {source_id}' says why")
        return {"source": source}

    path = desk.settings.config / "sources" / f"{source_id}.toml"
    is_configured = path in path.parent.glob("*.toml")
    if not is_configured and source_id not in {standing.source_id for standing in desk.standings().sources}:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no source '{source_id}'.")
    return desk.page_in_parts("source", load, source_id=source_id)


@router.get("/articles")
def show_articles(desk: SharedDesk, filters: ArticleFilters, page: PageNumber = 1) -> Response:
    """Show the articles that a reader asked for."""

    @cache
    def search() -> WordSearch:
        return search_words(desk.database.root, filters)

    def load() -> dict[str, Any]:
        try:
            articles = load_articles(desk.database, filters, search(), page)
        except QueryError as error:
            return {"articles": None, "notice": str(error)}
        return {"articles": articles, "notice": search().notice}

    def facets() -> Facets:
        return desk.summaries.get(filters, lambda: load_facets(desk.database, filters, search()))

    return desk.page_in_parts("articles", load, filters=filters, load_facets=facets)


@router.get("/articles.csv")
def send_articles(desk: SharedDesk, filters: ArticleFilters) -> Response:
    """Send the articles that a reader asked for as CSV."""
    try:
        columns, rows = load_csv(desk.database, filters)
    except QueryError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, str(error)) from None
    return csv_response("articles.csv", columns, rows)


@router.get("/article/{article_id}")
def show_article(desk: SharedDesk, article_id: str) -> Response:
    """Show one article."""
    title = find_title(desk.database, article_id)
    if title is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, NO_ARTICLE)

    def load() -> dict[str, Any]:
        article = load_article(desk.database, article_id)
        if article is None:
            raise WarehouseError(NO_ARTICLE)
        source = configured_source(desk.settings.config, article.row["source_id"])
        return {"article": article, "source_title": source.title}

    return desk.page_in_parts("article", load, title=title)


@router.get("/article/{article_id}/lines")
def show_lines(desk: SharedDesk, article_id: str, page: PageNumber = 1) -> HTMLResponse:
    """Show the lines of an article's document, beside the document as it came."""
    lines = load_lines(desk.database, desk.workers, article_id, page)
    if lines is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, NO_ARTICLE)
    return desk.page("lines", lines=lines)


@router.get("/document/{capture_id}")
def show_document(desk: SharedDesk, capture_id: str) -> HTMLResponse:
    """Show a document as it came, as text."""
    with desk.database.cursor() as cursor:
        capture = find_capture(cursor, capture_id)
    if capture is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such document in the archive.")
    return desk.page("document", document=read_document(desk.database.root, capture))


@router.get("/rejects")
def show_rejects(desk: SharedDesk, source: Text = "", reason: Text = "", page: PageNumber = 1) -> Response:
    """Show what was refused."""

    def count() -> RejectCounts:
        return count_rejects(desk.database, source, reason)

    def load() -> dict[str, Any]:
        return {
            "page": load_rejects(desk.database, source, reason, page),
            "counts": desk.summaries.get(("rejects", source, reason), count),
        }

    return desk.page_in_parts("rejects", load, source=source, reason=reason, cure=cure_of(reason) if reason else "")


@router.get("/sql")
def show_query(desk: SharedDesk, request: Request, query: Statement = "", page: PageNumber = 1) -> Response:
    """Show a box for a statement, and its rows."""

    def load() -> dict[str, Any]:
        # A link on another site may fill the box, and only the reader can then run it.
        if not query.strip() or is_from_another_site(request):
            return {"result": None, "rows": None, "problem": ""}
        try:
            result = desk.queries.run(query, queries.limits_of())
        except QueryError as error:
            return {"result": None, "rows": None, "problem": str(error)}
        return {"result": result, "rows": Page.of(result.rows[(page - 1) * PAGE_ROWS :], page), "problem": ""}

    command = queries.as_command(query) if query.strip() else ""
    if not command:
        desk.queries.prepare()
    return desk.page_in_parts("sql", load, query=query, command=command, examples=queries.EXAMPLES)


@router.get("/sql.csv")
def send_rows(desk: SharedDesk, request: Request, query: Statement) -> Response:
    """Send the rows of a statement as CSV."""
    if is_from_another_site(request):
        raise HTTPException(HTTPStatus.FORBIDDEN, "A link on another site does not run a statement here.")
    try:
        result = desk.queries.run(query, queries.limits_of(queries.MAX_CSV_ROWS))
    except QueryError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, str(error)) from None
    return csv_response("rows.csv", result.columns, result.rows)


@router.get("/names.json")
def send_names(desk: SharedDesk) -> JSONResponse:
    """Send the names of views and columns, for completion."""
    return JSONResponse(desk.summaries.get("names", lambda: queries.load_names(desk.database)))


def is_from_another_site(request: Request) -> bool:
    """Return whether a browser says that a page of another server led here, such as one at another port."""
    return request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Return rows as a file that a spreadsheet opens safely."""
    stream = io.StringIO(newline="")
    write_spreadsheet(columns, rows, stream)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(stream.getvalue().encode(), media_type="text/csv; charset=utf-8", headers=headers)
