-- One row for each current article of which there is no sketch, or only one of another version; the first landed first.
WITH current AS (
    SELECT article_id, version_id, landed_at
    FROM articles
    WHERE word_count > 0 AND ($since IS NULL OR landed_at > $since)
),
newest_sketch AS (
    SELECT article_id, arg_max(version_id, number) AS version_id, max(number) AS number
    FROM sketches
    SEMI JOIN current USING (article_id)
    GROUP BY article_id
)
SELECT
    row_number() OVER (ORDER BY current.landed_at, current.article_id) + $last_number AS number,
    current.article_id,
    current.version_id,
    current.landed_at,
    newest_sketch.number AS replaces
FROM current
LEFT JOIN newest_sketch USING (article_id)
WHERE current.version_id IS DISTINCT FROM newest_sketch.version_id
ORDER BY ALL
LIMIT $articles
