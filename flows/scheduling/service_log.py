"""The log of serving: one line an event, on stderr, for the terminal or the journal of systemd."""

from __future__ import annotations

import logging
from typing import Final

from config.redact import redact

LOG: Final = logging.getLogger("copydesk")


class _RedactingFormatter(logging.Formatter):
    """Takes passwords out of the URLs in a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return redact(super().format(record))


def log_to_stderr() -> None:
    """Write each line of LOG to stderr as `copydesk: …`. Called in every process that serves or runs a flow."""
    if not LOG.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(_RedactingFormatter("copydesk: %(message)s"))
        LOG.addHandler(handler)
        LOG.setLevel(logging.INFO)
        # Prefect's own handlers would print each line a second time.
        LOG.propagate = False
