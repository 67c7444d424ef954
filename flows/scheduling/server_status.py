"""The state of `copydesk serve`, as its endpoints report it."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from datetime import datetime
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

from warehouse.errors import StorageError
from warehouse.storage.root import Root

MAX_SECONDS_SINCE_POLL: Final = 60


@dataclass(slots=True)
class ServerStatus:
    """The state that the health endpoint reports; the server's loop updates it. Its fields are the keys of the JSON."""

    ui: str
    data: str
    server_reachable: bool = True
    last_poll: datetime | None = None  # the last query for runs that are due
    sources: int = 0
    paused: int = 0
    never_run: list[str] = field(default_factory=list)  # sources on the web without a schedule
    running: int = 0  # runs that are under way
    limit: int = 0  # of runs that may be under way together
    late: int = 0  # runs that are due and wait for others to end
    missing: list[str] = field(default_factory=list)  # deployments deleted at the server and not made again yet
    problems: list[str] = field(default_factory=list)  # of the configuration, as it was last read
    served: list[str] = field(default_factory=list)  # sources that are not paused
    copydesk: str = field(default_factory=lambda: version("copydesk"))

    def is_healthy(self, now: datetime) -> bool:
        """Return whether runs will start when they are due; the wrong file of one source does not stop the others."""
        return (
            self.server_reachable
            and not self.missing
            and self.last_poll is not None
            and (now - self.last_poll).total_seconds() < MAX_SECONDS_SINCE_POLL
        )

    def response(self, now: datetime) -> tuple[HTTPStatus, dict[str, Any]]:
        """Return the HTTP status and the JSON body."""
        is_healthy = self.is_healthy(now)
        body = {"status": "ok" if is_healthy else "unwell"} | asdict(self)
        body["last_poll"] = self.last_poll.isoformat() if self.last_poll else None
        return HTTPStatus.OK if is_healthy else HTTPStatus.SERVICE_UNAVAILABLE, body

    def readiness(self, now: datetime) -> tuple[HTTPStatus, dict[str, Any]]:
        """Return the HTTP status and the JSON body that say whether runs can start and land what they take in."""
        waits_for = [
            name
            for name, is_there in (
                ("the Prefect server", self.server_reachable),
                ("the schedules", self.is_healthy(now)),
                ("the data root", is_writable(Root.at(self.data))),
            )
            if not is_there
        ]
        body = {"status": "waiting" if waits_for else "ready", "waits_for": waits_for}
        return HTTPStatus.SERVICE_UNAVAILABLE if waits_for else HTTPStatus.OK, body


def is_writable(root: Root) -> bool:
    """Return whether a data root can be written, or of one in an object store, whether it answers."""
    if root.is_folder:
        return os.access(root.url, os.R_OK | os.W_OK | os.X_OK)
    try:
        root.exists("articles")
    except StorageError:
        return False
    return True
