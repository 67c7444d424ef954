"""`copydesk alert`: look for stale, failing and drifting sources, for cron in place of `copydesk serve`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from flows.cli.console import show, warn
from flows.cli.options import Config, Data, read_settings
from warehouse.wording import count_of

if TYPE_CHECKING:
    from config.settings import Settings

EXAMPLES: Final = "Examples:  copydesk alert   |   copydesk alert --test"


def alert(
    test: Annotated[bool, typer.Option("--test", help="Only send a test to each hook.")] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Send an alert for each source that is stale, fails or drifts: one when it begins, one when it ends.

    Exit 1 if a hook failed.
    """
    settings = read_settings(data, config)
    problems = send_test(settings) if test else watch(settings)
    for problem in problems:
        warn(problem)
    raise typer.Exit(1 if problems else 0)


def watch(settings: Settings) -> list[str]:
    """Send the alerts that are due and print what is wrong. Returns the problems of hooks that failed."""
    from flows.monitoring.alerts import watch_sources
    from tasks.http.fetcher import utc_now

    report = watch_sources(settings, utc_now())
    for condition in report.conditions:
        show(f"{condition.source_id}: {condition.name}: {condition.problem}; {condition.cure}")
    print(f"{count_of(len(report.conditions), 'condition')}, {count_of(len(report.sent), 'alert')} sent")
    return list(report.problems)


def send_test(settings: Settings) -> list[str]:
    """Send a test to each hook and print which took it. Returns the problems of the others. Raises `ConfigError`."""
    from flows.monitoring.alerts import send_test_alerts

    results = list(send_test_alerts(settings))
    for name, problem in results:
        if problem is None:
            print(f"{name}: took the test")
    return [problem for _, problem in results if problem is not None]
