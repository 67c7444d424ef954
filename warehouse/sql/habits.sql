-- One row for each line that recurs across a source's articles and is stripped as `habit`, and one for the origin of the titles
-- that its feed has too.
-- Lines are learned from the source's newest articles. A line that these no longer have is gone from here.
CREATE VIEW habits AS
SELECT
    source_id,
    text,
    place,
    articles,
    among,
    first_seen_at,
    last_seen_at,
    since,
    learned_at,
    CASE WHEN place <> 'title' THEN 'keep = [''^' || regexp_replace(text, '[^\p{L}\p{N} ]', '.', 'g') || '$'']' END AS to_keep,
    line
FROM (
    SELECT *, min(learned_at) OVER (PARTITION BY source_id, line) AS since
    FROM landed('habits')
    QUALIFY row_number() OVER (PARTITION BY source_id, line ORDER BY learned_at DESC, articles DESC) = 1
)
WHERE articles > 0;
