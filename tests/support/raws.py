"""Raw articles for the tests of extraction: bytes as if they were archived, and the pages with their expected records."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warehouse.model.records import Candidate, Capture, Item, RawArticle

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CASES = sorted(path.parent for path in Path(__file__).parent.parent.glob("pages/*/page.html"))


def expected(case: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((case / "expected.json").read_text("utf-8"))
    return record


def raw_page(
    content: bytes,
    url: str = "https://news.example/a",
    media_type: str | None = "text/html",
    charset: str | None = None,
    candidates: tuple[Candidate, ...] = (),
) -> RawArticle:
    item = Item("example", url, url, url, NOW, candidates=candidates)
    size = len(content)
    capture = Capture(
        "c-1", "example", "r-1", url, None, NOW, 200, media_type, charset, None, None, "", size, "w", 0, 0, "stored"
    )
    return RawArticle(item, capture, content)
