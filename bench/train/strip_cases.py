"""Texts that the corpus lacks, made of its own: short ones as they are pasted, others with something after the article.

A case is made of one page's lines, and of comments, teasers and second articles of other pages of the same fold.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

from bench.train.strip_corpus import Text
from bench.train.strip_frames import Frame, phrase
from bench.train.strip_genres import KINDS, Article, Row
from bench.train.strip_scripts import SCRIPTS, language_of, write
from tasks.boilerplate.cues import CUES

_REPLIES: Final = (
    "Reply Antworten Répondre Responder Rispondi Ответить 답글 返信 回复 Odpowiedz Svara Beantwoorden".split()
)


FEWEST: Final = 5
"""Sentences of an article of which a rare kind of text is made."""


_CROWDED: Final = {"ja", "zh", "th"}
"""Languages whose few pages have most of their sentences around the article; a bare one is rarer."""


@dataclass
class Maker:
    """What cases of one fold are made of."""

    chance: random.Random
    pages: list[Text]
    titles: dict[str, str]
    comments: list[list[str]]
    names: list[str]

    def compact(self, page: Text) -> list[Row]:
        """Some paragraphs of an article with little around them, as in a mail or a paste."""
        chance = self.chance
        text = article_indexes(page)
        begin = 0 if chance.random() < 0.6 else chance.randrange(len(text))
        count = len(text) if chance.random() < 0.25 else 1 + int(chance.expovariate(1 / 4))
        body = self._between(page, text[begin : begin + count])
        if chance.random() < 0.15:
            body[0] = (self._dateline() + body[0][0], 1.0, True)
        if sum(len(line) for line, label, _ in body if label) < 90:
            return []
        if len(body) > 1 and chance.random() < 0.5:
            index = chance.randrange(1, len(body))
            body[index:index] = self._link()
        first, last = text[begin], text[min(len(text), begin + count) - 1]
        rows = self._block(page, 15) if chance.random() < 0.25 else []
        if chance.random() < 0.8:
            rows.append((self.titles.get(page.page, ""), 0.0, True))
        if chance.random() < 0.4:
            rows.append((self._date(), 0.0, False))
        if begin == 0 and chance.random() < 0.3:
            rows += dropped(page, range(max(0, first - chance.randint(1, 4)), first))
        rows += body
        if chance.random() < 0.4:
            rows += dropped(page, range(last + 1, min(len(page.lines), last + 1 + chance.randint(1, 6))))
        if chance.random() < 0.3:
            kind = chance.choice(["tags", "agency", "credit", "share", "newsletter", "byline"])
            rows.append((f"{self._heading(kind).rstrip(':')}: {chance.choice(self.names)}", 0.0, True))
        if chance.random() < 0.2:
            rows += self._block(page, 20)
        return rows + (self._after() if chance.random() < 0.3 else [])

    def appended(self, page: Text) -> list[Row]:
        """Put comments, teasers or another article below a whole page's text or at its end."""
        rows = list(zip(page.lines, page.label.tolist(), page.spaced, strict=True))
        below = article_indexes(page)[-1] + 1 + self.chance.choice([0, 0, 0, 1, 2, 4, 8])
        index = len(rows) if self.chance.random() < 0.3 else min(len(rows), below)
        return rows[:index] + self._after() + rows[index:]

    def genre(self, page: Text) -> list[Row]:
        """Write a text of a kind that is rare here, now and then in another script or in capitals."""
        chance = self.chance
        text = [page.lines[index] for index in article_indexes(page)]
        own = language_of(" ".join(text[:20]))
        language = own or (chance.choice(list(SCRIPTS)) if chance.random() < 0.4 else None)
        rewrite = partial(write, language=language, phrase=self._phrase) if language and not own else str
        titles = [title for other in chance.sample(self.pages, min(12, len(self.pages)))
                  if (title := self.titles.get(other.page)) and language_of(title) == own]  # fmt: skip
        frame = Frame(language, rewrite, titles or ["Norby"], self.names, chance)
        article = Article(text, self.names, chance)
        if len(article.sentences) < FEWEST:
            return []
        article.share = frame.phrase("share").capitalize()
        body = [(line if label == 0 else rewrite(line), label, spaced)
                for line, label, spaced in article.written(chance.choice(KINDS))]  # fmt: skip
        title = self.titles.get(page.page) or article.cut(4, 12)
        rows = (frame.above(rewrite(title)) if chance.random() < 0.85 else []) + body
        crowded = language in _CROWDED
        if chance.random() < (0.5 if crowded else 0.12):
            rows = self._rewritten(self._block(page, 15), rewrite) + rows
        below = [frame.below() if chance.random() < 0.85 else []]
        if chance.random() < (0.8 if crowded else 0.2):
            below.append(self._rewritten(self._block(self._alike(page, own), 25), rewrite))
        below += [self._rewritten(self._after(), rewrite)] if own is None and chance.random() < 0.2 else []
        chance.shuffle(below)
        rows += [row for part in below for row in part]
        return frame.wired(rows, article.cut(1, 1)) if language is None and chance.random() < 0.1 else rows

    def foreign(self, page: Text) -> list[Row]:
        """Write a whole page in another script; none of a page that is in one already."""
        language = self.chance.choice(list(SCRIPTS))
        if language_of(" ".join(page.lines[index] for index in article_indexes(page)[:20])):
            return []
        lines = [write(line, language, self._phrase) for line in page.lines]
        return list(zip(lines, page.label.tolist(), page.spaced, strict=True))

    def _phrase(self, kind: str, language: str) -> str:
        return phrase(kind, language, self.chance)

    def _alike(self, page: Text, language: str | None) -> Text:
        """Any other page; the same one where its script is rare."""
        return page if language else self.chance.choice(self.pages)

    @staticmethod
    def _rewritten(rows: Sequence[Row], rewrite: Callable[[str], str]) -> list[Row]:
        return [(rewrite(line), label, spaced) for line, label, spaced in rows]

    def _after(self) -> list[Row]:
        kind = self.chance.random()
        if kind < 0.45 and self.comments:
            return self._comments()
        return self._second() if kind < 0.7 else self._teasers()

    def _between(self, page: Text, text: Sequence[int]) -> list[Row]:
        rows: list[Row] = []
        whole = self.chance.random() < 0.5
        above = text[0]
        for index in text:
            if whole and index - above <= 4:
                rows += dropped(page, range(above + 1, index))
            rows.append((page.lines[index], 1.0, page.spaced[index]))
            above = index
        return rows

    def _heading(self, kind: str) -> str:
        phrase = self.chance.choice(self.chance.choice(list(_cues()[kind].values())))
        phrase = phrase[:1].upper() + phrase[1:]
        if kind == "comment" and self.chance.random() < 0.3:
            return f"{self.chance.randint(2, 300)} {phrase}"
        return self.chance.choice([phrase, phrase, phrase + ":", phrase.upper()])

    def _date(self) -> str:
        chance = self.chance
        day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(2009, 2026)
        clock = f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}"
        return chance.choice([
            f"{day:02}.{month:02}.{year}", f"{year}-{month:02}-{day:02} {clock}", f"{day}/{month}/{year} {clock}",
            f"{chance.randint(2, 59)} min", f"{day:02}.{month:02}.{year}, {clock}", clock,
        ])  # fmt: skip

    def _dateline(self) -> str:
        location = self.chance.choice(self.names).split()[-1]
        day = self.chance.choice(["", f", {self._date()}", f", {self.chance.randint(1, 28)}"])
        agency = self.chance.choice(["", "", " (AFP)", " (dpa)", " (Reuters)", " /TASS/", " (EFE)", " (ANSA)"])
        location = self.chance.choice([location, location.upper()])
        return location + day + agency + self.chance.choice([" - ", " — ", " – ", ". "])

    def _link(self) -> list[Row]:
        heading, title = self._heading("related").rstrip(":"), self.titles.get(self.chance.choice(self.pages).page, "")
        joined: list[Row] = [(f"{heading}: {title}", 0.0, True)]
        return joined if self.chance.random() < 0.6 else [(heading, 0.0, True), (title, 0.0, True)]

    def _block(self, page: Text, most: int) -> list[Row]:
        begin = self.chance.randrange(len(page.lines))
        return dropped(page, range(begin, len(page.lines)))[: self.chance.randint(2, most)]

    def _second(self) -> list[Row]:
        other = self.chance.choice(self.pages)
        text = article_indexes(other)
        begin = 0 if self.chance.random() < 0.6 else self.chance.randrange(len(text))
        rows: list[Row] = [(self._heading("related"), 0.0, True)] if self.chance.random() < 0.5 else []
        rows.append((self.titles.get(other.page, ""), 0.0, True))
        if self.chance.random() < 0.3:
            rows.append((self._date(), 0.0, False))
        some = text[begin : begin + self.chance.choice([1, 1, 2, 3, 4, 6])]
        return rows + [(other.lines[index], 0.0, self.chance.random() < 0.5) for index in some]

    def _teasers(self) -> list[Row]:
        rows: list[Row] = [(self._heading("related"), 0.0, True)] if self.chance.random() < 0.6 else []
        for _ in range(self.chance.randint(1, 7)):
            other = self.chance.choice(self.pages)
            rows.append((self.titles.get(other.page, ""), 0.0, True))
            if self.chance.random() < 0.6:
                lead = other.lines[article_indexes(other)[0]]
                cut = lead[: self.chance.randint(60, 180)] + "..."
                rows.append((lead if self.chance.random() < 0.6 else cut, 0.0, False))
            if self.chance.random() < 0.3:
                rows.append((self._date(), 0.0, False))
        return rows

    def _comments(self) -> list[Row]:
        chance = self.chance
        rows: list[Row] = [(self._heading("comment"), 0.0, True)] if chance.random() < 0.75 else []
        for _ in range(chance.randint(1, 9)):
            comment = chance.choice(self.comments)
            begin = chance.randrange(len(comment))
            if chance.random() < 0.8:
                name = chance.choice(self.names)
                nick = name.split()[-1].lower() + str(chance.randint(1, 99))
                rows.append((name if chance.random() < 0.5 else nick, 0.0, True))
            if chance.random() < 0.6:
                rows.append((self._date(), 0.0, False))
            rows += [(line, 0.0, False) for line in comment[begin : begin + chance.randint(1, 3)]]
            if chance.random() < 0.4:
                rows.append((chance.choice(_REPLIES), 0.0, False))
        return rows


def article_indexes(page: Text) -> list[int]:
    return [index for index, label in enumerate(page.label) if label >= 0.5]


def dropped(page: Text, places: range) -> list[Row]:
    return [(page.lines[index], 0.0, page.spaced[index]) for index in places if page.label[index] < 0.5]


def print_text(rows: Sequence[Row], chance: random.Random) -> str:
    """Print the rows as a text: a blank line above each, above some, or none."""
    style = chance.random()
    lines: list[str] = []
    for line, _, spaced in rows:
        if lines and line and (style < 0.5 or (style < 0.8 and spaced)):
            lines.append("")
        if line:
            lines.append(line)
    return "\n".join(lines)


@cache
def _cues() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(CUES.read_text("utf-8"))
