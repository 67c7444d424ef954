-- The version that each address of the shards of a source had before them.
WITH shard AS (SELECT unnest($run_ids::VARCHAR[]) AS run_id)
SELECT url, last(version_id ORDER BY fetched_at, landed_at, capture_id)
FROM landed('articles') ANTI JOIN shard USING (run_id)
WHERE source_id = $source_id AND url IN (SELECT url FROM landed('articles') SEMI JOIN shard USING (run_id))
GROUP BY url
