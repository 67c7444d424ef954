-- One row for each run of a source that has ended and had something to do. `copydesk status` also shows one that is on.

-- Release 0.1 landed a row when a run began, too; and one that was taken for killed may have come to its own end.
-- Files of release 0.1 lack the last five columns: there the beginning of the run_id says what `kind` and `shard_key` do.
CREATE VIEW runs AS
SELECT
    * EXCLUDE (kind, shard_key, source_tags),
    coalesce(
        kind, CASE WHEN starts_with(run_id, 'shard-') THEN 'shard' WHEN config_digest = '' THEN 'addresses' ELSE 'ingest' END
    ) AS kind,
    CASE WHEN kind IS NULL AND starts_with(run_id, 'shard-') THEN run_id[7:] ELSE shard_key END AS shard_key,
    coalesce(source_tags, []) AS source_tags
FROM (
    FROM landed('runs')
    UNION ALL BY NAME
    SELECT
        NULL::VARCHAR AS kind, NULL::VARCHAR AS shard_key, NULL::VARCHAR AS skipped, NULL::VARCHAR[] AS source_tags,
        NULL::VARCHAR AS flow_run_id
    WHERE false
)
QUALIFY row_number() OVER (
    PARTITION BY run_id ORDER BY status = 'running', status = 'interrupted', finished_at DESC NULLS LAST
) = 1;
