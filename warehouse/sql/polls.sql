-- One row for each poll of a feed, sitemap, page, folder or file.

-- Files of release 0.1 lack these columns.
CREATE VIEW polls AS
FROM landed('polls')
UNION ALL BY NAME
SELECT NULL::VARCHAR AS skipped, NULL::BOOLEAN AS is_postponed WHERE false;
