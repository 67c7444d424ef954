"""Dates are read as printed, in many languages, and never guessed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.metadata.calendars import jalali_date
from tasks.metadata.dates import ParsedDate, parse_date
from tasks.metadata.month_names import month_names, read_cldr
from warehouse.model.vocabulary import Precision, Zone

D, M, S = Precision.DAY, Precision.MINUTE, Precision.SECOND
ISO = [
    ("2026-01-06T10:00:00.123Z", "2026-01-06 10:00:00", S, Zone.EXPLICIT),
    ("2026-01-06T10:00:00+0100", "2026-01-06 09:00:00", S, Zone.EXPLICIT),
    ("2026-01-06T10:00:00+01:00", "2026-01-06 09:00:00", S, Zone.EXPLICIT),
    ("2026-01-06T10:00:00 -0400", "2026-01-06 14:00:00", S, Zone.EXPLICIT),
    ("2026-01-06T10:00:00,5-03", "2026-01-06 13:00:00", S, Zone.EXPLICIT),
    ("2026-01-06T10:00+05:45", "2026-01-06 04:15:00", M, Zone.EXPLICIT),
    ("2026-01-06 10:00:00 UTC", "2026-01-06 10:00:00", S, Zone.EXPLICIT),
    ("2026-01-06 10:00:00", "2026-01-06 10:00:00", S, Zone.ASSUMED),
    ("2026-01-06T10:00:00.000+02:00[Europe/Kyiv]", "2026-01-06 08:00:00", S, Zone.EXPLICIT),
    ("20260106T101112Z", "2026-01-06 10:11:12", S, Zone.EXPLICIT),
    ("202601061011", "2026-01-06 10:11:00", M, Zone.ASSUMED),
    ("20260106", "2026-01-06 00:00:00", D, Zone.ASSUMED),
    ("2026-01-06", "2026-01-06 00:00:00", D, Zone.ASSUMED),
    ("2026-01-06T00:00:00", "2026-01-06 00:00:00", D, Zone.ASSUMED),
    ("2026-006", "2026-01-06 00:00:00", D, Zone.ASSUMED),
    ("2026-W02-2", "2026-01-06 00:00:00", D, Zone.ASSUMED),
    ("2026-01", "2026-01-01 00:00:00", Precision.MONTH, Zone.ASSUMED),
    ("2026", "2026-01-01 00:00:00", Precision.YEAR, Zone.ASSUMED),
    ("1767693600", "2026-01-06 10:00:00", S, Zone.EXPLICIT),
    ("1767693600123", "2026-01-06 10:00:00", S, Zone.EXPLICIT),
    ("Tue, 06 Jan 2026 10:00:00 +0200", "2026-01-06 08:00:00", S, Zone.EXPLICIT),
    ("Tue, 06 Jan 2026 10:00:00 GMT", "2026-01-06 10:00:00", S, Zone.EXPLICIT),
    ("Tue Jan 06 10:00:00 CET 2026", "2026-01-06 09:00:00", S, Zone.EXPLICIT),
    ("Tue Jan 06 10:00:00 -0500 2026", "2026-01-06 15:00:00", S, Zone.EXPLICIT),
]
DATE_LINES = [
    ("en", "Published 6 January 2026", None),
    ("en", "Jan. 6th, 2026 10:15 AM", "10:15"),
    ("en", "10:15, Tuesday January 6, 2026", "10:15"),
    ("en", "06-Jan-26", None),
    ("en", "6 Jan ’26", None),
    ("en-GB", "06/01/2026, 22.15", "22:15"),
    ("en-US", "01/06/2026 3 pm", "15:00"),
    ("de", "Stand: 06.01.2026, 14:05 Uhr", "14:05"),
    ("de", "Dienstag, 6. Jänner 2026 um 14.05 Uhr", "14:05"),
    ("de", "06.01.26 | 9 Uhr", "09:00"),
    ("fr", "Publié le mardi 6 janvier 2026 à 14h05", "14:05"),
    ("es", "6 de enero de 2026 a las 14:05", "14:05"),
    ("es", "mar 6 ene 2026", None),
    ("pt", "6 de jan. de 2026, às 14h05", "14:05"),
    ("it", "6 gennaio 2026 ore 14:05", "14:05"),
    ("ca", "6 de gener de 2026", None),
    ("nl", "6 januari 2026 om 14:05 uur", "14:05"),
    ("da", "6. jan. 2026 kl. 14.05", "14:05"),
    ("fi", "6.1.2026 klo 14.05", "14:05"),
    ("pl", "6 stycznia 2026, 14:05", "14:05"),
    ("cs", "6. ledna 2026 14:05", "14:05"),
    ("hr", "6. siječnja 2026. u 14:05", "14:05"),
    ("hu", "2026. január 6. 14:05", "14:05"),
    ("lt", "2026 m. sausio 6 d. 14:05", "14:05"),
    ("lv", "2026. gada 6. janvāris, 14:05", "14:05"),
    ("ru", "6 января 2026 в 14:05", "14:05"),
    ("uk", "6 січня 2026, 14:05", "14:05"),
    ("el", "6 Ιανουαρίου 2026, 2:05 μμ", "14:05"),
    ("tr", "6 Ocak 2026 Salı 14:05", "14:05"),
    ("ar", "٦ كانون الثاني/يناير ٢٠٢٦", None),
    ("ar", "6 جانفي 2026", None),
    ("fa", "۶ ژانویه ۲۰۲۶", None),
    ("he", "ב-6 בינואר 2026", None),
    ("hi", "6 जनवरी 2026", None),
    ("bn", "৬ জানুয়ারি ২০২৬", None),
    ("th", "6 ม.ค. 2569 14:05 น.", "14:05"),
    ("th", "6 ม.ค. 69 14:05 น.", "14:05"),
    ("vi", "Thứ Ba, ngày 6 tháng 1 năm 2026", None),
    ("id", "Selasa, 06 Januari 2026 14:05", "14:05"),
    ("ja", "2026年1月6日 14時05分", "14:05"),
    ("zh", "2026年1月6日 下午2:05", "14:05"),
    ("ko", "2026년 1월 6일 오후 2시 5분", "14:05"),
    (None, "6 de janeiro de 2026", None),
    (None, "6 января 2026", None),
]
NOT_DATES = [
    "", "yesterday", "11 minutes ago", "6 January", "January 6, 10:15", "Jan 23, 10:15", "6 Jan 10:15", "gestern um 14 Uhr",
    "2026-02-30", "31 April 2026", "0000-00-00", "0001-01-01T00:00:00Z", "2026-01-06T25:00:00Z", "99999999999999",
    "32/13/2026", "1442/08/18", "12 min read", "null", "1 million in 2026",
]  # fmt: skip


@pytest.mark.parametrize(("line", "instant", "precision", "zone"), ISO)
def test_what_software_prints_is_read_to_the_second(line, instant, precision, zone):
    expected = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert parse_date(line) == ParsedDate(expected, precision, zone)


@pytest.mark.parametrize(("language", "line", "clock"), DATE_LINES)
def test_what_people_print_is_read_in_their_language(language, line, clock):
    instant = datetime.fromisoformat(f"2026-01-06 {clock or '00:00'}").replace(tzinfo=UTC)
    expected = ParsedDate(instant, M if clock else D, Zone.ASSUMED)
    assert parse_date(line, language) == expected


@pytest.mark.parametrize("line", NOT_DATES)
@pytest.mark.parametrize("language", [None, "en", "de"])
def test_what_states_no_day_of_a_year_is_no_date(line, language):
    assert parse_date(line, language) is None


def test_a_time_without_a_zone_belongs_to_the_source_s_place():
    summer = parse_date("6 July 2026, 14:05", "en", "Europe/London")
    assert summer == ParsedDate(datetime(2026, 7, 6, 13, 5, tzinfo=UTC), M, Zone.SOURCE)
    assert parse_date("2026-07-06 14:05:00", None, "Asia/Tokyo").instant == datetime(2026, 7, 6, 5, 5, tzinfo=UTC)


@pytest.mark.parametrize("line", ["6 July 2026", "2026-07-06", "2026-07-06T00:00:00", "2026年7月6日"])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_a_bare_day_stays_that_day_wherever_its_source_is(line, zone):
    assert parse_date(line, "en", zone) == ParsedDate(datetime(2026, 7, 6, tzinfo=UTC), D, Zone.ASSUMED)


@pytest.mark.parametrize(
    ("line", "source_zone", "hour"),
    [
        ("6 July 2026 14:00 BST", None, 13),
        ("6 July 2026 14:00 CEST", None, 12),
        ("6 July 2026 14:00 Uhr (MESZ)", None, 12),
        ("6 July 2026 2:00 p.m. ET", None, 18),
        ("6 July 2026, 14:00 (GMT+7)", None, 7),
        ("6 July 2026, 14:00 UTC−3", None, 17),
        ("6 July 2026 14:00 МСК", None, 11),
        ("6 July 2026 14:30 IST", "Asia/Kolkata", 9),
        ("6 July 2026 14:00 IST", "Asia/Jerusalem", 11),
    ],
)  # fmt: skip
def test_a_printed_zone_is_believed(line, source_zone, hour):
    parsed = parse_date(line, "en", source_zone)
    expected_zone = Zone.SOURCE if source_zone == "Asia/Jerusalem" else Zone.EXPLICIT
    assert (parsed.instant.hour, parsed.zone) == (hour, expected_zone)


def test_a_zone_with_several_meanings_is_not_chosen():
    assert parse_date("6 July 2026 14:00 IST", "en").zone is Zone.ASSUMED
    assert parse_date("6 January 2026 14:00 CST", "en", "America/Chicago").instant.hour == 20
    assert parse_date("6 January 2026 14:00 CST", "en", "Asia/Shanghai").instant.hour == 6


def test_words_that_look_like_zones_are_words():
    assert parse_date("6 juillet 2026 à 14:00 est mort", "fr").zone is Zone.ASSUMED
    assert parse_date("14:00 - 6 July 2026", "en").instant.hour == 14


@pytest.mark.parametrize(
    ("language", "zone", "month"),
    [("en", None, None), ("en", "Europe/London", 4), ("en", "America/Chicago", 3), ("en-US", None, 3), ("en-GB", None, 4),
     ("fr", None, 4), (None, None, None), ("xx", None, None)],
)  # fmt: skip
def test_figures_are_read_in_the_order_of_their_readers_or_not_at_all(language, zone, month):
    parsed = parse_date("3/4/2026", language, zone)
    assert (parsed.instant.month if parsed else None) == month


def test_figures_that_leave_no_choice_need_no_language():
    assert parse_date("23/4/2026").instant == parse_date("4/23/2026").instant == datetime(2026, 4, 23, tzinfo=UTC)


def test_a_month_that_means_two_in_different_languages_needs_the_language():
    assert parse_date("3 listopada 2026", "pl").instant.month == 11
    assert parse_date("3. listopada 2026.", "hr").instant.month == 10
    assert parse_date("3 listopada 2026") is None


@given(
    st.text(max_size=250), st.sampled_from([None, "en", "de", "th", "zz", "ar"]), st.sampled_from([None, "Asia/Tokyo"])
)
def test_no_text_breaks_the_reading(text, language, zone):
    parse_date(text, language, zone)


@given(st.datetimes(datetime(1700, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_instant_comes_back(instant):
    whole = instant.replace(microsecond=0)
    assert parse_date(instant.isoformat()).instant == whole
    assert parse_date(whole.strftime("%a, %d %b %Y %H:%M:%S +0000")).instant == whole


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("Tue, 06 Jan 26 10:00:00 GMT", "2026-01-06 10:00"),
        ("06 Jan 98 10:00 EST", "1998-01-06 15:00"),
        ("Tuesday, 06-Jan-98 10:00:00 GMT", "1998-01-06 10:00"),
        ("Ti, 06 Tam 2026 10:00:00 +0200", "2026-01-06 08:00"),
        ("Gio, 06 Ago 2026 10:00:00 +0200", "2026-08-06 08:00"),
        ("火, 06 1月 2026 10:00:00 +0900", "2026-01-06 01:00"),
        ("Mawrth, 06 Hyd 2026 10:00:00 +0000", "2026-10-06 10:00"),
        ("Wed, 06 Jan 2026 24:00:00 GMT", "2026-01-07 00:00"),
        ("2026-01-06T24:00:00Z", "2026-01-07 00:00"),
        ("31. Dezember 2026, 24:00 Uhr", "2027-01-01 00:00"),
        ("2026-01-06 10:00:00 Europe/Paris", "2026-01-06 09:00"),
        ("2026-07-06 10:00 [America/Argentina/Salta]", "2026-07-06 13:00"),
        ("Tue, 06 Jan 2026 10:00:00 Asia/Kolkata", "2026-01-06 04:30"),
        ("Selasa, 06 Jan 2026 10:00 WIB", "2026-01-06 03:00"),
        ("/Date(1767693600000)/", "2026-01-06 10:00"),
        (r"\/Date(1767693600000+0100)\/", "2026-01-06 10:00"),
        ("/Date(-86400000)/", "1969-12-31 00:00"),
        ("1767693600123456", "2026-01-06 10:00"),
        ("1767693600123456789", "2026-01-06 10:00"),
        ("۱۴۰۴/۱۰/۱۶ ۱۰:۳۰", "2026-01-06 10:30"),
        ("سه‌شنبه ۱۶ دی ۱۴۰۴، ساعت ۱۰:۳۰", "2026-01-06 10:30"),
        ("1404/10/16 10:30", "2026-01-06 10:30"),
        ("1404-10-16", "2026-01-06 00:00"),
        ("1404-10-16T10:30:00+03:30", "2026-01-06 07:00"),
        ("16/10/1404 10:30:00", "2026-01-06 10:30"),
        ("دی ۱۶, ۱۴۰۴", "2026-01-06 00:00"),
        ("Tue, 16 Dey 1404 10:30:00 +0330", "2026-01-06 07:00"),
        ("令和8年1月6日 10時30分", "2026-01-06 10:30"),
        ("令和元年11月6日", "2019-11-06 00:00"),
        ("民國115年1月6日", "2026-01-06 00:00"),
    ],
)
def test_dates_of_feeds_and_records_are_read_whoever_printed_them(text, instant):
    date = parse_date(text)
    assert date is not None
    assert f"{date.instant:%Y-%m-%d %H:%M}" == instant


@pytest.mark.parametrize(("year", "month", "day", "common"), [
    (1403, 12, 30, "2025-03-20"), (1404, 1, 1, "2025-03-21"), (1399, 12, 30, "2021-03-20"), (1357, 11, 22, "1979-02-11"),
    (1404, 12, 30, None), (1405, 7, 31, None), (1405, 13, 1, None),
])  # fmt: skip
def test_a_day_of_the_jalali_calendar_has_one_in_the_common_one(year, month, day, common):
    date = jalali_date(year, month, day)
    assert (str(date) if date else None) == common


@pytest.mark.parametrize("locale", ["de", "de_AT", "hr", "iw", "fa", "sr_Latn", "th"])
def test_the_names_of_months_are_those_of_the_locked_cldr(locale):
    assert list(month_names()[locale].items()) == list(read_cldr(locale).items()), (
        "renew them: python -m tasks.metadata.month_names"
    )


def test_a_cut_name_that_means_two_months_needs_its_language():
    """`srp` is a part of the Croatian July, and of the Czech August."""
    assert parse_date("Čt, 06 srp 2026 10:00:00 +0200") is None
    assert parse_date("Čt, 06 srp 2026 10:00:00 +0200", "cs").instant == datetime(2026, 8, 6, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "language", "day"),
    [
        ("1404/10/16 10:30", None, "2026-01-06"), ("1404/10/16", "en", "2026-01-06"), ("1404/10/16", "ar", None),
        ("1447/07/17", None, None), ("1411/07/17", "fa", "2032-10-08"), ("1404/13/16", None, None),
        ("part 1404-10-16 of the series", "en", None), ("بخش 1404-10-16", "fa", "2026-01-06"),
    ],
)  # fmt: skip
def test_figures_are_a_jalali_date_only_where_no_other_calendar_can_be_meant(text, language, day):
    date = parse_date(text, language)
    assert (str(date.instant.date()) if date else None) == day


@pytest.mark.parametrize(
    "text",
    [
        "Wed, 30 Nov -0001 00:00:00 +0000", "3 Nov 26", "Tue, 06 Xyz 2026 10:00:00 GMT", "/Date(x)/",
        "Tue, 06 Jan 2026 24:00:00 Nowhere/Land-", "987654321", "2026-01-06T25:00:00Z",
    ],
)  # fmt: skip
def test_nothing_is_made_of_what_is_no_date(text):
    date = parse_date(text)
    assert date is None or date.zone is not Zone.EXPLICIT
