-- One row for each waiting article and each article before it whose text is the same, near, or contained.
WITH shared AS (
    SELECT mine.number, other.number AS other, any_value(other.label) AS label, count(*) AS hashes
    FROM (SELECT number, unnest(sketch) AS hash FROM fresh) AS mine
    JOIN hits AS other ON mine.hash = other.hash AND other.number < mine.number
    GROUP BY ALL
    HAVING count(*) >= 3
),
-- Of a group that is known as one, a few members tell whether a text belongs to it.
candidate AS (
    SELECT number, other, hashes
    FROM shared
    QUALIFY row_number() OVER (PARTITION BY number, coalesce(label, other) ORDER BY hashes DESC, other) <= 3
),
sketched AS (
    SELECT number, text_hash, modulus, sketch, numbers
    FROM sketches
    WHERE number IN (SELECT other FROM candidate)
    UNION ALL
    SELECT number, text_hash, modulus, sketch, numbers FROM fresh
),
pair AS (
    SELECT
        candidate.number,
        other,
        mine.text_hash = theirs.text_hash AS is_exact,
        mine.numbers AS my_numbers,
        theirs.numbers AS their_numbers,
        list_filter(mine.sketch, lambda shingle: shingle % greatest(mine.modulus, theirs.modulus) = 0) AS my_hashes,
        list_filter(theirs.sketch, lambda shingle: shingle % greatest(mine.modulus, theirs.modulus) = 0) AS their_hashes
    FROM candidate
    JOIN fresh AS mine ON mine.number = candidate.number
    JOIN sketched AS theirs ON theirs.number = other
),
measured AS (
    SELECT
        number,
        other,
        is_exact,
        len(list_intersect(my_hashes, their_hashes)) AS shared,
        len(my_hashes) AS mine,
        len(their_hashes) AS theirs,
        len(list_intersect(my_numbers, their_numbers)) AS shared_numbers,
        least(len(my_numbers), len(their_numbers)) AS fewer_numbers
    FROM pair
),
scored AS (
    SELECT
        *,
        shared / (mine + theirs - shared) AS jaccard,
        shared / least(mine, theirs) AS contained,
        CASE WHEN fewer_numbers = 0 THEN 1 ELSE shared_numbers / fewer_numbers END AS numbers
    FROM measured
    WHERE shared >= 3 AND NOT is_exact
)
-- News made from one template, such as each day's weather, has other numbers. Where it has few, one may change in an update.
SELECT number, other, 'near' AS relation, jaccard AS score
FROM scored
WHERE jaccard >= 0.4 AND (
    numbers >= 0.65
    OR (fewer_numbers - shared_numbers <= 1 AND jaccard >= 0.5)
    OR (numbers >= 0.55 AND jaccard >= 0.7)
)
UNION ALL
-- The longer text contains the shorter one.
SELECT number, other, CASE WHEN mine >= theirs THEN 'contains' ELSE 'contained' END, contained
FROM scored
WHERE jaccard < 0.4 AND contained >= 0.8 AND shared >= 8 AND numbers >= 0.3
UNION ALL
SELECT fresh.number, min(same.number), 'exact', 1.0
FROM fresh
JOIN (
    SELECT number, text_hash FROM sketches WHERE number NOT IN (SELECT number FROM replaced)
    UNION ALL
    SELECT number, text_hash FROM fresh
) AS same ON fresh.text_hash = same.text_hash AND same.number < fresh.number
GROUP BY ALL
