"""Commands that land a batch after ten documents: each has many moments at which it can be killed."""

from __future__ import annotations

import os
import subprocess

from tests.support.commands import start_command


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"COPYDESK_BATCH": "10", "COPYDESK_WORKERS": "1"} | more


def copydesk(arguments: list[str], before: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    return start_command(arguments, env=environment(**more), before=before).wait()
