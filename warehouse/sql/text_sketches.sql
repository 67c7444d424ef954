-- One row for each text that was compared: its group, by the number of an article, and the articles that it is near.

-- The folder of sketches may be deleted at any time, and a pattern that no file matches is an error: so this one names
-- `superseded` too, whose rows have no number. What was merged into another file is there twice for a while; of an
-- article's labels the least holds.
CREATE MACRO text_sketches() AS TABLE
SELECT
    number,
    any_value(article_id) AS article_id,
    any_value(version_id) AS version_id,
    any_value(text_hash) AS text_hash,
    min(label) AS label,
    any_value(edges) AS edges
FROM (
    SELECT number, article_id, version_id, text_hash, label, edges
    FROM (
        FROM read_parquet('$root/[cs][ou]p*/*/*.parquet', union_by_name = true, hive_partitioning = false)
        UNION ALL BY NAME
        SELECT
            NULL::BIGINT AS number,
            NULL::VARCHAR AS article_id,
            NULL::VARCHAR AS version_id,
            NULL::UBIGINT AS text_hash,
            NULL::BIGINT AS label,
            NULL::STRUCT(other BIGINT, relation VARCHAR, score FLOAT)[] AS edges
        WHERE false
    )
    WHERE number IS NOT NULL
)
GROUP BY number;
