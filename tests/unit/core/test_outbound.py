"""The way out: what was checked is what is dialled, whatever names, proxies and servers say."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import httpx2
import pytest

from extask import logs, outbound
from extask.outbound import Names, Outbound, RefusedAddress, TooLarge
from extask.settings import LogSettings
from tests.support.far_side import NAME, far_side, floods, says, says_raw, trusting


class Book:
    """Says what names stand for, as often as it is asked."""

    def __init__(self, **machines: Sequence[str]) -> None:
        self.machines = machines
        self.asked = list[str]()

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.machines[host.partition(".")[0]]


async def fetch(out: Outbound, url: str, limit: int = 1_000) -> bytes:
    request = httpx2.Request("GET", url)
    async with out.sent(request) as response:
        return await outbound.read(response, limit)


async def test_a_name_is_looked_up_once_and_what_was_checked_is_dialled() -> None:
    book = Book(flows=["10.0.0.1", "127.0.0.1"])
    out = Outbound(loopback=True, lookup=book, trusting=trusting())
    async with far_side(says(b"hello"), encrypted=True) as far:
        assert await fetch(out, f"https://{NAME}:{far.port}/hook?a=b") == b"hello"
        assert await fetch(out, f"https://{NAME}:{far.port}/hook?a=b") == b"hello"
    assert book.asked == [NAME, NAME]
    assert far.names == [NAME, NAME]
    assert far.requests[0].startswith(b"GET /hook?a=b HTTP/1.1\r\n")
    assert f"Host: {NAME}:{far.port}".encode() in far.requests[0]


async def test_a_certificate_has_to_be_the_names_own() -> None:
    out = Outbound(loopback=True, lookup=Book(other=["127.0.0.1"]), trusting=trusting())
    async with far_side(says(b"hello"), encrypted=True) as far:
        with pytest.raises(httpx2.ConnectError):
            await fetch(out, f"https://other.example:{far.port}/")
    assert far.requests == []


async def test_nobody_is_trusted_whom_the_public_does_not_trust() -> None:
    out = Outbound(loopback=True, lookup=Book(flows=["127.0.0.1"]))
    async with far_side(says(b"hello"), encrypted=True) as far:
        with pytest.raises(httpx2.ConnectError):
            await fetch(out, f"https://{NAME}:{far.port}/")


@pytest.mark.parametrize(
    "machine", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1"]
)
async def test_names_that_lead_inside_are_refused(machine: str) -> None:
    with pytest.raises(RefusedAddress, match="the name leads to a private"):
        await fetch(Outbound(lookup=Book(flows=[machine])), f"https://{NAME}/")


@pytest.mark.parametrize("url", ["http://flows.example/", "https://10.0.0.1/", "https://localhost"])
async def test_addresses_that_show_it_are_refused_before_any_lookup(url: str) -> None:
    book = Book()
    with pytest.raises(RefusedAddress, match="the address"):
        await fetch(Outbound(lookup=book), url)
    assert book.asked == []


async def test_without_encryption_nobody_elsewhere_is_called() -> None:
    out = Outbound(loopback=True, lookup=Book(localhost=["93.184.216.34"]))
    with pytest.raises(RefusedAddress):
        await fetch(out, "http://localhost/")


async def test_numbers_in_disguise_are_refused_by_what_they_stand_for() -> None:
    for host in ("2130706433", "0x7f.1", "127.1"):
        with pytest.raises(RefusedAddress):
            await fetch(Outbound(), f"https://{host}/")


async def test_the_next_machine_of_a_name_is_tried_where_one_is_dead() -> None:
    out = Outbound(loopback=True, lookup=Book(localhost=["127.0.0.2", "127.0.0.1"]))
    async with far_side(says(b"hello")) as far:
        assert await fetch(out, f"http://localhost:{far.port}/") == b"hello"
    with pytest.raises(httpx2.ConnectError):
        await fetch(out, f"http://localhost:{far.port}/")


async def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with far_side(says(b"hello")) as far:
        out = Outbound(loopback=True, lookup=Names())
        assert await fetch(out, f"http://127.0.0.1:{far.port}/") == b"hello"


async def test_redirects_are_answers_like_others() -> None:
    away = says(b"", "location: http://169.254.169.254/", status="302 Found")
    async with far_side(away) as far:
        request = httpx2.Request("GET", f"http://127.0.0.1:{far.port}/")
        async with Outbound(loopback=True).sent(request) as response:
            assert response.status_code == 302
        await far.left.wait()
    assert len(far.requests) == 1


async def test_what_is_too_large_is_not_read_to_its_end() -> None:
    out = Outbound(loopback=True)
    announced = says_raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n")
    for answer in (announced, floods):
        async with far_side(answer) as far:
            with pytest.raises(TooLarge):
                await fetch(out, f"http://127.0.0.1:{far.port}/")
            await far.left.wait()


async def test_names_of_this_machine_are_found() -> None:
    assert {"127.0.0.1", "::1"} & {*await Names()("localhost", 443)}
    with pytest.raises(OSError, match=r"not known|No address|resolution|failure"):
        await Names()("does-not-exist.invalid", 443)


@pytest.mark.usefixtures("unconfigured")
def test_the_log_of_the_libraries_tells_no_address() -> None:
    logs.configure(LogSettings(level="DEBUG"))
    for name in ("httpx2", "httpcore2.connection", "httpcore2.http11"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)
