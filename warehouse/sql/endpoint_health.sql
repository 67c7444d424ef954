-- One row for each endpoint of a source: a feed, sitemap, page, folder or file. What its newest poll brought, and what is wrong.
CREATE VIEW endpoint_health AS
SELECT
    source_id,
    endpoint,
    max(polled_at) AS polled_at,
    arg_max_null(http_status, polled_at) AS http_status,
    arg_max_null(next_poll_at, polled_at) AS next_poll_at,
    arg_max_null(error, polled_at) AS error,
    arg_max(failures, polled_at) AS failures,
    arg_max_null(is_postponed, polled_at) AS is_postponed,
    arg_max_null(skipped, polled_at) FILTER (WHERE http_status IS DISTINCT FROM 304) AS skipped,
    -- The newest that was said: a look that met no change says nothing of it.
    arg_max(moved_to, polled_at) AS moved_to,
    max(polled_at) FILTER (WHERE gap_suspected) AS gap_at,
    arg_max(run_id, polled_at) FILTER (WHERE gap_suspected) AS gap_run_id
FROM polls
-- What lies ahead was written by a clock that was wrong: until that day it would hide every look.
WHERE epoch(polled_at) <= epoch(now()) + 60
GROUP BY source_id, endpoint;
