"""Agencies are found under the names that the world's papers print."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import tasks.metadata.agencies
from tasks.metadata.agencies import find_agencies


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("MOSCOW, Nov 9 (Reuters) -", ("Reuters",)),
        ("dpa/AFP", ("dpa", "AFP")),
        ("По материалам ТАСС и РИА Новости", ("ТАСС", "РИА Новости")),
        ("المصدر: ريا نوفوستي", ("ريا نوفوستي",)),
        ("新华社北京电", ("新华社",)),
        ("配信：共同通信", ("共同通信",)),
        ("연합뉴스 제공", ("연합뉴스",)),
        ("Kaynak: Anadolu Ajansı", ("Anadolu Ajansı",)),
        ("पीटीआई", ("पीटीआई",)),
        ("Agence France-Presse and AFP", ("Agence France-Presse", "AFP")),
        ("AFP, AFP", ("AFP",)),
        ("", ()),
    ],
)
def test_names_are_given_as_printed_in_order_and_once(text, names):
    assert find_agencies(text) == names


@pytest.mark.parametrize("text", ["a map of the spa", "the staff met", "Apart from that", "tapas", "ansatz"])
def test_words_that_only_look_like_abbreviations_are_none(text):
    assert find_agencies(text) == ()


def test_no_name_stands_under_two_agencies():
    path = Path(tasks.metadata.agencies.__file__).with_suffix(".toml")
    table = tomllib.loads(path.read_text("utf-8"))
    names = [name for known, others in table.items() for name in {known, *others}]
    assert sorted(names) == sorted(set(names))
