"""`copydesk desk`: a page to look at."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from flows.cli.options import Config, Data, LogFormat, read_settings
from flows.cli.serve import HOME, ending_in_order

EXAMPLES: Final = "Examples:  copydesk desk   |   copydesk desk --port 8080 --data s3://news/data"


def desk(
    host: Annotated[
        str, typer.Option(help="The address it listens on; any but this machine's own needs desk_password.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port it listens on.")] = 4202,
    log_format: LogFormat = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Show the warehouse as a web page, read-only, until Ctrl-C: sources, articles, rejects, SQL."""
    from flows.scheduling.desk_server import serve_desk
    from flows.scheduling.service_log import log_to_stderr
    from warehouse.storage.root import Root

    settings = read_settings(data, config, log_format)
    log_to_stderr(settings)
    with ending_in_order():
        serve_desk(settings, Root.at(settings.data).local / HOME, host, port)
