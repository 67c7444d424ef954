"""The invented publishers. Each has habits of its own, and its own way to misbehave."""

from __future__ import annotations

from datetime import timedelta

from tests.newsroom.plan import Fault, Site, Throttle, Window


def sites(span: Window) -> tuple[Site, ...]:
    """All of them; what happens once happens at the same part of any span."""

    def part(start: float, end: float) -> Window:
        length = span.end - span.start
        return Window(span.start + start * length, span.start + end * length)

    return (
        Site(
            "merrow-gazette", "The Merrow Gazette", "en", "Europe/London", "rss", "json-ld",
            window=8, bursts=(part(0.42, 0.44),), surrogates=True, consent=(part(0.55, 0.6),),
        ),
        Site(
            "faro-almendro", "El Faro de Almendro", "es", "Europe/Madrid", "atom", "open-graph",
            window=8, feed_moved_at=part(0.5, 1).start, garbled=(part(0.3, 0.33), part(0.7, 0.73)), is_input=True,
            lastmod="local", outages=(part(0.62, 0.64),),
        ),
        Site(
            "lindauer-bote", "Lindauer Bote", "de", "Europe/Berlin", "rss", "meta",
            window=10, crawl_delay=9, robots_bursts=(part(0.6, 0.65),), challenges=(part(0.25, 0.28),),
        ),
        Site(
            "zarechny-vestnik", "Зареченский вестник", "ru", "Europe/Moscow", "rss", "meta",
            window=8, charset="windows-1251", sitemap="index", is_input=True, lastmod="now", validators=False,
            sessions="path",
        ),
        Site(
            "mihama-shimbun", "美浜新聞", "ja", "Asia/Tokyo", "json", "json-ld",
            is_input=True, lastmod="now", cookies=True, challenges=(part(0.3, 0.35),),
        ),
        Site(
            "diario-formosa", "Diário de Serra Formosa", "pt", "America/Sao_Paulo", "section", "open-graph",
            window=40, validators=False, sessions="query", outages=(part(0.5, 0.52),),
        ),
        Site(
            "marsa-alyoum", "مرسى اليوم", "ar", "Africa/Cairo", "paged", "json-ld",
            window=6, sitemap=None, consent=(part(0.8, 0.83),),
        ),
        Site(
            "courrier-aubrac", "Le Courrier d'Aubrac", "fr", "Europe/Paris", "rss", "microdata",
            window=4, throttle=Throttle(8, 100, 75), lies=(part(0.2, 0.3), part(0.7, 0.85)), desk=True,
            front_down=(part(0.45, 0.6),),
        ),
        Site(
            "tarn-voice", "The Tarn Valley Voice", "en", "Europe/Dublin", "paged", "open-graph",
            window=6, sitemap=None, whole=True,
        ),
    )  # fmt: skip


FAULTS: dict[str, tuple[Fault, ...]] = {
    "merrow-gazette": (
        Fault.BOMB, Fault.TO_LOGIN, Fault.LOOP, Fault.HANG, Fault.FORBIDDEN, Fault.CHAIN, Fault.ENDLESS,
    ),
    "faro-almendro": (Fault.LYING_HEADER, Fault.EMPTY, Fault.TO_FTP, Fault.FLAKY, Fault.GONE, Fault.TO_FRONT),
    "lindauer-bote": (Fault.FORBIDDEN, Fault.TO_FORBIDDEN, Fault.CHAIN, Fault.LOGIN_WALL),
    "zarechny-vestnik": (Fault.LYING_HEADER, Fault.BROKEN, Fault.GONE, Fault.LYING_META, Fault.SOFT_404),
    "mihama-shimbun": (Fault.LYING_META, Fault.BINARY, Fault.NO_STORY, Fault.TO_FRONT, Fault.INTERSTITIAL),
    "diario-formosa": (Fault.FORBIDDEN, Fault.EMPTY, Fault.FLAKY, Fault.CHAIN, Fault.SOFT_404),
    "marsa-alyoum": (Fault.NO_STORY, Fault.BINARY, Fault.FLAKY, Fault.LOGIN_WALL, Fault.SOFT_404),
    "courrier-aubrac": (Fault.FLAKY, Fault.GONE, Fault.INTERSTITIAL, Fault.LOGIN_WALL),
    "tarn-voice": (),
}  # fmt: skip
"""The faults of each site's addresses; every one happens at least once in a plan."""

FAULTY_EVERY = 6
"""One article in so many has a fault, once each of the site's faults has happened."""
REMOVED_AFTER = timedelta(hours=5)
