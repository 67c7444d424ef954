"""Of a page, the article's blocks are its text, in the page's order; every other block is stripped with a reason."""

from __future__ import annotations

import json
import textwrap

import numpy as np
import pytest

from config.sources import StripRules
from tasks.extract import extract
from tasks.html.block_features import PageStatements, read_block_features
from tasks.html.blocks import read_blocks
from tasks.html.correct_selection import drop_teasers
from tasks.html.parse import parse_html
from tasks.strip import strip
from tests.support.raws import raw_page
from warehouse.model.records import ExtractedArticle, Rejection
from warehouse.model.vocabulary import LineReason

STORY = (
    (
        "The council of Norby met on Tuesday and agreed to repair the old stone bridge before the winter, after a storm in "
        "August had torn two of its five arches away."
    ),
    (
        "Work will begin in March and cost about four million crowns, mayor Ann Lee said after the meeting, half of which "
        "the region has promised to pay."
    ),
    (
        "Until then a ferry carries people and bicycles across the bay every twenty minutes, and drivers have to take the "
        "long road around the hills."
    ),
    (
        "“Nobody is happy about the detour, but nobody wants to see the bridge fall either,” said Olaf Berg, who has sold "
        "fish at its northern end for thirty years."
    ),
    "The engineers will publish their drawings next week. A second hearing is planned for the end of the month.",
)
NAVIGATION = "".join(
    f'<li><a href="/{name.lower()}">{name}</a></li>' for name in ("News", "Sport", "Culture", "Weather")
)
RELATED = "".join(
    f'<li><a href="/story/{number}">{headline}</a></li>'
    for number, headline in enumerate(
        ("Ferry stays in port until the storm is over", "School of Lund wins the regional chess cup again")
    )
)


def paragraphs(*texts: str) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


def page(main: str, head: str = "", title: str = "Norby repairs its bridge") -> bytes:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta property="og:title" content="{title}">{head}</head><body>'
        f'<header class="site-header"><nav class="main-nav"><ul>{NAVIGATION}</ul></nav></header>{main}'
        f'<div class="sidebar"><h3>Most read</h3><ul>{RELATED}</ul></div>'
        '<footer class="site-footer"><p>© 2026 Norby Post. All rights reserved.</p></footer></body></html>'
    ).encode()


def cleaned(content: bytes, rules: StripRules | None = None) -> ExtractedArticle:
    extracted = extract(raw_page(content))
    assert not isinstance(extracted, Rejection), extracted
    article = strip(extracted, rules or StripRules())
    assert not isinstance(article, Rejection), article
    return article


def text_of(content: bytes) -> list[str]:
    return list(cleaned(content).paragraphs.lines)


@pytest.mark.parametrize("tag", ["aside", "nav", "dialog", "footer", "form", "header", "menu"])
def test_an_article_in_an_element_of_another_kind(tag: str) -> None:
    assert text_of(page(f"<h1>Norby repairs its bridge</h1><{tag}>{paragraphs(*STORY)}</{tag}>")) == list(STORY)


@pytest.mark.parametrize(
    "between",
    [
        '<div class="ad-slot"><p>Advertisement</p></div>',
        f'<div class="related-stories"><h3>More from Norby</h3><ul>{RELATED}</ul></div>',
        '<figure><img src="/b.jpg"><figcaption>The bridge in May. Photo: Eva Holm</figcaption></figure>',
    ],
    ids=["advert", "related", "picture"],
)
def test_a_body_in_several_containers_is_taken_whole(between: str) -> None:
    parts = (
        f'<div class="text-part">{paragraphs(*STORY[:2])}</div>',
        f'<div class="text-part">{paragraphs(*STORY[2:])}</div>',
    )
    assert text_of(page(f"<main><h1>Norby repairs its bridge</h1>{between.join(parts)}</main>")) == list(STORY)


