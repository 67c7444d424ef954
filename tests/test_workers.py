"""A document that hangs or kills its process costs only itself."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flows.ingestion.process_pool import CallError, Workers
from tests.support.kill import fork_server, kill, workers
from warehouse.model.records import Capture, Item, RawArticle, Rejection
from warehouse.model.vocabulary import Reason, Stage


def answer(raw: RawArticle, source: object, max_bytes: int) -> Rejection:
    """Do what the document's bytes say."""
    if raw.content == b"hang":
        time.sleep(600)
    if raw.content == b"die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if raw.content == b"poison":
        os.kill(os.getpid(), signal.SIGKILL)
    if raw.content.startswith(b"die once "):
        mark = Path(raw.content[9:].decode())
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.3)
        mark.write_text(",".join(path.name for path in mark.parent.glob("at-work-*")))
    if raw.content.startswith(b"work in "):
        mark = Path(raw.content[8:].decode()) / f"at-work-{raw.item.guid}"
        mark.touch()
        time.sleep(0.2)
        mark.unlink()
    if raw.content == b"raise":
        raise ValueError("a bug")
    return Rejection("paper", raw.item.url, None, Stage.STRIP, Reason.NO_ARTICLE, f"{raw.content.decode()} {max_bytes}")


def tell_engines(raw: RawArticle, source: object, max_bytes: int, *, langdetect_alone: bool = False) -> Rejection:
    """Refuse a document with a detail that says by which engines its language would be told."""
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
    with Workers(replace_seconds(settings, 2.0)) as pool:
        made = list(pool.each(answer, documents, folder_source))
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
    assert made[1][1].detail == "extraction twice ended its process with exit code -11"
    assert made[3][1].detail == "extraction took over 2 s; raise document_seconds to wait longer"
    assert made[5][1].detail == "extraction raised ValueError: a bug"


@pytest.mark.parametrize("alone", [True, False])
def test_the_setting_that_forces_langdetect_alone_reaches_the_step(settings, folder_source, raws, alone):
    with Workers(settings.model_copy(update={"langdetect_alone": alone})) as pool:
        made = list(pool.each(tell_engines, raws(b"one"), folder_source))
    assert made[0][1].detail == f"alone: {alone}"


def test_what_is_refused_already_keeps_its_place(settings, folder_source, raws):
    first, last = raws(b"one", b"two")
    refused = Rejection("paper", "file:///x", None, Stage.FETCH, Reason.VANISHED, "")
    with Workers(settings) as pool:
        made = [end for _, end in pool.each(answer, [first, refused, last], folder_source)]
    assert made[1] is refused
    assert len(made) == 3


def test_without_documents_no_process_starts(settings, folder_source):
    before = multiprocessing.active_children()
    with Workers(settings) as pool:
        assert list(pool.each(answer, [], folder_source)) == []
        assert multiprocessing.active_children() == before


def test_a_document_that_kills_its_process_twice_is_refused_and_the_others_are_not(settings, folder_source, raws):
    documents = raws(*[b"one", b"poison", b"two"] * 4)
    with Workers(settings.model_copy(update={"workers": 2})) as pool:
        made = [end for _, end in pool.each(answer, documents, folder_source)]
    assert [end.reason for end in made] == [Reason.NO_ARTICLE, Reason.CRASHED, Reason.NO_ARTICLE] * 4
    assert made[1].detail == (
        "extraction twice ended its process with exit code -9; "
        "if memory ran out, set fewer workers or a smaller max_document_bytes"
    )


def test_a_document_whose_process_was_killed_is_tried_again_while_no_other_works(
    settings, folder_source, raws, tmp_path, caplog
):
    mark = tmp_path / "mark"
    work = f"work in {tmp_path}".encode()
    documents = raws(work, work, f"die once {mark}".encode(), *[work] * 9)
    with Workers(settings.model_copy(update={"workers": 3})) as pool:
        made = [end for _, end in pool.each(answer, documents, folder_source)]
    assert {end.reason for end in made} == {Reason.NO_ARTICLE}
    assert mark.read_text() == ""
    (record,) = caplog.records
    assert record.getMessage() == (
        "a worker process ended with exit code -9; if memory ran out, set fewer workers or a smaller "
        "max_document_bytes; what it read is tried once more, alone"
    )


def test_an_idle_process_that_was_killed_costs_no_document_a_try(settings, folder_source, raws, caplog):
    with Workers(settings) as pool:
        for _ in range(3):
            made = [end for _, end in pool.each(answer, raws(b"one"), folder_source)]
            assert made[0].reason is Reason.NO_ARTICLE
            for process in multiprocessing.active_children():
                kill(process.pid)
                process.join()
    assert caplog.records == []


