-- One row a source and day in UTC: the articles first seen on it as they were first read, and what was refused on it.
-- Of an article only its first capture counts, as it is read now: one of today has had no time yet to be edited.
CREATE VIEW quality_by_day AS
WITH shard AS (SELECT run_id FROM runs WHERE kind = 'shard'),
reading AS (
    SELECT
        source_id,
        min(epoch_us(first_seen_at)) // 86400000000 AS day,
        arg_min(
            {
                'dated': (published_at IS NOT NULL)::INT,
                'authored': (len(authors) > 0)::INT,
                'titled': (title IS NOT NULL)::INT,
                'words': greatest(word_count, 1),
                'quality': quality,
                'language': language
            },
            -- The newest reading of the oldest capture; no INTERVAL, which is an extension's between times with zones.
            (epoch_us(fetched_at), -epoch_us(landed_at))
        ) AS first
    FROM landed('articles')
    -- A backfill lands the articles of years in a day.
    ANTI JOIN shard USING (run_id)
    WHERE NOT deleted
    GROUP BY source_id, article_id
),
language AS (
    SELECT source_id, day, map_from_entries(list({'language': language, 'n': articles} ORDER BY articles DESC)) AS languages
    FROM (SELECT source_id, day, first.language AS language, count(*) AS articles FROM reading GROUP BY ALL)
    GROUP BY source_id, day
),
article AS (
    SELECT
        source_id,
        day,
        count(*) AS articles,
        sum(first.dated)::BIGINT AS with_date,
        sum(first.authored)::BIGINT AS with_author,
        sum(first.titled)::BIGINT AS with_title,
        median(first.words) AS median_words,
        avg(ln(first.words)) AS mean_log_words,
        coalesce(var_samp(ln(first.words)), 0) AS variance_log_words,
        avg(first.quality) AS mean_quality,
        coalesce(var_samp(first.quality), 0) AS variance_quality
    FROM reading
    GROUP BY source_id, day
),
refused AS (
    SELECT
        source_id,
        epoch_us(first_seen_at) // 86400000000 AS day,
        count(*) FILTER (WHERE reason IN ('no_article', 'empty')) AS textless,
        count(*) FILTER (WHERE reason NOT IN ('no_article', 'empty', 'duplicate', 'forgotten')) AS refused
    FROM rejects_open
    ANTI JOIN shard USING (run_id)
    GROUP BY ALL
)
SELECT
    source_id,
    DATE '1970-01-01' + day::INT AS day,
    coalesce(articles, 0) AS articles,
    coalesce(with_date, 0) AS with_date,
    coalesce(with_author, 0) AS with_author,
    coalesce(with_title, 0) AS with_title,
    -- Documents that could be read and in which there was no article; `refused` are the others, but for duplicates.
    coalesce(textless, 0) AS textless,
    coalesce(refused, 0) AS refused,
    median_words,
    mean_log_words,
    variance_log_words,
    mean_quality,
    variance_quality,
    languages
FROM article
JOIN language USING (source_id, day)
FULL JOIN refused USING (source_id, day);
