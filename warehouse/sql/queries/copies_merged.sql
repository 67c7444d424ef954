-- The rows of several files of sketches, each once, without those that a newer version of the article replaces.
WITH relabelled AS (
    SELECT number, min(label) AS label
    FROM stored
    WHERE article_id IS NULL AND label IS NOT NULL
    GROUP BY number
)
SELECT stored.* REPLACE (least(stored.label, relabelled.label) AS label)
FROM stored
LEFT JOIN relabelled USING (number)
WHERE article_id IS NOT NULL AND number NOT IN (SELECT replaces FROM stored WHERE replaces IS NOT NULL)
UNION ALL BY NAME
SELECT number, label
FROM relabelled
WHERE number NOT IN (SELECT number FROM stored WHERE article_id IS NOT NULL)
UNION ALL BY NAME
SELECT number, common
FROM stored
WHERE common IS NOT NULL
