"""Every step that takes foreign text takes time that grows no faster than the text, whatever the text is made of."""

from __future__ import annotations

import pytest

from tests.support.growth import SHAPES, STEPS, measure

MAX_SIZE = 16_000
"""Characters; `bench/speed/growth.py` takes sixteen times as many."""


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_time_grows_no_faster_than_the_input(step: str) -> None:
    # A third of the shapes, another third for the next step; the benchmark takes all of them.
    shapes = list(SHAPES)[list(STEPS).index(step) % 3 :: 3]
    growths = [measure(step, shape, MAX_SIZE) for shape in shapes]
    assert [growth for growth in growths if not growth.is_linear] == []
