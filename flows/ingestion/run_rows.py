"""Makes the id, the rules and the first row of a run."""

from __future__ import annotations

import hashlib
from datetime import datetime
from importlib.metadata import version
from uuid import uuid4

from config.settings import Settings
from config.sources import Source
from warehouse.model.rows import NO_RULES, Run, RunRules
from warehouse.model.vocabulary import RunKind


def new_run_id(now: datetime) -> str:
    """Return the second a run began and 8 random hex digits."""
    return f"{now:%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"


def rules_of(source: Source, settings: Settings) -> RunRules:
    """Return the code's version, and a digest of the configuration that may decide the outcome of a document."""
    limits = f"{source.digest} {settings.max_document_bytes} {settings.document_seconds}"
    return RunRules(version("copydesk"), hashlib.sha256(limits.encode()).hexdigest()[:16])


def first_run_row(
    source: Source,
    run_id: str,
    now: datetime,
    rules: RunRules = NO_RULES,
    kind: RunKind = RunKind.INGEST,
    shard_key: str | None = None,
    flow_run_id: str | None = None,
) -> Run:
    """Return the row of a run that has just begun."""
    return Run(
        run_id,
        source.id,
        now,
        code_version=rules.code_version,
        config_digest=rules.config_digest,
        kind=kind,
        shard_key=shard_key,
        source_tags=source.tags,
        flow_run_id=flow_run_id,
    )