@pytest.mark.parametrize(
    "body",
    [
        "".join(f"<div>{text}</div>" for text in STORY),
        "<div class='story'>" + "<br><br>".join(STORY) + "</div>",
        "<div class='story'>" + "<br>".join(STORY) + "</div>",
        "<table><tr><td>" + "<br><br>".join(STORY) + "</td></tr></table>",
        "<section>" + "".join(f"<span>{text}</span><br/><br/>" for text in STORY) + "</section>",
        f"<div>{STORY[0]}{paragraphs(*STORY[1:])}</div>",
    ],
    ids=["div", "two br", "one br", "layout table", "span", "text beside paragraphs"],
)
def test_a_body_without_paragraphs_of_its_own(body: str) -> None:
    assert text_of(page(f"<main><h1>Norby repairs its bridge</h1>{body}</main>")) == list(STORY)


def test_format_characters_that_spell_words_stay() -> None:
    story = [
        "شهردار نوربی سه‌شنبه گفت که پل قدیمی پیش از زمستان بازسازی می‌شود و هزینه‌ی آن را استان می‌پردازد.",
        "مهندسان نقشه‌های تازه را هفته‌ی آینده منتشر می‌کنند و مردم می‌توانند نظر خود را بنویسند.",
        "تا آن روز، کشتی هر بیست دقیقه مسافران و دوچرخه‌ها را از خلیج می‌گذراند و راننده‌ها باید دور بزنند.",
    ]
    assert text_of(page(f"<article>{paragraphs(*story)}</article>", title="پل نوربی")) == story


def test_a_live_report_keeps_its_order_and_the_headings_of_its_entries() -> None:
    entries = [
        ("Ferry leaves the quay", STORY[2]),
        ("Mayor speaks to the crowd", STORY[1]),
        ("Fishmonger is not amused", STORY[3]),
        ("Council has decided", STORY[0]),
    ]
    markup = "".join(
        f'<article class="live-entry"><time>1{number}:05</time><h3>{heading}</h3><p>{text}</p></article>'
        for number, (heading, text) in enumerate(entries)
    )
    lines = text_of(page(f'<main><h1>Norby repairs its bridge</h1><div class="liveblog">{markup}</div></main>'))
    positions = [lines.index(part) for entry in entries for part in entry]
    assert positions == sorted(positions)


def test_a_row_of_a_table_is_one_line_of_text() -> None:
    rows = [("Quay", "Passengers"), ("North Quay", "412"), ("Mill Lane", "203"), ("Lighthouse", "88")]
    table = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    body = f"{paragraphs(*STORY[:3])}<table>{table}</table>{paragraphs(*STORY[3:])}"
    lines = text_of(page(f"<main><article><h1>Norby repairs its bridge</h1>{body}</article></main>"))
    assert [line for line in lines if line not in STORY] == [" ".join(row) for row in rows]


def test_captions_that_are_the_story_are_its_text_and_those_of_an_article_are_not() -> None:
    def figures(texts: tuple[str, ...]) -> str:
        return "".join(
            f'<figure><img src="/{len(text)}.jpg"><figcaption>{text}</figcaption></figure>' for text in texts
        )

    gallery = f"<article><h1>Norby repairs its bridge</h1>{figures(STORY)}</article>"
    assert text_of(page(f"<main>{gallery}</main>")) == list(STORY)
    caption = "The bridge in May, seen from the northern quay of the bay."
    article = f"<article>{paragraphs(*STORY[:2])}{figures((caption,))}{paragraphs(*STORY[2:])}</article>"
    assert text_of(page(f"<main>{article}</main>")) == list(STORY)


def test_kicker_headline_and_byline_above_the_body_go() -> None:
    above = (
        '<p class="kicker">Roads</p><h1>Norby repairs its bridge</h1><p class="byline">By Eva Holm</p>'
        "<time>9 May 2026</time>"
    )
    assert text_of(page(f"<main><article>{above}{paragraphs(*STORY)}</article></main>")) == list(STORY)


def test_a_first_paragraph_in_a_box_of_its_own_stays() -> None:
    first = "The ferry of 1974 crosses the bay again this week."
    assert text_of(page(f'<div id="content"><p>{first}</p></div>{paragraphs(*STORY[:2])}')) == [first, *STORY[:2]]


def test_a_button_that_is_never_closed_does_not_hide_the_article() -> None:
    main = f"<main><article><h1>Norby repairs its bridge</h1>{paragraphs(*STORY)}</article></main>"
    assert text_of(page(f'<div><button class="menu"><span>Menu</span><div>{main}</div>')) == list(STORY)


