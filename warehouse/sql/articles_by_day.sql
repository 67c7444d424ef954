-- One row for each source, language and day of publication (where it was published), with the number of articles.
CREATE VIEW articles_by_day AS
SELECT
    source_id,
    language,
    -- Not a cast: that would follow the reader's time zone. Files of release 0.1 have no local day.
    coalesce(published_local, make_timestamp(epoch_us(published_at))::DATE) AS day,
    count(*) AS articles
FROM articles
GROUP BY ALL;
