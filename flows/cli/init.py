"""`copydesk init`: the configuration of a new installation."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

EXAMPLES: Final = "Examples:  copydesk init news   |   copydesk init /srv/news --contact desk@paper.example"


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make; an existing one is filled.")],
    contact: Annotated[
        str | None,
        typer.Option(metavar="MAIL|URL", help="Named to the sites that you read. [default: asked for on a terminal]"),
    ] = None,
) -> None:
    """Make a folder with settings, an example of a source and its schema; nothing is overwritten."""
    from flows.site_setup.new_installation import make_installation

    if contact is None:
        question = "Your mail address or page, by which a site that you read can reach you"
        contact = typer.prompt(question, default="", show_default=False, err=True) if sys.stdin.isatty() else ""
    for path in make_installation(folder, contact.strip()):
        print(f"{path}: written")
    print(f"next: cd {shlex.quote(str(folder))}, then copydesk sources add https://news.example, then copydesk run")
