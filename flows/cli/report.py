"""`copydesk report`: the front page of the desk as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from flows.cli.console import warn
from flows.cli.options import Config, Data, read_settings

EXAMPLES: Final = "Example:  copydesk report today.html"


def report(
    file: Annotated[Path, typer.Argument(metavar="FILE.html", help="The file to write.", dir_okay=False)],
    data: Data = None,
    config: Config = None,
) -> None:
    """Write the desk's front page as one HTML file, to be sent by mail: sources, languages, rejects, drift."""
    from flows.cli.output_file import whole_file
    from flows.desk.report import render_report

    html = render_report(read_settings(data, config))
    with whole_file(file) as partial:
        partial.write_text(html, "utf-8")
    warn(f"wrote {file}")
