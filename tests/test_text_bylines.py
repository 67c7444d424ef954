"""The writers of a plain text: names that stand alone near its title, and in the forms of Korean and Chinese papers."""

from __future__ import annotations

import pytest

from tests.support.plain_texts import paragraphs, stripped

ENGLISH = (
    "The council of Norby voted on Tuesday to repair the old bridge before the winter comes to the bay.",
    "Work will start in March and cost about four million crowns, the mayor said after the long meeting.",
    "Until then lorries will have to use the road around the bay, which adds an hour to every single trip.",
)
KOREAN = (
    "노르비 시의회는 화요일 회의에서 겨울이 오기 전에 낡은 다리를 수리하기로 결정했다고 밝혔다.",
    "공사는 3월에 시작해 약 400만 크로나가 들 것이라고 시장은 회의가 끝난 뒤 기자들에게 말했다.",
    "그때까지 화물차는 만을 돌아가는 먼 길을 이용해야 하며 운행마다 한 시간이 더 걸린다고 한다.",
)
CHINESE = (
    "諾比市議會星期二開會，同意在冬天到來之前修復那座已經使用了八十年的舊橋，並公布了預算。",
    "工程將於三月開始，費用約為四百萬克朗，市長會後對在場的居民作了詳細的說明。",
    "在此之前，卡車必須繞海灣走一條很長的路，每次行程都要多花一個小時。",
)


def bylines(*parts: str) -> list[str]:
    article = stripped(paragraphs(*parts))
    return [value for candidate in article.candidates if candidate.field == "by" for value in candidate.values]


@pytest.mark.parametrize(
    ("head", "byline"),
    [
        ("Bridge of Norby to be repaired\nAnn Lee\n3 May 2024\nListen to this article", "Ann Lee"),
        ("Bridge of Norby to be repaired\n3 May 2024\nShare\nAnn Lee and Bob Ray", "Ann Lee, Bob Ray"),
        ("Bridge of Norby to be repaired\nAnn Lee, Harbour Correspondent\nPublished: 3 May 2024", "Ann Lee, Harbour"),
        ("Bridge of Norby to be repaired\nAnn Lee Redakteurin\n03.05.2024 15:42 Uhr", "Ann Lee"),
        ("Bridge of Norby to be repaired\nAnn Lee and AFP\nMay 3, 2024 - 4.34pm", "Ann Lee"),
        ("Bridge of Norby to be repaired\n3 May 2024\nAnn Lee\nEditor: Bob Ray", "Ann Lee"),
        ("Bridge of Norby to be repaired\nAnn Lee @annlee\nPublished: 10:15, 3 May 2024", "Ann Lee"),
        ("Bridge of Norby to be repaired\nAnn Lee / NORBY (NNA)\nEntered: 03.05.2024 - 11:20", "Ann Lee / NORBY"),
        ("Bridge of Norby to be repaired\nDalla nostra inviata Anna Rossi\n3 maggio 2024, ore 18.04", "Dalla nostra"),
        ("Bridge of Norby to be repaired\nAnn Lee, PAP\ntoday 08:30", "Ann Lee"),
        ("Bridge of Norby to be repaired\nAnn Lee, Bob Ray (photo)\nPublished: 2024-05-03", "Ann Lee"),
        ("Bridge of Norby to be repaired\nTekst en foto’s: Jan Smit\n3 mei 2024", "Tekst en foto’s: Jan Smit"),
        ("جسر نوربي يُصلح قبل الشتاء\nأحمد العلي\nالخميس 3 مايو 2024", "أحمد العلي"),
    ],
)
def test_a_name_below_the_title_signs_also_beside_a_date(head: str, byline: str) -> None:
    assert bylines(head, *ENGLISH)[0].startswith(byline)


@pytest.mark.parametrize("line", ["Compartir en WhatsApp", "Abone Ol", "Follow Us"])
def test_a_line_beside_the_date_that_offers_something_signs_nothing(line: str) -> None:
    assert bylines(f"Bridge of Norby to be repaired\n3 May 2024\n{line}", *ENGLISH) == []