def test_a_hanging_document_takes_none_of_those_that_wait_behind_it_with_it(settings, folder_source, raws):
    documents = raws(*[b"hang", b"one", b"two"] * 2)
    with Workers(replace_seconds(settings, 1.0)) as pool:
        made = [end.reason for _, end in pool.each(answer, documents, folder_source)]
    assert made == [Reason.TIMED_OUT, Reason.NO_ARTICLE, Reason.NO_ARTICLE] * 2


def test_large_documents_and_answers_pass_each_other(settings, folder_source, raws):
    documents = raws(*[b"x" * 3_000_000] * 12)
    with Workers(settings) as pool:
        made = [end for _, end in pool.each(answer, documents, folder_source)]
    assert [len(end.detail) > 3_000_000 for end in made] == [True] * 12


def test_a_call_whose_process_is_killed_twice_says_so(settings):
    with Workers(settings) as pool:
        with pytest.raises(CallError, match="reading it twice ended its process with exit code -9"):
            pool.call(signal.raise_signal, signal.SIGKILL)
        assert pool.call(os.path.basename, "a/b") == "b"


def test_the_wait_for_the_calls_of_others_is_known_to_the_thread_that_waits(settings):
    def call(pool: Workers, seconds: float) -> float:
        pool.call(time.sleep, seconds)
        return pool.seconds_waited()

    with Workers(settings) as pool, ThreadPoolExecutor(2) as threads:
        pool.call(time.sleep, 0)
        waits = sorted(threads.map(lambda _: call(pool, 0.5), range(2)))
    assert waits[0] < 0.25 < waits[1]


def test_an_error_ends_what_is_under_way_at_once(settings, folder_source, raws):
    def interrupted():
        with Workers(settings.model_copy(update={"workers": 2})) as pool:
            for _ in pool.each(answer, raws(b"one", *[b"hang"] * 20), folder_source):
                raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - began < 10
    assert not [process for process in multiprocessing.active_children() if process.name == "copydesk-worker"]


STORY = """Story number {number} of the night desk

The {number} boats of the village came home late on Monday, and each of them had caught {number} baskets of fish.

"We have never had a night like number {number}," said the harbour master, who counted them all twice over.
"""


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["workers", "fork server"])
def test_a_run_whose_processes_are_killed_again_and_again_takes_in_all_documents(
    folder_source, tmp_path, settings, ask, victim
):
    for number in range(150):
        (tmp_path / "pages" / f"{number:03}.txt").write_text(STORY.format(number=number))
    arguments = ["run", "--config", str(tmp_path / "config"), "--data", settings.data]
    run = subprocess.Popen(
        [sys.executable, "-m", "copydesk", *arguments],
        cwd=Path(__file__).parent.parent,
        env=os.environ | {"COPYDESK_WORKERS": "2", "COPYDESK_BATCH": "50"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    killed = 0
    while run.poll() is None:
        time.sleep(0.02)
        server, targets = fork_server(run.pid), workers(run.pid)
        if victim == "fork server" and server and (killed < 2 or targets):
            # At first as it starts; later with its workers, which would do without it.
            targets = [server, *targets]
        if targets and killed < 8:
            killed += sum(map(kill, targets))
            time.sleep(0.15)
    _, errors = run.communicate(timeout=100)
    assert run.returncode == 0, errors
    assert killed >= 4
    ((discovered, stored, rejected, pending),) = ask("SELECT discovered, stored, rejected, pending FROM runs")
    # One that was killed twice by chance is refused, and the next run tries it again.
    assert (discovered, pending) == (150, 0)
    assert stored + rejected == 150
    assert ask("SELECT count(*), count(DISTINCT url) FROM articles") == [(stored, stored)]
    assert ask("SELECT count(*) FROM rejects WHERE reason <> 'crashed'") == [(0,)]


def replace_seconds(settings, seconds):
    return settings.model_copy(update={"document_seconds": seconds})


def has_made_samples() -> bool:
    """Return whether the process that this one is a copy of had made an article."""
    return "flows.ingestion.preload" in sys.modules and gc.get_freeze_count() > 0


def test_a_worker_is_a_copy_of_a_process_that_has_the_models_loaded(workers: Workers) -> None:
    assert workers.call(has_made_samples)


def test_the_samples_that_load_the_models_are_articles() -> None:
    from flows.ingestion import preload

    try:
        samples = preload.make_samples()
    finally:
        gc.unfreeze()  # it was frozen for the processes that are copies of this one
    assert [sample.title for sample in samples] == [preload.TITLE, preload.TITLE]
