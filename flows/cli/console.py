"""Lines for people on stderr."""

from __future__ import annotations

import sys


def warn(message: object) -> None:
    """Print one line to stderr, after the name of the program."""
    print(f"copydesk: {message}", file=sys.stderr, flush=True)