@pytest.mark.parametrize(
    ("head", "story", "byline"),
    [
        ("노르비 다리, 겨울 전에 고친다\n김하나 기자\n입력 2024.05.03 14:30", KOREAN, "김하나 기자"),
        ("노르비 다리, 겨울 전에 고친다\n김하나 기자 | 승인 2024.05.03", KOREAN, "김하나 기자"),
        (
            "노르비 다리, 겨울 전에 고친다\n노르비신문 김하나 기자 | 승인 2024.05.03 09:10 | 댓글 0",
            KOREAN,
            "노르비신문 김하나 기자",
        ),
        ("諾比舊橋將於冬天前修復\n高美玲　2024年5月3日 10時30分", CHINESE, "高美玲"),
        ("諾比舊橋將於冬天前修復\n港日報社会部　高美玲\n2024/05/03 10:30", CHINESE, "港日報社会部 高美玲"),
        (
            "諾比舊橋將於冬天前修復\n發布時間：2024-05-03 14:30 | 來源：諾比日報 | 記者：高美玲 陳立",
            CHINESE,
            "高美玲 陳立",
        ),
        ("諾比舊橋將於冬天前修復\n2024/05/03 14:30\n〔記者高美玲／諾比報導〕", CHINESE, "〔記者高美玲／諾比報導〕"),
    ],
)
def test_reporters_are_known_by_the_word_for_them(head: str, story: tuple[str, ...], byline: str) -> None:
    assert bylines(head, *story) == [byline]


def test_the_dateline_of_a_korean_agency_has_its_writer() -> None:
    first, *rest = KOREAN
    article = stripped(paragraphs("노르비 다리, 겨울 전에 고친다", f"(노르비=연합뉴스) 김하나 기자 = {first}", *rest))
    values = {candidate.field: candidate.values for candidate in article.candidates}
    assert values["by"] == ("김하나 기자",)
    assert values["located"] == ("노르비",)
    assert values["info_sources"] == ("연합뉴스",)


def test_a_label_at_the_end_signs_before_an_outlet_beside_the_date() -> None:
    head = "Bridge of Norby to be repaired\nAnn Lee, Harbour TV\nHarbour Mail - 3 May 2024, 14:30"
    assert bylines(head, *ENGLISH, "Reporter : Ann Lee")[0] == "Reporter : Ann Lee"


def test_a_label_of_a_writer_above_a_sentence_signs_nothing() -> None:
    head = (
        "Bridge of Norby to be repaired\n3 May 2024\nJournalist\nThe bridge that lorries cross was struck in the night"
    )
    assert bylines(head, *ENGLISH) == []


def test_a_phrase_far_below_the_title_is_no_name() -> None:
    head = "Bridge of Norby to be repaired\nShare\nSave\nPrint\nListen\nTranslate\nImportant Notice"
    assert bylines(head, *ENGLISH) == []


def test_an_agency_alone_below_the_text_is_its_source() -> None:
    article = stripped(paragraphs("Bridge of Norby to be repaired\n3 May 2024", *ENGLISH, "(DHA)"))
    assert [candidate.values for candidate in article.candidates if candidate.field == "info_sources"] == [("DHA",)]


def test_a_name_in_brackets_below_the_text_signs_it() -> None:
    assert bylines("諾比舊橋將於冬天前修復\n2024年5月3日", *CHINESE, "（高美玲）") == ["（高美玲）"]
    assert bylines("諾比舊橋將於冬天前修復\n2024年5月3日", *CHINESE, "（諾比新聞）") == []


def test_a_line_of_a_correspondent_is_no_text() -> None:
    line = "De notre correspondante à Norby, Anne Marin"
    article = stripped(paragraphs(f"Le pont de Norby sera réparé\n{line}\nTemps de lecture 3 min.", *ENGLISH))
    assert article.paragraphs.text == "\n\n".join(ENGLISH)
    assert [candidate.values for candidate in article.candidates if candidate.field == "by"] == [(line,)]
