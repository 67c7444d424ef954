"""Find an article in the warehouse: each of its addresses in each source, and the captures that refer to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from warehouse.connect import connect, rows
from warehouse.errors import EmptyWarehouseError
from warehouse.model.records import LISTED, Capture
from warehouse.model.vocabulary import Reason

if TYPE_CHECKING:
    import duckdb

    from warehouse.storage.rewrite import ArticleAddress
    from warehouse.storage.root import Root


@dataclass(frozen=True, slots=True)
class ArticleLocation:
    """One article_id at one address: the facts that its tombstone keeps."""

    source_id: str
    article_id: str | None
    """None for an address that is no article; its `guid` then says what it would be."""
    url: str
    normalized_url: str
    canonical_url: str | None
    canonical_domain: str | None
    capture_id: str
    run_id: str
    first_seen_at: Any
    fetched_at: Any
    is_tombstone: bool
    guid: str


@dataclass(frozen=True, slots=True)
class Traces:
    """All that the tables know of an article."""

    addresses: frozenset[ArticleAddress]
    locations: tuple[ArticleLocation, ...]
    words: tuple[str, ...]
    """Titles, addresses and ids by which a listing may name it."""
    captures: tuple[Capture, ...]
    """Of its addresses, and of others that were refused as its duplicate."""
    listings: tuple[Capture, ...]
    """All that its sources read for what they name."""

    @property
    def sources(self) -> tuple[str, ...]:
        """In the order in which to lock them."""
        return tuple(sorted({source_id for source_id, _ in self.addresses}))


def trace(root: Root, target: str, normalize: Callable[[str], str]) -> Traces:
    """Find an article by an article_id or by any of its addresses. Raises `WarehouseError`.

    All other addresses of the same article_id and all sources with the same address count too; so do the addresses
    that their source refused as duplicates of one of these, and the other way round.
    """
    try:
        with connect(root) as connection:
            connection.execute("CREATE TEMP TABLE traced (source_id VARCHAR, url VARCHAR)")
            addresses = _by_target(connection, target.strip(), normalize)
            known: set[ArticleAddress] = set()
            while addresses - known:
                known |= addresses
                _fill_traced(connection, known)
                addresses = {(source_id, url) for source_id, url in rows(connection, RELATED, [str(Reason.DUPLICATE)])}
            return _traces(connection, known)
    except EmptyWarehouseError:
        return Traces(frozenset(), (), (), (), ())


def _by_target(
    connection: duckdb.DuckDBPyConnection, target: str, normalize: Callable[[str], str]
) -> set[ArticleAddress]:
    spellings = {target, normalize(target)}
    for spelling in tuple(spellings):
        scheme, mark, rest = spelling.partition("://")
        if mark and scheme.lower() in ("http", "https"):
            spellings |= {f"http://{rest}", f"https://{rest}"}
    addresses = {(row[0], row[1]) for row in rows(connection, WITH_SPELLING, [sorted(spellings), str(LISTED)])}
    host = urlsplit(target).hostname if "://" in target else None
    if host:
        # Addresses that were printed or redirected to are not stored in their one spelling.
        for source_id, url, other in rows(connection, CONTAINING_HOST, [host, str(LISTED)]):
            if normalize(other) in spellings:
                addresses.add((source_id, url))
    return addresses


def _fill_traced(connection: duckdb.DuckDBPyConnection, addresses: set[ArticleAddress]) -> None:
    """Put the addresses into the temporary table `traced`, which the queries below join."""
    connection.execute("DELETE FROM traced")
    sources, urls = zip(*sorted(addresses), strict=True)
    connection.execute("INSERT INTO traced SELECT unnest($1), unnest($2)", [list(sources), list(urls)])


def _traces(connection: duckdb.DuckDBPyConnection, addresses: set[ArticleAddress]) -> Traces:
    if not addresses:
        return Traces(frozenset(), (), (), (), ())
    words = {word for row in rows(connection, WORDS) for word in row if word}
    return Traces(
        frozenset(addresses),
        tuple(ArticleLocation(*row) for row in rows(connection, LOCATIONS)),
        tuple(sorted(words)),
        _captures(connection, OWN, [str(Reason.DUPLICATE)]),
        _captures(connection, LISTINGS, [str(LISTED)]),
    )


def _captures(connection: duckdb.DuckDBPyConnection, where: str, parameters: list[str]) -> tuple[Capture, ...]:
    query = f"SELECT {', '.join(Capture.__slots__)} FROM captures WHERE {where}"  # noqa: S608 - ours
    return tuple(Capture(*row) for row in rows(connection, query, parameters))


WITH_SPELLING: Final = """
    SELECT source_id, url FROM landed('articles')
    WHERE article_id IN (SELECT unnest($1)) OR url IN (SELECT unnest($1)) OR normalized_url IN (SELECT unnest($1))
        OR canonical_url IN (SELECT unnest($1))
    UNION
    SELECT source_id, url FROM landed('discoveries')
    WHERE url IN (SELECT unnest($1)) OR normalized_url IN (SELECT unnest($1))
    UNION
    SELECT source_id, url FROM landed('captures')
    WHERE outcome <> $2 AND (url IN (SELECT unnest($1)) OR final_url IN (SELECT unnest($1)))
    UNION
    SELECT source_id, url FROM landed('rejects') WHERE url IN (SELECT unnest($1))
