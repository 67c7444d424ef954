"""Lines for people on stderr."""

from __future__ import annotations

import sys

from config.redact import redact


def warn(message: object) -> None:
    """Print one line to stderr, after the name of the program; passwords in URLs are taken out."""
    print(f"copydesk: {redact(str(message))}", file=sys.stderr, flush=True)
