"""Letting DuckDB read the files of a data root, wherever that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from warehouse.storage.root import Root


def reach(connection: duckdb.DuckDBPyConnection, root: Root) -> None:
    """Let a connection read the files of a root that is in an object store, without an extension."""
    if root.is_folder:
        return
    # The interface to it takes a tenth of a second to import.
    from warehouse.storage.object_filesystem import ObjectFileSystem

    filesystem = type("RootFileSystem", (ObjectFileSystem,), {"protocol": root.url.partition("://")[0]})
    connection.register_filesystem(filesystem(root.objects(), root.url))
