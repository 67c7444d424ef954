"""The folder of an export: its plan while it is written, its shards, and at the end its manifest."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from config.errors import ConfigError
from warehouse.errors import LockedError
from warehouse.storage.durable import make_folder, sync_folder

MANIFEST: Final = "manifest.json"
UNFINISHED: Final = ".unfinished"

Facts = dict[str, Any]


class ExportFolder:
    """A folder that an export is written to; files appear in it whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder
        self._work: Final = folder / UNFINISHED
        self.selection: Final = self._work / "selection.parquet"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder. Raises `LockedError` where another export writes to it, `ConfigError` where one is there."""
        if (self.folder / MANIFEST).exists():
            raise ConfigError(f"{self.folder} holds a finished export; name another folder")
        make_folder(self._work)
        try:
            with FileLock(self._work / "lock", timeout=0):
                yield
        except Timeout:
            raise LockedError(
                f"another export is writing to {self.folder}; wait for it, or name another folder"
            ) from None

    def plan(self, request: Facts, make: Callable[[], Facts]) -> Facts:
        """Return the plan of the export that was begun here, else begin one by `make`.

        Raises `ConfigError` where one was begun that `request` differs from.
        """
        path = self._work / "plan.json"
        if not path.exists():
            _write_json(path, {**request, **make()})
        plan: Facts = json.loads(path.read_text("utf-8"))
        if any(plan[name] != value for name, value in request.items()):
            raise ConfigError(
                f"{self.folder} holds an unfinished export of other articles or formats; "
                "call that one again, name another folder or delete this one"
            )
        return plan

    def publish(self, name: str, rows: int, write: Callable[[Path], None]) -> Facts:
        """Write a file under another name, put it in its place and return its facts. Raises OSError."""
        partial = self._work / name
        partial.unlink(missing_ok=True)
        write(partial)
        with partial.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        facts = {"name": name, "rows": rows, "bytes": partial.stat().st_size, "sha256": digest}
        partial.replace(self.folder / name)
        sync_folder(self.folder)
        return facts

    def shards(self) -> list[Facts]:
        """Return the facts of the finished shards, in their order."""
        return [json.loads(path.read_text("utf-8")) for path in sorted(self._work.glob("shard-*.json"))]

    def finish_shard(self, number: int, facts: Facts) -> None:
        """Note that all files of a shard are there."""
        _write_json(self._work / f"shard-{number:06d}.json", facts)

    def finish(self, manifest: Facts) -> None:
        """Write the manifest and remove what only an unfinished export needs."""
        _write_json(self.folder / MANIFEST, manifest)
        shutil.rmtree(self._work, ignore_errors=True)


def _write_json(path: Path, value: Facts) -> None:
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    sync_folder(path.parent)
