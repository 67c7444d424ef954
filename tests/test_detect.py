"""The language of an article: the same answer everywhere, and none where it cannot be known."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.detect import detect, detect_language
from warehouse.records import Candidate, Capture, ExtractedArticle, Item, Origin, RawArticle

NOON = datetime(2026, 7, 6, 12, tzinfo=UTC)
PARAGRAPHS = {
    "en": "The harbour council voted on Tuesday to keep the old lighthouse open through the winter, although the cost of "
    "the repairs has doubled since the spring and nobody knows who will pay for them.",
    "de": "Der Hafenrat hat am Dienstag beschlossen, den alten Leuchtturm auch im Winter offen zu halten, obwohl sich die "
    "Kosten der Reparatur seit dem Frühjahr verdoppelt haben und niemand weiß, wer sie zahlt.",
    "fr": "Le conseil du port a décidé mardi de laisser le vieux phare ouvert pendant tout l'hiver, bien que le prix des "
    "travaux ait doublé depuis le printemps et que personne ne sache qui les paiera.",
    "es": "El consejo del puerto decidió el martes mantener abierto el viejo faro durante el invierno, aunque el precio de "
    "las obras se ha duplicado desde la primavera y nadie sabe quién va a pagarlas.",
    "pl": "Rada portu zdecydowała we wtorek, że stara latarnia będzie otwarta przez całą zimę, choć koszty naprawy wzrosły "
    "dwukrotnie od wiosny i nikt nie wie, kto za nie zapłaci.",
    "ru": "Совет порта решил во вторник оставить старый маяк открытым на всю зиму, хотя стоимость ремонта с весны выросла "
    "вдвое и никто не знает, кто за него заплатит.",
    "uk": "Рада порту вирішила у вівторок залишити старий маяк відкритим на всю зиму, хоча вартість ремонту від весни "
    "зросла вдвічі й ніхто не знає, хто за нього заплатить.",
    "ar": "قرر مجلس الميناء يوم الثلاثاء إبقاء المنارة القديمة مفتوحة طوال فصل الشتاء رغم أن تكلفة الإصلاحات تضاعفت منذ "
    "الربيع ولا أحد يعرف من سيدفع ثمنها.",
    "fa": "شورای بندر روز سه‌شنبه تصمیم گرفت فانوس دریایی قدیمی را در تمام زمستان باز نگه دارد، هرچند هزینهٔ تعمیر از بهار "
    "دو برابر شده است و کسی نمی‌داند چه کسی آن را می‌پردازد.",
    "tr": "Liman meclisi salı günü eski deniz fenerinin kış boyunca açık kalmasına karar verdi, ancak onarım masrafları "
    "ilkbahardan bu yana iki katına çıktı ve kimin ödeyeceğini kimse bilmiyor.",
    "hi": "बंदरगाह परिषद ने मंगलवार को फैसला किया कि पुराना प्रकाशस्तंभ सर्दियों में भी खुला रहेगा, हालांकि मरम्मत का खर्च वसंत से दोगुना हो गया है।",
}  # fmt: skip
OWN_SCRIPT = {
    "el": "Το παλιό λιμάνι", "hy": "Հին նավահանգիստը", "ka": "ძველი ნავსადგური", "he": "הנמל הישן", "th": "ท่าเรือเก่า",
    "lo": "ທ່າເຮືອເກົ່າ", "km": "កំពង់ផែចាស់", "my": "ဆိပ်ကမ်းဟောင်း", "si": "පැරණි වරාය", "ta": "பழைய துறைமுகம்",
    "te": "పాత ఓడరేవు", "kn": "ಹಳೆಯ ಬಂದರು", "ml": "പഴയ തുറമുഖം", "gu": "જૂનું બંદર", "pa": "ਪੁਰਾਣੀ ਬੰਦਰਗਾਹ", "or": "ପୁରୁଣା ବନ୍ଦର",
    "bn": "পুরানো বন্দর", "ko": "오래된 항구", "ja": "古い港の灯台", "zh": "旧港口", "am": "አሮጌው ወደብ", "dv": "ބަނދަރު",
}  # fmt: skip
OWN_LETTERS = {
    "sr": "Већ данас ће се знати хоће ли куће бити срушене.", "be": "Стары маяк будзе адкрыты ўсю зіму, паўтарыў ён ў аўторак.",
    "kk": "Ұлы теңіздің ұзақ жолы туралы ұсыныс.", "az": "Köhnə mayak qış boyu açıq qalacaq, təmirin qiyməti isə artıb.",
    "is": "Það er ekki víst að þetta verði gert þegar þar að kemur.",
}  # fmt: skip


def found(text, *stated):
    """An extracted article with this text and these (field, value) statements."""
    item = Item("example", "https://example.org/a", "a", "https://example.org/", NOON)
    capture = Capture(
        "c", "example", "run", item.url, None, NOON, 200, None, None, None, None, "sha256:", 0, "w", 0, 0, "stored"
    )
    candidates = tuple(Candidate(field, (value,), Origin.META) for field, value in stated)
    return ExtractedArticle(RawArticle(item, capture, b""), text, candidates, "test", "utf-8")


@pytest.mark.parametrize("language", PARAGRAPHS)
def test_a_paragraph_is_enough(language):
    assert detect_language(PARAGRAPHS[language]).tag == language
    assert detect_language(PARAGRAPHS[language]).confidence > 0.7


@pytest.mark.parametrize("language", OWN_SCRIPT)
def test_a_script_of_its_own_needs_no_paragraph(language):
    assert detect_language(OWN_SCRIPT[language]).tag == language


@pytest.mark.parametrize("language", OWN_LETTERS)
def test_letters_of_its_own_tell_a_language_that_langdetect_lacks(language):
    assert detect_language(OWN_LETTERS[language]).tag == language


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("们国这来时说对发会为 港口将在冬天开放", "zh-Hans"),
        ("們國這來時說對發會為 港口將在冬天開放", "zh-Hant"),
        ("港口", "zh"),
    ],
    ids=["simplified", "traditional", "too little"],
)
def test_the_way_of_writing_chinese_is_said_when_it_is_certain(text, tag):
    assert detect_language(text * 3 if len(text) > 2 else text).tag == tag


@pytest.mark.parametrize(
    "text",
    ["", " \n ", "12.5 / 2026 – 17:30", "https://example.org/der/lange/weg/zum/hafen", "😀🎉🚢", "Short one", "@someone #harbour",
     "\x00\x01\ud800", "-----", "ann.lee@paper.example"],
)  # fmt: skip
def test_what_has_too_few_letters_has_no_known_language(text):
    assert detect_language(text, "en").tag == "und"
    assert detect_language(text, "en").confidence == 0


def test_capitals_are_read_as_words():
    """langdetect takes them for acronyms and passes over them."""
    assert detect_language(PARAGRAPHS["fr"].upper()).tag == "fr"


def test_a_menu_in_another_language_does_not_turn_the_article():
    menu = "\n".join(["Home", "World news", "Subscribe to our newsletter", "Contact us", "Privacy policy"] * 8)
    assert detect_language(f"{menu}\n{PARAGRAPHS['tr']}\n{PARAGRAPHS['tr']}\n{menu}").tag == "tr"


def test_what_is_declared_settles_twins_but_overrules_no_sure_answer():
    malay = "Menteri itu berkata kerajaan akan membuka semula pelabuhan lama pada musim depan."
    assert detect_language(malay, "ms").tag == "ms"
    assert detect_language(PARAGRAPHS["en"], "fr").tag == "en"
    assert detect_language(PARAGRAPHS["en"], "fr").confidence < detect_language(PARAGRAPHS["en"], "en-GB").confidence


@pytest.mark.parametrize("declared", ["English", "x", "??", "en_US", "", "zz"])
def test_a_declaration_that_is_no_tag_does_no_harm(declared):
    assert detect_language(PARAGRAPHS["en"], declared).tag == "en"


def test_the_title_is_asked_where_the_body_is_short():
    article = found("+++ 17:30 +++", ("title", PARAGRAPHS["pl"]))
    assert detect(article, None).language.tag == "pl"
    article = found(PARAGRAPHS["de"] * 2, ("title", PARAGRAPHS["pl"]))
    assert detect(article, None).language.tag == "de"


def test_the_page_s_own_word_counts_where_the_source_says_nothing():
    malay = "Menteri itu berkata kerajaan akan membuka semula pelabuhan lama pada musim depan."
    assert detect(found(malay, ("language", "ms-MY")), None).language.tag == "ms"
    assert detect(found(malay, ("language", "ms-MY")), "id").language.tag == "id"


@pytest.mark.parametrize("text", ["word " * 1_000_000, "a" * 5_000_000, "a@" * 2_500_000, "b\n" * 2_500_000], ids=len)
def test_five_megabytes_take_no_longer_than_a_page(text):
    started = time.process_time()
    detect_language(text)
    assert time.process_time() - started < 1


def test_every_repetition_and_every_thread_has_the_same_answer():
    undecided = ["Porta nova del sol marino alto", "Vita mala sin gran fin del mar", "Alt port mit sal og land under"]
    texts = [*undecided, *(paragraph[:60] for paragraph in PARAGRAPHS.values())] * 8
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(detect_language, texts))
    assert together == [detect_language(text) for text in texts]


FIRST_USE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from tasks.detect import detect_language
start = Barrier(8)
def first(text):
    start.wait()
    return detect_language(text)
with ThreadPoolExecutor(8) as pool:
    print(*sorted({answer.tag + str(answer.confidence) for answer in pool.map(first, [sys.argv[1]] * 8)}))
"""


def test_threads_that_race_to_load_the_profiles_all_get_them_whole():
    """langdetect itself hands half-loaded profiles to whoever comes second."""
    expected = detect_language(PARAGRAPHS["es"])
    for _ in range(2):
        ran = subprocess.run(
            [sys.executable, "-c", FIRST_USE, PARAGRAPHS["es"]], capture_output=True, text=True, check=True
        )
        assert ran.stdout.split() == [expected.tag + str(expected.confidence)]


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=400), st.none() | st.text(max_size=8))
def test_no_text_breaks_detection(text, declared):
    language = detect_language(text, declared)
    assert 0 <= language.confidence <= 1
    assert language.tag
    assert detect(found(text), declared).language is not None
