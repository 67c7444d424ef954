-- One row for each source: how its runs went, and what those that ended since `$since` have counted.
SELECT
    source_id,
    max(finished_at) FILTER (WHERE is_whole AND status = 'succeeded') AS succeeded_at,
    -- What a backfill brought in says nothing of what a source still publishes.
    max(finished_at) FILTER (WHERE is_whole AND stored > 0) AS stored_at,
    arg_max(status, started_at) FILTER (WHERE is_whole) = 'succeeded' AS last_succeeded,
    arg_max(epoch(finished_at) - epoch(started_at), started_at) FILTER (WHERE is_whole) AS last_seconds,
    coalesce(arg_max(pending, started_at) FILTER (WHERE is_whole), 0) AS pending,
    count(*) FILTER (WHERE is_new AND status = 'succeeded') AS runs_succeeded,
    count(*) FILTER (WHERE is_new AND status = 'failed') AS runs_failed,
    count(*) FILTER (WHERE is_new AND status = 'interrupted') AS runs_interrupted,
    coalesce(sum(epoch(finished_at) - epoch(started_at)) FILTER (WHERE is_new), 0)::DOUBLE AS seconds,
    coalesce(sum(stored) FILTER (WHERE is_new), 0)::BIGINT AS stored,
    coalesce(sum(unchanged) FILTER (WHERE is_new), 0)::BIGINT AS unchanged,
    coalesce(sum(duplicate) FILTER (WHERE is_new), 0)::BIGINT AS duplicate,
    coalesce(sum(rejected) FILTER (WHERE is_new), 0)::BIGINT AS rejected,
    coalesce(sum(failed) FILTER (WHERE is_new), 0)::BIGINT AS failed,
    count(*) FILTER (WHERE is_new AND skipped IS NOT NULL) AS runs_with_skips
FROM (
    SELECT
        *,
        -- A run of a part of a source, which has no digest, does not look at the source's inputs.
        config_digest <> '' AS is_whole,
        -- A run that was killed has no end.
        coalesce(finished_at, started_at) >= $since AS is_new
    FROM landed('runs')
    -- Release 0.1 landed a row when a run began, too.
    WHERE status <> 'running'
)
GROUP BY source_id
ORDER BY source_id
