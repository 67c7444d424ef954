"""What stands around an article: menus and labels of its language, titles of other pages, a blog's side columns."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from bench.train.strip_genres import Row
from tasks.boilerplate.cues import CUES

_MONTHS: Final = "January February March April May June July August September October November December".split()
_AROUND: Final = ("5 min read", "Reading time: 4 min", "Lesezeit: 3 Minuten", "Updated", "A A A", "0 views", "1,204",
                  "NEWS", "INTERVIEW", "EXCLUSIVE", "LIVE", "OPINION", "Text size", "+", "00:00 / 03:12",
                  "Your browser does not support audio.", "Bild 1 von 5", "Lecture : 3 min")  # fmt: skip
_BLOG: Final = ("Blog Archive", "Archives", "About me", "Followers", "Blogroll", "Pages", "Labels", "Search this blog",
                "Meta", "Entries (RSS)", "Comments (RSS)", "Recent Comments", "Tag Cloud", "Older Posts", "Newer Posts",
                "View my complete profile", "Powered by a small engine", "Subscribe to: Post Comments (Atom)",
                "Email This BlogThis!", "Links to this post", "Create a Link", "Notify me of new comments by email.",
                "Your email address will not be published. Required fields are marked *", "Name (required)",
                "Mail (will not be published) (required)", "Website", "You can follow any responses to this entry.",
                "This entry was posted in General. Bookmark the permalink.", "Uncategorized", "0 Kommentare:",
                "Filed under", "Permalink", "Like this:", "Like Loading...", "One blogger likes this.")  # fmt: skip
_BELOW: Final = ("Get all the news in our app, free of charge.", "Download the app", "Turn on notifications",
                 "You have read all your free articles this month.", "Support our work with a small donation.",
                 "Jetzt die App herunterladen", "Mit unserem Newsletter verpassen Sie nichts.", "Was this helpful?",
                 "Transcripts may contain errors and are updated later.", "This page was last changed yesterday.",
                 "Report a mistake in this text", "Views expressed here are the author's own.")  # fmt: skip
_WIRE: Final = ("(MORE)", "NNNN", "ENDS", "-30-", "END", "###", "(MORE TO COME)", "(END)")
_LATIN: Final = "en en en de de fr es it pt nl sv da no fi pl cs ro hu tr id vi".split()


class Frame:
    """The lines above and below an article in one language."""

    def __init__(
        self, language: str | None, rewrite: Callable[[str], str], titles: Sequence[str], names: Sequence[str],
        chance: random.Random,
    ) -> None:  # fmt: skip
        self.language = language or chance.choice(_LATIN)
        self.rewrite, self.titles, self.names, self.chance = rewrite, titles, names, chance

    def phrase(self, kind: str) -> str:
        """Choose a cue phrase of the kind, in the frame's language."""
        return phrase(kind, self.language, self.chance)

    def above(self, title: str) -> list[Row]:
        """Make menus, a breadcrumb, the title, a byline, a date, labels: each now and then."""
        chance = self.chance
        rows: list[str] = []
        if chance.random() < 0.7:
            rows += [self._menu() for _ in range(chance.choice([1, 2, 4, 8, 16]))]
        if chance.random() < 0.4:
            sign = chance.choice([" > ", " / ", " » ", " › "])
            rows.append(sign.join(self.phrase("section").capitalize() for _ in range(chance.randint(2, 3))))
        rows += [self.rewrite(chance.choice(_AROUND))] if chance.random() < 0.2 else []
        rows += [title] if chance.random() < 0.9 else []
        rows += [self._byline()] if chance.random() < 0.4 else []
        rows += [self._date()] if chance.random() < 0.6 else []
        rows += [self.rewrite(chance.choice(_AROUND))] if chance.random() < 0.3 else []
        rows += [self.phrase("share").capitalize() for _ in range(chance.choice([0, 0, 1, 1, 3]))]
        if chance.random() < 0.25:
            rows.append(f"{self.rewrite(chance.choice(self.titles))} {self.phrase('credit')}: {self._name()}")
        return [(line, 0.0, chance.random() < 0.4) for line in rows if line]

    def below(self) -> list[Row]:
        """Make tags, links, labels and small print: a block or several."""
        blocks = [self._tags, self._credit, self._related, self._related, self._labels, self._small, self._blog]
        rows: list[Row] = []
        for _ in range(self.chance.choice([0, 1, 1, 2, 3, 4])):
            rows += [(line, 0.0, number == 0) for number, line in enumerate(self.chance.choice(blocks)()) if line]
        return rows

    def wired(self, rows: list[Row], slug: str) -> list[Row]:
        """Frame an agency's message: codes above it, a mark of its end below."""
        chance = self.chance
        code = "".join(chance.choice("ABDEKLNPRSTUXZ") for _ in range(chance.randint(3, 4)))
        first = f"{code} {chance.randint(1, 9999):04} {chance.randint(1, 9)} {code}-{slug}"
        above = [(first, 0.0, True), (chance.choice(["URGENT", "BULLETIN", "(NEW)", "EILMELDUNG"]), 0.0, False)]
        end = [(line, 0.0, True) for line in chance.sample(_WIRE, chance.randint(1, 2))]
        lines_around = above[: chance.randint(0, 2)] + rows + end
        return [(line.upper(), label, spaced) for line, label, spaced in lines_around]

    def _menu(self) -> str:
        label = self.phrase(self.chance.choice(["menu", "section", "section"])).capitalize()
        return label if self.chance.random() < 0.8 else f"{label} | {self.phrase('menu').capitalize()}"

    def _byline(self) -> str:
        return self._name() if self.chance.random() < 0.3 else f"{self.phrase('byline').capitalize()} {self._name()}"

    def _name(self) -> str:
        return self.rewrite(self.chance.choice(self.names))

    def _date(self) -> str:
        chance = self.chance
        year, month, day = chance.randint(2009, 2026), chance.randint(1, 12), chance.randint(1, 28)
        clock = f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}"
        if self.language in {"ja", "zh"}:
            date = f"{year}年{month}月{day}日 {clock}"
        else:
            date = chance.choice([f"{day:02}.{month:02}.{year}", f"{year}-{month:02}-{day:02} {clock}",
                                  f"{day} {_MONTHS[month - 1]} {year}", f"{day}/{month}/{year}, {clock}"])  # fmt: skip
        return f"{self.phrase('published').capitalize()}: {date}" if chance.random() < 0.3 else date

    def _tags(self) -> list[str]:
        words = [word for title in self.titles[:5] for word in title.split() if len(word) > 4][:5]
        return [f"{self.phrase('tags').capitalize()}: {', '.join(map(self.rewrite, words))}"]

    def _credit(self) -> list[str]:
        return [f"{self.phrase(self.chance.choice(['agency', 'credit'])).capitalize()}: {self._name()}"]

    def _related(self) -> list[str]:
        chance = self.chance
        style, dates = chance.choice(["{}", "{}", "{title}", "{n} {title}", "{n}. {title}"]), chance.random() < 0.2
        rows = [self.phrase("related").capitalize() + chance.choice(["", "", ":", " " + self.phrase("section")])]
        for number in range(chance.randint(1, 7)):
            title = self.rewrite(chance.choice(self.titles))
            rows.append(style.format(title, n=number + 1, title=title))
            rows += [self._date()] * dates
        return rows

    def _labels(self) -> list[str]:
        kinds = ["share", "menu", "newsletter", "comment", "advert"]
        return [self.phrase(self.chance.choice(kinds)).capitalize() for _ in range(self.chance.randint(1, 6))]

    def _small(self) -> list[str]:
        some = [self.rewrite(line) for line in self.chance.sample(_BELOW, self.chance.randint(0, 2))]
        legal = " | ".join(self.phrase("legal").capitalize() for _ in range(self.chance.randint(1, 4)))
        return [*some, legal, f"© {self.chance.randint(2009, 2026)} {self._name()}"]

    def _blog(self) -> list[str]:
        """Make a blog's side columns: archives by month, labels, links, and the lines around a form for comments."""
        chance = self.chance
        some = [self.rewrite(line) for line in chance.sample(_BLOG, chance.randint(3, 12))]
        year = chance.randint(2005, 2024)
        months = [f"{month} {year - number // 12} ({chance.randint(1, 60)})" for number, month in enumerate(_MONTHS)]
        archive = [self.rewrite(line) for line in months[: chance.randint(3, 12)]]
        posted = f"Posted by {chance.choice(self.names)} at {chance.randint(1, 12)}:{chance.randint(0, 59):02} AM"
        cloud = [self.rewrite(word) for title in chance.choices(self.titles, k=6) for word in title.split()[:2]]
        blocks = [[self.rewrite(posted)], archive, some, cloud]
        return [line for block in chance.sample(blocks, chance.randint(2, 4)) for line in block]


def phrase(kind: str, language: str, chance: random.Random) -> str:
    """Choose a cue phrase of the kind, in the language if it has any, else in English or of no language."""
    table = _cues()[kind]
    return chance.choice(table.get(language) or table.get("en") or table["any"])


@cache
def _cues() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(CUES.read_text("utf-8"))
