"""Measure how the time of every step that takes foreign text grows, and write its section of bench/RESULTS.md.

    python -m bench.speed.growth [STEP…]

Printed of each step are its steepest and its slowest shape of input: the exponent of the size by which CPU time grows
(0 where it never takes long enough to be measured), and CPU seconds a million characters.
"""

from __future__ import annotations

import sys

from bench.results import write_section


def main() -> int:
    from tests.support.growth import MAX_EXPONENT, SHAPES, STEPS, measure

    chosen = sys.argv[1:] or list(STEPS)
    rows = [f"{'step':26} {'exponent':>8}  {'s a MB':>7}  steepest; slowest"]
    print(rows[0])
    is_linear = True
    for step in chosen:
        growths = [measure(step, shape) for shape in SHAPES]
        steepest = max(growths, key=lambda growth: growth.exponent)
        slowest = max(growths, key=lambda growth: growth.seconds_per_mb)
        is_linear &= steepest.exponent <= MAX_EXPONENT
        shapes = f"{steepest.shape if steepest.exponent else '-'}; {slowest.shape}"
        rows.append(f"{step:26} {steepest.exponent:8.2f}  {slowest.seconds_per_mb:7.2f}  {shapes}")
        print(rows[-1], flush=True)
    if len(chosen) == len(STEPS):
        write_section("Growth: each step that takes foreign text", "\n".join(rows))
    return 0 if is_linear else 1


if __name__ == "__main__":
    sys.exit(main())
