"""Where this system may call: well-formed https addresses, and machines of the public internet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

LONGEST = 2_048
_PORTS = {"https": 443, "http": 80}
_LARGEST_PORT = 65_535
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_WRITABLE = re.compile(r"[!#-;=?-\[\]_a-z~]+")
_BEGINNING = re.compile(r"https?://", re.IGNORECASE)
_PARTS = re.compile(
    r"(?P<scheme>\w+)://(?P<user>[^/?#]*@)?(?P<host>\[[^]/?#]*\]|[^]:/?#[]+)(:(?P<port>[0-9]{0,5}))?"
    r"(?P<path>/[^?#]*)?(\?[^#]*)?(?P<fragment>#.*)?"
)
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_CLIMBING = re.compile(r"/(\.|%2e){1,2}(/|$)", re.IGNORECASE)
_DISGUISED = re.compile(r"%2e|%2f|%5c", re.IGNORECASE)
_NOT_PUBLIC = tuple(
    map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "168.63.129.16/32"))
)
"""What counts as global though nobody's server is there; the last is a cloud's inner service."""
_PUBLIC6 = ip_network("2000::/3")
_NOT_PUBLIC6 = tuple(
    map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48"))
)
"""Tunnels, documentation, anycast; mapped and translated IPv4 lies outside the public range."""
Why = Literal["long", "characters", "form", "scheme", "user", "fragment", "path", "private"]
_WHY: dict[Why, str] = {
    "long": f"has more than {LONGEST} characters",
    "characters": "holds characters that have to be percent-encoded",
    "form": "is not written as https://HOST/PATH",
    "scheme": "has to begin with https://",
    "user": "may hold neither a user nor a password",
    "fragment": "may hold no fragment (#)",
    "path": "climbs about in its path (. or ..)",
    "private": "leads to a private or reserved network",
}


class Refused(ValueError):
    """An address that may not be called; the message ends the sentence "the address …"."""

    def __init__(self, why: Why) -> None:
        super().__init__(_WHY[why])
        self.why = why


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
        Refused: it may not.
    """
    if len(url) > LONGEST:
        raise Refused("long")
    if not _WRITABLE.fullmatch(url):
        raise Refused("characters")
    address = _split(url)
    if address.scheme == "http" and not (loopback and is_here(address.host)):
        raise Refused("scheme")
    if not _may_be_public(address.host, loopback=loopback):
        raise Refused("private")
    return address


def _split(url: str) -> Address:
    if not _BEGINNING.match(url):
        raise Refused("scheme")
    parts = _PARTS.fullmatch(url)
    if parts is None:
        raise Refused("form")
    if parts["user"]:
        raise Refused("user")
    if parts["fragment"]:
        raise Refused("fragment")
    path = parts["path"] or ""
    if _CLIMBING.search(path):
        raise Refused("path")
    scheme = parts["scheme"].lower()
    port = int(parts["port"] or _PORTS[scheme])
    return Address(scheme, _host(parts["host"].lower()), _fitting(port), path)


def _host(host: str) -> str:
    """Read a name, or a number, which stands in brackets where it has colons."""
    inner = host.strip("[]")
    if (":" in inner) != (inner != host) or not (_HOST.fullmatch(inner) or _ip(inner)):
        raise Refused("form")
    return inner


def _fitting(port: int) -> int:
    if not 0 < port <= _LARGEST_PORT:
        raise Refused("form")
    return port


def encoded(text: str, keep: str = "") -> str:
    """Write a text so that it stays one piece of an address; `keep` is left as it is."""
    left = _PLAIN | frozenset(keep.encode())
    written = (
        chr(byte) if byte in left else f"%{byte:02X}" for byte in text.encode(errors="replace")
    )
    return "".join(written)


def is_here(host: str) -> bool:
    """Say whether a host is this machine by its name or number alone."""
    ip = _ip(host)
    return host == "localhost" or (ip is not None and ip.is_loopback)


def _may_be_public(host: str, *, loopback: bool) -> bool:
    """Say no where the host alone shows that it is not; most names show nothing."""
    if _ip(host) is not None:
        return may_reach(host, loopback=loopback)
    labels = host.rstrip(".").split(".")
    # A name that ends in a number is none: it is a number in a hidden spelling.
    return not _NUMBER.fullmatch(labels[-1]) and (loopback or labels[-1] != "localhost")


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
