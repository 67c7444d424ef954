"""Which addresses may be fetched: rules for a URL, and for the IP address that its host resolves to.

Nothing here touches the network, so that every client, blocking or not, keeps the same rules.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import httpx

MAX_URL_CHARACTERS: Final = 8_000

# Behind these addresses a cloud keeps a machine's passwords: never fetched from, whatever a source allows.
METADATA: Final = "cloud metadata"

# Written out from the IANA special-purpose registries: `is_global` of the standard library changed its mind between
# 3.11 and 3.13, and a fetch must not be allowed by one Python and refused by another.
_SPECIAL: Final = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("169.254.169.254/32", METADATA),
        ("100.100.100.200/32", METADATA),
        ("fd00:ec2::254/128", METADATA),
        ("0.0.0.0/8", "local"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        # The address looks public, and is the control plane of every virtual machine in Azure.
        ("168.63.129.16/32", METADATA),
        ("::/128", "local"),
        ("::1/128", "loopback"),
        ("64:ff9b:1::/48", "private"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "documentation"),
        # Retired by RFC 7526; the embedded address may be public and the relay anything.
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")

# Where an IPv6 address holds an IPv4 address: the network, and how many bits follow the IPv4 address.
_EMBEDDED: Final = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::ffff:0:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
)


def special_kind(address: str) -> str | None:
    """Return the kind of a special IP address, such as `loopback`; None for a public one.

    An IPv6 address that embeds an IPv4 address (mapped, translated, NAT64) has the kind of the embedded one.
    Source: the IANA IPv4 and IPv6 special-purpose address registries. Raises ValueError if it is no IP address.
    """
    ip = _embedded(ip_address(address))
    for network, kind in _SPECIAL:
        if ip in network:
            return kind
    return "reserved" if isinstance(ip, IPv6Address) and ip not in _GLOBAL_UNICAST else None


def _embedded(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(ip, IPv6Address):
        for network, bits_after in _EMBEDDED:
            if ip in network:
                return IPv4Address(int(ip) >> bits_after & 0xFFFF_FFFF)
    return ip


def read_url(text: str, base: httpx.URL | None = None) -> httpx.URL | str:
    """Parse a URL; return it without its fragment, or one sentence why it may not be requested.

    A redirect is relative to `base`. The sentence never repeats the URL, which may hold a password.
    """
    if len(text) > MAX_URL_CHARACTERS:
        return f"the address has {len(text)} characters; at most {MAX_URL_CHARACTERS} are allowed"
    # Servers take an escaped dot for a dot; only as a dot do the rules of robots.txt see where `..` leads.
    path, question_mark, query = text.strip().partition("?")
    text = re.sub("%2e", ".", path, flags=re.IGNORECASE) + question_mark + query
    try:
        url = base.join(text) if base else httpx.URL(text)
        url = url.copy_with(fragment=None) if "#" in str(url) else url
        # A host is decoded only here, and `xn--` may stand before anything.
        return _objection(url) or url
    except (httpx.InvalidURL, ValueError):
        return "the address is not a valid URL"


def authority(url: httpx.URL) -> str:
    """Return `host:port`, by which the throttle knows a host."""
    port = url.port or (443 if url.scheme == "https" else 80)
    return f"{url.raw_host.decode('ascii')}:{port}"


def _objection(url: httpx.URL) -> str | None:
    if url.scheme not in {"http", "https"}:
        return "the address does not start with http:// or https://"
    if not url.host:
        return "the address names no host"
    if url.port is not None and not 0 < url.port < 65_536:  # noqa: PLR2004  the range of a port
        return "the address names a port that cannot be"
    if url.userinfo:
        return "the address holds a user name or a password; these are never sent"
    return None
