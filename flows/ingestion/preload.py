"""Makes an article as it is imported by the fork server, of which each worker process is a copy.

The steps, their models and the profiles of languages are loaded once, half a second of CPU, and shared in memory.
"""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from config.inputs import FolderInput
from config.sources import Source
from tasks.article import make_article
from warehouse.model.records import Article, Fetched, Item, RawArticle, Rejection

SOURCE: Final = Source(id="sample", title="Sample", input=(FolderInput(kind="folder", path=Path()),))
TITLE: Final = "The harbour wall is mended before the winter"
PARAGRAPHS: Final = (
    "The wall of the old harbour has been mended in time for the winter storms, the council said on Monday.",
    "Divers found four holes below the water line in spring, and the largest of them was as wide as a boat.",
    "The work took five months and cost less than planned, because the stone came from a quarry near the town.",
)
PAGE: Final = f"<title>{TITLE}</title><article><h1>{TITLE}</h1><p>{'</p><p>'.join(PARAGRAPHS)}</p></article>"
TEXT: Final = "\n\n".join(("Home", TITLE, *PARAGRAPHS))


def make_samples() -> list[Article | Rejection]:
    """Return what the steps make of a page and of a text, after which all that they use is loaded."""
    return [_make_sample(PAGE, "text/html"), _make_sample(TEXT, "text/plain")]


def _make_sample(content: str, media_type: str) -> Article | Rejection:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    item = Item(SOURCE.id, "file:///sample", "sample", "file:///", now)
    fetched = Fetched(item, content.encode(), now, media_type, "utf-8")
    return make_article(RawArticle.of(fetched), SOURCE, len(fetched.content))


make_samples()
# The collector would write to each of these objects, and each worker then have a copy of its own.
gc.freeze()
