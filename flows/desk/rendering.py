"""Pages from templates: everything that stands in a variable is escaped, and only web addresses become links."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from babel import Locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from flows.desk.charts import bars, sparkline
from flows.formats.values import cell_text, json_value
from flows.monitoring.health import age_text

FOLDER: Final = Path(__file__).resolve().parent
HIT_MARKS: Final = ("\x02", "\x03")
"""Around a hit in a snippet; no text has these signs after it was cleaned, and escaping leaves them alone."""
SECONDS_A_DAY: Final = 86_400
_ENGLISH: Final = Locale("en")
_TIME_FORMATS: Final = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d"}


def environment() -> Environment:
    """Return the environment of the templates."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "age": age,
        "cell": cell_text,
        "epoch": epoch,
        "hits": marked_hits,
        "json": json_text,
        "language_name": language_name,
        "moment": moment,
        "number": number,
        "percent": percent,
        "web_link": web_link,
    }
    made.globals |= {"bars": bars, "sparkline": sparkline, "link": link}
    return made


def web_link(url: str | None) -> str | None:
    """Return an address that a reader may follow; None for any that is not `http` or `https`, such as `javascript:`."""
    if not url or not url.isprintable() or any(character.isspace() for character in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.hostname else None


def link(path: str, **values: object) -> str:
    """Return a path with those of the values that are not empty as its query."""
    query = urlencode({name: value for name, value in values.items() if value not in (None, "", 1)})
    return f"{path}?{query}" if query else path


def number(value: float | None, digits: int = 0) -> str:
    """Return a number with thin spaces between its thousands; a dash for none."""
    return "–" if value is None else f"{value:,.{digits}f}".replace(",", "\u202f")


def percent(value: float | None) -> str:
    """Return a share in percent; a dash for none."""
    return "–" if value is None else f"{value:.0%}"


def age(time: datetime | None, now: datetime) -> str:
    """Return how long ago a time was, or `never`."""
    return age_text(time, now) or "never"


def moment(time: datetime | date | None, precision: str = "minute") -> Markup:
    """Return a time in UTC, as exact as it is known, as an HTML element; a dash for none."""
    if time is None:
        return Markup("–")
    is_exact = isinstance(time, datetime) and precision in ("minute", "second")
    text = time.strftime(_TIME_FORMATS.get(precision, "%Y-%m-%d %H:%M") if isinstance(time, datetime) else "%Y-%m-%d")
    exact = time.strftime("%Y-%m-%dT%H:%M:%SZ" if is_exact else "%Y-%m-%d")
    return Markup('<time datetime="{}">{}</time>').format(exact, text)


def marked_hits(snippet: str) -> Markup:
    """Return a snippet with its hits marked."""
    text = str(escape(snippet))
    for sign, tag in zip(HIT_MARKS, ("<mark>", "</mark>"), strict=True):
        text = text.replace(sign, tag)
    return Markup(text)  # noqa: S704  escaped above


def json_text(value: Any) -> str:
    """Return a value as JSON, to stand in an attribute."""
    return json.dumps(json_value(value), ensure_ascii=False)


def language_name(tag: str | None) -> str:
    """Return the English name of a language, such as `Arabic` for `ar`; the tag itself where none is known."""
    return _ENGLISH.languages.get((tag or "und").replace("-", "_"), tag) or "unknown"


def epoch(day: date) -> int:
    """Return the seconds since 1970 at which a day begins in UTC."""
    return (day - date(1970, 1, 1)).days * SECONDS_A_DAY
