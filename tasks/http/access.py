"""What a request carries to be let in, from `[fetch]` of a source and of the settings; its values are shown nowhere."""

from __future__ import annotations

import base64
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from http.cookiejar import Cookie, CookieJar, LoadError, MozillaCookieJar
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx

from config.errors import ConfigError
from config.fetch import FILE, PROXY_SCHEMES, FetchDefaults, SourceFetch, read_secret
from tasks.metadata.urls import canonical_domain

if TYPE_CHECKING:
    from config.settings import Settings
    from config.sources import Source

HIDDEN: Final = "…"
HIDDEN_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie"})
_COOKIE_FILE: Final = "# Netscape HTTP Cookie File"


@dataclass(frozen=True, slots=True)
class Access:
    """Name, headers, cookies, password and proxy of the requests of one source.

    Headers, cookies and password go to the `sites` of the source alone, whatever a redirect or a feed names.
    """

    user_agent: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    cookies: str | None = field(default=None, repr=False)
    cookie_file: tuple[Cookie, ...] = field(default=(), repr=False)
    authorization: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    sites: frozenset[str] | None = None  # registrable domains, or hosts that have none; None for any
    is_secure: bool = False  # whether the source is read over https alone

    def covers(self, url: httpx.URL) -> bool:
        """Return whether headers, cookies and password may go to a URL."""
        is_site = self.sites is None or site_of(str(url)) in self.sites
        return is_site and (url.scheme == "https" or not self.is_secure)

    def secret_headers(self, url: httpx.URL) -> list[tuple[str, str]]:
        """Return the headers for a URL that nothing may show."""
        if not self.covers(url):
            return []
        return [*self.headers, *([("Authorization", self.authorization)] if self.authorization else [])]

    def new_jar(self) -> httpx.Cookies:
        """Return the cookies with which a visit begins."""
        jar = CookieJar()
        for cookie in self.cookie_file:
            jar.set_cookie(cookie)
        return httpx.Cookies(jar)

    def over(self, default: Access) -> Access:
        """Return this access, with the user agent and the proxy of another where it has none."""
        return replace(self, user_agent=self.user_agent or default.user_agent, proxy=self.proxy or default.proxy)


ANYBODY: Final = Access()


def hide_values(headers: Iterable[tuple[str, str]], secret: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return headers as they may be archived: cookies, passwords and the `secret` ones without their values."""
    hidden = HIDDEN_HEADERS | {name.lower() for name, _ in secret}
    return tuple((name, HIDDEN if name.lower() in hidden else value) for name, value in headers)


def site_of(url: str) -> str:
    """Return the registrable domain of a URL; its host where it has none."""
    return canonical_domain(url) or urlsplit(url).hostname or ""


def source_access(source: Source) -> Access:
    """Return the access of a source. Raises `ConfigError` where a value cannot be had."""
    rules, name = source.fetch, f"{source.id}.toml: fetch"
    if rules == SourceFetch():
        return ANYBODY
    urls = [url for entry in source.input for url in [getattr(entry, "url", None), *getattr(entry, "urls", ())] if url]
    is_secure = all(url.startswith("https:") for url in urls)
    access = replace(_common(rules, name, source.folder), sites=frozenset(map(site_of, urls)), is_secure=is_secure)
    if rules.username is not None and rules.password is not None:
        parts = [read_secret(rules.username, f"{name}.username", source.folder)]
        parts.append(read_secret(rules.password, f"{name}.password", source.folder))
        encoded = base64.b64encode(":".join(parts).encode()).decode("ascii")
        access = replace(access, authorization=f"Basic {encoded}")
    if rules.cookies is not None:
        cookies = read_secret(rules.cookies, f"{name}.cookies", source.folder)
        if rules.cookies.startswith(FILE) and "\t" in cookies:
            path = source.folder / Path(rules.cookies.removeprefix(FILE)).expanduser()
            access = replace(access, cookie_file=_read_cookie_file(path, f"{name}.cookies"))
        else:
            access = replace(access, cookies=_header_value(cookies, f"{name}.cookies"))
    return access


def default_access(settings: Settings) -> Access:
    """Return the access of the settings. Raises `ConfigError` where a value cannot be had."""
    return _common(settings.fetch, "copydesk.toml: fetch", Path.cwd())


def environment_proxy(url: httpx.URL) -> str | None:
    """Return the proxy that the environment names for a URL; None if it names none."""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    return None if proxy is None or urllib.request.proxy_bypass(url.host) else proxy


def _common(rules: FetchDefaults, name: str, folder: Path) -> Access:
    headers = tuple(
        (header, _header_value(read_secret(value, f"{name}.headers.{header}", folder), f"{name}.headers.{header}"))
        for header, value in rules.headers.items()
    )
    agent = None if rules.user_agent is None else read_secret(rules.user_agent, f"{name}.user_agent", folder)
    proxy = (
        None if rules.proxy is None else read_proxy(read_secret(rules.proxy, f"{name}.proxy", folder), f"{name}.proxy")
    )
    return Access(
        user_agent=None if agent is None else _header_value(agent, f"{name}.user_agent"), headers=headers, proxy=proxy
    )


def read_proxy(url: str, key: str) -> str:
    """Return the URL of a proxy. Raises `ConfigError`, which does not show it: it may hold a password."""
    try:
        parts = urlsplit(url)
        is_proxy = parts.scheme in PROXY_SCHEMES and bool(parts.hostname) and parts.port is not None
    except ValueError:
        is_proxy = False
    if not is_proxy:
        raise ConfigError(
            f"{key}: not the URL of a proxy, such as http://proxy.example:3128 or socks5://127.0.0.1:1080"
        )
    return url


def _header_value(value: str, key: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise ConfigError(f"{key}: a header has printable ASCII characters only, in one line; correct the value")
    return value


def _read_cookie_file(path: Path, key: str) -> tuple[Cookie, ...]:
    jar = MozillaCookieJar()
    try:
        jar.load(str(path), ignore_discard=True, ignore_expires=True)
    except (LoadError, OSError, ValueError):
        problem = f"{path} is no file of cookies in Netscape's format, with '{_COOKIE_FILE}' as its first line"
        raise ConfigError(f"{key}: {problem}; export it again from the browser") from None
    for cookie in jar:
        cookie.expires = cookie.expires or None  # browsers export those of a session with 0
    return tuple(jar)
