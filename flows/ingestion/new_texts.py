"""What follows the texts that runs have stored: the copies, and the search index."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from config.settings import Settings
from warehouse.copies.update import update_copies
from warehouse.errors import LockedError, WarehouseError
from warehouse.storage.root import Root

MIN_INDEX_SECONDS: Final = 10.0
INDEX_SECONDS_AN_ARTICLE: Final = 0.002


def follow_new_texts(settings: Settings, stored: int) -> list[str]:
    """Update the copies and the search index with the articles that a run has stored; return what failed.

    What waits beside them is taken in too, but for no more time than such a number of articles takes.
    """
    if not stored:
        return []
    return [
        *problems_of(partial(update_copies, settings.data, seconds=0, max_articles=stored, since_last=True)),
        *problems_of(partial(_advance_index, settings, max(MIN_INDEX_SECONDS, stored * INDEX_SECONDS_AN_ARTICLE))),
    ]


def problems_of(work: Callable[[], object]) -> list[str]:
    """Return what failed in upkeep; nothing where another process is at it, or at what the next run waits for."""
    try:
        work()
    except LockedError:
        return []
    except WarehouseError as error:
        return [str(error)]
    return []


def _advance_index(settings: Settings, max_seconds: float) -> None:
    """Take new articles into the search index; that of an object store only on a machine that searches it."""
    from warehouse.search.index import update_index
    from warehouse.search.index_files import folder

    root = Root.at(settings.data)
    if root.is_folder or folder(root).exists():
        update_index(root, 0, max_seconds=max_seconds)
