-- One row a source: its runs, its articles, how complete they are, what is refused and what waits.
-- `share_with_…` (but for text) and `median_words` are of its latest week, the 7 days up to its newest article; `…_before` of the
-- week before that. Seconds, and no INTERVAL: its arithmetic with time zones is an extension's.
CREATE VIEW source_health AS
WITH run AS (
    SELECT
        source_id,
        min(started_at) AS first_run_at,
        max(started_at) AS last_run_at,
        max(started_at) FILTER (WHERE status = 'succeeded') AS last_success_at,
        arg_max(status, moment) AS last_status,
        arg_max_null(error, moment) AS last_error,
        arg_max(pending, moment, 4) FILTER (WHERE finished_at IS NOT NULL) AS pending_of_runs
    FROM (
        -- Of two rows of one run the one that says how it ended; as `runs` has it, without its sorting.
        SELECT *, epoch_us(started_at) * 4 + 2 * (status <> 'running')::INT + (status <> 'interrupted')::INT AS moment
        FROM landed('runs')
        -- A run of named addresses, which has no digest, does not look at the source's inputs.
        -- One that lies ahead was written by a clock that was wrong: until that day it would hide every other.
        WHERE config_digest <> '' AND epoch(started_at) <= epoch(now()) + 60
    )
    GROUP BY source_id
),
hourly AS MATERIALIZED (
    SELECT
        source_id,
        epoch(first_seen_at)::BIGINT // 3600 AS hour,
        -- What a backfill brought in says nothing of what a source still publishes.
        run_id IN (SELECT run_id FROM runs WHERE kind = 'shard') AS in_shard,
        max(first_seen_at) AS newest_at,
        min(first_seen_at) AS oldest_at
    FROM landed('articles')
    WHERE NOT deleted AND epoch(first_seen_at) <= epoch(now()) + 60
    GROUP BY ALL
),
newest AS MATERIALIZED (
    SELECT
        source_id,
        coalesce(max(newest_at) FILTER (WHERE NOT in_shard), max(newest_at)) AS newest_at,
        min(oldest_at) AS oldest_at
    FROM hourly
    GROUP BY source_id
),
silence AS (
    SELECT source_id, count(*) AS hours_with_articles, max(hours) AS longest_silence_hours
    FROM (
        SELECT source_id, hour - lag(hour) OVER (PARTITION BY source_id ORDER BY hour) AS hours
        FROM hourly
        JOIN (
            SELECT source_id, max(hour) AS newest_hour FROM hourly WHERE NOT in_shard GROUP BY source_id
        ) AS last USING (source_id)
        WHERE NOT in_shard AND newest_hour - hour < 28 * 24
    )
    GROUP BY source_id
),
-- Of millions of articles only the latest weeks are worth sorting for their newest versions.
recent AS (
    SELECT *
    FROM (
        SELECT
            source_id,
            deleted,
            first_seen_at,
            epoch(newest_at) - epoch(first_seen_at) < 7 * 86400 AS latest,
            (published_at IS NOT NULL)::INT AS dated,
            (len(authors) > 0)::INT AS authored,
            (title IS NOT NULL)::INT AS titled,
            word_count
        FROM landed('articles')
        JOIN newest USING (source_id)
        WHERE epoch(newest_at) - epoch(first_seen_at) < 14 * 86400 AND epoch(first_seen_at) <= epoch(now()) + 60
        QUALIFY row_number() OVER (
            PARTITION BY article_id ORDER BY deleted DESC, fetched_at DESC, landed_at DESC NULLS LAST
        ) = 1
    )
    WHERE NOT deleted
),
week AS (
    SELECT
        source_id,
        count(*) FILTER (WHERE epoch(now()) - epoch(first_seen_at) <= 86400) AS articles_24h,
        count(*) FILTER (WHERE epoch(now()) - epoch(first_seen_at) <= 7 * 86400) AS articles_7d,
        count(*) FILTER (WHERE latest) AS articles_week,
        avg(dated) FILTER (WHERE latest) AS share_with_date,
        avg(authored) FILTER (WHERE latest) AS share_with_author,
        avg(titled) FILTER (WHERE latest) AS share_with_title,
        median(word_count) FILTER (WHERE latest) AS median_words,
        count(*) FILTER (WHERE NOT latest) AS articles_week_before,
        avg(dated) FILTER (WHERE NOT latest) AS share_with_date_before,
        avg(authored) FILTER (WHERE NOT latest) AS share_with_author_before,
        avg(titled) FILTER (WHERE NOT latest) AS share_with_title_before,
        median(word_count) FILTER (WHERE NOT latest) AS median_words_before
    FROM recent
    GROUP BY source_id
),
article AS (
    SELECT source_id, count(*) FILTER (WHERE NOT gone) AS articles
    FROM (SELECT source_id, bool_or(deleted) AS gone FROM landed('articles') GROUP BY source_id, article_id)
    GROUP BY source_id
),
refused AS (
    SELECT
        source_id,
        sum(rejects)::BIGINT AS rejects_open,
        sum(rejects_7d)::BIGINT AS rejects_7d,
        coalesce(sum(rejects) FILTER (WHERE reason IN ('no_article', 'empty')), 0)::BIGINT AS textless,
        map_from_entries(list({'reason': reason, 'n': rejects} ORDER BY rejects DESC, reason)) AS rejects_by_reason,
        arg_max(reason, rejects_7d) FILTER (WHERE rejects_7d > 0) AS main_reason_7d
    FROM (
        SELECT
            source_id,
            reason,
            count(*) AS rejects,
            count(*) FILTER (
                WHERE reason <> 'duplicate' AND epoch(now()) - epoch(first_seen_at) <= 7 * 86400
            ) AS rejects_7d
        FROM rejects_open
        GROUP BY source_id, reason
    )
    GROUP BY source_id
),
-- What `pending` holds, counted by hashes of addresses, which take a third of the time.
waiting AS (
    SELECT source_id, count(DISTINCT url) AS pending
    FROM landed('discoveries') AS discovery
    ANTI JOIN (
        SELECT hash(source_id, url) AS address FROM landed('articles')
        UNION ALL
        SELECT hash(source_id, url) FROM landed('rejects')
    ) AS concluded ON concluded.address = hash(discovery.source_id, discovery.url)
    GROUP BY source_id
),
poll AS (SELECT source_id, min(next_poll_at) AS next_poll_at FROM endpoint_health GROUP BY source_id)
SELECT
    source_id,
    run.first_run_at,
    run.last_run_at,
    run.last_status,
    run.last_error,
    run.last_success_at,
    newest.newest_at,
    coalesce(article.articles, 0) AS articles,
    coalesce(week.articles_24h, 0) AS articles_24h,
    coalesce(week.articles_7d, 0) AS articles_7d,
    -- A source younger than a week has had fewer days; in its first one, nobody knows what a day brings.
    coalesce(week.articles_7d, 0) / least(
        7, greatest(1, (epoch(now()) - epoch(coalesce(least(run.first_run_at, newest.oldest_at), now()))) / 86400)
    ) AS articles_per_day,
    -- Of the documents that could be read, those in which there was an article.
    article.articles / nullif(article.articles + coalesce(refused.textless, 0), 0) AS share_with_text,
    coalesce(week.articles_week, 0) AS articles_week,
    week.share_with_date,
    week.share_with_author,
    week.share_with_title,
    week.median_words,
    coalesce(week.articles_week_before, 0) AS articles_week_before,
    week.share_with_date_before,
    week.share_with_author_before,
    week.share_with_title_before,
    week.median_words_before,
    silence.hours_with_articles,
    silence.longest_silence_hours,
    coalesce(refused.rejects_open, 0) AS rejects_open,
    coalesce(refused.rejects_7d, 0) AS rejects_7d,
    refused.rejects_by_reason,
    refused.main_reason_7d,
    coalesce(waiting.pending, 0) AS pending,
    run.pending_of_runs,
    poll.next_poll_at
FROM run
FULL JOIN newest USING (source_id)
FULL JOIN refused USING (source_id)
FULL JOIN waiting USING (source_id)
LEFT JOIN article USING (source_id)
LEFT JOIN week USING (source_id)
LEFT JOIN silence USING (source_id)
LEFT JOIN poll USING (source_id);
