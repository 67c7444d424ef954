"""What stands around the text of many papers: notices of cookies, signed captions, live reports, titles printed twice."""

from __future__ import annotations

import pytest
from test_text_bylines import CHINESE, ENGLISH, KOREAN

from tasks.boilerplate.captions import read_caption
from tasks.boilerplate.lines import read_lines
from tasks.text.words import estimate_words
from tests.support.plain_texts import paragraphs, stripped
from warehouse.model.vocabulary import LineReason

HINDI = (
    "नॉर्बी की नगर परिषद ने मंगलवार को सर्दी से पहले पुराने पुल की मरम्मत करने का फैसला किया।",
    "मेयर ने बैठक के बाद कहा कि काम मार्च में शुरू होगा और उस पर चालीस लाख क्रोना खर्च होंगे।",
    "तब तक ट्रकों को खाड़ी के चारों ओर लंबा रास्ता लेना होगा और हर यात्रा एक घंटा लंबी होगी।",
)


def title_of(*parts: str) -> str | None:
    article = stripped(paragraphs(*parts))
    titles = (candidate.values[0] for candidate in article.candidates if candidate.field == "title")
    return next(titles, None)


@pytest.mark.parametrize(
    "line",
    [
        "Do you have an opinion on this bridge? Write it on a card and hang it on the door of the town hall of Norby.",
        "Das Wichtigste aus der Bucht: Melden Sie sich für unseren Newsletter an, er kommt jeden Morgen um sechs Uhr.",
        "Подписывайтесь на наш канал, чтобы первыми узнавать новости города, или слушайте нас по радио.",
        "更多消息请下载海湾日报，或关注我们的网页。",
        "Keine Nachricht aus der Bucht verpassen: Abonnieren Sie unseren kostenlosen WhatsApp-Kanal und erzählen Sie davon.",
        "Больше новостей о мостах, пекарнях и погоде — в нашем телеграм-канале, заходите к нам каждый день.",
        "Vill du veta mer om bron och bageriet i Norby? Då kan du läsa vårt nyhetsbrev varje fredag, det kostar inget.",
        "Onko sinulla kuva sillasta? Lähetä se meille osoitteeseen toimitus@norby.example, kiitos kaikille lukijoille.",
        "Si vous avez des questions, écrivez une lettre ou un message à redaction@norby.example, nous répondons à tous.",
    ],
)
def test_what_a_site_asks_of_its_readers_is_no_text(line: str) -> None:
    assert read_lines(line)[0].reason in {LineReason.NEWSLETTER, LineReason.SHARE}
    assert stripped(paragraphs(*ENGLISH, line)).paragraphs.text == "\n\n".join(ENGLISH)


@pytest.mark.parametrize(
    "line",
    [
        "本文转载自海湾日报，版权归原作者所有，请勿改动。",
        "Bu haber kaynak gösterilmeden hiçbir yerde yayımlanamaz, dedi gazete.",
    ],
)
def test_a_line_that_reserves_rights_is_no_text(line: str) -> None:
    assert read_lines(line)[0].reason is LineReason.LEGAL


def test_a_service_that_somebody_speaks_of_is_text() -> None:
    line = (
        "The mayor sends a newsletter to every house, and our street has a group on WhatsApp, a neighbour of his said."
    )
    assert read_lines(line)[0].reason is None


@pytest.mark.parametrize(
    "line",
    [
        "We and our partners store information on your device, such as cookies, and read it, to measure who reads what.",
        "By submitting your information you agree to the terms of the Norby Post and are aged sixteen or over, as the law asks.",
        "Dieses Thema im Programm: Radio Norby | Aktuell am Abend | Gespräch mit der Bürgermeisterin über die Brücke und den Winter",
        "Al suscribirte aceptas las condiciones de uso y la política de privacidad del diario, y puedes darte de baja cuando quieras.",
        "Nous utilisons des cookies pour mesurer notre audience, et vous pouvez changer vos choix à tout moment ici.",
        "Dieser Artikel enthält Affiliate-Links. Wer darüber kauft, zahlt nicht mehr, aber wir bekommen etwas davon ab.",
        "Мы используем файлы cookie, чтобы сайт работал быстрее и чтобы вам было удобнее читать новости о нашем городе.",
        "A+ A-",
    ],
)
def test_a_notice_is_no_text_however_long_it_is(line: str) -> None:
    assert read_lines(line)[0].reason is not None
    assert stripped(paragraphs(line, *ENGLISH)).paragraphs.text == "\n\n".join(ENGLISH)


