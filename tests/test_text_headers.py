"""The lines around the title of a text: which is the title, and who wrote it."""

from __future__ import annotations

import pytest

import copydesk

STORY = (
    "The council of Norby met on Tuesday and agreed to repair the old stone bridge before the winter.",
    "Work will begin in March and cost about four million crowns, mayor Ann Berg said after the meeting.",
    "Until then a ferry carries people and bicycles across the bay every twenty minutes.",
)
CHINESE = (
    "港務委員會今天批准一項計畫，用海灣的水為四百戶供暖，這在沿海地區是頭一遭。",
    "舊煤碼頭上的水泵將抽取攝氏六度的海水，再以三度排回海灣。",
    "專案負責人方寧說，大海是一台很大、很有耐心的暖氣，工程明年三月動工。",
)
TITLE = "Norby repairs its bridge"


def article_of(*lines: str, story: tuple[str, ...] = STORY) -> copydesk.Article:
    article = copydesk.extract("\n".join((*lines, "", "\n\n".join(story))))
    assert isinstance(article, copydesk.Article), article
    return article


@pytest.mark.parametrize(
    "lines",
    [
        (
            "http://www.norby.example/news/2026/nov/03/bridge",
            "",
            TITLE,
            "Ann Lee, political editor",
            "The Post, Friday May 3 2024",
        ),
        (TITLE, "By Ann Lee | Published on : 03rd May 2024 06:04 PM"),
    ],
    ids=["an address", "a byline with its day"],
)
def test_an_address_and_a_dated_byline_are_no_title(lines: tuple[str, ...]):
    assert article_of(*lines).title == TITLE


def test_the_writer_between_day_and_section_of_a_blog_is_read():
    article = article_of(TITLE, "Posted on May 3, 2024 by Ann Lee in Energy // 4 Comments")

    assert article.authors == ("Ann Lee",)
    assert str(article.published_at)[:10] == "2024-05-03"


@pytest.mark.parametrize(
    "line",
    ["2024-05-03 18:04 港日報／ 記者高美玲／即時報導", "2024-05-03 18:04:10 来源：港日报 作者：高美玲 编辑：陈立"],
)
def test_a_chinese_writer_in_the_line_of_the_day_is_read(line: str):
    assert article_of("海水為四百戶供暖", line, story=CHINESE).authors == ("高美玲",)
