-- One row a version of an article and capture it was read from, deleted ones too; what landed twice shows once.
CREATE VIEW article_versions AS
FROM landed('articles')
QUALIFY row_number() OVER (PARTITION BY article_id, version_id, capture_id ORDER BY landed_at NULLS LAST) = 1;
