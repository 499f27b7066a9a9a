"""The one door to servers of others: each name is looked up once, and what was checked is dialled.

Proxies of the environment, redirects and cookies have no part in it, and no two calls share a
connection.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache, partial

import httpx2

from extask import addresses

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""Finds the addresses of the machines that a name and port stand for; raises OSError."""
LOOKUPS = 32
TRIED = 4
"""How many addresses of a name are dialled at most, one after another."""
_NO_LIMIT = httpx2.Timeout(None).as_dict()


class RefusedAddress(Exception):
    """The address leads to where nothing may be called."""


class TooLarge(Exception):
    """The answer is larger than it may be."""


class Names:
    """Looks names up in threads of its own: those that hang keep nobody else from theirs."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="names")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Look a name up; `OSError` where it stands for nothing."""
        look = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look)
        return [str(each[4][0]) for each in found]


@cache
def _public() -> ssl.SSLContext:
    """Trust whom the public trusts; made once, since that takes a while."""
    return httpx2.create_ssl_context(trust_env=False)


class Outbound:
    """Sends requests to servers of the public internet; with `loopback` to this machine too."""

    def __init__(
        self,
        *,
        loopback: bool = False,
        lookup: Lookup | None = None,
        trusting: ssl.SSLContext | None = None,
    ) -> None:
        self._loopback = loopback
        self._lookup = lookup or Names()
        self._trusting = trusting or _public()

    @asynccontextmanager
    async def sent(self, request: httpx2.Request) -> AsyncIterator[httpx2.Response]:
        """Send a request; the answer's body is still to be read, and no time limit is set here.

        Raises:
            RefusedAddress: it leads to where nothing may be called.
            httpx2.TransportError: nobody answers, or not in HTTP.
            OSError: the name stands for nothing.
        """
        reachable = await self._reachable(request)
        # A pool of its own: one that is shared would give one name's connection to another's.
        async with httpx2.AsyncHTTPTransport(verify=self._trusting, trust_env=False) as transport:
            response = await _dialled(transport, request, reachable[:TRIED])
            try:
                yield response
            finally:
                await response.aclose()

    async def _reachable(self, request: httpx2.Request) -> list[str]:
        """Find the machines that may be dialled for a request."""
        try:
            place = addresses.read(str(request.url), loopback=self._loopback)
        except ValueError as error:
            raise RefusedAddress(f"the address {error}") from None
        found = await self._lookup(place.host, place.port)
        reachable = [each for each in found if self._may_reach(each, place.scheme)]
        if not reachable:
            raise RefusedAddress("the name leads to a private or reserved network")
        return reachable

    def _may_reach(self, machine: str, scheme: str) -> bool:
        """Say whether a machine may be dialled: one elsewhere never without encryption."""
        safe = scheme == "https" or addresses.is_here(machine)
        return safe and addresses.may_reach(machine, loopback=self._loopback)


async def _dialled(
    transport: httpx2.AsyncHTTPTransport, request: httpx2.Request, found: Sequence[str]
) -> httpx2.Response:
    """Send a request to the first machine that can be connected to; the last one's error counts."""
    for address in found[:-1]:
        try:
            return await transport.handle_async_request(_pinned(request, address))
        except httpx2.ConnectError:
            continue
    return await transport.handle_async_request(_pinned(request, found[-1]))


def _pinned(request: httpx2.Request, address: str) -> httpx2.Request:
    """Lead a request to one machine; its name stays in the Host header and in the certificate."""
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={"timeout": _NO_LIMIT, "sni_hostname": request.url.host},
    )


async def read(response: httpx2.Response, limit: int) -> bytes:
    """Read a body of so many bytes at most, as it came: nothing is unpacked.

    Raises:
        TooLarge: it is larger.
        httpx2.TransportError: it breaks off.
    """
    announced = response.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced) > limit:
        raise TooLarge
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > limit:
            raise TooLarge
    return bytes(body)
