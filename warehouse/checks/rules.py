"""The rules that hold between the rows of a warehouse, as queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from warehouse.checks.findings import REPAIR, Finding
from warehouse.connect import rows
from warehouse.model.records import RECOVERED
from warehouse.model.vocabulary import Outcome
from warehouse.wording import count_of

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


# A refused address that became an article is an article. By hashes of addresses, which take a sixth of the time.
COUNTS: Final = """
    SELECT
        source_id,
        count(*),
        count(*) FILTER (state & 2 > 0),
        count(*) FILTER (state = 1 + 4),
        count(*) FILTER (state = 1)
    FROM (
        SELECT source_id, bit_or(bit) AS state
        FROM (
            SELECT source_id, url, 1 AS bit FROM landed('discoveries')
            UNION ALL SELECT source_id, url, 2 FROM landed('articles')
            UNION ALL SELECT source_id, url, 4 FROM landed('rejects')
        )
        GROUP BY source_id, hash(url)
    )
    WHERE state & 1 > 0 GROUP BY source_id ORDER BY source_id
"""

MADE_AGAIN: Final = "the next 'copydesk run' of the source makes them again from the archive"

Key = Literal["address", "archive_file", "article", "capture", "run"]
KEY_COLUMNS: Final[dict[Key, str]] = {
    "address": "source_id, url",
    "archive_file": "warc_filename",
    "article": "article_id",
    "capture": "capture_id",
    "run": "run_id",
}
"""What the rows of a rule are joined by."""


def join_changed(key: Key) -> str:
    """Return the clause that leaves rows of keys in the table `changed_<key>`, which `note_changes` makes."""
    return f" SEMI JOIN changed_{key} USING ({KEY_COLUMNS[key]})"


_RELATIONS: Final = {
    "discoveries": "(SELECT source_id, url FROM landed('discoveries'){changed})",
    # Every row of every file, which the view `articles` does not look at.
    "articles": """(
        SELECT source_id, url, article_id, capture_id, deleted, fetched_at, landed_at FROM landed('articles'){changed}
    )""",
    "rejects": "(SELECT source_id, url, capture_id FROM landed('rejects'){changed})",
    "captures": """(
        SELECT source_id, url, capture_id, outcome FROM landed('captures'){changed}
        QUALIFY row_number() OVER (PARTITION BY capture_id ORDER BY outcome = 'recovered') = 1
    )""",
    "shown": "(SELECT source_id, article_id, capture_id FROM articles{changed})",
    "runs": "(FROM runs{changed})",
}
_NEWEST: Final = """
    FROM {articles}
    QUALIFY row_number() OVER (
        PARTITION BY article_id ORDER BY deleted DESC, fetched_at DESC, landed_at DESC NULLS LAST, capture_id DESC
    ) = 1"""


@dataclass(frozen=True, slots=True)
class Rule:
    """What no row of a warehouse may show, and how it is put right."""

    noun: str
    """The kind of row that breaks it, in the singular."""
    problem: str
    key: Key
    """Whether an address, article, capture or run breaks it depends on the rows that have this in common."""
    where: str
    """Query for the source of what breaks it, and the address or id as an example."""
    cure: str

    def query(self, *, changed_only: bool = False) -> str:
        """Return the query over all rows, or over those of keys in the table `changed_<key>`."""
        changed = join_changed(self.key) if changed_only else ""
        return self.where.format_map({name: text.format(changed=changed) for name, text in _RELATIONS.items()})


SHOWN_RULES: Final = (
    Rule(
        "article",
        "whose newest row is not shown",
        "article",
        f"""WITH newest AS ({_NEWEST})
        SELECT source_id, article_id AS example FROM newest
        ANTI JOIN {{shown}} USING (article_id, capture_id) WHERE NOT deleted""",  # noqa: S608  text of ours
        REPAIR,
    ),
    Rule(
        "article",
        "shown twice, or with an older row",
        "article",
        f"""WITH newest AS ({_NEWEST}), shown AS MATERIALIZED (FROM {{shown}})
        SELECT source_id, article_id AS example FROM shown
        ANTI JOIN (FROM newest WHERE NOT deleted) USING (article_id, capture_id)
        UNION ALL SELECT source_id, article_id FROM shown GROUP BY source_id, article_id, capture_id HAVING count(*) > 1
        """,  # noqa: S608  text of ours
        REPAIR,
    ),
)
RULES: Final = (
    Rule(
        "run",
        "whose counts do not add up",
        "run",
        """SELECT source_id, run_id AS example FROM {runs}
        WHERE discovered <> stored + unchanged + duplicate + rejected + failed + pending""",
        "report it as a fault of Copydesk; the rows that landed are not touched by it",
    ),
    Rule(
        "article",
        "whose address was never discovered",
        "address",
        "SELECT source_id, url AS example FROM {articles} ANTI JOIN {discoveries} USING (source_id, url)",
        MADE_AGAIN,
    ),
    Rule(
        "refusal",
        "whose address was never discovered",
        "address",
        """SELECT source_id, url AS example FROM {rejects}
        ANTI JOIN {articles} USING (source_id, url) ANTI JOIN {discoveries} USING (source_id, url)""",
        MADE_AGAIN,
    ),
    Rule(
        "article",
        "without a capture",
        "capture",
        """SELECT source_id, article_id AS example FROM {articles} ANTI JOIN {captures} USING (capture_id)
        WHERE NOT deleted""",
        REPAIR,
    ),
    Rule(
        "concluded capture",
        "whose article or refusal is missing",
        "capture",
        f"""SELECT source_id, url AS example FROM {{captures}}
        ANTI JOIN {{articles}} USING (capture_id) ANTI JOIN {{rejects}} USING (capture_id)
        WHERE outcome IN ('{Outcome.STORED}', '{Outcome.REJECTED}', '{RECOVERED}')""",  # noqa: S608  values of ours
        MADE_AGAIN,
    ),
    Rule(
        "page",
        "read before, and neither an article nor a reject",
        "address",
        f"""SELECT source_id, url AS example FROM {{discoveries}}
        ANTI JOIN {{articles}} USING (source_id, url) ANTI JOIN {{rejects}} USING (source_id, url)
        SEMI JOIN (
            FROM {{captures}} WHERE outcome IN ('{Outcome.UNCHANGED}', '{Outcome.DUPLICATE}')
        ) USING (source_id, url)""",  # noqa: S608  values of ours
        MADE_AGAIN,
    ),
    *SHOWN_RULES,
)


def check_counts(counts: Iterable[SourceCount]) -> Iterator[Finding]:
    """Yield a finding for each source whose addresses are not in exactly one place each."""
    for count in counts:
        landed = count.articles + count.rejects + count.pending
        if count.discovered != landed:
            yield Finding(
                f"{count_of(count.discovered, 'URL')} discovered, {landed:,} accounted for"
                f" ({count_of(count.articles, 'article')}, {count_of(count.rejects, 'reject')},"
                f" {count.pending:,} pending)",
                "report it as a fault of Copydesk",
                source_id=count.source_id,
            )


def check_rules(warehouse: DuckDBPyConnection, *, changed_only: bool) -> Iterator[Finding]:
    """Yield a finding for each rule and source that breaks it, in all rows or in those that `note_changes` noted."""
    for rule in RULES:
        where = rule.query(changed_only=changed_only)
        query = f"SELECT source_id, count(DISTINCT example), min(example) FROM ({where}) GROUP BY ALL ORDER BY ALL"  # noqa: S608 - ours
        for source_id, count, example in rows(warehouse, query):
            yield Finding(
                f"{count_of(count, rule.noun)} {rule.problem}", rule.cure, source_id=source_id, example=example
            )
