"""Words of page furniture in many languages: they strip short lines, never a sentence of the story."""

from __future__ import annotations

import pytest
from test_page_body import STORY, page, text_of

from tasks.boilerplate.cues import find_cues
from tasks.boilerplate.lines import read_lines
from tests.support.plain_texts import paragraphs, stripped
from warehouse.model.vocabulary import LineReason

STORIES = {
    "de": (
        "Der Rat von Norby hat am Dienstag beschlossen, die alte Brücke noch vor dem Winter zu reparieren.",
        "Zur Person des neuen Baumeisters wollte sich die Bürgermeisterin nach der Sitzung nicht äußern.",
        "Hier geht es zum Hafen nur noch über die Landstraße, was jede Fahrt um eine Stunde verlängert.",
    ),
    "id": (
        "Dewan kota Norby pada hari Selasa memutuskan untuk memperbaiki jembatan tua sebelum musim dingin tiba.",
        "Baca puisi menjadi acara penutup, dan wali kota menyumbang empat juta mahkota untuk pekerjaan itu.",
        "Halaman balai kota dipakai sebagai tempat parkir truk sampai pekerjaan selesai pada bulan Maret.",
    ),
    "es": (
        "El consejo de Norby acordó el martes reparar el viejo puente antes de que llegue el invierno.",
        "Recibe el encargo una empresa de la bahía, que cobrará unos cuatro millones de coronas por la obra.",
        "Además, los camiones tendrán que dar hasta entonces un rodeo que alarga en una hora cada viaje.",
    ),
    "fr": (
        "Le conseil de Norby a décidé mardi de réparer le vieux pont avant l'arrivée de l'hiver prochain.",
        "Le maire, qui doit recevoir les entreprises en mars, estime le coût à quatre millions de couronnes.",
        "Jusque-là, les camions feront le long tour de la baie, ce qui ajoute une heure à chaque trajet.",
    ),
    "tr": (
        "Norby belediye meclisi salı günü eski köprünün kış gelmeden önce onarılmasına karar verdi.",
        "Oku, yaz ve öğren adlı okulun öğrencileri de köprünün açılışında yer alacak, dedi başkan toplantıda.",
        "O zamana kadar kamyonlar koyun çevresindeki uzun yolu kullanacak ve her sefer bir saat uzayacak.",
    ),
    "ru": (
        "Совет города Норби во вторник решил отремонтировать старый мост до наступления зимы.",
        "Обсуждение сметы заняло три часа, работы начнутся в марте и обойдутся в четыре миллиона крон.",
        "До этого времени грузовикам придётся объезжать залив, и каждая поездка станет на час длиннее.",
    ),
    "ar": (
        "قرر مجلس مدينة نوربي يوم الثلاثاء إصلاح الجسر القديم قبل حلول فصل الشتاء المقبل.",
        "انضم إلى الاجتماع عدد من سكان الخليج، وقال رئيس البلدية إن العمل سيبدأ في شهر مارس.",
        "وحتى ذلك الحين ستسلك الشاحنات الطريق الطويل حول الخليج، ما يضيف ساعة إلى كل رحلة.",
    ),
    "fa": (
        "شورای شهر نوربی روز سه‌شنبه تصمیم گرفت پل قدیمی را پیش از رسیدن زمستان تعمیر کند.",
        "به گزارش شهردار، کار در ماه مارس آغاز می‌شود و حدود چهار میلیون کرون هزینه خواهد داشت.",
        "تا آن زمان کامیون‌ها باید راه طولانی دور خلیج را بروند که هر سفر را یک ساعت بیشتر می‌کند.",
    ),
    "ko": (
        "노르비 시의회는 화요일 회의에서 겨울이 오기 전에 낡은 다리를 수리하기로 결정했다고 밝혔다.",
        "구독 경제를 연구하는 대학도 참여하며 공사는 3월에 시작해 약 400만 크로나가 들 것이라고 시장은 말했다.",
        "그때까지 화물차는 만을 돌아가는 먼 길을 이용해야 하며 운행마다 한 시간이 더 걸린다고 한다.",
    ),
    "zh": (
        "诺比市议会星期二开会，同意在冬天到来之前修复那座已经使用了八十年的旧桥，并公布了预算。",
        "官方微博发布消息称，工程将于三月开始，费用约为四百万克朗，市长会后对记者作了说明。",
        "在此之前，卡车必须绕海湾走一条很长的路，每次行程都要多花一个小时，司机们对此表示不满。",
    ),
    "ja": (
        "ノルビー市議会は火曜日の会議で、冬が来る前に八十年使われてきた古い橋を修理することを決めた。",
        "会員限定の説明会も開かれ、工事は三月に始まり、費用は約四百万クローナになると市長は述べた。",
        "それまでトラックは湾を回る遠い道を通らなければならず、一回の運行に一時間余計にかかるという。",
    ),
    "vi": (
        "Hội đồng thành phố Norby hôm thứ Ba đã quyết định sửa chữa cây cầu cũ trước khi mùa đông đến.",
        "Đăng ký dự thầu sẽ mở vào tháng Ba và công trình tốn khoảng bốn triệu curon, thị trưởng cho biết.",
        "Cho đến lúc đó xe tải phải đi đường vòng quanh vịnh, khiến mỗi chuyến đi dài thêm một giờ.",
    ),
    "pl": (
        "Rada miasta Norby postanowiła we wtorek naprawić stary most jeszcze przed nadejściem zimy.",
        "Czytaj wolniej, radzi dzieciom szkoła przy moście, którego remont pochłonie cztery miliony koron.",
        "Do tego czasu ciężarówki muszą objeżdżać zatokę, co wydłuża każdy przejazd o całą godzinę.",
    ),
    "hi": (
        "नॉर्बी की नगर परिषद ने मंगलवार को सर्दी से पहले पुराने पुल की मरम्मत करने का फैसला किया।",
        "टेलीग्राम और चिट्ठियों से मिली शिकायतों के बाद मेयर ने कहा कि काम मार्च में शुरू होगा।",
        "तब तक ट्रकों को खाड़ी के चारों ओर लंबा रास्ता लेना होगा और हर यात्रा एक घंटा लंबी होगी।",
    ),
}
FURNITURE = {
    "de": ("Surftipp: Die Fähren der Küste in Zahlen", "Im Video: Diese Fähre fährt rückwärts", "Link kopieren"),
    "id": ("Baca: Tarif Feri Naik Satu Sen", "Baca juga: Lima Jalur Jalan Kaki", "Bagikan berita ini"),
    "es": ("Lo más comentado", "También le puede interesar: Cinco paseos", "Copiar enlace"),
    "fr": ("À lire ensuite : Cinq promenades", "Copier le lien", "Lire les commentaires"),
    "tr": ("Oku: Beş yürüyüş yolu", "Bağlantıyı kopyala", "İlginizi çekebilir"),
    "ru": ("Читайте: Пять прогулок в дождь", "Скопировать ссылку", "Написать комментарий"),
    "ar": ("اقرأ: خمس نزهات في المطر", "نسخ الرابط", "اكتب تعليقك"),
    "fa": ("این خبر را هم بخوانید: پنج پیاده‌روی", "لینک خبر", "نظر خود را بنویسید"),
    "ko": ("이 기사도: 비 오는 날의 산책", "링크 복사하기", "댓글을 남겨 주세요"),
    "zh": ("延伸閱讀：雨天散步五條路", "链接已复制", "大家都在看"),
    "ja": ("この記事を読んだ人におすすめ", "リンクをコピーする", "コメントを書く"),
    "vi": ("Đọc tiếp: Năm lối đi dạo", "Sao chép liên kết", "Gửi bình luận"),
    "pl": ("Czytaj: Pięć spacerów w deszczu", "Skopiuj link", "Napisz komentarz"),
    "hi": ("ये खबर भी पढ़ें: बारिश में पाँच रास्ते", "लिंक कॉपी करें", "टिप्पणी लिखें"),
}


