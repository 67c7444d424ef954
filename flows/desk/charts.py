"""Small charts as SVG, drawn by the server: they need no script, and a mail shows them too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

SPARK_WIDTH: Final = 112
SPARK_HEIGHT: Final = 28
_GAP: Final = 1


def sparkline(values: Sequence[int], label: str) -> Markup:
    """Draw counts of days in a row as narrow bars, the last one in the accent colour; `label` says what they are."""
    step = SPARK_WIDTH / max(1, len(values))
    highest = max([*values, 1])
    pieces = []
    for position, value in enumerate(values):
        height = max(1.0, (SPARK_HEIGHT - 2) * value / highest) if value else 1.0
        name = "spark-last" if position == len(values) - 1 else "spark-bar" if value else "spark-none"
        pieces.append(
            Markup('<rect class="{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"/>').format(
                name, position * step, SPARK_HEIGHT - height, max(1.0, step - _GAP), height
            )
        )
    return Markup('<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        SPARK_WIDTH, SPARK_HEIGHT, label, Markup("").join(pieces)
    )


def bars(shares: Sequence[tuple[str, float]], label: str) -> Markup:
    """Draw shares of a whole beside each other in one bar; each is a class of its colour and a number.

    Without a label it repeats what stands beside it, and is passed over by screen readers.
    """
    total = sum(value for _, value in shares) or 1
    position, pieces = 0.0, []
    for name, value in shares:
        width = 100 * value / total
        pieces.append(
            Markup('<rect class="{}" x="{:.3f}" y="0" width="{:.3f}" height="6"/>').format(name, position, width)
        )
        position += width
    role = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" {}>{}</svg>').format(
        role, Markup("").join(pieces)
    )
