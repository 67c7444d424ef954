-- One row for each waiting article: the sketch of its text, which is hashes of some of its runs of five words.

-- A text keeps the hashes that divide by its modulus, the smallest power of two up to 16 that leaves it about 32 of
-- them, so a short text keeps all. Where words are not written apart, a character counts as a word. Lines that the
-- source repeats are left out, and hashes that are in many other texts.
WITH habit AS (
    SELECT source_id, list(line) AS lines, list(DISTINCT string_split(line, ' ')[1]) AS first_words
    FROM habits
    GROUP BY source_id
),
article AS (
    SELECT
        waiting.*,
        CASE
            WHEN habit.lines IS NULL THEN articles.text
            ELSE array_to_string(
                list_filter(
                    string_split(articles.text, chr(10)),
                    -- All words of a line are looked at only if the first of them begins a line that the source repeats.
                    lambda line: CASE
                        WHEN list_contains(habit.first_words, lower(regexp_extract(line, '[\p{L}\p{N}_]+')))
                        THEN NOT list_contains(
                            habit.lines, array_to_string(regexp_extract_all(lower(line), '[\p{L}\p{N}_]+'), ' ')
                        )
                        ELSE true
                    END
                ),
                chr(10)
            )
        END AS text
    FROM articles
    JOIN waiting USING (article_id, version_id)
    LEFT JOIN habit USING (source_id)
    WHERE articles.landed_at BETWEEN $first_landed_at AND $last_landed_at
),
tokenized AS (
    SELECT
        * EXCLUDE (text),
        regexp_extract_all(
            CASE
                WHEN regexp_matches(text, '[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]')
                THEN regexp_replace(
                    lower(text), '([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])', ' \1 ', 'g'
                )
                ELSE lower(text)
            END,
            '[\p{L}\p{M}\p{N}]+'
        ) AS words,
        list_sort(
            list_distinct(
                list_transform(
                    regexp_extract_all(text, '\p{Nd}+(?:[.,٫٬]\p{Nd}+)*'),
                    lambda number: (hash(number) >> 32)::UINTEGER
                )
            )
        )[:1000] AS numbers
    FROM article
),
hashed AS (
    SELECT
        * EXCLUDE (words),
        len(words) AS word_count,
        hash(words) AS text_hash,
        list_transform(words, lambda word: hash(word)) AS word_hashes
    FROM tokenized
),
shingled AS (
    SELECT
        * EXCLUDE (word_hashes),
        least(16, 2 ** greatest(0, ceil(log2(greatest(1, word_count - 4) / 32))))::UTINYINT AS modulus,
        list_transform(
            range(1, len(word_hashes) - 3),
            lambda place: (
                hash(
                    word_hashes[place], word_hashes[place + 1], word_hashes[place + 2], word_hashes[place + 3],
                    word_hashes[place + 4]
                ) >> 32
            )::UINTEGER
        ) AS shingles
    FROM hashed
)
SELECT
    number,
    article_id,
    version_id,
    landed_at,
    replaces,
    word_count,
    text_hash,
    modulus,
    list_distinct(list_filter(shingles, lambda shingle: shingle % modulus = 0)) AS sketch,
    numbers
FROM shingled
