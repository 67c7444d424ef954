"""Kinds of text that the corpus has few of, made of its articles: verse, transcripts, interviews, lists, live reports.

Each is the article's own sentences in another form; what stands around them is `strip_frames.py`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Final

Row = tuple[str, float, bool]
"""A line, whether it is text, and whether a blank line stands above it."""

_SENTENCE: Final = re.compile(r"(?<=[.!?؟۔।])\s+(?=[^a-z\d\s])|(?<=[。！？])(?![」』”）])")
_SHORTEST: Final = 25
_STOP: Final = re.compile(r"[.。।؟۔]$")
_EDGES: Final = " ,.;:!?\"'“”„«»()[]–—-、，。「」『』؛،"
_A_WORD: Final = 2.2
_DIRECTIONS: Final = ("(LAUGHTER)", "(APPLAUSE)", "(SOUNDBITE OF A DOOR)", "(CROSSTALK)", "[Laughter]", "[Musik]",
                      "(Applaus)", "(rires)", "[music playing]", "(END VIDEO CLIP)", "(aplausos)", "[...]")  # fmt: skip
_ANSWERS: Final = ("No.", "Yes.", "Never.", "Not really.", "Every day", "Nein.", "Ja, natürlich.", "Nie.", "Oui.",
                   "Jamais.", "Sí.", "Claro.", "Certo.", "Nej.", "Of course!", "Maybe", "Thank you.",
                   "Thank you for having me.", "Thanks for talking to us.", "Good evening.", "Right.",
                   "Danke für das Gespräch.", "I am not sure.", "Why not?", "Twice", "Gern geschehen.")  # fmt: skip
_ROLES: Final = ("HOST", "Q", "A", "MODERATOR", "SPEAKER 1", "REPORTER", "Frage", "Antwort", "UNIDENTIFIED MAN")
KINDS: Final = ("short", "headed", "numbered", "bullets", "verse", "transcript", "interview", "live", "brief")


class Article:
    """The sentences of an article, printed as one kind of text."""

    def __init__(self, lines: Sequence[str], names: Sequence[str], chance: random.Random) -> None:
        self.chance, self.names = chance, names
        self.sentences = join_short([part for line in lines for part in _SENTENCE.split(line)])
        self._next = chance.choice([0, 0, chance.randrange(max(1, len(self.sentences) - 8))])
        self.share = "Share"

    def written(self, kind: str) -> list[Row]:
        """Its lines; the last one now and then without its full stop."""
        rows: list[Row] = getattr(self, f"_{kind}")()
        sentence_indexes = [index for index, row in enumerate(rows) if row[1]]
        for index in sentence_indexes:
            line, label, spaced = rows[index]
            if self.chance.random() < (0.35 if index == sentence_indexes[-1] else 0.04):
                rows[index] = (_STOP.sub("", line), label, spaced)
        return rows

    def _unit(self, most: int = 3) -> str:
        count = self.chance.randint(1, most)
        sentences = [self.sentences[(self._next + number) % len(self.sentences)] for number in range(count)]
        self._next += count
        return sentences[0] if count == 1 else ("" if sentences[0][-1] in "。！？" else " ").join(sentences)

    def _units(self, low: int, high: int, most: int = 3) -> list[Row]:
        return [(self._unit(most), 1.0, True) for _ in range(self.chance.randint(low, high))]

    def cut(self, low: int, high: int) -> str:
        """Cut some words from the middle of any sentence."""
        sentence, count = self.chance.choice(self.sentences), self.chance.randint(low, high)
        words = sentence.split()
        if len(words) * 15 > len(sentence):
            begin = self.chance.randrange(max(1, len(words) - count))
            fragment = " ".join(words[begin : begin + count])
        else:
            begin = self.chance.randrange(max(1, len(sentence) - int(count * _A_WORD)))
            fragment = sentence[begin : begin + int(count * _A_WORD)]
        fragment = fragment.strip(_EDGES)
        return fragment[:1].upper() + fragment[1:]

    def _name(self) -> str:
        return self.chance.choice(self.names)

    def _short(self) -> list[Row]:
        return self._units(2, 9, 2)

    def _brief(self) -> list[Row]:
        return self._units(1, 1, 4)

    def _headed(self) -> list[Row]:
        sign = self.chance.choice(["", "", "", "", "■ ", "▼ ", "◆", "● ", "## ", "**", "– "])
        rows = self._units(1, 2)
        for _ in range(self.chance.randint(1, 4)):
            heading = self.cut(1, 7) + self.chance.choice(["", "", "", "?", ":"])
            rows.append((sign + heading + ("**" if sign == "**" else ""), 1.0, True))
            rows += self._units(1, 3)
        return rows

    def _numbered(self) -> list[Row]:
        chance = self.chance
        rows, number = self._units(1, 2), 0
        heading = chance.random() < 0.5
        stop, spaced, sign = chance.choice(["", "", "."]), chance.random() < 0.4, chance.choice(".)")
        for _ in range(chance.randint(1, 3)):
            if heading:
                rows.append((self.cut(1, 5), 1.0, True))
            for _ in range(chance.randint(1, 5)):
                number += 1
                rows.append((f"{number}{sign} {self.cut(2, 12)}{stop}", 1.0, spaced))
                if chance.random() < 0.3:
                    rows += self._units(1, 1)
            rows += self._units(0 if chance.random() < 0.2 else 1, 2)
        return rows

    def _bullets(self) -> list[Row]:
        chance = self.chance
        sign, stop = chance.choice(["- ", "• ", "* ", "– ", "・", "● "]), chance.choice(["", "", ".", ";", ","])
        rows = self._units(1, 3)
        if chance.random() < 0.6:
            rows[-1] = (_STOP.sub("", rows[-1][0]) + ":", 1.0, True)
        rows += [(f"{sign}{self.cut(2, 14)}{stop}", 1.0, False) for _ in range(chance.randint(2, 8))]
        return rows + self._units(0 if chance.random() < 0.3 else 1, 4)

    def _verse(self) -> list[Row]:
        chance = self.chance
        rows = self._units(1, 3)
        if chance.random() < 0.5:
            rows[-1] = (_STOP.sub("", rows[-1][0]) + ":", 1.0, True)
        width, capitals, commas = chance.randint(4, 8), chance.random() < 0.5, chance.random()
        for _ in range(chance.randint(1, 4)):
            for number in range(chance.randint(2, 6)):
                line = self.cut(width - 1, width + 1)
                line = line if capitals or number % 2 == 0 else line[:1].lower() + line[1:]
                end = chance.choice(",,,;.—") if chance.random() < commas else ""
                rows.append((line + end, 1.0, number == 0))
        return rows + self._units(0 if chance.random() < 0.2 else 1, 4)

    def _transcript(self) -> list[Row]:
        chance = self.chance
        speakers = [self._name().split()[-1] for _ in range(chance.randint(1, 3))] + [chance.choice(_ROLES)]
        names = [name.upper() if chance.random() < 0.9 else name for name in speakers]
        first = chance.choice([0, 1])
        rows = self._units(1, first) if first else []
        spaced = chance.random() < 0.8
        for number in range(chance.randint(4, 14)):
            reply = chance.choice(_ANSWERS) if chance.random() < 0.15 else self._unit(chance.choice([1, 2, 4]))
            if number % 2 and chance.random() < 0.5:
                reply = _STOP.sub("?", reply)
            rows.append((f"{names[number % len(names)]}: {reply}", 1.0, spaced))
            if chance.random() < 0.1:
                rows.append((chance.choice(_DIRECTIONS), 1.0, spaced))
        return rows

    def _interview(self) -> list[Row]:
        chance = self.chance
        style = chance.choice(["**{}**", "**{}**", "{}", "{}", "<{}>", "— {}", "Q: {}", "{name}: {}"])
        name, answer = self._name(), chance.choice(["", "", "", f"{self._name()}: "])
        answer = "A: " if style == "Q: {}" else answer
        rows = self._units(1, 1, 2) if chance.random() < 0.8 else []
        for _ in range(chance.randint(2, 8)):
            question = self.cut(2, 5) if chance.random() < 0.3 else _STOP.sub("", self._unit(1))
            rows.append((style.format(question + "?", name=name), 1.0, True))
            reply = chance.choice(_ANSWERS) if chance.random() < 0.25 else self._unit(chance.choice([1, 1, 2, 4]))
            rows.append((answer + reply, 1.0, chance.random() < 0.8))
            if chance.random() < 0.15:
                rows += self._units(1, 1)
        return rows

    def _live(self) -> list[Row]:
        chance = self.chance
        form = chance.choice(["{}", "{}", "{}", "{} Uhr", "{}h", "{} GMT", "{} - ", "{}: ", "{} | "])
        clock, step = chance.randint(300, 1400), chance.choice([-1, -1, 1])
        headed, shared, one_line = chance.random() < 0.75, chance.random() < 0.6, form[-1] == " "
        rows = self._units(1, 2) if chance.random() < 0.3 else []
        for _ in range(chance.randint(3, 10)):
            clock = (clock + step * chance.randint(2, 50)) % 1440
            time = form.format(f"{clock // 60:02}{chance.choice('::::.')}{clock % 60:02}")
            heading = self.cut(2, 8) if headed else ""
            rows.append((time + heading, 1.0, True) if one_line and headed else (time.strip(" -:|"), 1.0, True))
            if headed and not one_line:
                rows.append((heading, 1.0, chance.random() < 0.4))
            rows += self._units(1, chance.choice([1, 1, 2]), 2)
            rows += [(self.share, 0.0, True)] * shared
        return rows


def join_short(sentences: Sequence[str]) -> list[str]:
    """Join a piece that is too short for a sentence to its neighbour."""
    joined: list[str] = []
    for sentence in filter(None, map(str.strip, sentences)):
        if joined and (len(joined[-1]) < _SHORTEST or (len(sentence) < _SHORTEST // 2)):
            joined[-1] += (" " if " " in sentence else "") + sentence
        else:
            joined.append(sentence)
    return joined
