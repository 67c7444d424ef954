-- One row an article: the newest version of each article_id, deleted ones gone.
CREATE VIEW articles AS
SELECT *
FROM (
    FROM landed('articles')
    QUALIFY row_number() OVER (
        PARTITION BY article_id ORDER BY fetched_at DESC, landed_at DESC NULLS LAST, capture_id DESC
    ) = 1
)
WHERE NOT deleted;
