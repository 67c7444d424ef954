"""What the invented press writes: stories from tables of phrases, no two paragraphs alike, the same from one seed."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

PHRASES: Final = Path(__file__).resolve().parent / "phrases"


@dataclass(frozen=True, slots=True)
class Story:
    """The words of an article."""

    title: str
    author: str
    paragraphs: tuple[str, ...]


@cache
def phrases(language: str) -> dict[str, Any]:
    """Read the tables of one language."""
    return tomllib.loads((PHRASES / f"{language}.toml").read_text("utf-8"))


class Writer:
    """Writes in one language and remembers what is written, so that a sentence tells whose article it is."""

    def __init__(self, language: str, random: Random, written: set[str]) -> None:
        self._phrases = phrases(language)
        self._random = random
        self._written = written
        self._join = "" if language == "ja" else " "

    def story(self) -> Story:
        """Write a new story, of six to eight paragraphs."""
        topic, location = self._random.choice(self._phrases["topics"]), self._random.choice(self._phrases["places"])
        filling = {"topic": topic, "place": location}
        lead = self._new(lambda: self._joined([self._fill("leads", filling), self._fill("sentences", filling)]))
        pool = self._random.sample(self._phrases["sentences"], len(self._phrases["sentences"]))
        paragraphs = [lead]
        for number in range(self._random.randint(5, 7)):
            pair = pool[2 * number : 2 * number + 2]
            paragraphs.append(self._new(lambda pair=pair: self._joined([self._filled(template) for template in pair])))
        title = self._new(lambda: self._fill("titles", filling))
        return Story(title, self._random.choice(self._phrases["persons"]), tuple(paragraphs))

    def headline(self, story: Story) -> Story:
        """Put the same story under a new headline."""
        return replace(story, title=self._new(lambda: self._fill("titles", {})))

    def number(self, story: Story) -> Story:
        """Change a number in the story's second paragraph."""
        old = story.paragraphs[1]
        new = self._new(lambda: re.sub(r"\d+", str(self._number()), old, count=1))
        return replace(story, paragraphs=(story.paragraphs[0], new, *story.paragraphs[2:]))

    def addition(self, story: Story) -> Story:
        """Add a paragraph to the story."""
        return replace(story, paragraphs=(*story.paragraphs, self._new(lambda: self._fill("additions", {}))))

    def _new(self, write: Any) -> str:
        while (text := write()) in self._written:
            pass
        self._written.add(text)
        return str(text)

    def _joined(self, sentences: list[str]) -> str:
        return self._join.join(sentences)

    def _fill(self, table: str, filling: dict[str, str]) -> str:
        return self._filled(self._random.choice(self._phrases[table]), filling)

    def _filled(self, template: str, filling: dict[str, str] | None = None) -> str:
        words = {
            key: self._random.choice(self._phrases[table])
            for key, table in (("place", "places"), ("person", "persons"), ("org", "orgs"), ("topic", "topics"))
        }
        words |= filling or {}
        words |= {"n": str(self._number()), "m": str(self._number()), "Topic": _capital(words["topic"])}
        return _capital(template.format(**words))

    def _number(self) -> int:
        # Ends in 0, which takes the same case in Russian whatever stands before it.
        return self._random.randrange(20, 1_000, 10)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
