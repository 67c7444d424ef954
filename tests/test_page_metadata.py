"""Titles and writers of pages that state them badly: each case is a page of its own, and what is read of it."""

from __future__ import annotations

import html
import json

import pytest

from tasks.article import make_article
from tests.support.raws import raw_page
from tests.test_normalise import SOURCE
from tests.test_page_dates import PARAGRAPHS
from warehouse.model.records import Article

WHOLE = "Town bakery opens its oven again after a winter without bread or cake"
CUT = "Town bakery opens its oven again after a winter…"
TAGS = "How the <bread-list> element bakes a page"
CHINESE = "磨坊街面包店冬天大火之后重新开张"
LINKED = '<script type="application/ld+json">{}</script>'


def og(title: str) -> str:
    return f'<meta property="og:title" content="{html.escape(title)}">'


def titled(title: str) -> str:
    return f"<title>{html.escape(title)}</title>"


def linked(**values: object) -> str:
    return LINKED.format(json.dumps({"@type": "NewsArticle", **values}))


def article_of(head: str, body: str, url: str = "https://millnews.example/bakery") -> Article:
    page = f"<!DOCTYPE html><html lang='en'><head>{head}</head><body>{body}<div>{PARAGRAPHS}</div></body></html>"
    source = SOURCE.model_copy(update={"language": None, "timezone": None})
    article = make_article(raw_page(page.encode(), url), source, 1_000_000)
    assert isinstance(article, Article), article
    return article


