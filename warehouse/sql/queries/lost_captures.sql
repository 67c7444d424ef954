-- The captures of a source with the given ids, and the newest one with content of each given address, with what the first
-- listing that had the address gave; the oldest come first.
WITH {source_rows},
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
