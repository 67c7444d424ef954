"""The recurring lines of a source, as steps in worker processes take them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tasks.boilerplate.recurring_lines import RecurringLines
from warehouse.state.recurring_lines import known_habits

if TYPE_CHECKING:
    from collections.abc import Callable

    from flows.ingestion.process_pool import Made, Step


def load_habits(root: str, source_id: str) -> RecurringLines:
    """Return the recurring lines of a source. Raises `StorageError`."""
    return RecurringLines.of({habit.line: habit.place for habit in known_habits(root, source_id)})


def with_habits(step: Callable[..., Made], habits: RecurringLines) -> Step:
    """Return a step with the recurring lines of a source, to be called in worker processes."""
    return partial(step, habits=habits) if habits.packed else step
