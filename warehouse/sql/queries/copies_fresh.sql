-- One row for each waiting article: its sketch without the hashes that are in many other texts.
SELECT fresh.* EXCLUDE (sketch), coalesce(telling.sketch, []) AS sketch
FROM fresh
LEFT JOIN (
    SELECT number, list(hash) AS sketch
    FROM (SELECT number, unnest(sketch) AS hash FROM fresh)
    WHERE hash NOT IN (SELECT hash FROM common)
    GROUP BY number
) AS telling USING (number)
