-- One row for each article: the group of articles that have one text, and for each article that contains another one's.

-- An article that was not compared yet, or of which a newer version has landed since, is a group of its own.
CREATE VIEW copies AS
WITH sketched AS MATERIALIZED (
    FROM text_sketches()
),
newest AS (
    SELECT
        article_id,
        version_id,
        max(number) AS number,
        arg_max(text_hash, number) AS text_hash,
        arg_max(label, number) AS label
    FROM sketched
    WHERE article_id IS NOT NULL
    GROUP BY article_id, version_id
),
edge AS (
    SELECT number, unnest(edges, recursive := true) FROM sketched WHERE len(edges) > 0
),
best AS (
    SELECT number, max(score) AS score
    FROM (
        SELECT number, score FROM edge WHERE relation = 'near'
        UNION ALL
        SELECT other, score FROM edge WHERE relation = 'near'
    )
    GROUP BY number
),
member AS (
    SELECT
        article_id,
        source_id,
        url,
        info_sources,
        published_at,
        first_seen_at,
        newest.number,
        text_hash,
        score,
        coalesce('#' || label, article_id) AS group_key,
        -- A day alone would come before all that is of that day.
        least(
            first_seen_at, CASE WHEN published_precision IN ('minute', 'second') THEN published_at END
        ) AS published_or_seen_at
    FROM articles
    LEFT JOIN newest USING (article_id, version_id)
    LEFT JOIN best USING (number)
),
placed AS (
    SELECT
        *,
        first_value(article_id) OVER by_time AS group_id,
        first_value(text_hash) OVER by_time AS first_hash,
        max(score) OVER (PARTITION BY group_key, text_hash) AS best_score
    FROM member
    WINDOW by_time AS (PARTITION BY group_key ORDER BY published_or_seen_at, article_id)
)
SELECT
    group_id,
    article_id,
    CASE
        WHEN article_id = group_id THEN NULL
        WHEN text_hash = first_hash THEN 'exact'
        ELSE 'near'
    END AS relation,
    CASE WHEN article_id = group_id THEN NULL WHEN text_hash = first_hash THEN 1 ELSE best_score END::FLOAT AS score,
    NULL::VARCHAR AS contained_id,
    source_id,
    url,
    info_sources,
    published_at,
    first_seen_at
FROM placed
UNION ALL
SELECT
    longer.group_id,
    longer.article_id,
    'contains',
    edge.score,
    shorter.article_id,
    longer.source_id,
    longer.url,
    longer.info_sources,
    longer.published_at,
    longer.first_seen_at
FROM edge
JOIN placed AS longer ON longer.number = CASE WHEN relation = 'contains' THEN edge.number ELSE edge.other END
JOIN placed AS shorter ON shorter.number = CASE WHEN relation = 'contains' THEN edge.other ELSE edge.number END
WHERE edge.relation IN ('contains', 'contained') AND longer.group_id <> shorter.group_id;
