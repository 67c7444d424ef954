"""Bytes become the text that was meant, or a refusal that says why."""

from __future__ import annotations

import gzip
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.text.decode import Decoded, Refusal, decode, unpack
from warehouse.model.vocabulary import Reason

ENGLISH = "The mayor's office said “nothing is decided” about the £5 toll. "
GERMAN = "Die Brücke über den Fluss bleibt bis Mai gesperrt, weil das Gelände für schwere Züge geprüft wird. "
RUSSIAN = "Новую переправу через реку откроют в мае, когда сойдёт лёд и закончат проверку опор. "
GREEK = "Η νέα γέφυρα του ποταμού θα ανοίξει τον Μάιο, όταν τελειώσει ο έλεγχος των θεμελίων. "
POLISH = "Nowy most na rzece zostanie otwarty w maju, gdy zakończą się próby obciążenia i ułożą jezdnię. "
TURKISH = "Irmağın üzerindeki yeni köprü, ayakların denetimi bitince mayıs ayında trafiğe açılacak. "
ARABIC = "سيفتح الجسر الجديد فوق النهر في شهر مايو بعد انتهاء فحص الأعمدة من قبل المهندسين. "
HEBREW = "הגשר החדש מעל הנהר ייפתח בחודש מאי, לאחר שתסתיים בדיקת העמודים על ידי המהנדסים. "
JAPANESE = "川に架かる新しい橋は、橋脚の点検が終わる五月に開通する予定だと市は発表した。"
CHINESE = "市政府宣布，横跨河面的新桥将在桥墩检查结束后于五月通车，届时公交线路也会调整。"
TAIWANESE = "市政府宣布，橫跨河面的新橋將在橋墩檢查結束後於五月通車，屆時公車路線也會調整。"
KOREAN = "강을 가로지르는 새 다리가 교각 점검을 마치고 오월에 개통될 예정이라고 시가 밝혔다. "

LEGACY = [
    (ENGLISH, "cp1252"), (GERMAN, "cp1252"), (RUSSIAN, "cp1251"), (RUSSIAN, "koi8-r"), (GREEK, "iso8859-7"),
    (POLISH, "iso8859-2"), (POLISH, "cp1250"), (TURKISH, "cp1254"), (ARABIC, "cp1256"), (HEBREW, "cp1255"),
    (JAPANESE, "cp932"), (JAPANESE, "euc_jp"), (CHINESE, "gb18030"), (TAIWANESE, "big5"), (KOREAN, "cp949"),
]  # fmt: skip


def text_of(content: bytes, declared: str | None = None, html: bool = False) -> str:
    decoded = decode(content, declared, html)
    assert isinstance(decoded, Decoded), decoded
    return decoded.text


def reason_of(content: bytes) -> Reason:
    refused = decode(content)
    assert isinstance(refused, Refusal), refused
    return refused.reason


@pytest.mark.parametrize("times", [1, 8], ids=["short", "long"])
@pytest.mark.parametrize(("text", "charset"), LEGACY, ids=lambda value: value if value.isascii() else "")
def test_a_text_in_a_charset_that_nobody_declares_is_recognised(text: str, charset: str, times: int) -> None:
    written = (text * times).encode(charset, "ignore")
    assert text_of(written) == written.decode(charset)


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [ENGLISH, RUSSIAN, CHINESE + "\n2025"], ids=["english", "russian", "chinese"])
def test_wide_charsets_are_read_with_and_without_a_byte_order_mark(text: str, charset: str) -> None:
    assert text_of(text.encode(charset)) == text
    assert text_of(("\ufeff" + text).encode(charset)) == text


def test_a_byte_order_mark_is_believed_before_any_declaration_and_is_no_text() -> None:
    assert decode(b"\xef\xbb\xbf" + RUSSIAN.encode(), "windows-1251") == Decoded(RUSSIAN, "utf-8")


def test_what_the_transport_declares_goes_before_what_the_page_declares() -> None:
    page = f'<meta charset="koi8-r"><p>{RUSSIAN}'
    assert text_of(page.encode("cp1251"), "windows-1251", html=True) == page


@pytest.mark.parametrize(
    "head",
    [
        '<meta charset="windows-1251">',
        "<meta charset = windows-1251 >",
        '<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=windows-1251">',
        '<?xml version="1.0" encoding="windows-1251"?><html>',
        '<!-- <meta charset="koi8-r"> --><meta charset="CP1251">',
    ],
)
def test_a_page_says_its_charset_in_any_of_the_usual_ways(head: str) -> None:
    page = head + "<p>Да</p>"  # too short for any detector
    assert text_of(page.encode("cp1251"), html=True) == page


