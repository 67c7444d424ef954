-- The rows of a new file: one for each waiting article, one for each older one that has joined another group, and one for
-- hashes that say nothing any more.
SELECT
    fresh.number,
    fresh.article_id,
    fresh.version_id,
    fresh.landed_at,
    fresh.replaces,
    fresh.word_count,
    fresh.text_hash,
    fresh.modulus,
    fresh.sketch,
    fresh.numbers,
    label.label,
    edge.edges
FROM fresh
JOIN label USING (number)
LEFT JOIN (
    SELECT number, list({'other': other, 'relation': relation, 'score': score::FLOAT}) AS edges
    FROM edge
    GROUP BY number
) AS edge USING (number)
UNION ALL BY NAME
SELECT sketches.number, joined.label
FROM sketches
JOIN joined ON sketches.label = joined.old_label
UNION ALL BY NAME
SELECT (SELECT min(number) FROM fresh) AS number, list(hash) AS common
FROM new_common
HAVING count(*) > 0
