-- One row for each version of an article and capture it was read from, deleted ones too; of what landed twice, the newest.
CREATE VIEW article_versions AS
FROM (
    FROM landed('articles')
    UNION ALL BY NAME
    SELECT NULL::DATE AS published_local, NULL::BIGINT AS published_offset WHERE false
)
QUALIFY row_number() OVER (
    PARTITION BY article_id, version_id, capture_id ORDER BY deleted DESC, landed_at DESC NULLS LAST
) = 1;
