"""`copydesk serve`: runs on schedule, with Prefect."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer

from flows.cli.console import warn
from flows.cli.options import Config, Data, LogFormat, read_settings

EXAMPLES: Final = "Examples:  copydesk serve   |   PREFECT_API_URL=http://10.0.0.5:4200/api copydesk serve"
MIN_DEFAULT_LIMIT: Final = 4
HOME: Final = ".prefect"  # the folder of our own Prefect server, in the data root


@contextmanager
def ending_in_order() -> Iterator[None]:
    """End a command that serves: Ctrl-C is how it is meant to end; a `ServeError` is one sentence."""
    from flows.scheduling.server_checks import ServeError

    try:
        yield
    except ServeError as error:
        warn(error)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def serve(
    host: Annotated[str, typer.Option(help="Where the server and its UI listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port they listen on.")] = 4200,
    health_port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65_535, help="Port of /health, /ready and /metrics on 127.0.0.1. [default: after --port]"
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Runs under way together. [default: 2 a processor, at least 4]")
    ] = None,
    log_format: LogFormat = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Run every source on its schedule until Ctrl-C, with Prefect's server and UI, or those of PREFECT_API_URL."""
    from flows.scheduling.local_server import prefect_server, serving
    from flows.scheduling.server_checks import check_not_serving, check_port
    from flows.scheduling.service_log import log_to_stderr
    from warehouse.storage.root import Root

    settings = read_settings(data, config, log_format)
    log_to_stderr(settings)
    health = health_port or port + 1
    # Until an event loop takes SIGTERM, it ends the server that is being started, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ending_in_order():
        check_not_serving(health)
        check_port("127.0.0.1", health, "--health-port")
        home = Root.at(settings.data).local / HOME
        with serving(home), prefect_server(home, host, port, settings) as server:
            from flows.scheduling.serve import serve as serve_until_stopped

            serve_until_stopped(settings, server, health, limit or max(MIN_DEFAULT_LIMIT, 2 * (os.cpu_count() or 1)))
