"""The turns of hosts, by a clock that only sleeping moves unless processes are what a test is about."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from tasks.http.host_state import FILE_NAME, HostState, HostStates
from tasks.http.throttle import HostBlockedError, HostThrottle
from tests.support.webserver import Clock, settings

HOST = "news.example:443"
DAY = 86_400.0


async def started(turns: HostThrottle, clock: Clock, *delays: float, host: str = HOST) -> list[float]:
    """Return the seconds at which requests start that are all there at once, in the order of the requests."""

    async def start(delay: float) -> float:
        async with turns.turn(host, delay):
            return clock.seconds

    return await asyncio.gather(*map(start, delays))


def turns_by(clock: Clock, hosts: Path | None = None, **changes: object) -> HostThrottle:
    return HostThrottle(settings(**changes), clock, clock.sleep, hosts)


def test_requests_to_a_host_start_apart_and_in_order():
    clock = Clock()
    assert asyncio.run(started(turns_by(clock), clock, 5, 5, 5, 5)) == [0, 5, 10, 15]


def test_each_request_keeps_the_distance_it_asks_for():
    clock = Clock()
    assert asyncio.run(started(turns_by(clock), clock, 5, 2, 20, 0, 5)) == [0, 2, 22, 22, 27]


def test_hosts_do_not_wait_for_each_other():
    clock = Clock()
    turns = turns_by(clock)

    async def both() -> list[float]:
        return [*await started(turns, clock, 5, 5), *await started(turns, clock, 5, host="other.example:80")]

    assert asyncio.run(both()) == [0, 5, 5]


@pytest.mark.parametrize("factor", [0.3, 1.0, 50.0], ids=["wakes early", "is exact", "oversleeps"])
def test_a_sleep_that_is_not_exact_brings_no_two_requests_together(factor):
    clock = Clock()

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds * factor)

    starts = asyncio.run(started(HostThrottle(settings(), clock, sleep, None), clock, *[5.0] * 8))
    assert min(later - earlier for earlier, later in pairwise(starts)) >= 5


@pytest.mark.parametrize(
    ("limits", "in_all", "to_one"),
    [({"connections": 3, "host_connections": 2}, 3, 1), ({"connections": 64, "host_connections": 2}, 8, 2)],
)
def test_only_so_many_requests_are_under_way_together(limits, in_all, to_one):
    clock = Clock()
    turns = turns_by(clock, **limits)
    under_way: list[str] = []
    most_in_all, most_to_one = [], []

    async def request(host: str) -> None:
        async with turns.turn(host, 0) as sent:
            under_way.append(host)
            await sent()
            most_in_all.append(len(under_way))
            most_to_one.append(under_way.count(host))
            await asyncio.sleep(0.001)
            under_way.remove(host)

    async def crowd() -> None:
        await asyncio.gather(*(request(f"{number % 4}.example:80") for number in range(40)))

    asyncio.run(crowd())
    assert (max(most_in_all), max(most_to_one)) == (in_all, to_one)


def test_a_request_that_waits_for_its_connection_moves_the_next_one_on():
    clock = Clock()
    turns = turns_by(clock)
    sends: list[float] = []

    async def request(connecting: float) -> None:
        async with turns.turn(HOST, 5) as sent:
            await clock.sleep(connecting)
            await sent()
            sends.append(clock.seconds)

    async def all_of_them() -> None:
        await asyncio.gather(*map(request, (4.5, 0, 20, 0)))

    asyncio.run(all_of_them())
    assert sends == [4.5, 9.5, 34.5, 39.5]


def test_a_request_of_another_process_that_waits_for_its_connection_is_waited_for(tmp_path):
    clock = Clock()
    first, second = (turns_by(clock, tmp_path, fetch_seconds=1_000.0) for _ in range(2))
    sends: list[tuple[str, float]] = []

    async def request(name: str, turns: HostThrottle, connected: asyncio.Event) -> None:
        async with turns.turn(HOST, 5) as sent:
            await connected.wait()
            sends.append((name, clock.seconds))
            await sent()

    async def both() -> None:
        slow, at_once = asyncio.Event(), asyncio.Event()
        at_once.set()
        tasks = [asyncio.create_task(request("first", first, slow))]
        await asyncio.sleep(0.01)
        tasks.append(asyncio.create_task(request("second", second, at_once)))
        await asyncio.sleep(0.05)
        slow.set()
        await asyncio.gather(*tasks)

    asyncio.run(both())
    assert [name for name, _ in sends] == ["first", "second"]
    assert round(sends[1][1] - sends[0][1], 3) >= 5


def test_a_process_that_died_while_connecting_holds_nobody_up_for_long(tmp_path):
    clock = Clock()

    async def dies() -> None:
        async with turns_by(clock, tmp_path).turn(HOST, 5):
            os._exit(0)

    child = os.fork()
    if not child:
        asyncio.run(dies())
    os.waitpid(child, 0)
    assert asyncio.run(started(turns_by(clock, tmp_path, fetch_seconds=20.0), clock, 5))[0] <= 21


def test_a_host_that_asks_for_a_short_wait_is_waited_for_and_for_a_long_one_left():
    clock = Clock()
    turns = turns_by(clock, patience_seconds=120)

    async def wait() -> list[float]:
        await turns.block(HOST, 100)
        waited = await started(turns, clock, 0)
        with pytest.raises(HostBlockedError) as blocked:
            await turns.block(HOST, 500)
        with pytest.raises(HostBlockedError) as again:
            await started(turns, clock, 0)
        assert again.value.until == blocked.value.until == clock().timestamp() + 500
        return waited

    assert asyncio.run(wait()) == [100]
    assert (turns.statistics.requests, turns.statistics.waits, turns.statistics.waited_seconds) == (1, 1, 100)


def test_those_who_queue_for_a_host_learn_that_it_wants_to_be_left_alone():
    clock = Clock()
    turns = turns_by(clock)

    async def queue() -> list[object]:
        async def first() -> None:
            async with turns.turn(HOST, 5):
                await turns.block(HOST, 3_600)

        return await asyncio.gather(first(), *(started(turns, clock, 5) for _ in range(3)), return_exceptions=True)

    assert [type(outcome) for outcome in asyncio.run(queue())] == [HostBlockedError] * 4
    assert clock.seconds == 0


def test_refusals_without_a_time_double_the_wait_up_to_an_hour_until_the_host_answers():
    clock = Clock()
    turns = turns_by(clock, patience_seconds=DAY)
    states = turns._states

    async def refuse() -> float:
        await turns.block(HOST, None)
        wait = (await states.update(HOST, lambda state: state)).blocked_until - clock().timestamp()
        await started(turns, clock, 0)
        return wait

    async def many() -> list[float]:
        waits = [await refuse() for _ in range(12)]
        await turns.clear_refusals(HOST)
        return [*waits, await refuse()]

    waits = asyncio.run(many())
    for number, wait in enumerate(waits[:6]):
        assert 30 * 2**number <= wait <= 45 * 2**number
    assert 2_400 <= waits[11] <= 3_600
    assert 30 <= waits[12] <= 45


def test_what_a_clock_wrote_that_ran_a_day_ahead_is_not_waited_for(tmp_path):
    clock = Clock()
    ahead = (clock.now + timedelta(days=400)).timestamp()

    async def start_twice() -> list[float]:
        turns = turns_by(clock, tmp_path)
        await turns._states.update(HOST, lambda state: HostState(ahead, ahead))
        starts = await started(turns, clock, 5, 5)
        turns.close()
        return starts

    assert asyncio.run(start_twice()) == [0, 5]


def test_the_next_run_keeps_the_distance_from_the_one_before(tmp_path):
    clock = Clock()
    for start in (0, 5):
        with closing(turns_by(clock, tmp_path)) as turns:
            assert asyncio.run(started(turns, clock, 5)) == [start]


@pytest.fixture
def states(tmp_path) -> Iterator[HostStates]:
    with closing(HostStates(tmp_path)) as states:
        yield states


def read_state(folder: Path, host: str = HOST) -> HostState:
    with closing(HostStates(folder)) as states:
        return asyncio.run(states.update(host, lambda state: state))


@settings_of_hypothesis(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(torn=st.binary(max_size=200))
def test_a_file_of_anything_counts_as_none(torn, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hosts")
    state = HostState(1.5, 2.5, 3)
    with closing(HostStates(folder)) as states:
        asyncio.run(states.update(HOST, lambda _: state))
    assert read_state(folder) == state
    file = folder / FILE_NAME
    whole = file.read_bytes()
    for damaged in (torn, whole[:40] + torn, whole[: len(torn)], whole[:4096] + torn):
        file.write_bytes(damaged)
        if damaged != whole:
            assert read_state(folder) in {HostState(), state}
    with closing(HostStates(folder)) as states:
        asyncio.run(states.update(HOST, lambda _: state))
    assert read_state(folder) == state


def test_the_files_of_earlier_versions_are_cleaned_away(tmp_path):
    former = tmp_path / ("0123456789abcdef" * 2)
    former.write_bytes(b"1.5 2.5 3 0 00000000\n")
    other = tmp_path / "notes.txt"
    other.write_text("ours")
    assert read_state(tmp_path) == HostState()
    assert not former.exists()
    assert other.exists()


def test_an_update_waits_for_another_process_and_lets_the_loop_go_on(tmp_path, states):
    async def update_both() -> None:
        await states.update(HOST, lambda state: replace(state, refusals=1))
        with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(states.update(HOST, lambda state: replace(state, refusals=2)))
            began = time.monotonic()
            await asyncio.sleep(0.05)
            assert time.monotonic() - began < 1, "the loop stood still"
            assert not waiting.done()
            other.execute("ROLLBACK")
        assert (await asyncio.wait_for(waiting, 5)).refusals == 2

    asyncio.run(update_both())


def test_a_file_that_stays_locked_is_an_error_in_the_end(tmp_path, states, monkeypatch):
    monkeypatch.setattr("tasks.http.host_state.MAX_LOCKED_SECONDS", 0.05)
    asyncio.run(states.update(HOST, lambda state: replace(state, refusals=1)))
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OSError, match="database is locked"):
            asyncio.run(states.update(HOST, lambda state: state))


COUNT = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from tasks.http.host_state import HostStates

async def main():
    states = HostStates(Path(sys.argv[1]))
    for number in range(int(sys.argv[2])):
        for host in ("shared.example:443", f"{sys.argv[3]}.example:443"):
            await states.update(host, lambda state: replace(state, refusals=state.refusals + 1))
    states.close()

asyncio.run(main())
"""


