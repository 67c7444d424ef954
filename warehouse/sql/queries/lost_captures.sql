-- The captures of a source with the given ids, and the newest one with content of each given address, with what the first
-- listing that had the address gave; the oldest come first.
WITH seen AS (
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
capture AS (SELECT * FROM captures WHERE source_id = $source_id),
lost AS (
    SELECT capture_id FROM capture WHERE capture_id IN (SELECT unnest($capture_ids::VARCHAR[]))
    UNION
    SELECT arg_max(capture_id, fetched_at) FROM capture
    WHERE url IN (SELECT unnest($urls::VARCHAR[])) AND outcome NOT IN ('listed', 'forgotten', 'failed')
        -- A revisit has no content.
        AND (payload_bytes > 0 OR http_status IS NULL)
    GROUP BY url
)
SELECT capture, seen
FROM capture
SEMI JOIN lost ON lost.capture_id = capture.capture_id
LEFT JOIN seen ON seen.url = capture.url
ORDER BY capture.fetched_at, capture.capture_id
