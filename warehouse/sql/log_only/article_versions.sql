-- One row a version of an article and capture it was read from, deleted ones too; of what landed twice, the newest.
CREATE VIEW article_versions AS
FROM landed('articles')
QUALIFY row_number() OVER (
    PARTITION BY article_id, version_id, capture_id ORDER BY deleted DESC, landed_at DESC NULLS LAST
) = 1;