def test_many_processes_at_once_lose_no_update(tmp_path):
    words = [[sys.executable, "-c", COUNT, str(tmp_path), "200", f"host-{number}"] for number in range(8)]
    processes = [subprocess.Popen(line, cwd=Path(__file__).parent.parent) for line in words]
    assert [process.wait(60) for process in processes] == [0] * 8
    assert read_state(tmp_path, "shared.example:443").refusals == 8 * 200
    assert [read_state(tmp_path, f"host-{number}.example:443").refusals for number in range(8)] == [200] * 8


TURNS = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from config.settings import Settings
from tasks.http.throttle import HostThrottle

told = []
def clock():
    told.append(datetime.now(UTC))
    return told[-1]

async def main():
    turns = HostThrottle(Settings(), clock, asyncio.sleep, Path(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        async with turns.turn("news.example:443", float(sys.argv[3])):
            print(told[-1].timestamp(), flush=True)

asyncio.run(main())
"""


def process(*arguments: object) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", TURNS, *map(str, arguments)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent)


def test_processes_that_share_a_folder_keep_the_distance_together(tmp_path):
    both = [process(tmp_path, 6, 0.1) for _ in range(2)]
    starts = sorted(float(line) for program in both for line in program.communicate(timeout=60)[0].split())
    assert len(starts) == 12
    assert min(later - earlier for earlier, later in pairwise(starts)) >= 0.1 - 1e-6  # a float's resolution


def test_a_process_killed_at_any_moment_leaves_a_state_that_can_be_read(tmp_path):
    for pause in (0.0, 0.002, 0.01):
        program = process(tmp_path, 10_000_000, 0)
        assert program.stdout is not None
        last = float(program.stdout.readline())
        time.sleep(pause)
        os.kill(program.pid, signal.SIGKILL)
        last = max([last, *(float(line) for line in program.communicate()[0].split("\n")[:-1])])
        assert read_state(tmp_path).started >= last - 1e-6
