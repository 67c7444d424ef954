-- One row a look at a feed, sitemap, folder or file.
CREATE VIEW polls AS
FROM landed('polls');