TITLES = {
    "a cut og:title": (og(CUT) + titled(f"{CUT} | Mill News"), f"<h1>{WHOLE}</h1>", WHOLE),
    "a cut title with dots": (og("Town bakery opens its oven again after..."), f"<h1>{WHOLE}</h1>", WHOLE),
    "a cut title, whole JSON-LD": (og(CUT) + linked(headline=WHOLE), "", WHOLE),
    "an ellipsis of its own": (
        og("And then the oven was cold …"),
        "<h1>Bakery burns</h1>",
        "And then the oven was cold …",
    ),
    "words in angle brackets": (og(TAGS) + titled(TAGS), f"<h1>{html.escape(TAGS)}</h1>", TAGS),
    "a lone known tag": (og("Why the <b> tag is back"), "", "Why the <b> tag is back"),
    "marked words": (og("Bakery <em>really</em> opens"), "", "Bakery really opens"),
    "entities twice": (og("Baker &amp; Sons open &quot;soon&quot;"), "", 'Baker & Sons open "soon"'),
    "underscores": (og(f"{CHINESE}_新闻_磨坊网") + titled(f"{CHINESE}_新闻_磨坊网"), f"<h1>{CHINESE}</h1>", CHINESE),
    "underscores, the name under the logo": (
        titled(f"{CHINESE}_新闻_磨坊网"),
        "<a href='/'><img src='/l.png' alt='磨坊网'></a>",
        CHINESE,
    ),
    "underscores of its own": (og("The snake_case and the bakery"), "", "The snake_case and the bakery"),
    "a Korean bar": (
        og("방앗간 거리 빵집 다시 문 열어-사회ㅣ방앗간일보"),
        "<h1>방앗간 거리 빵집 다시 문 열어</h1>",
        "방앗간 거리 빵집 다시 문 열어",
    ),
    "a star and a writer": (
        og("Bakery opens its oven again * Mill News * by Ann Lee")
        + '<meta property="og:site_name" content="Mill News">',
        "",
        "Bakery opens its oven again",
    ),
    "the site before the title": (og("Mill News | Bakery opens its oven again"), "", "Bakery opens its oven again"),
    "a rubric before the headline": (
        og("Winter | Bakery opens its oven again"),
        "<h1>Bakery opens its oven again</h1>",
        "Bakery opens its oven again",
    ),
    "no site before the title": (og("Bread | Bakery opens its oven again"), "", "Bread | Bakery opens its oven again"),
    "the site twice": (
        og("Bakery opens its oven again – Mill News - Mill News")
        + '<meta property="og:site_name" content="Mill News">',
        "<h1>Bakery opens its oven again – Mill News</h1>",
        "Bakery opens its oven again",
    ),
    "the initials of the address": (
        og("Bakery opens its oven again - University of Mill Street Publications"),
        "",
        "Bakery opens its oven again - University of Mill Street Publications",
    ),
    "the end of the address": (og("Bakery opens its oven again | News"), "", "Bakery opens its oven again | News"),
    "a kicker in the h1": (
        titled("Bakery opens its oven again — Mill News"),
        "<h1><span>Fire</span><span>Bakery opens its oven again</span></h1>",
        "Bakery opens its oven again",
    ),
    "a kicker that the title has not": (
        titled("Mill News"),
        "<h1><i>Fire</i><b>Bakery opens</b></h1>",
        "Fire Bakery opens",
    ),
    "a large first letter": (titled("Mill News"), "<h1><span>B</span>akery opens again</h1>", "Bakery opens again"),
    "a line break": (titled("Mill News"), "<h1>Bakery opens<br>again</h1>", "Bakery opens again"),
    "the site as h1": (
        titled("FIRE : the bakery opens again - Mill Notes"),
        "<h1><a href='/'>Mill Notes</a></h1><h2>FIRE : the bakery opens again</h2>",
        "FIRE : the bakery opens again",
    ),
    "a logo as h1": (
        titled("The bakery opens again - Mill Notes"),
        "<h1 class='site-title'>Mill Notes</h1><h2>The bakery opens again</h2>",
        "The bakery opens again",
    ),
    "the site as h1, without a mark": (
        titled("The bakery opens again | Mill Notes"),
        "<h1>Mill Notes</h1>",
        "The bakery opens again",
    ),
    "a section as h1": (
        titled("The bakery opens again | Mill Notes"),
        "<h1>Trade</h1><h2>The bakery opens again</h2>",
        "The bakery opens again",
    ),
    "the site before a colon": (titled("Mill News: The bakery opens again"), "", "The bakery opens again"),
    "a speaker before a colon": (titled("Ann Lee: The bakery opens again"), "", "Ann Lee: The bakery opens again"),
    "the site behind an angle": (titled("The bakery opens again « Mill News"), "", "The bakery opens again"),
    "og:title is the site": (
        og("Mill News") + '<meta property="og:site_name" content="Mill News">' + titled("The bakery opens again"),
        "",
        "The bakery opens again",
    ),
    "no title": (og("Untitled"), "<h1>The bakery opens again</h1>", "The bakery opens again"),
    "a title for search engines": (
        og("Best Mill Street Bakery Bread 2026") + titled("Best Mill Street Bakery Bread 2026"),
        "<h1>Bread of the Mill Street bakery is best again</h1>",
        "Bread of the Mill Street bakery is best again",
    ),
    "og and JSON-LD against the h1": (
        og("Bakery opens again") + titled("Bakery opens again") + linked(headline="Bakery opens again"),
        "<h1>The bakery opens again today</h1>",
        "Bakery opens again",
    ),
    "the h1 of a form": (
        og("Bakery opens its oven again") + titled("Bakery opens its oven again"),
        "<h1>Which bread do you like?</h1>",
        "Bakery opens its oven again",
    ),
    "a date in the h1": (
        og("Bakery opens again") + titled("Bakery opens again"),
        "<h1><small>Dec 18 2025</small> Bakery opens again</h1>",
        "Bakery opens again",
    ),
    "cut without a mark in JSON-LD": (
        og("Bakery opens its oven again after ...")
        + LINKED.format(json.dumps({"@type": "NewsArticle", "headline": "Bakery opens its oven again after"})),
        "<h1>Bakery opens its oven again after the fire of the mill</h1>",
        "Bakery opens its oven again after the fire of the mill",
    ),
    "words in styles of their own": (og("Review: <em>“The Oven”</em>, a film"), "", "Review: “The Oven”, a film"),
    "cut, above an h2": (
        titled("Bakery opens its oven again after… | Mill News"),
        "<h2>Bakery opens its oven again after the fire of the mill</h2>",
        "Bakery opens its oven again after the fire of the mill",
    ),
    "the site in the head": (
        titled("The Mill - Bakery opens its oven again"),
        '<div id="masthead"><h1>The Mill</h1></div><div class="title">Bakery opens its oven again</div>',
        "Bakery opens its oven again",
    ),
    "JSON-LD in entities": (
        LINKED.format(html.escape(json.dumps({"@type": "NewsArticle", "headline": "Bakery opens again"}))),
        "",
        "Bakery opens again",
    ),
    "a first part alone in JSON-LD": (
        og("Bakery saved – the oven burns again") + linked(headline="Bakery saved"),
        "<h1>Bakery saved – the oven burns again</h1>",
        "Bakery saved – the oven burns again",
    ),
    "a meta tag of Chinese authorities": (
        '<meta name="ArticleTitle" content="面包房重新开业的消息">' + titled("面包房重新开业的消息-港口市政府"),
        "<div>面包房重新开业的消息</div>",
        "面包房重新开业的消息",
    ),
    "JSON-LD as a string": (
        LINKED.format(json.dumps(json.dumps({"@type": "NewsArticle", "headline": "Bakery opens again"}))),
        "",
        "Bakery opens again",
    ),
}


