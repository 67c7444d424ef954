"""A feed reader's list comes over, one source a feed, and goes back as the same list."""

from __future__ import annotations

import io

import pytest
from lxml import etree

from config.errors import ConfigError
from config.settings import Settings
from config.sources import load_sources
from flows.site_setup.opml import export_opml, import_opml, read_opml
from flows.site_setup.propose import add_source

LIST = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="1.1"><head><title>Mine</title></head><body>
  <outline text="Europe"><outline text="North">
    <outline text="Nordlys &amp; Hav" title="Nordlys &amp; Hav" type="rss" xmlUrl="https://nordlys.example/rss"
             htmlUrl="https://nordlys.example/" language="nb_NO" category="/News/Local,Sea"/>
  </outline></outline>
  <outline text="北海新闻" type="rss" xmlUrl=" https://www.beihai.example/feed "/>
  <outline title="Nordlys &amp; Hav" xmlurl="feed://sport.nordlys.example/rss" language="unknown"/>
  <outline text="A page" type="link" url="https://e.example/"/>
  <outline text="Old form" type="rss" url="http://old.example/rdf"/>
</body></opml>
"""


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(config=tmp_path / "config", data=str(tmp_path / "data"))


@pytest.fixture
def imported(tmp_path, settings):
    """Imports a list of this content."""

    def import_list(content: str | bytes = LIST):
        path = tmp_path / "feeds.opml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return import_opml(str(path), settings)

    return import_list


def test_every_feed_becomes_a_source_of_its_own(imported, settings):
    report = imported()
    assert [path.stem for path in report.written] == ["nordlys-hav", "beihai-example", "nordlys-hav-2", "old-form"]
    assert report.written[0].read_text() == (
        "#:schema ../source.schema.json\n"
        'title = "Nordlys & Hav"\n'
        'tags = [\n    "europe",\n    "north",\n    "news",\n    "local",\n    "sea",\n]\n'
        'language = "nb-NO"\n'
        'schedule = "every 30 minutes"\n'
        "delay = 5.0\n"
        "\n"
        "[[input]]\n"
        'kind = "feed"\n'
        'url = "https://nordlys.example/rss"\n'
    )
    sources, wrong = load_sources(settings.config)
    assert not wrong
    assert sources["beihai-example"].title == "北海新闻"
    assert sources["nordlys-hav-2"].input[0].url == "http://sport.nordlys.example/rss"
    assert sources["nordlys-hav-2"].language is None


def test_a_feed_that_a_source_has_is_passed_over_and_said_so(imported):
    imported()
    again = imported(LIST.replace("https://nordlys", "http://nordlys").replace("https://www.beihai", "https://new"))
    assert [path.stem for path in again.written] == ["new-example"]
    assert again.known[0] == "Nordlys & Hav: http://nordlys.example/rss is a feed of source 'nordlys-hav'"
    assert len(again.known) == 3


def test_a_file_that_is_there_is_never_overwritten(imported, settings):
    folder = settings.config / "sources"
    folder.mkdir(parents=True)
    (folder / "nordlys-hav.toml").write_text("being written")
    imported()
    assert (folder / "nordlys-hav.toml").read_text() == "being written"
    assert (folder / "nordlys-hav-2.toml").exists()


def outlines(*attributes: str) -> str:
    return f"<opml version='2.0'><body>{''.join(f'<outline {outline}/>' for outline in attributes)}</body></opml>"


def test_an_address_that_cannot_be_a_feeds_is_refused_without_being_shown(imported):
    report = imported(
        outlines(
            "text='Locked' xmlUrl='https://ada:secret@e.example/rss'",
            "text='File' xmlUrl='file:///etc/passwd'",
            "text='Odd' xmlUrl='http://[bad/rss'",
            "text='Good' xmlUrl='https://e.example/rss'",
        )
    )
    assert [path.stem for path in report.written] == ["good"]
    assert [message.partition(":")[0] for message in report.refused] == ["Locked", "File", "Odd"]
    assert "secret" not in "".join(report.refused)


def test_feeds_that_differ_in_a_parameter_are_two(imported):
    report = imported(outlines("xmlUrl='https://e.example/?rss=sport'", "xmlUrl='https://e.example/?rss=arts'"))
    assert [path.stem for path in report.written] == ["e-example", "e-example-2"]


def test_a_list_with_a_bare_ampersand_is_read(imported):
    report = imported(outlines("text='Sea & Sky' xmlUrl='https://e.example/rss?a=1&amp;b=2'"))
    assert [path.stem for path in report.written] == ["sea-sky"]


@pytest.mark.parametrize("charset", ["utf-16", "iso-8859-1"])
def test_a_list_in_another_charset_is_read(imported, charset):
    text = "<?xml version='1.0' encoding='" + charset + "'?>" + outlines("text='Été' xmlUrl='https://e.example/rss'")
    assert [path.stem for path in imported(text.encode(charset)).written] == ["ete"]


BOMB = (
    "<!DOCTYPE opml [<!ENTITY a 'aaaaaaaaaa'>"
    + "".join(f"<!ENTITY {outer} '{f'&{inner};' * 10}'>" for inner, outer in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not an OPML list of feeds: it is not XML"),
        ("just words", "not an OPML list of feeds: it is not XML"),
        ("<rss version='2.0'><channel/></rss>", "its first element is <rss>"),
        ("<html><body>Log in</body></html>", "its first element is <html>"),
        ("<opml version='2.0'><body/></opml>", "names no feed; an outline of a feed has an attribute xmlUrl"),
        (BOMB + outlines("text='&i;' xmlUrl='https://e.example/rss'"), "XML entities|names no feed|not an OPML"),
        (
            "<!DOCTYPE opml [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
            + outlines("text='a' xmlUrl='https://e.example/'"),
            "declares XML entities",
        ),
    ],
)
def test_what_is_no_list_is_told_in_a_sentence(imported, settings, content, message):
    with pytest.raises(ConfigError, match=message):
        imported(content)
    assert not (settings.config / "sources").exists()


def test_a_list_that_is_not_there_is_told(settings, tmp_path):
    with pytest.raises(ConfigError, match=r"none.opml: cannot be read: no such file"):
        import_opml(str(tmp_path / "none.opml"), settings)


def test_what_goes_out_comes_back(imported, settings, tmp_path):
    imported()
    sources, _ = load_sources(settings.config)
    stream = io.BytesIO()
    assert export_opml(sources.values(), stream) == 4
    (tmp_path / "back.opml").write_bytes(stream.getvalue())
    other = settings.model_copy(update={"config": tmp_path / "other"})
    import_opml(str(tmp_path / "back.opml"), other)
    back, _ = load_sources(other.config)
    assert {(source.title, source.tags, source.language, source.input) for source in back.values()} == {
        (source.title, source.tags, source.language, source.input) for source in sources.values()
    }
    root = etree.fromstring(stream.getvalue())
    assert (root.tag, root.get("version"), root[1][0].get("type")) == ("opml", "2.0", "rss")


def test_a_title_that_xml_cannot_hold_goes_out_without_what_it_cannot(imported, settings):
    imported()
    path = settings.config / "sources" / "old-form.toml"
    path.write_text(path.read_text().replace("Old form", "Old\\u0001 form <&>"))
    stream = io.BytesIO()
    export_opml(load_sources(settings.config)[0].values(), stream)
    assert "Old form <&>" in {feed.title for feed in read_opml(stream.getvalue(), "back")}


def test_a_deep_list_is_read(imported):
    deep = "<opml><body>" + "<outline text='x'>" * 200 + "<outline text='In' xmlUrl='https://e.example/rss'/>"
    assert len(imported(deep).written) == 1


def test_the_feed_of_a_source_is_told_before_anything_is_asked(imported, settings):
    imported()
    with pytest.raises(ConfigError, match=r"is the feed of source 'nordlys-hav' already; see .*nordlys-hav\.toml"):
        add_source("http://www.nordlys.example/rss/", settings)
