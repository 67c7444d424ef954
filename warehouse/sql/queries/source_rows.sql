-- Part of other queries: of a source what the first listing that had an address gave, and its captures.
seen AS (
    SELECT
        url,
        arg_min(guid, seen_at) AS guid,
        arg_min(found_in, seen_at) AS found_in,
        min(seen_at) AS first_seen_at,
        arg_min(title, seen_at) AS title,
        arg_min(published_at, seen_at) AS published_at
    FROM discoveries
    WHERE source_id = $source_id
    GROUP BY url
),
capture AS (SELECT * FROM captures WHERE source_id = $source_id)
