"""Every step that takes foreign text takes time that grows no faster than the text, whatever the text is made of."""

from __future__ import annotations

import pytest

from tests.support.growth import SHAPES, STEPS, measure

MAX_SIZE = 32_000
"""Characters; `bench/speed/growth.py` takes eight times as many."""


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_time_grows_no_faster_than_the_input(step: str) -> None:
    growths = [measure(step, shape, MAX_SIZE) for shape in SHAPES]
    assert [growth for growth in growths if not growth.is_linear] == []
