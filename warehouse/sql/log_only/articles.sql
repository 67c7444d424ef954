-- One row an article: the newest version of each article_id; one that was deleted is gone, whatever lands after.
CREATE VIEW articles AS
SELECT *
FROM (
    FROM landed('articles')
    QUALIFY row_number() OVER (
        PARTITION BY article_id
        ORDER BY deleted DESC, fetched_at DESC, landed_at DESC NULLS LAST, capture_id DESC
    ) = 1
)
WHERE NOT deleted;
