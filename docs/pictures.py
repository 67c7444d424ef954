"""Take the pictures of the desk that docs/how-to/desk.md shows: `make pictures`, on a machine with Chromium.

The sources and articles on them are made up, by tests/support/newsdesk.py.
"""

from __future__ import annotations

import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from PIL import Image

from tests.support.chromium import find_chromium, open_browser
from tests.support.newsdesk import EDITED_ID, make_newsdesk
from tests.support.served_desk import serve

FOLDER: Final = Path(__file__).resolve().parent / "images"
COLOURS: Final = 200
WIDE: Final = {"width": 1200, "height": 780}
NARROW: Final = {"width": 390, "height": 780}
QUERY: Final = "SELECT day, sum(articles) AS articles FROM articles_by_day GROUP BY day ORDER BY day"
ARABIC: Final = "/articles?source=sahifat-al-mina&language=ar"
PICTURES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "front": ("/", {"viewport": WIDE}),
    "front-dark": ("/", {"viewport": WIDE, "color_scheme": "dark"}),
    "front-narrow": ("/", {"viewport": NARROW}),
    "source": ("/source/karst-zeitung", {"viewport": WIDE}),
    "articles": ("/articles?q=ferry", {"viewport": WIDE}),
    "article": (f"/article/{EDITED_ID}", {"viewport": WIDE}),
    "lines": (f"/article/{EDITED_ID}/lines", {"viewport": WIDE}),
    "article-arabic": (ARABIC, {"viewport": WIDE}),
    "rejects": ("/rejects", {"viewport": WIDE}),
    "sql": (f"/sql?query={QUERY}", {"viewport": WIDE}),
}


def main() -> int:
    """Make an installation, serve its desk and take every picture."""
    program = find_chromium()
    if program is None:
        print("no Chromium here: 'apt-get install chromium' installs it on Debian", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        # By a relative path, as a page names its data root.
        os.chdir(folder)
        newsdesk = make_newsdesk(Path(), datetime.now(UTC))
        with serve(newsdesk.settings) as desk, open_browser(program) as browser:
            for name, (path, options) in PICTURES.items():
                page = browser.new_page(**options)
                page.goto(f"{desk.address}/desk{path}")
                if name == "article-arabic":
                    with page.expect_navigation():
                        page.locator(".articles h2 a").nth(1).click()
                file = FOLDER / f"desk-{name}.png"
                page.screenshot(path=file)
                page.close()
                Image.open(file).convert("RGB").quantize(COLOURS).save(file, optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