ANSWERS = {
    "How long will the bridge be closed?": "Until October at least, the council says, or longer if the river rises in spring.",
    "Who pays for the repairs?": "Half of the cost is paid by the region, the rest by the three towns on the bay.",
}


@pytest.mark.parametrize(
    "form",
    ["<h3><button>{}</button></h3><div><p>{}</p></div>", "<button><h3>{}</h3></button><div><p>{}</p></div>"],
    ids=["in the heading", "around it"],
)
def test_the_heading_of_a_box_that_opens_is_read(form: str) -> None:
    boxes = "".join(form.format(question, answer) for question, answer in ANSWERS.items())
    lines = text_of(page(f"<article><h1>Norby repairs its bridge</h1>{paragraphs(*STORY)}{boxes}</article>"))
    assert lines == [*STORY, *(part for answer in ANSWERS.items() for part in answer)]


def test_a_button_around_the_article_is_read() -> None:
    assert text_of(page(f"<main><h1>Norby</h1><button>{paragraphs(*STORY)}</button></main>")) == list(STORY)


def test_paragraphs_of_text_that_is_set_as_typed_are_apart() -> None:
    typed = "\n\n".join("\n".join(textwrap.wrap(text, 60)) for text in STORY)
    assert text_of(page(f"<main><h1>Norby repairs its bridge</h1><pre>{typed}</pre></main>")) == list(STORY)


def test_what_is_only_read_out_is_no_text() -> None:
    first = f'<span aria-hidden="true">T</span><span class="sr-only">T</span>{STORY[0][1:]}'
    last = f'{STORY[4]}<span class="visually-hidden"> (opens in a new window)</span>'
    body = f"<p>{first}</p>{paragraphs(*STORY[1:4])}<p>{last}</p>"
    assert text_of(page(f"<article><h1>Norby repairs its bridge</h1>{body}</article>")) == list(STORY)


def test_a_formula_is_read_once() -> None:
    formula = (
        '<span class="katex"><span class="katex-mathml"><math><semantics><mi>F</mi><mo>=</mo><mi>p</mi>'
        '<annotation encoding="application/x-tex">F = p</annotation></semantics></math></span>'
        '<span class="katex-html" aria-hidden="true">F=p</span></span>'
    )
    body = f"<p>{STORY[0]}</p><p>The load of a pier, {formula}, was never measured before.</p>{paragraphs(*STORY[1:])}"
    lines = text_of(page(f"<article><h1>Norby repairs its bridge</h1>{body}</article>"))
    assert lines[1] == "The load of a pier, F=p, was never measured before."


def test_a_list_of_links_that_a_sentence_introduces_is_text() -> None:
    links = ("Timetable of the ferry in winter", "Drawings of the engineers with all measures", "Map of the detour")
    items = "".join(f'<li><a href="/file/{number}">{text}</a></li>' for number, text in enumerate(links))
    introduction = "The council has put the following papers on its website:"
    body = f"{paragraphs(*STORY[:4], introduction)}<ul>{items}</ul>{paragraphs(STORY[4])}"
    lines = text_of(page(f"<article><h1>Norby repairs its bridge</h1>{body}</article>"))
    assert lines == [*STORY[:4], introduction, *links, STORY[4]]


OFFERS = (
    "Add the Norby Post as a preferred source on Google",
    "Die Norby Post als bevorzugte Quelle bei Google hinzufügen",
    "Every morning at six the most important news of the bay, sent to your inbox by our editors for nothing.",
    "You have two free articles left in this month, and can read as many as you like if you are our guest.",
    "Lesen Sie einen Monat lang alle Berichte für eine Krone, danach für zwölf, monatlich kündbar.",
    "Did you like this article? We are three people and a dog, and we would be glad of a postcard from you.",
    "Cet article vous a plu ? Dites-le à vos voisins, à votre boulanger et à tous ceux qui passent le pont.",
    "Was in der Bucht geschieht, jeden Freitag in Ihrem Postfach, morgens um sechs und ohne Werbung, direkt in Ihr Postfach.",
    "Nossa reportagem quer ouvir os moradores da baía: envie sua sugestão por carta, por bilhete ou por pombo.",
)


