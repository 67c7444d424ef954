-- One row a source: its last run, its articles, how complete they are, what is refused and what waits.
CREATE VIEW source_health AS
WITH run AS (
    SELECT
        source_id,
        max(started_at) AS last_run_at,
        max(started_at) FILTER (WHERE status = 'succeeded') AS last_success_at,
        arg_max(status, started_at) AS last_status,
        arg_max_null(error, started_at) AS last_error
    FROM runs
    GROUP BY source_id
),
article AS (
    SELECT
        source_id,
        count(*) AS articles,
        -- Seconds, and not an INTERVAL: its arithmetic with time zones is an extension's.
        count(*) FILTER (WHERE epoch(now()) - epoch(first_seen_at) <= 86400) AS articles_24h,
        count(*) FILTER (WHERE epoch(now()) - epoch(first_seen_at) <= 7 * 86400) AS articles_7d,
        avg((published_at IS NOT NULL)::INT) AS share_with_date,
        avg((len(authors) > 0)::INT) AS share_with_author,
        avg((title IS NOT NULL)::INT) AS share_with_title
    FROM articles
    GROUP BY source_id
),
refused AS (SELECT source_id, count(*) AS rejects_open FROM rejects_open GROUP BY source_id),
waiting AS (SELECT source_id, count(*) AS pending FROM pending GROUP BY source_id)
SELECT
    source_id,
    run.last_run_at,
    run.last_status,
    run.last_error,
    run.last_success_at,
    coalesce(article.articles, 0) AS articles,
    coalesce(article.articles_24h, 0) AS articles_24h,
    coalesce(article.articles_7d, 0) AS articles_7d,
    article.share_with_date,
    article.share_with_author,
    article.share_with_title,
    coalesce(refused.rejects_open, 0) AS rejects_open,
    coalesce(waiting.pending, 0) AS pending
FROM run
FULL JOIN article USING (source_id)
FULL JOIN refused USING (source_id)
FULL JOIN waiting USING (source_id);
