"""Addresses that a call may go to: what of them can be judged as they are written."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

LONGEST = 2_000
"""Characters of an address."""
_STRANGE = re.compile(r"[^\x21-\x7e]|\\")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)\.?", re.IGNORECASE)
_UP = re.compile(r"/(\.|%2e){1,2}(/|$)", re.IGNORECASE)
_EXAMPLE = "write it as https://HOST/PATH"


class Misplaced(NamedTuple):
    """Why nothing may be called there: the code of the finding, its message and its help."""

    code: str
    message: str
    help: str


def misplaced(url: str) -> Misplaced | None:
    """Tell what is wrong with an address, if anything."""
    if len(url) > LONGEST:
        return Misplaced("E105", f"the address has {len(url)} characters", "write at most 2000")
    if _STRANGE.search(url):
        advice = "write such characters as %20 and the like"
        return Misplaced("E105", "an address has no spaces or special characters", advice)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return Misplaced("E105", "this is no address of the web", _EXAMPLE)
    return _judged(parts)


def _judged(parts: SplitResult) -> Misplaced | None:
    host = parts.hostname or ""
    if _UP.search(parts.path):
        return Misplaced("E105", "an address goes straight to its place", "write it without '..'")
    if parts.scheme not in ("https", "http") or not host:
        return Misplaced("E105", "this is no address of the web", _EXAMPLE)
    if "@" in parts.netloc:
        advice = "delete it, and call a flow of the catalogue that has the secret by name"
        return Misplaced("E506", "the address has a password in it", advice)
    if _is_private(host):
        advice = "write the public name of the host"
        return Misplaced("E505", f"'{host}' is a private address, which is never called", advice)
    if parts.scheme == "http" and not is_loopback(host):
        return Misplaced("E105", "an address without 's' is not safe", "write https://")
    return None


def is_loopback(host: str) -> bool:
    """Tell whether a host is the machine itself, by its name or number."""
    number = _number(host)
    if number is None:
        return host == "localhost" or host.endswith(".localhost")
    return number.is_loopback


def _is_private(host: str) -> bool:
    """Tell whether a host is a number that is nobody's on the internet, or a hidden spelling."""
    number = _number(host)
    if number is None:
        return _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]) is not None
    return not number.is_loopback and not number.is_global


def _number(host: str) -> IPv4Address | IPv6Address | None:
    try:
        number = ip_address(host)
    except ValueError:
        return None
    return getattr(number, "ipv4_mapped", None) or number
