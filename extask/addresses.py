"""Where this system may call: well-formed https addresses, and machines of the public internet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

LONGEST = 2_048
_PORTS = {"https": 443, "http": 80}
_WRITABLE = re.compile(r"[!#-;=?-\[\]_a-z~]+")
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?")
_DISGUISED = re.compile(r"(^|/)\.{1,2}(/|$)|%2e|%2f|%5c", re.IGNORECASE)
_NOT_PUBLIC = tuple(
    map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "168.63.129.16/32"))
)
"""What counts as global though nobody's server is there; the last is a cloud's inner service."""
_PUBLIC6 = ip_network("2000::/3")
_NOT_PUBLIC6 = tuple(
    map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48"))
)
"""Tunnels, documentation, anycast; mapped and translated IPv4 lies outside the public range."""


@dataclass(frozen=True)
class Address:
    """The parts of an address that decide where a call goes."""

    scheme: str
    host: str
    port: int
    path: str


def read(url: str, *, loopback: bool = False) -> Address:
    """Read an address that may be called, as far as its text tells.

    With `loopback` this machine may be called, over http too.

    Raises:
        ValueError: it may not; the message ends the sentence "the address …".
    """
    if len(url) > LONGEST:
        raise ValueError(f"has more than {LONGEST} characters")
    if not _WRITABLE.fullmatch(url):
        raise ValueError("holds characters that have to be percent-encoded")
    address = _split(url)
    if address.scheme == "http" and not (loopback and is_here(address.host)):
        raise ValueError("has to begin with https://")
    if not _may_be_public(address.host, loopback=loopback):
        raise ValueError("leads to a private or reserved network")
    return address


def _split(url: str) -> Address:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is not written as https://HOST/PATH") from None
    if parts.scheme not in _PORTS:
        raise ValueError("has to begin with https://")
    if "@" in parts.netloc or "#" in url:
        raise ValueError("may hold neither a user nor a fragment (#)")
    if not (_HOST.fullmatch(host) or _ip(host)):
        raise ValueError("is not written as https://HOST/PATH")
    return Address(parts.scheme, host, port or _PORTS[parts.scheme], parts.path)


def is_here(host: str) -> bool:
    """Say whether a host is this machine by its name or number alone."""
    ip = _ip(host)
    return host == "localhost" or (ip is not None and ip.is_loopback)


def _may_be_public(host: str, *, loopback: bool) -> bool:
    """Say no where the host alone shows that it is not; most names show nothing."""
    if _ip(host) is not None:
        return may_reach(host, loopback=loopback)
    return loopback or not f".{host.rstrip('.')}".endswith(".localhost")


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def may_reach(address: str, *, loopback: bool = False) -> bool:
    """Say whether a machine's address (no name) is one of the public internet.

    With `loopback` this machine itself will do; forms that disguise an IPv4 address never do.
    """
    ip = _ip(address)
    if isinstance(ip, IPv4Address):
        return loopback if ip.is_loopback else _is_public4(ip)
    if ip is None or ip.scope_id is not None:
        return False
    if ip == IPv6Address("::1"):
        return loopback
    return ip in _PUBLIC6 and not any(ip in each for each in _NOT_PUBLIC6)


def _is_public4(ip: IPv4Address) -> bool:
    inner = any(ip in each for each in _NOT_PUBLIC)
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or inner)


def within(address: Address, prefix: Address) -> bool:
    """Say whether an address lies under a prefix: the same server, the same beginning of a path.

    A prefix ends where a step of the path does: `/v1` is no prefix of `/v10`.
    """
    if (address.scheme, address.host, address.port) != (prefix.scheme, prefix.host, prefix.port):
        return False
    if _DISGUISED.search(address.path):
        return False
    beginning = prefix.path.rstrip("/")
    return f"{address.path}/".startswith(f"{beginning}/")
