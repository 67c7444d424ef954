"""What tests share: a clock, and documents as the steps meet them."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from config.settings import Settings
from config.sources import Source, load_source
from flows.ingestion.process_pool import Workers
from tests.support.snapshot import Snapshot
from warehouse.connect import connect
from warehouse.storage.tables import Store

# The same examples every time, so that a change is judged by what it does; HYPOTHESIS_PROFILE=explore looks further.
hypothesis.settings.register_profile("same", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", max_examples=2_000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

pytest_plugins = [f"tests.support.{name}" for name in ("polled", "warc_files", "crawled", "bucket", "command_line")]

NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)


MEMORY_DISK = Path("/dev/shm")  # noqa: S108  a folder of its own is made in it
MIN_FREE_BYTES = 8_000_000_000


def pytest_configure() -> None:
    """Let Ctrl-C reach commands; keep temporary folders in memory, as what is landed is synced, 8 ms a file on a disk."""
    # A shell has what it starts in the background ignore Ctrl-C, and so would the commands that tests interrupt: each
    # would keep the processors busy until the last test.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free > MIN_FREE_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY_DISK))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: left to the end, one of them would keep one processor busy, and the other waiting."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture
def clock(now: datetime) -> Callable[[], datetime]:
    """Make a clock that is a minute later at every look."""
    minutes = count()
    return lambda: now + timedelta(minutes=next(minutes))


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    """One pool for all tests: it takes two seconds to start."""
    with Workers(Settings(workers=1, max_document_bytes=100_000)) as pool:
        yield pool


@pytest.fixture
def ask(settings: Settings) -> Callable[[str], list[tuple[Any, ...]]]:
    """Make a function that returns the rows of a query in the warehouse of the installation."""

    def answer(query: str) -> list[tuple[Any, ...]]:
        with connect(settings.data) as warehouse:
            return warehouse.execute(query).fetchall()

    return answer


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Prepare an empty warehouse with its catalogue: that takes half a second, which most tests need not take again."""
    return Snapshot.of_root(tmp_path_factory.mktemp("warehouse") / "data", lambda root: Store(root).prepare())


@pytest.fixture
def empty_root(prepared: Snapshot) -> Path:
    """Empty the prepared warehouse."""
    return prepared.restore()


@pytest.fixture
def settings(tmp_path: Path, empty_root: Path) -> Settings:
    """Make an installation with an empty warehouse, and with small limits."""
    return Settings(data=str(empty_root), config=tmp_path / "config", workers=1, max_document_bytes=100_000)


@pytest.fixture
def folder_source(tmp_path: Path) -> Source:
    """Make a source `paper` over the folder `pages`, which is there and empty."""
    (tmp_path / "pages").mkdir()
    sources = tmp_path / "config" / "sources"
    sources.mkdir(parents=True)
    path = sources / "paper.toml"
    path.write_text('title = "Paper"\n[[input]]\nkind = "folder"\npath = "../../pages"\n')
    return load_source(path)
