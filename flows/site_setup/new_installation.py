"""Make the configuration of a new installation: settings, an example of a source, and the schema for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from config.errors import ConfigError
from config.schema import SCHEMA_FILE, source_schema_text
from config.settings import SETTINGS_FILE, load_settings

EXAMPLE: Final = """\
#:schema ../source.schema.json
# An example, left out of runs as it is paused. Change title and url, and take the line `paused` out; or let
# 'copydesk sources add https://news.example' write a file beside this one.
title = "Example News"
schedule = "every 30 minutes"    # when 'copydesk serve' looks
delay = 5.0                      # seconds between two requests to one host
paused = true

[[input]]
kind = "feed"
url = "https://news.example/rss.xml"
"""


def make_installation(folder: Path, contact: str = "") -> tuple[Path, ...]:
    """Write the files of a new installation into `folder`, and return their paths; nothing is overwritten.

    Raises `ConfigError` if one is there already or cannot be written.
    """
    contents = {
        folder / SETTINGS_FILE: _settings(contact),
        folder / "config" / SCHEMA_FILE.name: source_schema_text(),
        folder / "config" / "sources" / "example.toml": EXAMPLE,
    }
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder}: is a file; name a folder", folder)
    if existing := [path for path in contents if path.exists()]:
        raise ConfigError(f"{existing[0]}: exists already; name a new folder, or delete it", existing[0])
    try:
        for path, text in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise ConfigError.of(error, path, "written") from None
    load_settings(folder)
    return tuple(contents)


def _settings(contact: str) -> str:
    return f"""\
# Settings of this installation. Run copydesk in this folder, or name the folders with --data and --config.
data = "data"        # where articles and the archive go
config = "config"    # each file in its folder sources/ is a source
contact = {json.dumps(contact, ensure_ascii=False)}  # your mail address or page: sites that are read can reach you
"""
