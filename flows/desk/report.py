"""The front page as one file, which needs no server, no script and no other file: to be sent by mail."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from config.settings import Settings
from flows.desk.desk import Desk
from flows.desk.front import load_front
from flows.desk.rendering import FOLDER

MAX_SOURCES: Final = 200
"""In the file, so that it stays one that can be mailed."""


def render_report(settings: Settings) -> str:
    """Return the front page as it is now, as HTML. Raises `WarehouseError`."""
    desk = Desk(settings, prefect_ui=None)
    style = (FOLDER / "static" / "desk.css").read_text("utf-8")
    front = load_front(desk.database, desk.standings())
    # Our own style sheet; escaped, its quotation marks would be no longer such.
    return desk.render("report", base="", front=front, sources=front.sources(1, MAX_SOURCES), style=Markup(style))  # noqa: S704
