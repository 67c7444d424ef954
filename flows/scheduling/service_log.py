"""The log: one line an event, on stderr, for the terminal, the journal of systemd or a collector of logs."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from config.redact import redact
from flows.formats.values import on_one_line

if TYPE_CHECKING:
    from config.settings import Settings

LOG: Final = logging.getLogger("copydesk")
FORMAT_VARIABLE: Final = "COPYDESK_LOG_FORMAT"  # the setting `log_format`, which the processes of runs inherit
LEVEL_VARIABLE: Final = "COPYDESK_LOG_LEVEL"
JSON: Final = "json"
FIELDS: Final = ("event", "source", "run", "counts")  # of a JSON line, beside time, level and message


class TextFormatter(logging.Formatter):
    """Writes a record as time in UTC, level and sentence; takes passwords out of URLs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        moment = datetime.fromtimestamp(record.created, UTC)
        message = on_one_line(redact(record.getMessage()))
        return f"{moment:%Y-%m-%dT%H:%M:%SZ} {record.levelname:7} copydesk: {message}"


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object; takes passwords out of URLs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        moment = datetime.fromtimestamp(record.created, UTC)
        entry: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
        }
        facts = {name: value for name in FIELDS if (value := getattr(record, name, None)) is not None}
        return json.dumps(entry | facts | {"message": redact(record.getMessage())}, ensure_ascii=False)


def log_event(
    event: str,
    message: str,
    *,
    level: int = logging.INFO,
    source: str | None = None,
    run: str | None = None,
    counts: Mapping[str, int] | None = None,
) -> None:
    """Log what happened: a sentence for people, and for programs the name of the event with its facts.

    `source` and `run` are ids; `counts` are the documents of a run by what came of them.
    """
    facts = {"event": event, "source": source, "run": run, "counts": counts}
    LOG.log(level, "%s", message, extra=facts)


def log_to_stderr(settings: Settings | None = None) -> None:
    """Write each line of LOG to stderr, as the settings say; without settings as the environment does.

    Called in every process that serves or runs a flow.
    """
    if LOG.handlers and settings is None:
        return
    log_format = settings.log_format if settings else os.environ.get(FORMAT_VARIABLE)
    level = settings.log_level if settings else os.environ.get(LEVEL_VARIABLE, "info")
    if not LOG.handlers:
        LOG.addHandler(logging.StreamHandler())
        # Prefect's own handlers would print each line a second time.
        LOG.propagate = False
    LOG.handlers[0].setFormatter(JsonFormatter() if log_format == JSON else TextFormatter())
    LOG.setLevel(logging.getLevelNamesMapping().get(level.upper(), logging.INFO))


def writes_json() -> bool:
    """Return whether the lines of LOG are JSON."""
    return any(isinstance(handler.formatter, JsonFormatter) for handler in LOG.handlers)