@pytest.mark.parametrize(
    "line",
    [
        "Follow the Norby Mail on Facebook for more news of the bay",
        "Siga o canal do Correio da Baía no WhatsApp",
        "Segui il Corriere della Baia su Google News",
    ],
)
def test_an_offer_to_follow_on_a_platform_is_no_text(line: str) -> None:
    assert read_lines(line)[0].reason in {LineReason.SHARE, LineReason.NEWSLETTER}


@pytest.mark.parametrize(
    "line",
    [
        "Follow the money, the mayor said of the bridge on Tuesday, and you will see that it never reached the bay.",
        "Like many towns in the bay, Norby lost its ferry when the bridge was opened by the king.",
    ],
)
def test_a_sentence_that_begins_like_an_offer_stays(line: str) -> None:
    assert read_lines(line)[0].reason is None


@pytest.mark.parametrize(
    ("line", "caption"),
    [
        ("Le pont de Norby, mardi 10 juin. LUC PETIT / AFP", ("Le pont de Norby, mardi 10 juin.", "LUC PETIT / AFP")),
        ("港を出る連絡船＝5日午後、高美玲撮影", ("港を出る連絡船", "5日午後、高美玲撮影")),
        ("渡輪昨天傍晚駛離碼頭。（記者高美玲攝）", ("渡輪昨天傍晚駛離碼頭。", "記者高美玲攝")),
        ("노르비의 다리를 화물차가 지나고 있다. 연합뉴스", ("노르비의 다리를 화물차가 지나고 있다.", "연합뉴스")),
        ("العبّارة تغادر الرصيف مساء الثلاثاء (أرشيفية)", ("العبّارة تغادر الرصيف مساء الثلاثاء", "أرشيفية")),
    ],
)
def test_a_caption_is_known_by_the_signature_at_its_end(line: str, caption: tuple[str, str]) -> None:
    assert read_caption(line) == caption
    assert read_lines(line)[0].reason is LineReason.CAPTION


@pytest.mark.parametrize("line", [*ENGLISH, *KOREAN, *CHINESE, "The ship will sail on Friday. AFP"])
def test_a_sentence_is_no_signed_caption(line: str) -> None:
    assert read_caption(line) is None


def test_every_entry_of_a_live_report_comes_whole() -> None:
    entries = [
        ("18:20", "Schools stay shut", ENGLISH[0]),
        ("17:45", "Second bridge closed", ENGLISH[1]),
        ("17:02", "Army sends boats", ENGLISH[2]),
        ("16:30", "Good morning", "Welcome to our report on the bridge of Norby, which a lorry struck in the night."),
    ]
    text = "\n".join(line for entry in entries for line in entry)
    read = stripped(paragraphs("Live: the bridge of Norby", text)).paragraphs.text.split("\n\n")
    assert read == [line for entry in entries for line in entry]


def test_a_clock_that_is_printed_again_and_again_makes_no_live_report() -> None:
    text = "\n".join(
        ("00:00", "Sound by machine", ENGLISH[0], "00:00", "Skip", ENGLISH[1], "00:00", "Skip", ENGLISH[2])
    )
    assert "00:00" not in stripped(paragraphs("Bridge of Norby to be repaired", text)).paragraphs.text.split("\n\n")


def test_of_a_title_with_and_without_the_name_of_the_site_the_shorter_one_is_taken() -> None:
    title = "Bridge of Norby closes for a whole winter"
    head = f"{title} | Harbour Post\nTRANSPORT\n{title}\nAnn Lee\n3 May 2024"
    assert title_of(head, *ENGLISH) == title


def test_the_words_of_a_script_with_vowel_signs_are_counted_whole() -> None:
    assert estimate_words("नॉर्बी की नगर परिषद") == len("नॉर्बी की नगर परिषद".split())
    assert title_of("होम\nदेश", "पुराने पुल की मरम्मत सर्दी से पहले होगी", "3 मई 2024", *HINDI) == (
        "पुराने पुल की मरम्मत सर्दी से पहले होगी"
    )


