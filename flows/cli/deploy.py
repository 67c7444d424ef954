"""`copydesk deploy`: the deployments of a Prefect server whose workers run the sources."""

from __future__ import annotations

import os
from typing import Annotated, Final

import typer

from flows.cli.console import warn
from flows.cli.options import Config, Data, read_settings
from flows.cli.serve import HOME

EXAMPLES: Final = "Example:  PREFECT_API_URL=http://10.0.0.5:4200/api copydesk deploy --work-pool news"


def deploy(
    work_pool: Annotated[str, typer.Option(metavar="NAME", help="The work pool whose workers take the runs.")],
    data: Data = None,
    config: Config = None,
) -> None:
    """Bring the deployments of a Prefect server to what the configuration says; its workers run them."""
    from flows.scheduling.password import PasswordError, set_client_password
    from flows.scheduling.server_checks import ServeError
    from warehouse.storage.root import Root

    settings = read_settings(data, config)
    try:
        # Before Prefect is imported, which reads the environment then.
        set_client_password(os.environ, Root.at(settings.data).local / HOME)
        from flows.scheduling.deploy import deploy as deploy_to

        report = deploy_to(settings, work_pool)
    except (PasswordError, ServeError) as error:
        warn(error)
        raise typer.Exit(1) from None
    for kind in ("created", "updated", "removed", "unchanged"):
        for name in getattr(report.changes, kind):
            print(f"{kind:9}  {name}")
    for problem in (*report.warnings, *report.errors):
        warn(problem)
    raise typer.Exit(2 if report.errors else 0)
