"""A fetcher whose pacing of hosts is shared by every process that works on one data root."""

from __future__ import annotations

from typing import Final

from config.settings import Settings
from tasks.http.fetcher import Fetcher
from warehouse.storage.root import Root

HOSTS_FOLDER: Final = ".hosts"


def open_fetcher(settings: Settings) -> Fetcher:
    """Return a fetcher that shares the pacing of hosts with every process that works on the same data root."""
    return Fetcher(settings, hosts=Root.at(settings.data).local / HOSTS_FOLDER)
