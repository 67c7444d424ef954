-- One row for each article: the newest version of each article_id; one that was deleted is gone, whatever lands after.
CREATE VIEW articles AS
SELECT *
FROM (
    FROM (
        FROM landed('articles')
        UNION ALL BY NAME
        SELECT NULL::DATE AS published_local, NULL::BIGINT AS published_offset WHERE false
    )
    QUALIFY row_number() OVER (
        PARTITION BY article_id
        ORDER BY deleted DESC, fetched_at DESC, landed_at DESC NULLS LAST, capture_id DESC
    ) = 1
)
WHERE NOT deleted;