def test_a_title_without_spaces_may_have_figures() -> None:
    title = "諾比舊橋關閉3個月 明年3月前修復"
    assert title_of(title, "2024/05/03 14:30", *CHINESE) == title


@pytest.mark.parametrize("line", ["Die Fragen stellte Anna Berg.", "Das Interview führten Anna Berg und Bodo Kuhn."])
def test_who_asked_the_questions_signs_as_a_sentence(line: str) -> None:
    assert read_lines(line)[0].reason is LineReason.BYLINE


def test_an_entry_of_a_list_by_the_minute_and_a_line_with_an_address_are_no_titles() -> None:
    title = "Bridge of Norby closes for a whole winter"
    head = f"From: desk@norby.example and the bay\n11:48 Weather of the bay for tomorrow\n{title}\n3 May 2024"
    assert title_of(head, *ENGLISH) == title


def test_a_title_right_above_its_text_needs_no_blank_line() -> None:
    title = "مدیر بندر: ناخدای جایگزین یک هفته می‌ماند"
    story = (
        (
            "به گزارش خبرگزاری ساحل، مدیر بندر گفت ناخدای جایگزین لنج جزیره یک هفته در کار خواهد ماند و سپس ناخدای همیشگی "
            "بازمی‌گردد."
        ),
        "وی افزود: مسافران این خط در سال گذشته دو برابر شده‌اند و شورا خرید لنج دوم را بررسی می‌کند.",
        "مدیر بندر در پایان گفت: تعیین بهای تازه بلیت به هفته آینده موکول شده است.",
    )
    head = "شناسه خبر: ۱۸۲۷۳۶\n۱۶ اسفند ۱۴۰۳ - ۱۰:۲۰\nجامعه » شهری\n۰ نفر"
    foot = "انتهای پیام/۱۲۳\nاین مطلب برایم مفید است\nلینک کوتاه\nنظرات کاربران\nنام را وارد کنید"
    article = stripped(f"{head}\n{title}\n" + "\n\n".join(story) + f"\n{foot}")
    assert article.paragraphs.text == "\n\n".join(story)


def test_the_last_paragraph_below_a_link_on_one_line_is_text() -> None:
    head = "صفحہ اول\nپاکستان\nکھیل\nجزیرے کی آخری کشتی متبادل کپتان کے ساتھ روانہ\nویب ڈیسک\n14 اکتوبر 2025\nشیئر کریں"
    story = (
        (
            "جزیرے کے لیے آخری کشتی منگل کی شام گیارہ مسافروں کے ساتھ گھاٹ سے روانہ ہوئی۔ کپتان نے یہ راستہ پہلے کبھی طے نہیں "
            "کیا تھا۔"
        ),
        "بندرگاہ کی سربراہ نے بتایا کہ مستقل کپتان دوپہر کو بیمار پڑ گئے، اس لیے کونسل نے ایک ریٹائرڈ ملاح سے مدد مانگی۔",
    )
    last = "عام طور پر سفر چالیس منٹ کا ہوتا ہے، مگر منگل کو دو گھنٹے لگے۔"
    link = "یہ بھی پڑھیں: پیر سے کرایہ بڑھے گا"
    text = stripped(f"{head}\n\n" + "\n".join((*story, link, last))).paragraphs.text
    assert text == "\n\n".join((*story, last))


