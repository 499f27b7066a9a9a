"""Which addresses may be called, by their text and by the machine they lead to."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from extask import addresses
from extask.addresses import may_reach, read, within

PUBLIC = ("93.184.216.34", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::200e")
INNER = (
    *("10.0.0.1", "172.16.9.9", "192.168.1.1", "127.0.0.1", "127.9.9.9", "0.0.0.1"),
    *("169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1"),
    *("198.18.0.1", "203.0.113.7", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("192.88.99.1", "168.63.129.16"),
    "0.0.0.0",  # noqa: S104 - to be refused
    *("::", "::1", "fe80::1", "fe80::1%eth0", "2606:4700::1111%eth0", "fc00::1", "fd00:ec2::254"),
    *("fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:93.184.216.34", "::127.0.0.1"),
    *("64:ff9b::10.0.0.1", "64:ff9b::5db8:d822", "64:ff9b:1::1", "2002:7f00:1::", "2001::1"),
    *("2001:db8::1", "100::1", "3fff::1", "5f00::1", "localhost", "example.com", ""),
)


@pytest.mark.parametrize("address", PUBLIC)
def test_machines_of_the_public_internet_may_be_reached(address: str) -> None:
    assert may_reach(address)
    assert may_reach(address, loopback=True)


@pytest.mark.parametrize("address", INNER)
def test_no_other_machine_may(address: str) -> None:
    assert not may_reach(address)


@pytest.mark.parametrize("address", INNER)
def test_development_lets_this_machine_in_and_no_other(address: str) -> None:
    here = {"127.0.0.1", "127.9.9.9", "::1"}
    assert may_reach(address, loopback=True) == (address in here)


@pytest.mark.parametrize(
    "url",
    [
        "https://flows.example/hook",
        "https://FLOWS.example:8443/hook?a=b%20c",
        "https://flows.example",
        "https://93.184.216.34/x",
        "https://[2606:4700::1111]/x",
        "https://xn--bcher-kva.example/",
    ],
)
def test_public_addresses_over_https_may_be_called(url: str) -> None:
    assert read(url).scheme == "https"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://flows.example/", "has to begin with https://"),
        ("ftp://flows.example/", "has to begin with https://"),
        ("flows.example", "has to begin with https://"),
        ("", "percent-encoded"),
        ("https://", "is not written as"),
        ("https:///path", "is not written as"),
        ("https://flows.example:99999/", "is not written as"),
        ("https://flows.example:x/", "is not written as"),
        ("https://[::1", "is not written as"),
        ("https://flows..example/", "is not written as"),
        (f"https://{'a' * 64}.example/", "is not written as"),
        ("https://flows_example!/", "is not written as"),
        ("https://[flows.example]/", "is not written as"),
        ("https://flows.example:0/", "is not written as"),
        ("https://flows.example]/", "is not written as"),
        ("https://93.184.216.34:443x/", "is not written as"),
        ("https://me:pw@flows.example/", "neither a user"),
        ("https://good.example@evil.example/", "neither a user"),
        ("https://flows.example/#x", "no fragment"),
        ("https://flows.example/v1/../admin", "climbs"),
        ("https://flows.example/v1/%2E%2e/admin", "climbs"),
        ("https://flows.example/v1/.", "climbs"),
        ("https://good.example\\@evil.example/", "percent-encoded"),
        ("https://flows.example/a b", "percent-encoded"),
        ("https://flows.example/{a}", "percent-encoded"),
        ("https://flows.example/\r\nx", "percent-encoded"),
        ("https://bücher.example/", "percent-encoded"),
        ("https://10.0.0.1/", "private"),
        ("https://127.0.0.1/", "private"),
        ("https://127.1/", "private"),
        ("https://0x7f.1/", "private"),
        ("https://2130706433/", "private"),
        ("https://010.0.0.1/", "private"),
        ("https://10.0.0.1./", "private"),
        ("https://[::ffff:10.0.0.1]/", "private"),
        ("https://localhost/", "private"),
        ("https://me.localhost./", "private"),
        ("http://localhost/", "has to begin with https://"),
        (f"https://flows.example/{'x' * addresses.LONGEST}", "more than 2048"),
    ],
)
def test_other_addresses_are_refused_in_words(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read(url)


def test_development_allows_this_machine_over_http() -> None:
    for url in ("http://localhost:99/x", "http://127.0.0.1/", "https://[::1]/", "http://[::1]/"):
        assert addresses.is_here(read(url, loopback=True).host)
    for url in ("http://flows.example/", "https://10.0.0.1/", "http://10.0.0.1/"):
        with pytest.raises(ValueError, match=r"https://|private"):
            read(url, loopback=True)


@pytest.mark.parametrize(
    ("url", "prefix", "lies"),
    [
        ("https://a.example/v1", "https://a.example/v1", True),
        ("https://a.example/v1/x?y=z", "https://a.example/v1", True),
        ("https://a.example/v1/x", "https://a.example/v1/", True),
        ("https://A.example:443/x", "https://a.example", True),
        ("https://a.example", "https://a.example/", True),
        ("https://a.example?x=/v1", "https://a.example/v1", False),
        ("https://a.example/v10", "https://a.example/v1", False),
        ("https://a.example/V1", "https://a.example/v1", False),
        ("https://a.example.evil.example/v1", "https://a.example", False),
        ("https://b.example/v1", "https://a.example/v1", False),
        ("https://a.example:8443/v1", "https://a.example/v1", False),
        ("http://localhost/v1", "https://localhost/v1", False),
        ("https://a.example/v1/..%2fadmin", "https://a.example/v1", False),
        ("https://a.example/v1/%2e%2E%2fadmin", "https://a.example/v1", False),
        ("https://a.example/v1/..%5Cadmin", "https://a.example/v1", False),
        ("https://a.example/v1/.well-known", "https://a.example/v1", True),
    ],
)
def test_an_address_lies_under_a_prefix_of_whole_steps(
    url: str, prefix: str, *, lies: bool
) -> None:
    assert within(read(url, loopback=True), read(prefix, loopback=True)) == lies


@pytest.mark.parametrize("text", ["a/b c", "../x", "ü~_-.9Z", "", "\ud800"])
def test_what_is_encoded_stays_one_piece_of_an_address(text: str) -> None:
    assert addresses.encoded(text) == quote(text, safe="", errors="replace")
    assert addresses.encoded(text, keep="/") == quote(text, errors="replace")
