"""What all pages of the desk share: settings, warehouse, summaries and templates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment

from config.settings import Settings
from flows.desk.database import Database
from flows.desk.rendering import environment
from flows.desk.standing import Standings, load_standings
from flows.desk.summaries import Summaries
from flows.ingestion.process_pool import Workers

PREFIX: Final = "/desk"
"""Where the desk lies on its server."""


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
        common = {
            "base": PREFIX,
            "now": datetime.now(UTC),
            "prefect_ui": self.prefect_ui,
            "root": self.settings.data,
            "version": version("copydesk"),
        }
        html = self.templates.get_template(f"{name}.html").render(common | values)
        return HTMLResponse(html, status, {"Cache-Control": "no-store"})