@pytest.mark.parametrize("offer", OFFERS)
def test_an_offer_of_the_site_inside_the_text_is_stripped(offer: str) -> None:
    body = paragraphs(*STORY[:2], offer, *STORY[2:])
    assert text_of(page(f"<article><h1>Norby repairs its bridge</h1>{body}</article>")) == list(STORY)


def test_credits_of_editors_below_the_text_go() -> None:
    credits_below = paragraphs("<b>Redigatur:</b> Jan Ahl, Eva Holm", "<b>Fact check:</b> Eva Holm")
    assert text_of(page(f"<main><article>{paragraphs(*STORY)}{credits_below}</article></main>")) == list(STORY)


def test_the_gallery_of_another_story_below_the_text_goes() -> None:
    pictures = "".join(
        f'<div class="picBox"><img src="/{number}.jpg"><h2>{title}</h2><p>{text}</p></div>'
        for number, (title, text) in enumerate(
            (
                ("Ice and patience", "Two foxes met on the frozen bay before sunrise and went home by different ways."),
                ("Neighbours on a wire", "Three falcons share the line above the landing, as they have every autumn."),
                ("Before the wood woke", "A moose calf stands in the mist behind the mill and listens to the shutter."),
            )
        )
    )
    gallery = f'<div class="gallery"><h4>Prize pictures of the season</h4>{pictures}</div>'
    body = f'<div class="longText">{paragraphs(*STORY[:4])}</div>'
    assert text_of(page(f"<div><h1>Norby repairs its bridge</h1>{body}{gallery}</div>")) == list(STORY[:4])


def test_every_block_of_a_page_is_text_or_stripped_with_a_reason() -> None:
    comments = (
        '<div class="comments"><h3>Comments</h3><p>I would rather have a tunnel than a bridge, to be honest.</p></div>'
    )
    main = f"<main><article><h1>Norby repairs its bridge</h1>{paragraphs(*STORY)}</article>{comments}</main>"
    article = cleaned(page(main))
    reasons = {line.text: line.reason for line in article.stripped}
    assert article.paragraphs.lines == STORY
    assert reasons["Norby repairs its bridge"] is LineReason.TITLE
    assert reasons["Sport"] is LineReason.MENU
    assert reasons["Ferry stays in port until the storm is over"] is LineReason.RELATED
    assert reasons["I would rather have a tunnel than a bridge, to be honest."] is LineReason.COMMENT
    assert reasons["© 2026 Norby Post. All rights reserved."] is LineReason.LEGAL
    numbers = [line.line for line in article.stripped]
    assert numbers == sorted(set(numbers))


def test_a_source_can_keep_a_block_that_was_stripped() -> None:
    rules = StripRules(keep=("^I would rather",))
    comments = '<div class="comments"><p>I would rather have a tunnel.</p></div>'
    content = page(f"<main><article>{paragraphs(*STORY)}</article>{comments}</main>")
    assert cleaned(content, rules).paragraphs.lines == (*STORY, "I would rather have a tunnel.")


def next_data(data: object) -> bytes:
    return page(f'<div id="app"></div><script id="__NEXT_DATA__" type="application/json">{json.dumps(data)}</script>')


OTHERS = [{"title": f"Story {number}", "body": [{"type": "text", "content": STORY[0] * 9}]} for number in range(3)]
STATES = {
    "list of paragraphs": {"props": {"article": {"title": "Norby", "body": [{"type": "p", "html": text} for text in STORY]}}},
    "strings": {"props": {"story": {"paragraphs": list(STORY)}}},
    "HTML": {"props": {"story": {"id": 7, "bodyHtml": paragraphs(*STORY)}}},
    "Arc": {
        "globalContent": {
            "content_elements": [
                {"type": "text", "content": STORY[0]},
                {"type": "image", "caption": "The bridge in May. " * 30, "content": "no text " * 20},
                *({"type": "text", "content": text} for text in STORY[1:]),
            ],
            "related_content": OTHERS,
        }
    },
    "rich text": {
        "document": {
            "nodes": [
                {"type": "paragraph", "children": [{"text": text[:20]}, {"text": text[20:40], "bold": True}, {"text": text[40:]}]}
                for text in STORY
            ]
        },
        "recommended": OTHERS,
    },
}  # fmt: skip


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_text_that_only_the_data_of_the_page_holds(state: object) -> None:
    assert text_of(next_data(state)) == list(STORY)


