"""URLs: their normal form, the part that identifies an article, their domain."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

import idna
from courlan import extract_domain

# Exact names: courlan's pattern also counts `gallery`, `cid` and a bare `?123` as tracking, and so merges articles.
_TRACKING: Final = re.compile(
    r"(?:utm|mtm|matomo|piwik|pk|at|ns|hsa|oly|vero|mkt|itm|ga|wt|hmb|awt|bsft|sfmc|guce|soc|taboola|trk)_\w+"
    r"|__?(?:hs\w+|twitter_impression|ga|gl|branch_match_id|branch_referrer)|mc_(?:[ce]id|tc)|elq\w*|trk(?:campaign|info)?"
    r"|(?:fb|g|dc|y|tw|tt|fbc|yc|ysc|msclk|srsl|_open)c?lid|msclkid|[gw]braid|gad_\w+|igsh(?:id)?|si|spm|srsltid"
    r"|rb_clickid|irclickid|irgwc|cjevent|mkevt|epik|li_fat_id|dicbo|dm_i|ck_subscriber_id|wickedid|wprov|ceid|em[cd]i"
    r"|smid|smtyp|ocid|ncid|mbid|tsrc|ftag|xtor|ito|icid|int_?cmp|cmp(?:id)?|s_(?:kwc|c)id|sc_(?:cid|src|channel)"
    r"|ref|ref_(?:src|url)|fref|fb_(?:action_ids|action_types|ref|source)|referr?er|rss|source|wtmc|zanpid|partner"
    r"|feature|share|share_?(?:from|token)|sfnsn|guccounter|recruite[rd]|recruited_by_id|sms_ss|hss_channel|yptr|nsctrid",
    re.IGNORECASE,
)
# Numbers of a visit, not of an article: by names that mean nothing else.
_SESSION: Final = re.compile(
    r"(?:jsessionid|phpsessid|oscsid|zenid|xtcsid|modsid|cfid|cftoken|aspsessionid\w*)=.*", re.IGNORECASE
)
# By a value as long as PHP's, under names that may also be those of a story or of a session of a conference.
_SESSION_BY_VALUE: Final = re.compile(
    r"(?:s|sid|phpsid|sess(?:ion)?(?:_?(?:id|key|hash))?)=(?:[0-9a-f]{32}|[0-9a-f]{40}|(?=\D*\d)[0-9a-z]{26})",
    re.IGNORECASE,
)
_SCRIPT: Final = re.compile(r"/(?:[^/]*\.(?:php\d?|aspx?|jspx?|cfm|cgi|pl|do))?$", re.IGNORECASE)
_SESSION_IN_PATH: Final = re.compile(
    r"(?:;|%3b)(?:jsessionid|phpsessid|sid|sessionid|session_id)(?:=|%3d)[^/;?]*|/\((?:[A-Z]\([\w-]+\))+\)(?=/)",
    re.IGNORECASE,
)
# Marks of a page in the form for phones (AMP) in its query; the article is the same without them.
_AMP_QUERY: Final = re.compile(
    r"amp(?:=(?:1|true|yes|)?)?|(?:outputtype|output|view|type|format|mode|template)=amp|usqp=.*|amp_(?:js_v|gsa|r|ct)=.*",
    re.IGNORECASE,
)
_AMP_CACHE: Final = re.compile(
    r"https?://(?:www\.google\.[\w.]+/amp/(s/)?|[\w-]+\.(?:cdn\.ampproject\.org|bing-amp\.com)/[cvwr]/(s/)?)(?=[\w-]+(?:\.[\w-]+)+/)",
    re.IGNORECASE,
)
_TWIN_HOST: Final = re.compile(r"(?:www\d{0,2}|amp|m|mobile|mobil|touch)\.(?=.+\.)")
_TWIN_PATH: Final = re.compile(
    r"^/(?:amp|m|mobile)(?=/[^/]+/.)|(?<=[^/])/amp$|(?<=[^/])\.amp(?=\.html?$|$)", re.IGNORECASE
)
_ESCAPE: Final = re.compile("%([0-9a-fA-F]{2})")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SAFE: Final = "%/:@!$&'()*+,;=~"
_DEFAULT_PORT: Final = {"http": 80, "https": 443}
# A long number at the edge of the last part of a path, beside words: `dow-jumps-68901234`, `68901234-dow-jumps`.
_SLUG_AND_ID: Final = re.compile(
    r"(?P<slug>(?:[^\W\d_][^/]*[-_.])?)(?P<id>[a-z]{0,2}\d{7,})(?P<end>\.\w{2,5})?|(?P<id2>\d{7,})[-_.][^\W\d][^/]*"
)
_ID_PART: Final = re.compile(r"[a-z]{0,2}\d{7,}", re.IGNORECASE)
# A template wrote the address of the site before a whole URL: `https://news.examplehttps://news.example/a`.
_TWO_URLS: Final = re.compile(r"https?://[^/?#]*https?(?::|%3a)?/", re.IGNORECASE)
# What a template writes that has no value.
_UNFILLED: Final = re.compile(r"/(?:undefined|null|none|nan|\[object)(?:[/?#]|$)|\{\{|\$\{|%7b%7b", re.IGNORECASE)
# Hosts of the people who make a site.
_NO_PUBLIC_HOST: Final = re.compile(
    r"(?:\d{1,3}\.){3}\d{1,3}$|(?:.*[.-])?(?:staging|stage|stg|dev|preprod|preview|test|uat|cms|origin|backend)\d*[.-]",
    re.IGNORECASE,
)
# Words, a number, or a file.
_SLUG: Final = re.compile(r"[^/]-[^/]*-[^/]|\d{5,}|\.\w{3,5}$")
_COUNTRY: Final = re.compile("[A-Z]{2}")
_NO_COUNTRIES: Final = frozenset("AI AM CC CO EU FM GG IO LA LY ME SH SO SU TO TV WS".split())
_PHOTO: Final = re.compile(r"\.(?:jpe?g|webp|avif)$", re.IGNORECASE)
_LOGO_WORDS: Final = (
    "(?:(?:site-?|og-?|share-?|default-?)?(?:logo|favicon|site-?icon|placeholder|no-?image|default-?image)"
    "|(?:default|fallback)[-_](?:share|sharing|og|social|image|img|thumb|thumbnail|photo|picture|card|banner)"
    "|(?:share|sharing|og|social|facebook|fb|twitter|image|img|thumb|thumbnail|card)[-_](?:default|fallback)"
    "|pixel|spacer|transparent|1x1)"
)
_LOGO: Final = re.compile(rf"(?:^|[-_.]){_LOGO_WORDS}(?:$|[-_.\d@])", re.IGNORECASE)
_PHOTO_OF_LOGO: Final = re.compile(rf"^{_LOGO_WORDS}(?:[-_]?(?:share|og|social|default|\d+|\d+x\d+))*\.", re.IGNORECASE)
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_DAY_OR_ROUND: Final = re.compile(r"(?:19|20)\d\d(?:0\d|1[0-2])(?:[0-2]\d|3[01])\d*|[0-3]\d[01]\d(?:19|20)\d\d|\d*000")


@lru_cache(maxsize=1024)
def normalize_url(url: str) -> str:
    """Return the normal form of an http(s) URL; any other text as it is.

    It fixes the case of scheme and host, the port, escapes, dot segments and the order of parameters, and removes the
    fragment (`#!` stays: it names a page), tracking parameters, numbers of sessions and the marks of AMP in a query.
    """
    parts = _split(url)
    return url.strip() if parts is None else urlunsplit(parts)


def identity_url(url: str) -> str:
    """Return the part of a URL that stays when slug, tracking parameters, scheme or `www.` change; a key, not a URL.

    A slug is removed only beside a long number that is neither a day nor round. The AMP and the mobile form of a page
    have the key of the page.
    """
    parts = _split(url)
    if parts is None:
        return url.strip()
    host = _TWIN_HOST.sub("", parts.netloc, count=1)
    path = _TWIN_PATH.sub("", parts.path.rstrip("/"))
    return urlunsplit(("", host, _without_slug(path), parts.query, parts.fragment))


def canonical_domain(url: str | None) -> str | None:
    """Return the registrable domain of an http(s) URL, such as `bbc.co.uk`; the host if it has none (an IP address)."""
    parts = _split(url) if url else None
    host = parts.hostname if parts else None
    return _registrable(host) if host else None


def country_language(url: str, language: str) -> str | None:
    """Return `language` with the country of the domain of a URL as its region: `en-GB` of `news.co.uk`; None if none.

    Two letters that stand for no country (`.eu`), or that are bought for their look (`.tv`, `.io`), are none.
    """
    ending = (urlsplit(url).hostname or "").rpartition(".")[2].upper() if _split(url) else ""
    ending = "GB" if ending == "UK" else ending
    return f"{language}-{ending}" if _COUNTRY.fullmatch(ending) and ending not in _NO_COUNTRIES else None


def absolute_url(url: str, base: str) -> str | None:
    """Return an http(s) URL made absolute against `base`; None if that gives no such URL."""
    try:
        parts = urlsplit(url.strip())
        if base.startswith("http"):
            # Joining splits both anew.
            is_absolute = parts.scheme in _DEFAULT_PORT and parts.netloc
            parts = parts if is_absolute else urlsplit(urljoin(base, url.strip()))
        joined = urlunsplit(parts)
        usable = (
            parts.scheme in _DEFAULT_PORT
            and "." in (parts.hostname or "")
            and "@" not in parts.netloc
            and not re.search(r"\s", joined)
        )
    except ValueError:
        return None
    return joined if usable else None


def is_logo_url(url: str) -> bool:
    """Return whether the file name of an image says that it shows the site, not a story.

    A photograph (JPEG, WebP) may show a logo that is in the news: its name must begin with the word.
    """
    name = url.partition("?")[0].rpartition("/")[2]
    return (_PHOTO_OF_LOGO if _PHOTO.search(name) else _LOGO).search(name) is not None


def is_web_url(text: str) -> bool:
    """Return whether a text is an absolute http(s) URL that may be fetched and shown: no password, all printable."""
    parts = _split(text)
    return parts is not None and "@" not in parts.netloc and text.isprintable() and " " not in text


def canonical_url(declared: str, url: str) -> str | None:
    """Return the normal form of the canonical URL that the page at `url` declares; None if it cannot be this page's.

    It must be on the same registrable domain, or end in the same part of the path (a syndicated copy). Templates often
    declare by mistake a home page or a section for an article that lies deeper, or a host on which a site is made.
    """
    own_host = urlsplit(url).netloc
    if own_host and declared.strip().startswith(f"{own_host}/"):
        declared = f"//{declared.strip()}"
    absolute = absolute_url(declared, url)
    if absolute is None or _TWO_URLS.match(absolute) or _UNFILLED.search(absolute):
        return None
    own, other = _split(url), _split(absolute)
    if own is None or other is None:
        return normalize_url(absolute)
    if (other.path == "/" and not other.query and own.path != "/") or _is_section_of(other, own):
        return None
    if other.netloc != own.netloc and (other.port or _NO_PUBLIC_HOST.match(other.hostname or "")):
        return None
    same_page = own.path.rpartition("/")[2] == other.path.rpartition("/")[2] != ""
    return urlunsplit(other) if same_page or canonical_domain(url) == canonical_domain(absolute) else None


def _is_section_of(other: SplitResult, own: SplitResult) -> bool:
    """Return whether an address is that of a folder in which a page with a slug lies, and has none itself."""
    folder = other.path.rstrip("/")
    is_above = not other.query and own.path.startswith(f"{folder}/") and own.path.rstrip("/") != folder
    return is_above and not _SLUG.search(folder) and _SLUG.search(own.path[len(folder) :]) is not None


# A page states the same few addresses again and again.
@lru_cache(maxsize=1024)
def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(_AMP_CACHE.sub(_origin_of_cache, url.strip()))
        scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError:
        return None
    if scheme not in _DEFAULT_PORT or not host:
        return None
    netloc = _host(host.rstrip("."))
    if port and port != _DEFAULT_PORT[scheme]:
        netloc += f":{port}"
    if parts.username:
        netloc = f"{parts.netloc.rpartition('@')[0]}@{netloc}"
    path = _escaped(_SESSION_IN_PATH.sub("", parts.path) or "/")
    if "/." in path:
        path = urlsplit(urljoin("http://host/", path)).path
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    return SplitResult(scheme, netloc, path, _query(parts.query, path), fragment)


def _host(host: str) -> str:
    if host.isascii():
        return f"[{host}]" if ":" in host else host
    try:
        # As httpx does when it fetches: by the rules of 2003 `straße.example` would be another host.
        return idna.encode(host.lower()).decode("ascii")
    except idna.IDNAError:
        return host


def _origin_of_cache(match: re.Match[str]) -> str:
    return "https://" if match[1] or match[2] else "http://"


def _query(query: str, path: str) -> str:
    pairs = [pair for pair in query.split("&") if pair and not _names_no_article(pair)]
    if len(pairs) > 1 or not _SCRIPT.search(path):  # else the number alone tells one page of a script from another
        pairs = [pair for pair in pairs if not _SESSION_BY_VALUE.fullmatch(pair)]
    return "&".join(sorted(_escaped(pair, "?") for pair in pairs))


def _names_no_article(pair: str) -> bool:
    is_mark = _SESSION.fullmatch(pair) or _AMP_QUERY.fullmatch(pair)
    return is_mark is not None or _TRACKING.fullmatch(pair.partition("=")[0]) is not None


def _escaped(text: str, safe: str = "") -> str:
    def normal_escape(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if character in _UNRESERVED else match[0].upper()

    return quote(_ESCAPE.sub(normal_escape, text), safe=_SAFE + safe, errors="replace")


def _without_slug(path: str) -> str:
    folder, _, last = path.rpartition("/")
    part = folder.rpartition("/")[2]
    if _ID_PART.fullmatch(part) and not _DAY_OR_ROUND.fullmatch(part) and re.search(r"[^\W\d_]", last):
        return folder
    match = _SLUG_AND_ID.fullmatch(last)
    number = (match["id"] or match["id2"]) if match else ""
    return path if not number or _DAY_OR_ROUND.fullmatch(number.lstrip(_LETTERS)) else f"{folder}/{number}"


@lru_cache(maxsize=4096)
def _registrable(host: str) -> str:
    return extract_domain(f"https://{host}/") or host.removeprefix("www.")
