"""Bylines give the names in them, as printed."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tasks.metadata.bylines import split_byline

BYLINES = [
    ("en", "By Ann Lee and Bob Ray", ["Ann Lee", "Bob Ray"]),
    ("en", "By ANN LEE, BOB RAY and CYD FOX", ["ANN LEE", "BOB RAY", "CYD FOX"]),
    ("en", "Ann Lee, Bob Ray, and Cyd Fox, Hafenpost", ["Ann Lee", "Bob Ray", "Cyd Fox", "Hafenpost"]),
    ("en", "Ann Lee (Image: Harbour Pictures/Max Kuhn)", ["Ann Lee"]),
    ("en", "Ann Lee, Staff Writer", ["Ann Lee"]),
    ("en", "Ann Lee | Email the author", ["Ann Lee"]),
    ("en", "Ann Lee Political Editor", ["Ann Lee"]),
    ("en", "Ann LeeCorrespondent", ["Ann Lee"]),
    ("en", "Ann Lee@annlee", ["Ann Lee"]),
    ("en", "By Ann Lee Follow", ["Ann Lee"]),
    ("de", "Anna Berg Landespolitische Korrespondentin", ["Anna Berg"]),
    ("de", "Kolumne von Anna Berg", ["Anna Berg"]),
    ("de", "Eine Analyse von Anna Berg", ["Anna Berg"]),
    ("fr", "Chronique de Anne Marin", ["Anne Marin"]),
    ("fr", "Propos recueillis par Anne Marin", ["Anne Marin"]),
    ("de", "Von Anna Berg, Redakteurin im Ressort Hafen", ["Anna Berg"]),
    ("en", "By Ann Lee and agencies", ["Ann Lee"]),
    ("en", "Ann Lee, Contact", ["Ann Lee"]),
    ("en", "Ann Lee, harbour.example.com", ["Ann Lee"]),
    ("en", "By Ann Lee | Print This Post", ["Ann Lee"]),
    ("en", "Author of the article: Ann Lee", ["Ann Lee"]),
    ("en", "Ann Lee Yesterday", ["Ann Lee"]),
    ("pt", "Ana Prado e Bruno Leite, de Monte Alto", ["Ana Prado", "Bruno Leite"]),
    ("pt", "Por Ana Prado, Folha do Vale — Monte Alto", ["Ana Prado"]),
    ("cs", "Autor: ČTK, jm", ["ČTK"]),
    ("zh", "责任编辑：张三", []),
    ("zh", "张三 编辑：李四", ["张三"]),
    ("en", "harbour.com", ["harbour.com"]),
    ("de", "HAFENBLATT-Redakteurin Anna Berg", ["Anna Berg"]),
    ("en", "By Ann Lee, Political Editor ann.lee@paper.example @annlee", ["Ann Lee"]),
    ("en", "Ann Lee in London and Bob Ray in Paris", ["Ann Lee", "Bob Ray"]),
    ("en", "By Ann Lee, Special to The Gazette", ["Ann Lee"]),
    ("en", "By Ann Lee Updated 3 May 2024", ["Ann Lee"]),
    ("en", "By Ann Lee 11 February 2026", ["Ann Lee"]),
    ("en", "By Ann Lee Feb 21, 2026, 4:22am", ["Ann Lee"]),
    ("de", "von Anna Berg am 14. Mai 2026 , 15:40 Uhr", ["Anna Berg"]),
    ("de", "12.05.2026, 11:30 Uhr von Anna Berg", ["Anna Berg"]),
    ("en", "Harbour24", ["Harbour24"]),
    ("en", "By Joan McDonald (AP)", ["Joan McDonald"]),
    ("en", "Mary Smith, PhD", ["Mary Smith"]),
    ("en", "John King, Jr.", ["John King, Jr."]),
    ("en", "A. B. Marlow", ["A. B. Marlow"]),
    ("en", "Byron Allen", ["Byron Allen"]),
    ("en", "Ann Lee, Bob Ray, ANN LEE", ["Ann Lee", "Bob Ray"]),
    ("de", "Von Anna Berg, Bodo Kuhn und Cleo Dorn", ["Anna Berg", "Bodo Kuhn", "Cleo Dorn"]),
    ("de", "Von Anna Berg für die Hafenpost", ["Anna Berg"]),
    ("de", "Text: Anna Berg, Foto: Max Kuhn", ["Anna Berg"]),
    ("de", "Frieda von der Aue", ["Frieda von der Aue"]),
    ("fr", "Par Luc Petit avec AFP", ["Luc Petit"]),
    ("fr", "Par Roland Armand et Fernand Legrand", ["Roland Armand", "Fernand Legrand"]),
    ("es", "Por Ana Ruiz y Luis Gil", ["Ana Ruiz", "Luis Gil"]),
    ("es", "José Marina y Gamboa", ["José Marina y Gamboa"]),
    ("it", "Di Marco Rossi", ["Marco Rossi"]),
    ("ru", "Текст: Иван Петров, Анна Смирнова", ["Иван Петров", "Анна Смирнова"]),
    ("ar", "مراسل: أحمد علي", ["أحمد علي"]),
    ("ja", "山田太郎、鈴木花子", ["山田太郎", "鈴木花子"]),
    ("zh", "文/张三", ["张三"]),
    ("zh", "记者 李四", ["李四"]),
    ("ko", "김철수 기자", ["김철수"]),
    ("ko", "노르비신문 김하나 기자", ["김하나"]),
    ("ko", "세종=김하나 기자", ["김하나"]),
    ("no", "Martin Lunde Martin Lunde", ["Martin Lunde"]),
    ("en", "Ann LeeAnn Lee, Bob Ray", ["Ann Lee", "Bob Ray"]),
    ("zh", "〔記者高美玲／台北報導〕", ["高美玲"]),
    ("zh", "（海州日报记者 高美玲 陈立）", ["高美玲", "陈立"]),
    ("el", "Της Άννας Λη", ["Άννας Λη"]),
    ("en", "By ANN LEE FOR HARBOUR ONLINE", ["ANN LEE"]),
    ("en", "By Ann Lee For Harbour.com", ["Ann Lee"]),
    ("ja", "文・高美玲", ["高美玲"]),
    ("th", "โดย สมหญิง ใจดี", ["สมหญิง ใจดี"]),
    ("hi", "रिपोर्टर: मोहन जोशी", ["मोहन जोशी"]),
    ("en", "Interview by Ann Lee", ["Ann Lee"]),
    ("en", "Guest contributor Ann Lee", ["Ann Lee"]),
    ("de", "Von unserer Redakteurin Anna Berg", ["Anna Berg"]),
    ("de", "Von Anna Berg und Bodo Kuhn (Text) sowie Max Dorn (Fotos)", ["Anna Berg", "Bodo Kuhn"]),
    ("de", "Anna Berg | Lesedauer: 4 Minuten | vor 2 Stunden", ["Anna Berg"]),
    ("id", "Kahar Dirja - Pelabuhan", ["Kahar Dirja"]),
    ("es", "Ana Ruiz | Norby", ["Ana Ruiz"]),
    ("es", "Ana Ruiz / Luis Gil", ["Ana Ruiz", "Luis Gil"]),
    (None, "Von Anna Berg", ["Anna Berg"]),
    ("fr", "Texte et photos : Anne Marin", ["Anne Marin"]),
    ("it", "Testo e foto di Marco Rossi", ["Marco Rossi"]),
    ("vi", "Bài, ảnh: Trần Văn Nam", ["Trần Văn Nam"]),
    ("ko", "글·사진 김하나 기자", ["김하나"]),
    ("tr", "Haber: Ayşe Kaya - Kamera: Can Er", ["Ayşe Kaya"]),
    ("fr", "De notre correspondante à Norby, Anne Marin", ["Anne Marin"]),
    ("it", "dalla nostra inviata Anna Rossi", ["Anna Rossi"]),
    ("nl", "Door onze verslaggever Jan Smit", ["Jan Smit"]),
    ("en", "From our correspondent in New Norby, Ann Lee", ["Ann Lee"]),
    ("fr", "La rédaction avec Anne Marin", ["Anne Marin"]),
    ("es", "Ana Ruiz Corresponsal en Norby", ["Ana Ruiz"]),
    ("zh", "记者 高美玲 通讯员 陈立", ["高美玲", "陈立"]),
    ("ar", "تقرير: أحمد علي", ["أحمد علي"]),
    ("en", "By ANN LEE, Harbour Wire", ["ANN LEE"]),
    ("en", "Ann Lee, MSc, RD, FAND", ["Ann Lee"]),
    ("fr", "Anne Marin, AFP", ["Anne Marin", "AFP"]),
    ("de", "Zeige alle Beiträge von Anna Berg →", ["Anna Berg"]),
    ("de", "Erstellt von Anna Berg", ["Anna Berg"]),
    ("de", "Anna Berg im Gespräch", ["Anna Berg"]),
    ("en", "Show all articles by Ann Lee", ["Ann Lee"]),
    ("fr", "Voir tous les articles de Anne Marin", ["Anne Marin"]),
    ("es", "Ver todas las entradas de Ana Ruiz", ["Ana Ruiz"]),
    ("en", "Story by Ann Lee and photographs by Bob Ray", ["Ann Lee"]),
    ("ja", "取材・文／高美玲　撮影／北村涼", ["高美玲"]),
    ("pt", "Redação | Ana Silva", ["Ana Silva"]),
    ("ko", "[노르비신문=김하나 기자]", ["김하나"]),
    ("cs", "Redaktor Jana Malá", ["Jana Malá"]),
    ("fi", "Anni Salo STT", ["Anni Salo"]),
    ("fr", "Anne Marie KLEIN", ["Anne Marie KLEIN"]),
    ("ja", "港日報社会部　高美玲", ["高美玲"]),
    ("uk", "Авторка: Анна Бойко", ["Анна Бойко"]),
    ("fa", "گزارش: نرگس رستمی", ["نرگس رستمی"]),
    ("nl", "Tekst en foto’s: Jan Smit", ["Jan Smit"]),
]


@pytest.mark.parametrize(("language", "byline", "names"), BYLINES)
def test_a_byline_gives_its_names(language, byline, names):
    assert list(split_byline(byline, language)) == names


@pytest.mark.parametrize(
    "name", ["AP", "Hafenpost Online", "hafenpost.example", "Gear Team", "Harbour staff reporter", "朝の新聞"]
)
def test_an_outlet_that_signs_stays_as_it_signs(name):
    assert split_byline(name, "en") == (name,)


@pytest.mark.parametrize(
    "byline",
    [
        "",
        " ",
        "By",
        "admin",
        "null",
        "12 May",
        "https://example.org/ann",
        "ann@paper.example",
        "x" * 500,
        "Ann said " * 60,
    ],
)
def test_what_names_nobody_gives_nobody(byline):
    assert split_byline(byline, "en") in ((), ("May",), ("12 May",))


@example("AA .", None)
@given(st.text(max_size=400), st.sampled_from([None, "en", "de", "es", "zh"]))
def test_no_text_breaks_a_byline(text, language):
    names = split_byline(text, language)
    assert len({name.casefold() for name in names}) == len(names)
    assert all(name == name.strip() for name in names)
