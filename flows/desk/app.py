"""The desk: a web page over the warehouse that shows everything and changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from config.settings import Settings
from flows.desk.desk import PREFIX, Desk, problem_title
from flows.desk.rendering import FOLDER
from flows.desk.routes import router
from warehouse.errors import EmptyWarehouseError, WarehouseError, unforeseen

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def create_app(settings: Settings, prefect_ui: str | None = None) -> FastAPI:
    """Return the ASGI app of the desk, to be put under `PREFIX`; whoever serves it decides who is let in."""
    app = FastAPI(title="Copydesk", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.desk = Desk(settings, prefect_ui)
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), "static")
    app.middleware("http")(_add_headers)
    app.add_exception_handler(HTTPException, _show_refusal)
    app.add_exception_handler(RequestValidationError, _show_wrong_value)
    app.add_exception_handler(WarehouseError, _show_problem)
    app.add_exception_handler(Exception, _show_unforeseen)
    return app


def desk_routes(app: ASGIApp) -> list[BaseRoute]:
    """Return the routes by which a server has the desk under `PREFIX`, with and without a slash behind it."""
    return [Route(PREFIX, lead_to_desk), Mount(PREFIX, app)]


def lead_to_desk(_: Request) -> RedirectResponse:
    """Redirect to the desk's front page."""
    return RedirectResponse(f"{PREFIX}/")


async def _add_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers[name] = value
    if request.url.path.startswith(f"{PREFIX}/static/"):
        response.headers["Cache-Control"] = "max-age=86400"
    return response


def _show_refusal(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.BAD_REQUEST
    sentence = error.detail if isinstance(error, HTTPException) else str(error)
    if status == HTTPStatus.NOT_FOUND and sentence == HTTPStatus.NOT_FOUND.phrase:
        sentence = "There is no such page."
    return _error_page(request, status, HTTPStatus(status).phrase, sentence)


def _show_wrong_value(request: Request, error: Exception) -> Response:
    names = [str(entry["loc"][-1]) for entry in error.errors()] if isinstance(error, RequestValidationError) else []
    sentence = f"The value of {', '.join(names)} in the address is not one that this page takes."
    return _error_page(request, HTTPStatus.BAD_REQUEST, "This address is wrong", sentence)


def _show_problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, WarehouseError):
        return _show_unforeseen(request, error)
    is_empty = isinstance(error, EmptyWarehouseError)
    status = HTTPStatus.NOT_FOUND if is_empty else HTTPStatus.SERVICE_UNAVAILABLE
    return _error_page(request, status, problem_title(error), str(error))


def _show_unforeseen(request: Request, error: Exception) -> Response:
    response = _error_page(request, HTTPStatus.INTERNAL_SERVER_ERROR, problem_title(error), unforeseen(error))
    # What makes this answer stands outside of what adds them to all others.
    response.headers.update(HEADERS)
    return response


def _error_page(request: Request, status: int, title: str, sentence: str) -> Response:
    desk: Desk = request.app.state.desk
    return desk.page("error", status, title=title, sentence=sentence)
