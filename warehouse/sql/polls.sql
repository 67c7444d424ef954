-- One row for each poll of a feed, sitemap, page, folder or file.
CREATE VIEW polls AS
FROM landed('polls');