def test_text_that_a_script_assigns_to_a_variable() -> None:
    script = f"window.__PRELOADED_STATE__ = {json.dumps(STATES['Arc'])}; start();"
    assert text_of(page(f"<div id='app'></div><script>{script}</script>")) == list(STORY)


def linked_data(**fields: object) -> str:
    data = {"@type": "NewsArticle", "headline": "Norby repairs its bridge", **fields}
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def test_the_article_body_of_json_ld_is_text_where_the_page_prints_none() -> None:
    assert text_of(page("<div id='app'></div>", linked_data(articleBody="\n\n".join(STORY)))) == list(STORY)
    content = page(f"<article>{paragraphs(*STORY)}</article>", linked_data(articleBody=" ".join(STORY * 3)))
    assert text_of(content) == list(STORY)


def test_the_data_of_a_page_that_is_not_free_is_not_read() -> None:
    head = linked_data(articleBody="\n\n".join(STORY), isAccessibleForFree=False)
    assert text_of(page(f"<article>{paragraphs(STORY[0])}</article>", head)) == [STORY[0]]


OFFER = (
    "Read on with Post Plus. Four weeks for 3 crowns, 12 crowns a month afterwards, and you can leave whenever you like.",
    "Behind the news of the harbour, every day new, and more than three hundred stories in each month.",
)


def paid(selector: str) -> str:
    part = {"@type": "WebPageElement", "isAccessibleForFree": "False", "cssSelector": selector}
    return linked_data(isAccessibleForFree="False", hasPart=part)


@pytest.mark.parametrize("selector", [".locked", "div.locked", "#rest"])
def test_the_offer_that_stands_in_the_paid_part_is_no_text(selector: str) -> None:
    offer = (
        f'<div class="x locked" id="rest">{paragraphs(*OFFER)}<p><a href="/subscribe">Try it for a week</a></p></div>'
    )
    teaser = f'<article><div class="text">{paragraphs(STORY[0])}</div>{offer}</article>'
    article = cleaned(page(f"<main>{teaser}</main>", paid(selector)))
    assert article.paragraphs.lines == (STORY[0],)
    assert {line.reason for line in article.stripped if line.text in OFFER} == {LineReason.NEWSLETTER}


def test_the_paid_part_of_the_article_is_text_if_the_page_prints_it() -> None:
    article = f'<article>{paragraphs(STORY[0])}<div class="locked">{paragraphs(*STORY[1:])}</div></article>'
    assert text_of(page(f"<main>{article}</main>", paid(".locked"))) == list(STORY)


NEXT = (
    (
        "A bakery in Lund has begun to sell its bread by the hour: the later in the day, the cheaper the loaf, says the "
        "owner, who used to throw away nine sacks a month."
    ),
    (
        "Her competitors are less pleased. The guild of bakers has asked the town to look at the licence of the shop and "
        "at the length of its queue."
    ),
)


def test_articles_that_follow_below_the_one_asked_for_are_no_text() -> None:
    first = f"<article><h1>Norby repairs its bridge</h1>{paragraphs(*STORY)}</article>"
    second = f"<article><h1>Bread gets cheaper by the hour</h1>{paragraphs(*NEXT)}</article>"
    article = cleaned(page(f"<main>{first}{second}</main>"))
    assert article.paragraphs.lines == STORY
    assert {line.reason for line in article.stripped if line.text in NEXT} == {LineReason.SECOND_ARTICLE}


def test_articles_in_boxes_that_follow_below_are_no_text() -> None:
    first = f'<div class="scroll-item"><h1>Norby repairs its bridge</h1>{paragraphs(*STORY)}</div>'
    second = f'<div class="scroll-item"><h1>Bread gets cheaper by the hour</h1>{paragraphs(*NEXT)}</div>'
    article = cleaned(page(f"<main>{first}{second}</main>"))
    assert article.paragraphs.lines == STORY
    assert {line.reason for line in article.stripped if line.text in NEXT} == {LineReason.SECOND_ARTICLE}


