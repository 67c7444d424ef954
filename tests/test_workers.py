"""A document that hangs or kills its process costs only itself."""

from __future__ import annotations

import os
import signal
import time

import pytest

from flows.ingestion.process_pool import Workers
from warehouse.model.records import Capture, Item, RawArticle, Rejection
from warehouse.model.vocabulary import Reason, Stage


def answer(raw: RawArticle, source: object, max_bytes: int) -> Rejection:
    """A step that does what the document's bytes say."""
    if raw.content == b"hang":
        time.sleep(600)
    if raw.content == b"die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if raw.content == b"raise":
        raise ValueError("a bug")
    return Rejection("paper", raw.item.url, None, Stage.STRIP, Reason.NO_ARTICLE, f"{raw.content.decode()} {max_bytes}")


def tell_engines(raw: RawArticle, source: object, max_bytes: int, *, langdetect_alone: bool = False) -> Rejection:
    """A step that says by which engines it would tell the language."""
    return Rejection("paper", raw.item.url, None, Stage.STRIP, Reason.NO_ARTICLE, f"alone: {langdetect_alone}")


@pytest.fixture
def raws(now):
    def make(*contents: bytes) -> list[RawArticle]:
        capture = Capture(
            "c1", "paper", "r", "u", None, now, None, None, None, None, None, "sha256:0", 0, "", 0, 0, "pending"
        )
        return [
            RawArticle(Item("paper", f"file:///{number}", str(number), "file:///", now), capture, content)
            for number, content in enumerate(contents)
        ]

    return make


def test_documents_come_back_in_order_each_with_its_own_end(settings, folder_source, raws):
    documents = raws(b"one", b"die", b"two", b"hang", b"three", b"raise", b"four")
    with Workers(replace_seconds(settings, 2.0)) as workers:
        made = list(workers.each(answer, documents, folder_source))
    assert [raw for raw, _ in made] == documents
    assert [end.reason for _, end in made] == [
        Reason.NO_ARTICLE,
        Reason.CRASHED,
        Reason.NO_ARTICLE,
        Reason.TIMED_OUT,
        Reason.NO_ARTICLE,
        Reason.CRASHED,
        Reason.NO_ARTICLE,
    ]
    assert made[0][1].detail == "one 100000"
    assert made[1][1].detail == "extraction ended its process with exit code -11"
    assert made[3][1].detail == "extraction took over 2 s; raise document_seconds to wait longer"
    assert made[5][1].detail == "extraction raised ValueError: a bug"


@pytest.mark.parametrize("alone", [True, False])
def test_the_setting_that_forces_langdetect_alone_reaches_the_step(settings, folder_source, raws, alone):
    with Workers(settings.model_copy(update={"langdetect_alone": alone})) as workers:
        made = list(workers.each(tell_engines, raws(b"one"), folder_source))
    assert made[0][1].detail == f"alone: {alone}"


def test_what_is_refused_already_keeps_its_place(settings, folder_source, raws):
    first, last = raws(b"one", b"two")
    refused = Rejection("paper", "file:///x", None, Stage.FETCH, Reason.VANISHED, "")
    with Workers(settings) as workers:
        made = [end for _, end in workers.each(answer, [first, refused, last], folder_source)]
    assert made[1] is refused
    assert len(made) == 3


def test_without_documents_no_process_starts(settings, folder_source):
    with Workers(settings) as workers:
        assert list(workers.each(answer, [], folder_source)) == []
        assert workers._pool is None


def replace_seconds(settings, seconds):
    return settings.model_copy(update={"document_seconds": seconds})
