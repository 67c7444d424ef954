-- One row for each text that was compared: its group, by the number of an article, and the articles that it is near.

CREATE MACRO text_sketches() AS TABLE
SELECT
    NULL::BIGINT AS number,
    NULL::VARCHAR AS article_id,
    NULL::VARCHAR AS version_id,
    NULL::UBIGINT AS text_hash,
    NULL::BIGINT AS label,
    NULL::STRUCT(other BIGINT, relation VARCHAR, score FLOAT)[] AS edges
WHERE false;
