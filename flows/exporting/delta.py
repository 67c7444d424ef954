"""Articles as a Delta table, written by deltalake."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from config.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

APPLICATION: Final = "copydesk export"


def check_delta() -> None:
    """Raise `ConfigError` where deltalake is not installed."""
    if find_spec("deltalake") is None:
        raise ConfigError("--as delta needs the package deltalake; install it with: pip install '.[delta]'")


def append_shard(folder: Path, number: int, table: pa.Table) -> None:
    """Append the rows of a shard to the Delta table in a folder, once, whatever was killed before."""
    from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

    if DeltaTable.is_deltatable(str(folder)):
        committed = DeltaTable(str(folder)).transaction_version(APPLICATION)
        if committed is not None and committed >= number:
            return
    properties = CommitProperties(app_transactions=[Transaction(APPLICATION, number)])
    write_deltalake(folder, table, mode="append", commit_properties=properties)
