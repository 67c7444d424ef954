-- The discoveries of the shards of a source of which an earlier shard has the address too.
WITH shard AS (SELECT unnest($run_ids::VARCHAR[]) AS run_id, generate_subscripts($run_ids::VARCHAR[], 1) AS number)
SELECT run_id, url FROM discoveries JOIN shard USING (run_id)
WHERE source_id = $source_id
QUALIFY min(number) OVER (PARTITION BY url) < number