def test_the_last_sentence_below_an_advert_is_text() -> None:
    story = (
        (
            "En bäverfamilj har dämt upp ån utanför Åkerby så att motionsspåret sedan i måndags ligger under en halv meter "
            "vatten."
        ),
        (
            "Kommunalrådet Lena Forsgren säger att djuren är fredade och att inget händer förrän länsstyrelsen har svarat på "
            "ett brev från oktober."
        ),
        (
            "Enligt skogvaktaren rör det sig om sju djur. De har fällt arton aspar på fem nätter och byggt en damm som är "
            "längre än bussen till Kvarnby."
        ),
        "Löparklubben tränar nu på kyrkogården, med prästens tillåtelse och utan pulsklockor som piper.",
        "På torsdag kväll bjuder kommunen in till möte i bygdegården, där kaffe serveras på övervåningen.",
    )
    head = "Hem\nLokalt\nEkonomi\nSport\n\nBävrar dränkte motionsspåret\nErik Sund\nPublicerad 5 mars 2026 kl 06.15"
    box = "Fakta: Bävern\nEuropas största gnagare.\nFöljer bäckar och åar.\nÄr fredad större delen av året.\nLäs också"
    link = "Läs mer: Bron vid Kvarnby stängs över jul"
    lines = (
        head,
        *story[:2],
        link,
        *story[2:4],
        "Annons",
        story[4],
        f"{box}\nBadhuset får nytt tak\nNy rektor på skolan",
    )
    assert stripped(paragraphs(*lines)).paragraphs.text == "\n\n".join(story)


def test_the_caption_below_the_name_of_a_picture_agency_is_no_text() -> None:
    story = (
        (
            "A family of beavers has turned the seventh and eighth holes of the golf course into a lake, and the club does "
            "not know whether it may ask them to leave."
        ),
        "“We lost forty balls in the first week,” said Harriet Dunmore, the club secretary, who is short of flags, too.",
        (
            "An officer of the rivers authority measured the water on Thursday and found it eighty centimetres deep, which "
            "is more than the harbour has at low tide."
        ),
        "Members will vote on Saturday whether to move the holes or to rename the club.",
    )
    title = "Beavers flood the golf course at Oxley"
    head = f"Home\nNews\nSport\n{title}\n5 March 2026\nKit Farrow\nRivers correspondent, Oxley"
    first = "Getty Images\nBeavers are protected by law in all four counties"
    lines = (f"{head}\n{first}", *story[:2], "PA Media\nHarriet Dunmore says the club is short of flags", *story[2:])
    assert stripped(paragraphs(*lines)).paragraphs.text == "\n\n".join(story)
    assert title_of(*lines) == title


def test_sentences_go_on_below_adverts() -> None:
    story = (
        (
            "Rodzina bobrów przegrodziła strumień pod Zalesiem i od poniedziałku boisko miejscowego klubu stoi pod wodą "
            "głęboką na pół metra."
        ),
        (
            "Burmistrz Halina Wrona powiedziała, że zwierzęta są pod ochroną, a gmina nie ruszy ani jednej gałęzi bez zgody "
            "dyrekcji ochrony środowiska."
        ),
        (
            "Leśniczy doliczył się sześciu bobrów i dwudziestu ściętych wierzb. Jego zdaniem tama jest zbudowana staranniej "
            "niż most z lat siedemdziesiątych."
        ),
        (
            "Piłkarze zagrają najbliższe mecze u sąsiadów. Trener Marek Sroka zamówił tymczasem kalosze w czterech "
            "rozmiarach."
        ),
        "Radni zajmą się sprawą w przyszłą środę, o ile droga do ratusza będzie przejezdna.",
    )
    head = "Strona główna\nRegion\nKraj\nSport\nBobry zalały boisko\nKamila Nowik\n05 marca 2026, 08:30"
    foot = "Źródło: PAP, Gazeta\nCzytaj także\nMost w Zalesiu zamknięty do marca\nNowa dyrektorka w szkole numer dwa"
    video = "Dalsza część artykułu pod wideo"
    link = "CZYTAJ TEŻ: Most w Zalesiu zamknięty do marca"
    lines = (head, *story[:2], link, story[2], video, story[3], "REKLAMA", story[4], foot)
    assert stripped(paragraphs(*lines)).paragraphs.text == "\n\n".join(story)


@pytest.mark.parametrize(
    "line",
    [
        "(Reporting by Ann Lee in Norby; Editing by Bob Ray)",
        "Additional reporting by Ann Lee. Editing by Bob Ray.",
        "Mitarbeit: Anna Berg",
        "Avec la collaboration de Luc Petit",
        "(com informações da Reuters)",
    ],
)
def test_whoever_helped_to_report_is_named_below_the_text(line: str) -> None:
    assert read_lines(line)[0].reason in {LineReason.AGENCY, LineReason.BYLINE}
    assert stripped(paragraphs(*ENGLISH, line)).paragraphs.text == "\n\n".join(ENGLISH)