def test_a_plain_text_that_talks_of_charsets_declares_none() -> None:
    text = f'Write <meta charset="windows-1251"> at the top. {GERMAN}'
    assert text_of(text.encode("cp1252")) == text


@pytest.mark.parametrize(
    ("label", "text", "written"),
    [
        ("iso-8859-1", "“quoted” – 5 €", "cp1252"),
        ("us-ascii", "naïve café", "cp1252"),
        ("gb2312", "朱镕基说", "gb18030"),
        ("euc-kr", "똠방각하 펲시콜라", "cp949"),
        ("x-sjis", "①高橋﨑", "cp932"),
        ("iso-8859-9", "İstanbul – ığdır", "cp1254"),
    ],
)
def test_labels_mean_what_they_mean_on_the_web(label: str, text: str, written: str) -> None:
    assert text_of(text.encode(written), label) == text


@pytest.mark.parametrize("declared", ["utf-8", "ascii-armour", "utf-16", "", '"', "\u0431"])
def test_a_declaration_that_does_not_hold_is_passed_over(declared: str) -> None:
    assert text_of((GERMAN * 3).encode("cp1252"), declared) == GERMAN * 3


def test_a_page_in_utf8_that_declares_a_charset_of_single_bytes_is_utf8() -> None:
    assert text_of(POLISH.encode(), "iso-8859-2") == POLISH


def test_a_few_invalid_bytes_do_not_turn_utf8_into_mojibake() -> None:
    damaged = RUSSIAN.encode() + b"\xd0 " + GREEK.encode() + b"\xff"
    assert decode(damaged) == Decoded(f"{RUSSIAN}\ufffd {GREEK}\ufffd", "utf-8")


@pytest.mark.parametrize("content", [b"", b" \r\n\t\n", b"\xef\xbb\xbf\n", "\u200b \ufeff".encode()])
def test_a_document_without_a_character_to_read_is_empty(content: bytes) -> None:
    assert reason_of(content) is Reason.EMPTY


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        b"PK\x03\x04\x14\x00\x06\x00",
        gzip.compress(b"packed twice", mtime=0),
        b"\x00" * 64,
        bytes(range(256)) * 8,
        bytes((number * number * 31 + number * 7) % 256 for number in range(5000)),
    ],
    ids=["pdf", "png", "zip", "gzip", "zeros", "every byte", "noise"],
)
def test_bytes_that_are_no_text_are_refused_as_binary(content: bytes) -> None:
    assert reason_of(content) is Reason.BINARY


def test_a_text_with_a_stray_control_character_is_still_a_text() -> None:
    assert text_of(b"\x00" + ENGLISH.encode() * 2 + b"\x1f") == f"\0{ENGLISH * 2}\x1f"


def test_gzip_is_known_by_its_content_and_its_members_are_read_in_a_row() -> None:
    assert unpack(gzip.compress(b"first ", mtime=0) + gzip.compress(b"second", mtime=0), 100) == b"first second"
    assert unpack(b"as it is", 100) == b"as it is"


@pytest.mark.parametrize(
    "content", [b"x" * 101, gzip.compress(b"x" * 101, mtime=0), gzip.compress(bytes(50_000_000), mtime=0)]
)
def test_a_document_over_the_limit_is_refused_packed_or_not(content: bytes) -> None:
    refused = unpack(content, 100)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("damage", [lambda packed: packed[:-9], lambda packed: packed[:12] + b"\xff\xff" + packed[14:]])
def test_damaged_gzip_is_refused_rather_than_half_read(damage) -> None:
    refused = unpack(damage(gzip.compress(os.urandom(2_000), mtime=0)), 10_000)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.BAD_GZIP


@given(
    st.binary(max_size=600),
    st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["utf-16", "gbk"])),
    st.booleans(),
)
def test_no_bytes_raise(content: bytes, declared: str | None, html: bool) -> None:
    assert isinstance(decode(content, declared, html), Decoded | Refusal)


@given(st.text(min_size=1).filter(lambda text: text.isprintable() and text.strip()))
def test_what_is_written_in_utf8_comes_back(text: str) -> None:
    assert text_of(text.encode(), "utf-8") == text.removeprefix("\ufeff")


def test_letters_that_only_the_charset_of_windows_has_are_read_by_it() -> None:
    text = f"{POLISH}Środa przyniesie wiatr i śnieg, a w źródłach zabraknie wody."
    assert text_of(text.encode("cp1250"), "iso-8859-2") == text
    assert text_of(text.encode("iso-8859-2"), "iso-8859-2") == text