@pytest.mark.parametrize(("head", "body", "title"), TITLES.values(), ids=TITLES)
def test_a_title_is_whole_and_the_article_s_own(head: str, body: str, title: str) -> None:
    assert article_of(head, body).title == title


H1 = "<h1>Bakery opens its oven again</h1>"
SITE = '<meta property="og:site_name" content="Mill News">'
AUTHOR = '<meta name="author" content="Mill News">'
AUTHORS = {
    "by": ("", f"{H1}<p>By Ann Lee</p>", ("Ann Lee",)),
    "by, in two elements": ("", f"{H1}<div>Written by<p>Ann Lee</p></div>", ("Ann Lee",)),
    "by, with a role": ("", f"{H1}<p>By Ann Lee ⋅ Editor-in-Chief ⋅ Updated May 6, 2025</p>", ("Ann Lee",)),
    "two writers": ("", f"{H1}<p>By Ann Lee and Bob Ray, Frankfurt</p>", ("Ann Lee", "Bob Ray")),
    "with its day": ("", f"{H1}<p>Publié le 2 juin 2016 par Ann L.</p>", ("Ann L.",)),
    "a Chinese label": ("", f"{H1}<div><span>2026-01-20</span><span>作者：高美玲</span></div>", ("高美玲",)),
    "a link to a writer": ("", f'{H1}<p><a href="/authors/ann-lee/">Ann Lee</a></p>', ("Ann Lee",)),
    "a German link": ("", f'{H1}<p>von <a href="/autoren/name/ann-lee">Dr. Ann Lee</a></p>', ("Dr. Ann Lee",)),
    "the site in a meta tag": (
        f'{SITE}<meta name="author" content="Mill News">',
        f"{H1}<p>By Ann Lee</p>",
        ("Ann Lee",),
    ),
    "the host in a meta tag": ('<meta name="author" content="MillNews">', f"{H1}<p>By Ann Lee</p>", ("Ann Lee",)),
    "a mail link": (
        "",
        f'{H1}<div class="byline"><a href="/a">Ann Lee</a>, Mill News <a href="mailto:a@b.example">Email the author</a></div>',
        ("Ann Lee",),
    ),
    "a role in a line of its own": (
        "",
        f'{H1}<div class="byline">BY ANN LEE AND BOB RAY<br>STAFF REPORTERS</div>',
        ("ANN LEE", "BOB RAY"),
    ),
    "words beside a name": ("", f'{H1}<div class="auteur">Door onze verslaggever <b>Ann Lee</b></div>', ("Ann Lee",)),
    "a site of small words": (
        "",
        f'{H1}<p class="byline">By <b>Ann Lee</b>, <i>News of the Mill</i></p>',
        ("Ann Lee",),
    ),
    "a Chinese line without colons": (
        "",
        f"{H1}<div>2026-01-20 08:30 来源：港口报 记者 高美玲 通讯员 陈立</div>",
        ("高美玲", "陈立"),
    ),
    "a guest": ("", f"{H1}<p>Ein Gastbeitrag von <b>Prof. Dr. Ann Lee</b></p>", ("Prof. Dr. Ann Lee",)),
    "text and pictures": ("", f"{H1}<p>Bài, ảnh: Trần Nam</p>", ("Trần Nam",)),
    "the desk with a person": (SITE + AUTHOR, f"{H1}<p>La rédaction avec Anne Marin</p>", ("Anne Marin",)),
    "a box with a link to the writer": (
        "",
        f'{H1}<div class="autor-box"><a href="/a">Ann Lee</a><p>Redakteurin</p><a href="/k">Autor kontaktieren</a></div>',
        ("Ann Lee",),
    ),
    "time to read": ("", f'{H1}<div class="author">5 mins read</div>', ()),
    "a label alone": ("", f'{H1}<div class="author">Written By</div>', ()),
    "comments so far": ("", f'{H1}<div class="author"><a>Ann Lee</a> <a>One comment so far</a></div>', ("Ann Lee",)),
    "a template": ('<meta name="author" content="page.head.extra.author">', H1, ()),
    "a Chinese line": ("", f"{H1}<div>2026-01-20 08:30 来源：港口报 作者：高美玲 字号：大 中 小</div>", ("高美玲",)),
    "links to commenters": ("", f'{H1}<div class="comments"><a rel="author" href="/u">Ann Lee</a></div>', ()),
    "a teaser": ("", f'<div><a href="/b"><h4>Mill opens</h4></a><p class="author">By Ann Lee</p></div>{H1}', ()),
    "the site beside a person": (
        SITE
        + LINKED.format(
            json.dumps(
                {
                    "@type": "NewsArticle",
                    "author": [
                        {"@type": "Organization", "name": "Mill News"},
                        {"@type": "Organization", "name": "Wire"},
                        {"name": "Ann Lee"},
                    ],
                }
            )
        ),
        H1,
        ("Ann Lee", "Wire"),
    ),
    "as in a catalogue": (
        '<meta name="citation_author" content="Lee, Ann B."><meta name="citation_author" content="Ray, Bob">',
        H1,
        ("Ann B. Lee", "Bob Ray"),
    ),
    "a list": (
        "",
        f'{H1}<ul class="authors"><li><a href="/l">Ann Lee</a></li><li><a href="/r">Bob Ray</a></li></ul>',
        (
            "Ann Lee",
            "Bob Ray",
        ),
    ),
    "at the foot of a post": (
        "",
        f'{H1}<div class="post-footer"><span class="post-author vcard">Posted by <span class="fn">Ann Lee</span></span></div>',
        ("Ann Lee",),
    ),
    "links to print and send": (
        "",
        f'{H1}<div class="byline">By <a rel="author" href="/a">Ann Lee</a> | May 6, 2025 | <a href="/p">Print This Post</a></div>',
        ("Ann Lee",),
    ),
    "writers of other articles below": (
        "",
        (
            f'<article>{H1}<div class="byline">By <a rel="author" href="/a">Ann Lee</a></div></article>'
            '<article><b>Mill opens</b><div class="byline">2 hours ago <a rel="author" href="/r">Bob Ray</a></div></article>'
        ),
        ("Ann Lee",),
    ),
    "an editor alone": ("", f'{H1}<div class="author"><span>责任编辑：</span>高美玲_NB07</div>', ()),
    "an element named by its id": ("", f'{H1}<x-part id="authors"><i>Ann Lee</i></x-part>', ("Ann Lee",)),
    "a box named by its id": ("", f'{H1}<x-part id="author"><i>All about ovens and bread</i></x-part>', ()),
    "a picture": ("", f"{H1}<figure><img src=/a.jpg><figcaption>By Ann Lee</figcaption></figure>", ()),
    "a work": ("", f"{H1}<p><i>The Oven</i> by Ann Lee</p>", ()),
    "a comment": ("", f'{H1}<div class="comments"><p>By Ann Lee</p></div>', ()),
    "prose": ("", f"{H1}<p>By Monday morning the oven was warm.</p>", ()),
}


