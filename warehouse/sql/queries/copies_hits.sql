-- One row for each hash of a waiting article and each article, waiting or older, that has it too.
SELECT hash, sketched.number, label, text_hash
FROM (
    SELECT number, label, text_hash, unnest(sketch) AS hash
    FROM sketches
    WHERE number NOT IN (SELECT number FROM replaced)
    UNION ALL
    SELECT number, NULL, text_hash, unnest(sketch) FROM fresh
) AS sketched
SEMI JOIN (SELECT unnest(sketch) AS hash FROM fresh) AS wanted USING (hash)
WHERE hash NOT IN (SELECT hash FROM common)
