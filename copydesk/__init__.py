"""Collect news articles, clean them and query them.

    import copydesk

    article = copydesk.extract(page, url="https://example.org/2026/03/bridge")
    run = copydesk.ingest("example-news", data="data", config="config")
    with copydesk.open("data") as warehouse:
        warehouse.sql("SELECT title, published_at FROM articles").df()

Every name is imported when it is first used, so `import copydesk` costs nothing. docs/reference/python.md tells more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from config.errors import ConfigError as ConfigError
    from config.sources import Source as Source
    from copydesk.api import Warehouse as Warehouse
    from copydesk.api import extract as extract
    from copydesk.api import ingest as ingest
    from copydesk.api import open as open  # noqa: A004
    from copydesk.api import sources as sources
    from warehouse.errors import WarehouseError as WarehouseError
    from warehouse.model.records import Article as Article
    from warehouse.model.records import Rejection as Rejection
    from warehouse.model.rows import Run as Run

_MODULES: Final = {
    "Article": "warehouse.model.records",
    "ConfigError": "config.errors",
    "Rejection": "warehouse.model.records",
    "Run": "warehouse.model.rows",
    "Source": "config.sources",
    "Warehouse": "copydesk.api",
    "WarehouseError": "warehouse.errors",
    "extract": "copydesk.api",
    "ingest": "copydesk.api",
    "open": "copydesk.api",
    "sources": "copydesk.api",
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module 'copydesk' has no attribute {name!r}; it has {', '.join(_MODULES)}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(_MODULES)