@pytest.mark.parametrize(("head", "body", "authors"), AUTHORS.values(), ids=AUTHORS)
def test_the_writers_are_persons_that_the_page_names(head: str, body: str, authors: tuple[str, ...]) -> None:
    assert article_of(head, body).authors == authors


JSON_LD = json.dumps({
    "@type": "NewsArticle", "headline": "Bakery opens again", "datePublished": "2026-01-02", "author": {"name": "Ann Lee"},
})  # fmt: skip
OTHER_JSON_LD = json.dumps({"@type": "NewsArticle", "headline": "Mill burns", "author": {"name": "Bob Ray"}})
ACCOUNT_JSON_LD = json.dumps({"@type": "Article", "headline": "Bakery opens again", "author": {"name": "alee"}})
WRITTEN = {
    "another article first": LINKED.format(OTHER_JSON_LD) + LINKED.format(JSON_LD),
    "the name of an account first": LINKED.format(ACCOUNT_JSON_LD) + LINKED.format(JSON_LD),
    "two objects": LINKED.format('{"@type": "WebSite", "name": "Mill News"}\n' + JSON_LD),
    "missing commas": LINKED.format(JSON_LD.replace(", ", "\n ")),
    "a comment around CDATA": LINKED.format(f"<!--\n//<![CDATA[\n{JSON_LD};\n//]]>\n-->"),
    "single quotes": LINKED.format(JSON_LD.replace('"', "'")),
}


