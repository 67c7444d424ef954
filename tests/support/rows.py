"""Rows for the tests of the warehouse: each valid, numbered, and changed as a test needs it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from warehouse.model.records import (
    Article,
    Fetched,
    FieldProvenance,
    Item,
    LanguageShare,
    LostCandidate,
    Rejection,
    StrippedLine,
)
from warehouse.model.rows import Discovery, Poll, Run
from warehouse.model.vocabulary import LineReason, Origin, Precision, Reason, RunStatus, Stage, Zone

NOON = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)


def url(number: int) -> str:
    return f"https://harbour.example/news/{number}"


def article(number: int, **changes: Any) -> Article:
    made = Article(
        article_id=f"article-{number}",
        version_id=f"version-{number}",
        source_id="harbour",
        url=url(number),
        canonical_url=None,
        normalized_url=f"harbour.example/news/{number}",
        canonical_domain=None,
        capture_id=f"capture-{number}",
        run_id="run-1",
        title=f"Паром № {number} вернулся в порт",
        text=f"Ferry {number} came back to port.\n\nNobody was hurt. 渡轮平安返港。",
        description=None,
        authors=("Ana Lima", "Oleg Petrov"),
        by="By Ana Lima and Oleg Petrov",
        located=None,
        section=None,
        tags=(),
        info_sources=("AFP",),
        image_url=None,
        image_caption=None,
        image_credit=None,
        is_accessible_for_free=None,
        license=None,
        language="en",
        language_confidence=0.9,
        languages=(LanguageShare("cy", 0.2),),
        published_at=NOON - timedelta(days=number),
        modified_at=None,
        published_raw="15 March 2026",
        published_precision=Precision.DAY,
        published_zone=Zone.ASSUMED,
        first_seen_at=NOON,
        fetched_at=NOON,
        landed_at=None,
        provenance={"title": FieldProvenance(Origin.JSON_LD, (LostCandidate(Origin.HTML, "Ferry"),))},
        stripped=(StrippedLine(0, LineReason.MENU, "Home"), StrippedLine(7, LineReason.SHARE, "Share this")),
        quality=0.8,
        extractor="test 1",
        word_count=9,
    )
    return replace(made, **changes)


def discovery(number: int, **changes: Any) -> Discovery:
    made = Discovery("harbour", "run-1", url(number), url(number)[8:], url(number), "https://harbour.example/", NOON)
    return replace(made, **changes)


def rejection(number: int, **changes: Any) -> Rejection:
    made = Rejection("harbour", url(number), None, Stage.EXTRACT, Reason.NO_ARTICLE, "no text on the page")
    return replace(made, **changes)


def poll(**changes: Any) -> Poll:
    made = Poll("harbour", "run-1", "https://harbour.example/", NOON, 200, 5, 0, None, False, None)
    return replace(made, **changes)


def run(**changes: Any) -> Run:
    made = Run("run-1", "harbour", NOON, NOON, RunStatus.SUCCEEDED, 0, 0, 0, 0, 0, 0, 0, None, "1", "digest")
    return replace(made, **changes)


def fetched(number: int, content: bytes | None = None, **changes: Any) -> Fetched:
    item = Item("harbour", url(number), url(number), "https://harbour.example/", NOON)
    body = f"<p>Ferry {number} came back.</p>".encode() * 50 if content is None else content
    return replace(Fetched(item, body, NOON, "text/html"), **changes)
