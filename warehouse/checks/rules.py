"""The rules that hold between the rows of a warehouse, as queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from warehouse.checks.findings import REPAIR, Finding
from warehouse.connect import rows
from warehouse.model.records import RECOVERED
from warehouse.model.vocabulary import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class SourceCount:
    """A source's discovered addresses, counted in each of the three places on its own."""

    source_id: str
    discovered: int
    articles: int
    rejects: int
    pending: int


COUNTS: Final = """
    WITH found AS (SELECT DISTINCT source_id, url FROM discoveries),
    article AS (SELECT DISTINCT source_id, url FROM article_versions SEMI JOIN found USING (source_id, url)),
    reject AS (SELECT source_id, url FROM rejects_open SEMI JOIN found USING (source_id, url))
    SELECT
        source_id,
        count(*),
        (SELECT count(*) FROM article WHERE article.source_id = found.source_id),
        (SELECT count(*) FROM reject WHERE reject.source_id = found.source_id),
        (SELECT count(*) FROM pending WHERE pending.source_id = found.source_id)
    FROM found GROUP BY source_id ORDER BY source_id
"""

MADE_AGAIN: Final = "the next 'copydesk run' of the source makes them again from the archive"

# Every row of every file is looked at here, which the view `articles` does not do.
_NEWEST: Final = """
    newest AS MATERIALIZED (
        FROM (SELECT source_id, article_id, capture_id, deleted, fetched_at, landed_at FROM landed('articles'))
        QUALIFY row_number() OVER (
            PARTITION BY article_id ORDER BY deleted DESC, fetched_at DESC, landed_at DESC NULLS LAST, capture_id DESC
        ) = 1
    )"""
HIDDEN_ARTICLES: Final = f"""
    WITH {_NEWEST}
    SELECT source_id, article_id AS place FROM newest
    ANTI JOIN (SELECT article_id, capture_id FROM articles) USING (article_id, capture_id) WHERE NOT deleted
"""  # noqa: S608  text of ours
OUTDATED_ARTICLES: Final = f"""
    WITH {_NEWEST}, shown AS MATERIALIZED (SELECT source_id, article_id, capture_id FROM articles)
    SELECT source_id, article_id AS place FROM shown
    ANTI JOIN (FROM newest WHERE NOT deleted) USING (article_id, capture_id)
    UNION ALL SELECT source_id, article_id FROM shown GROUP BY source_id, article_id, capture_id HAVING count(*) > 1
"""  # noqa: S608  text of ours

RULES: Final = (
    (
        "runs whose counts do not add up",
        """SELECT source_id, run_id AS place FROM runs
        WHERE discovered <> stored + unchanged + duplicate + rejected + failed + pending""",
        "report it as a fault of Copydesk; the rows that landed are not touched by it",
    ),
    (
        "articles at addresses that were never discovered",
        "SELECT source_id, url AS place FROM article_versions ANTI JOIN discoveries USING (source_id, url)",
        MADE_AGAIN,
    ),
    (
        "refusals of addresses that were never discovered",
        "SELECT source_id, url AS place FROM rejects_open ANTI JOIN discoveries USING (source_id, url)",
        MADE_AGAIN,
    ),
    (
        "articles without their captures",
        """SELECT source_id, article_id AS place FROM article_versions ANTI JOIN captures USING (capture_id)
        WHERE NOT deleted""",
        REPAIR,
    ),
    (
        "concluded captures whose article or refusal is missing",
        f"""SELECT source_id, url AS place FROM captures
        ANTI JOIN landed('articles') USING (capture_id) ANTI JOIN landed('rejects') USING (capture_id)
        WHERE outcome IN ('{Outcome.STORED}', '{Outcome.REJECTED}', '{RECOVERED}')""",  # noqa: S608  values of ours
        MADE_AGAIN,
    ),
    (
        "addresses that were read and are neither an article nor a reject",
        f"""SELECT DISTINCT source_id, url AS place FROM pending SEMI JOIN (
            FROM captures WHERE outcome IN ('{Outcome.UNCHANGED}', '{Outcome.DUPLICATE}')
        ) USING (source_id, url)""",  # noqa: S608  values of ours
        MADE_AGAIN,
    ),
    ("articles whose newest row is not shown", HIDDEN_ARTICLES, REPAIR),
    ("articles that are shown twice, or with an older row", OUTDATED_ARTICLES, REPAIR),
)
"""Problem, query for source and place, cure."""


def check_counts(counts: Iterable[SourceCount]) -> Iterator[Finding]:
    """Yield a finding for each source whose addresses are not in exactly one place each."""
    for count in counts:
        landed = count.articles + count.rejects + count.pending
        if count.discovered != landed:
            yield Finding(
                f"{count.discovered} discovered addresses are in {landed} places "
                f"({count.articles} articles, {count.rejects} rejects, {count.pending} pending)",
                "report it as a fault of Copydesk",
                source_id=count.source_id,
            )


def check_rules(warehouse: DuckDBPyConnection) -> Iterator[Finding]:
    """Yield a finding for each rule and source that breaks it."""
    for problem, where, cure in RULES:
        query = f"SELECT source_id, count(*), min(place) FROM ({where}) GROUP BY ALL ORDER BY ALL"  # noqa: S608 - ours
        for source_id, count, example in rows(warehouse, query):
            yield Finding(f"{count} {problem}", cure, source_id=source_id, example=example)
