-- One row a refused address of a source that has no article: its newest refusal, its first sight, its attempts.
CREATE VIEW rejects_open AS
SELECT
    refusal.* REPLACE (
        min(first_seen_at) OVER address AS first_seen_at,
        max(attempts) OVER address AS attempts
    )
FROM rejects AS refusal
ANTI JOIN landed('articles') AS article ON article.source_id = refusal.source_id AND article.url = refusal.url
WINDOW address AS (PARTITION BY refusal.source_id, refusal.url)
QUALIFY row_number() OVER (
    PARTITION BY refusal.source_id, refusal.url ORDER BY last_seen_at DESC NULLS LAST, attempts DESC
) = 1;
