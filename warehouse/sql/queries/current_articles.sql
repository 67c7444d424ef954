-- The newest version of each article of a source that is fetched at $since or later, with its capture and with what the
-- first listing that had its address gave.
WITH newest AS (
    SELECT article_id, capture_id, landed_at, deleted
    FROM landed('articles')
    WHERE source_id = $source_id
    QUALIFY row_number() OVER (
        PARTITION BY article_id ORDER BY deleted DESC, fetched_at DESC, landed_at DESC NULLS LAST, capture_id DESC
    ) = 1
),
{source_rows}
SELECT article, capture, seen
FROM landed('articles') AS article
JOIN newest USING (article_id, capture_id, landed_at)
LEFT JOIN capture ON capture.capture_id = article.capture_id
LEFT JOIN seen ON seen.url = article.url
WHERE NOT newest.deleted AND ($since IS NULL OR article.fetched_at >= $since)
LIMIT $max_rows