"""

CONTAINING_HOST: Final = """
    SELECT DISTINCT source_id, url, canonical_url FROM landed('articles') WHERE contains(lower(canonical_url), $1)
    UNION
    SELECT DISTINCT source_id, url, final_url FROM landed('captures')
    WHERE outcome <> $2 AND contains(lower(final_url), $1)
"""

# The addresses that belong to those in `traced`. One that was refused as a duplicate and became an article of its own
# later is another article.
RELATED: Final = """
    WITH named AS (
        SELECT DISTINCT source_id, article_id FROM landed('articles') SEMI JOIN traced USING (source_id, url)
    ),
    spelled AS (
        SELECT normalized_url FROM landed('articles') SEMI JOIN traced USING (source_id, url)
        UNION
        SELECT normalized_url FROM landed('discoveries') SEMI JOIN traced USING (source_id, url)
    ),
    refused AS (
        SELECT source_id, url, duplicate_of FROM rejects
        ANTI JOIN (SELECT source_id, url FROM landed('articles') WHERE NOT deleted) USING (source_id, url)
        WHERE reason = $1
    ),
    refused_here AS (FROM refused SEMI JOIN traced USING (source_id, url))
    SELECT source_id, url FROM landed('articles') SEMI JOIN named USING (source_id, article_id)
    UNION
    SELECT source_id, url FROM landed('articles') SEMI JOIN spelled USING (normalized_url)
    UNION
    SELECT source_id, url FROM landed('discoveries') SEMI JOIN spelled USING (normalized_url)
    UNION
    SELECT refused.source_id, refused.url FROM refused JOIN traced
        ON refused.source_id = traced.source_id AND refused.duplicate_of = traced.url
    UNION
    SELECT twin.source_id, twin.url FROM refused_here JOIN landed('discoveries') AS twin
        ON refused_here.source_id = twin.source_id AND refused_here.duplicate_of = twin.url
"""

OWN: Final = """
    (source_id, url) IN (SELECT source_id, url FROM traced)
    OR capture_id IN (SELECT capture_id FROM landed('articles') SEMI JOIN traced USING (source_id, url))
    OR capture_id IN (
        SELECT refusal.capture_id FROM rejects AS refusal JOIN traced
            ON refusal.source_id = traced.source_id AND refusal.duplicate_of = traced.url
        WHERE refusal.reason = $1
    )
"""

LISTINGS: Final = "source_id IN (SELECT source_id FROM traced) AND outcome = $1"

WORDS: Final = """
    SELECT title, url FROM landed('articles') SEMI JOIN traced USING (source_id, url)
    UNION
    SELECT title, guid FROM landed('discoveries') SEMI JOIN traced USING (source_id, url)
    UNION
    SELECT url, final_url FROM landed('captures') SEMI JOIN traced USING (source_id, url)
    UNION
    SELECT url, NULL FROM traced
"""

LOCATIONS: Final = """
    SELECT
        source_id, article_id, url, max(normalized_url), last(canonical_url ORDER BY fetched_at),
        last(canonical_domain ORDER BY fetched_at), last(capture_id ORDER BY fetched_at),
        last(run_id ORDER BY fetched_at), min(first_seen_at), max(fetched_at), bool_or(deleted AND text = ''), ''
    FROM landed('articles') SEMI JOIN traced USING (source_id, url)
    GROUP BY source_id, article_id, url
    UNION ALL
    SELECT
        traced.source_id, NULL, traced.url, coalesce(max(seen.normalized_url), traced.url), NULL, NULL, '', '',
        min(seen.seen_at), max(seen.seen_at), false, coalesce(min_by(seen.guid, seen.seen_at), traced.url)
    FROM traced
    LEFT JOIN landed('discoveries') AS seen USING (source_id, url)
    ANTI JOIN landed('articles') USING (source_id, url)
    GROUP BY traced.source_id, traced.url
"""