@pytest.mark.parametrize("language", STORIES)
def test_furniture_goes_and_every_sentence_stays(language: str) -> None:
    first, second, third = STORIES[language]
    link, share, last = FURNITURE[language]
    article = stripped(paragraphs(first, link, second, share, third, last))
    assert article.paragraphs.text.split("\n\n") == [first, second, third]
    assert {line.text for line in article.stripped} == {link, share, last}


@pytest.mark.parametrize("language", STORIES)
def test_no_sentence_of_a_story_is_labelled_by_the_words_it_begins_with(language: str) -> None:
    assert [line.reason for line in read_lines("\n\n".join(STORIES[language]))] == [None] * 3


BOX = "Zur Person\nEva Lind leitet seit 2011 das Ressort Brücken. Sie fährt selbst ein Ruderboot."


def test_a_box_about_a_person_goes_up_to_the_blank_line_below_it() -> None:
    first, second, third = STORIES["de"]
    text = stripped(paragraphs(first, second, BOX, third)).paragraphs.text
    assert text.split("\n\n") == [first, second, third]


def test_a_heading_about_a_person_takes_no_text_that_no_blank_line_ends() -> None:
    first, second, third = STORIES["de"]
    text = stripped("\n".join((first, "Zur Person", second, third))).paragraphs.text
    assert text.split("\n\n") == [first, second, third]


def test_a_phrase_has_the_kind_of_its_table() -> None:
    assert [cue.kind for cue in find_cues("Tentang penulis")] == ["profile"]


def test_a_label_before_a_name_is_trusted_before_a_name_beside_a_date() -> None:
    head = "Feri Baru untuk Pulau Camar\nKabar Laut - 14/10/2025, 20:23 WIB"
    article = stripped(paragraphs(head, *STORIES["id"], "Reporter : Kahar Dirja"))
    bylines = [candidate.values[0] for candidate in article.candidates if candidate.field == "by"]
    assert bylines == ["Reporter : Kahar Dirja", "Kabar Laut"]


def test_the_credit_in_a_caption_that_is_the_story_is_stripped_alone() -> None:
    figures = "".join(
        f'<figure><img src="/{number}.jpg"><figcaption>{caption} <i>Photo: Ann Lowry</i></figcaption></figure>'
        for number, caption in enumerate(STORY)
    )
    assert text_of(page(f"<main><article><h1>The ferry sails</h1>{figures}</article></main>")) == list(STORY)


def test_the_profile_box_is_boilerplate() -> None:
    first, second, third = STORIES["de"]
    article = stripped(paragraphs(first, second, BOX, third))
    assert {line.reason for line in article.stripped} == {LineReason.BOILERPLATE}