def test_an_item_of_the_articles_own_list_that_is_a_link_stays() -> None:
    items = (
        "By bus: line 7 stops at the northern quay every hour and waits if somebody waves.",
        "By bicycle along the dike, which is closed on Sunday",
        "On foot: the path over the dunes takes twenty minutes, twice that in the wind.",
    )
    entries = f'<li>{items[0]}</li><li><a href="/dike">{items[1]}</a></li><li>{items[2]}</li>'
    body = f"{paragraphs(*STORY[:3])}<h3>Three ways to the quay</h3><ul>{entries}</ul>{paragraphs(*STORY[3:])}"
    lines = text_of(page(f"<main><article><h1>Norby repairs its bridge</h1>{body}</article></main>"))
    assert [line for line in lines if line not in STORY] == ["Three ways to the quay", *items]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('<section data-number="1">{}</section>', '<div class="next"><section data-number="2">{}</section></div>'),
        ('<article class="entry">{}</article>', '<article class="entry">{}</article>'),
    ],
    ids=["in a box of its own", "with a lesser heading"],
)
def test_an_article_like_the_one_asked_for_is_no_text(first: str, second: str) -> None:
    heading = "h2" if "article" in second else "h1"
    other = f"<{heading}>Bread gets cheaper by the hour</{heading}>{paragraphs(*NEXT)}"
    own = f"<h1>Norby repairs its bridge</h1>{paragraphs(*STORY)}"
    assert text_of(page(f"<main>{first.format(own)}{second.format(other)}</main>")) == list(STORY)


def test_a_box_that_begins_with_an_offer_is_no_text_where_the_page_is_not_free() -> None:
    heading = "<h2>Get unlimited access to all stories of the bay</h2>"
    offer = f'<div class="box">{heading}{paragraphs(*OFFER)}<p><a href="/login">Log in</a></p></div>'
    content = page(
        f"<main><article>{paragraphs(STORY[0])}{offer}</article></main>", linked_data(isAccessibleForFree=False)
    )
    assert text_of(content) == [STORY[0]]


def test_a_page_of_teasers_below_links_holds_no_article() -> None:
    texts = (
        "The driver of the tractor had stopped to look at the tram.",
        "Councillors found the money behind a sofa, or so it seemed.",
        "A sorting machine goes to the dentist.",
        "Borrowers returned nine hundred books in a day.",
    )
    teasers = "".join(
        f'<div class="teaser"><a href="/t/{number}"><img src="/t{number}.jpg"><h3>Roof of the pool to be mended {number}</h3>'
        f'</a><p>{text}</p><span class="d">{number}. 3. 2026</span></div>'
        for number, text in enumerate(texts * 3)
    )
    author = '<h1>Ann Lee</h1><p class="bio">Ann Lee writes about rivers and trains.</p>'
    content = page(f'<main class="main">{author}<div>{teasers}</div></main>', title="Ann Lee")
    assert isinstance(extract(raw_page(content)), Rejection)


def test_the_first_block_of_a_page_does_not_stand_below_the_link_at_its_end() -> None:
    links = [f'<p><a href="/{number}">The ferry to Lund sails again {number}</a></p>' for number in range(3)]
    tree = parse_html("".join(paragraphs(text) + link for text, link in zip(STORY, links, strict=False)))
    assert tree is not None
    features = read_block_features(read_blocks(tree), PageStatements((), (), ""))
    texts = {0, 2, 4}
    assert drop_teasers(features, np.full(6, 0.5, np.float32), texts) == texts


def test_all_captions_of_a_gallery_without_text_are_the_story() -> None:
    captions = (
        "두 사람이 월요일 아침 낡은 다리 위에서 물을 내려다보고 있다. 물은 밤새 더 불어났다.",
        "빵집 주인이 다리 앞에서 빵을 나눠 주고 있다. 트럭 운전사들은 한 시간을 기다렸다.",
        "아이들이 배를 타고 학교로 가고 있다. 배는 이십 분마다 만을 건넌다.",
    )
    pictures = "".join(
        f'<div class="photo"><img src="/{number}.jpg" width="900" height="600"><div class="caption">{text}</div></div>'
        for number, text in enumerate(captions)
    )
    content = page(f'<h1>다리 위의 월요일</h1><div class="photos">{pictures}</div>', title="다리 위의 월요일")
    assert text_of(content) == list(captions)


