-- What the shards of a source landed of each address or text that more than one of them met: articles and rejects, in the
-- order of the shards and, in each, of its archive, where a document stands before anything comes of it.
WITH shard AS (SELECT unnest($run_ids::VARCHAR[]) AS run_id, generate_subscripts($run_ids::VARCHAR[], 1) AS number),
landed_row AS (
    SELECT
        true AS is_article, url, version_id, capture_id, run_id, NULL AS stage, NULL AS reason, NULL AS detail,
        NULL AS duplicate_of, NULL::BIGINT AS attempts, first_seen_at, landed_at AS last_seen_at
    FROM landed('articles') SEMI JOIN shard USING (run_id)
    WHERE source_id = $source_id AND NOT deleted
    UNION ALL
    SELECT
        false, url, NULL, capture_id, run_id, stage, reason, detail, duplicate_of, attempts, first_seen_at, last_seen_at
    FROM rejects SEMI JOIN shard USING (run_id)
    WHERE source_id = $source_id AND NOT is_settled
),
in_several_shards AS (
    SELECT url FROM landed_row GROUP BY url HAVING count(DISTINCT run_id) > 1
    UNION
    SELECT url FROM landed_row WHERE version_id IN (
        SELECT version_id FROM landed_row WHERE is_article GROUP BY version_id
        HAVING count(DISTINCT run_id) > 1 AND count(DISTINCT url) > 1
    )
),
-- A duplicate is one by the address of the other.
affected AS (
    FROM in_several_shards
    UNION
    SELECT url FROM landed_row WHERE duplicate_of IN (FROM in_several_shards)
)
SELECT
    is_article, url, version_id, capture_id, landed_row.run_id, payload_digest, stage, reason, detail, duplicate_of,
    attempts, landed_row.first_seen_at, landed_row.last_seen_at
FROM landed_row
SEMI JOIN affected USING (url)
JOIN shard ON shard.run_id = landed_row.run_id
LEFT JOIN (
    SELECT capture_id, payload_digest, warc_filename, warc_offset FROM captures WHERE source_id = $source_id
) AS capture USING (capture_id)
ORDER BY number, warc_filename NULLS LAST, warc_offset, url, attempts
