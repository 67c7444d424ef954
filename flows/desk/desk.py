"""What all pages of the desk share: settings, warehouse, summaries and templates."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

from fastapi.responses import HTMLResponse, StreamingResponse
from jinja2 import Environment

from config.settings import Settings
from flows.desk.database import Database
from flows.desk.query_process import QueryProcesses
from flows.desk.rendering import environment
from flows.desk.standing import Standings, load_standings
from flows.desk.summaries import Summaries
from flows.ingestion.process_pool import Workers
from warehouse.errors import EmptyWarehouseError, WarehouseError, unforeseen

log: Final = logging.getLogger("copydesk")
PREFIX: Final = "/desk"
"""The path of the desk on its server."""
NOT_KEPT: Final = {"Cache-Control": "no-store"}
FLUSH: Final = "\0"
"""Stands in a template where a page waits for its values."""


@dataclass
class Desk:
    """What all pages share."""

    settings: Settings
    prefect_ui: str | None  # its address, without a slash at its end; None if there is none to link to
    summaries: Summaries = field(default_factory=Summaries)

    @cached_property
    def database(self) -> Database:
        """The warehouse."""
        return Database(self.settings)

    @cached_property
    def queries(self) -> QueryProcesses:
        """The processes that run readers' statements."""
        return QueryProcesses(self.settings)

    @cached_property
    def templates(self) -> Environment:
        """The templates of the pages."""
        return environment()

    @cached_property
    def workers(self) -> Workers:
        """The process that reads documents again; it starts with the first."""
        return Workers(self.settings.model_copy(update={"workers": 1}))

    def standings(self) -> Standings:
        """Return how the sources stand, as of some seconds ago. Raises `WarehouseError`."""
        return self.summaries.get("standings", lambda: load_standings(self.settings))

    def page(self, name: str, status: int = HTTPStatus.OK, **values: Any) -> HTMLResponse:
        """Return a page made from a template."""
        return HTMLResponse(self.render(name, **values), status, NOT_KEPT)

    def page_in_parts(self, name: str, load: Callable[[], Mapping[str, Any]], **values: Any) -> StreamingResponse:
        """Return a page whose head is sent at once, and the rest when `load` has returned its values.

        The template puts the values where it calls `load`. A `WarehouseError` of `load` becomes a message in the page.
        """
        template = self.templates.get_template(f"{name}.html")
        pieces = template.generate(self._common | values | {"load": load, "flush": FLUSH})
        return StreamingResponse(self._parts(pieces), media_type="text/html", headers=NOT_KEPT)

    def render(self, name: str, **values: Any) -> str:
        """Return what a template makes of some values."""
        return self.templates.get_template(f"{name}.html").render(self._common | values)

    @property
    def _common(self) -> dict[str, Any]:
        return {
            "base": PREFIX,
            "now": datetime.now(UTC),
            "prefect_ui": self.prefect_ui,
            "root": self.settings.data,
            "version": version("copydesk"),
        }

    def _parts(self, pieces: Iterator[str]) -> Iterator[str]:
        """Yield a page up to where it waits for its values, and then the rest."""
        waiting: list[str] = []
        try:
            for piece in pieces:
                if piece == FLUSH:
                    yield "".join(waiting)
                    waiting = []
                else:
                    waiting.append(piece)
        except WarehouseError as error:
            waiting = [self.render("problem", title=problem_title(error), sentence=str(error))]
        except Exception as error:
            # The status was sent already, so no error handler can answer.
            log.exception("a page of the desk has a fault")
            waiting = [self.render("problem", title=problem_title(error), sentence=unforeseen(error))]
        yield "".join(waiting)


def problem_title(error: Exception) -> str:
    """Return the heading over an error."""
    if not isinstance(error, WarehouseError):
        return "This page has a fault"
    is_empty = isinstance(error, EmptyWarehouseError)
    return "Nothing has landed yet" if is_empty else "The warehouse cannot be read"
