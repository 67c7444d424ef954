-- One row for each text: of the articles that have it, the one that was published or seen first, and who carried it.
CREATE VIEW articles_unique AS
SELECT *
FROM articles
JOIN (
    SELECT
        group_id AS article_id,
        count(*) AS copies,
        list_sort(list(DISTINCT source_id)) AS sources
    FROM copies
    WHERE contained_id IS NULL
    GROUP BY group_id
) USING (article_id);