def test_a_link_with_an_arrow_between_paragraphs_is_no_text() -> None:
    link = '<p><a href="/road">» The ferry will not sail on Sunday, harbour says.</a></p>'
    body = f'<div class="news-text">{paragraphs(*STORY[:3])}{link}{paragraphs(*STORY[3:])}</div>'
    assert text_of(page(f'<div class="news"><h1>Norby repairs its bridge</h1>{body}</div>')) == list(STORY)


def test_what_a_company_says_of_itself_below_the_text_goes() -> None:
    about = (
        "About the Bridge Trust: Founded in 1952, the Bridge Trust is a leading builder of bridges in four counties."
    )
    assert text_of(page(f"<main><article>{paragraphs(*STORY, about)}</article></main>")) == list(STORY)


@pytest.mark.parametrize("credit", ["Edición: Luis Gil", "Relecture : Anne Marin", "Редактор: Анна Смирнова"])
def test_an_editor_below_the_text_goes(credit: str) -> None:
    assert text_of(page(f"<main><article>{paragraphs(*STORY, credit)}</article></main>")) == list(STORY)


def test_the_last_item_of_the_articles_own_list_may_be_a_link() -> None:
    items = (
        "<li>By bus: line 7 stops at the northern quay every hour and waits if somebody waves.</li>"
        "<li>On foot: the path over the dunes takes twenty minutes, twice that in the wind.</li>"
    )
    body = (
        f"{paragraphs(*STORY[:2])}<h2>What you can do</h2><ul>{items}"
        f'<li><a href="/map">Look at the map of closed roads</a></li></ul>{paragraphs(*STORY[2:])}'
    )
    assert "Look at the map of closed roads" in text_of(
        page(f"<article><h1>Norby repairs its bridge</h1>{body}</article>")
    )


def test_a_page_of_teasers_with_a_day_above_each_holds_no_article() -> None:
    texts = (
        "Les piétons pourront passer le dimanche.",
        "Il la cuit au bois de cerisier.",
        "Le logement est compris, le vent aussi.",
        "Les premiers seaux sont rentrés en août.",
    )
    entries = "".join(
        f'<article class="post"><h2><a href="/{number}">Le pont de Norby fermé pour travaux {number}</a></h2>'
        f'<time>{number + 1} mars 2026</time><p>{text} <a href="/{number}">Lire la suite</a></p></article>'
        for number, text in enumerate(texts * 3)
    )
    content = page(f'<main id="main"><h1>Castors</h1><div class="archive">{entries}</div></main>', title="Castors")
    assert isinstance(extract(raw_page(content)), Rejection)


def test_a_line_with_the_address_of_the_desk_is_no_text() -> None:
    line = "Haben Sie Fragen oder Kritik? Dann schreiben Sie eine Mail an redaktion@norby.example, wir lesen alles."
    body = paragraphs(*STORY, line)
    assert text_of(page(f"<article><h1>Norby repairs its bridge</h1>{body}</article>")) == list(STORY)


def test_labels_beside_each_other_in_elements_of_their_own_are_words_of_their_own():
    bar = '<div class="meta"><span class="writer">Ann Lee</span><span class="day">Tuesday</span><time>6:15 pm</time></div>'
    article = extract(raw_page(page(f"<article><h1>Norby repairs its bridge</h1>{bar}{paragraphs(*STORY)}</article>")))

    assert not isinstance(article, Rejection)
    assert "Ann Lee Tuesday 6:15 pm" in article.paragraphs.lines


def test_a_word_whose_first_letter_is_printed_large_stays_whole():
    first = f'<div class="lead"><span class="cap">{STORY[0][0]}</span><span class="rest">{STORY[0][1:]}</span></div>'
    article = extract(
        raw_page(page(f"<article><h1>Norby repairs its bridge</h1>{first}{paragraphs(*STORY[1:])}</article>"))
    )

    assert not isinstance(article, Rejection)
    assert STORY[0] in article.paragraphs.lines