@pytest.mark.parametrize("head", WRITTEN.values(), ids=WRITTEN)
def test_json_ld_is_read_however_it_is_written(head: str) -> None:
    article = article_of(head, "<h1>Bakery opens again</h1>")
    assert (article.title, article.authors, str(article.published_local)) == (
        "Bakery opens again", ("Ann Lee",), "2026-01-02",
    )  # fmt: skip


def test_keywords_of_broken_json_ld_are_read() -> None:
    broken = '{"@type": "NewsArticle", "headline": "Bakery opens", "x": "a "b" c" "keywords": ["bread", "oven"]}'
    assert article_of(LINKED.format(broken), "").tags == ("bread", "oven")


def test_broken_json_ld_keeps_every_field_that_can_be_read() -> None:
    values = {
        "headline": "Bakery opens again", "datePublished": "2026-01-02", "description": "A fire had closed it.",
        "articleSection": "Town", "inLanguage": "en-GB", "isAccessibleForFree": False, "author": {"name": "Ann Lee"},
    }  # fmt: skip
    broken = json.dumps({"@type": "NewsArticle", **values}).replace(
        '"articleSection"', '"x": "a "b" c" "articleSection"'
    )
    article = article_of(LINKED.format(broken), "")
    assert (article.title, article.description, article.section) == (
        "Bakery opens again", "A fire had closed it.", "Town",
    )  # fmt: skip
    assert (str(article.published_local), article.authors, article.is_accessible_for_free) == (
        "2026-01-02", ("Ann Lee",), False,
    )  # fmt: skip


def test_the_name_of_a_month_in_the_address_orders_a_day() -> None:
    url = "https://millnews.example/blog/2023/october/03/bakery/"
    article = article_of("", f"{H1}<div class='blog-date'>03/10/2023</div>", url)
    assert str(article.published_local) == "2023-10-03"


def test_of_several_pictures_and_sections_the_first_usable_one_is_read() -> None:
    metas = (("og:image", "/logo.png"), ("og:image", "/oven.jpg"), ("article:section", "https://millnews.example/town"))
    head = "".join(f'<meta property="{name}" content="{content}">' for name, content in metas)
    article = article_of(f'{head}<meta name="section" content="Town">', H1)
    assert (article.image_url, article.section) == ("https://millnews.example/oven.jpg", "Town")
