"""Statements on the desk: those that are run keep nobody else waiting."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from flows.desk import query_process
from flows.desk.query import Limits, limits_of
from flows.desk.query_process import BUSY, MAX_PROCESSES, QueryProcesses
from tests.support.waiting import wait_for
from warehouse.errors import WarehouseError

ENDLESS = "SELECT count(*) FROM range(100000000) AS a, range(100000) AS b WHERE a.range <> b.range"


def test_a_statement_for_which_there_is_no_room_is_refused_at_once(settings, empty_root, monkeypatch):
    monkeypatch.setattr(query_process, "MAX_WAITING", 0)
    processes = QueryProcesses(settings)

    def is_refused() -> bool:
        try:
            return not processes.run("SELECT 1", limits_of())
        except WarehouseError as error:
            return str(error) == BUSY

    with ThreadPoolExecutor(MAX_PROCESSES) as threads:
        endless = [threads.submit(processes.run, ENDLESS, Limits(4.0, 1, 100)) for _ in range(MAX_PROCESSES)]
        wait_for(is_refused, 20, "a refusal")
        for future in endless:
            with pytest.raises(WarehouseError, match="longer than 4 s"):
                future.result()
    assert processes.run("SELECT 1", limits_of()).rows == [(1,)]
