"""A server of somebody else: it says, slowly, wrongly or never, just what a test has it say."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import trustme

NAME = "flows.example"
AUTHORITY = trustme.CA()
"""Issues the certificate, and lives no longer than the tests."""
PACE_S = 0.01

Answer = Callable[["FarSide", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class FarSide:
    """What came to it, and the end of the test, until which it may wait."""

    answer: Answer
    port: int = 0
    names: list[str] = field(default_factory=list)
    """Names that TLS asked it for."""
    requests: list[bytes] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set as soon as a caller has closed its connection."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a caller who has connected."""
        self.serving.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request, answer it, and see the caller leave."""
        answering = None
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            self.requests.append(await _request(reader))
            answering = asyncio.create_task(self._say(writer))
            await reader.read()
        self.left.set()
        if answering is not None:
            await answering
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    async def _say(self, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await self.answer(self, writer)
            await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()

    async def pause(self) -> bool:
        """Let a little time pass; says no once the test is over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), PACE_S)
        return not self.over.is_set()


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    lengths = [int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length")]
    return head + await reader.readexactly(sum(lengths))


@asynccontextmanager
async def far_side(answer: Answer, *, encrypted: bool = False) -> AsyncIterator[FarSide]:
    """Run such a server on this machine."""
    far = FarSide(answer)
    server = await asyncio.start_server(
        far.meet, "127.0.0.1", 0, ssl=_encryption(far) if encrypted else None
    )
    far.port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            yield far
        finally:
            far.over.set()
            await asyncio.gather(*far.serving)


def _encryption(far: FarSide) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(NAME).configure_cert(context)
    context.sni_callback = lambda _socket, name, _context: far.names.append(str(name))
    return context


def trusting() -> ssl.SSLContext:
    """Trust this server's certificate, and its like."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


# ------------------------------------------------------------------ what it may say


def says(body: bytes = b"", *headers: str, status: str = "200 OK") -> Answer:
    """Answer properly."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
    return says_raw("\r\n".join(lines).encode() + body)


def says_raw(raw: bytes) -> Answer:
    """Say these very bytes."""

    async def answer(_far: FarSide, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)

    return answer


async def says_nothing(far: FarSide, _writer: asyncio.StreamWriter) -> None:
    """Take the request and keep silent."""
    await far.over.wait()


async def drips(far: FarSide, writer: asyncio.StreamWriter) -> None:
    """Send a byte of the body, and another, and never come to an end."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    while await far.pause():
        writer.write(b"x")
        await writer.drain()


async def floods(far: FarSide, writer: asyncio.StreamWriter) -> None:
    """Send as much as the caller takes, without saying how much it will be."""
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while not far.over.is_set():
        writer.write(b"8000\r\n" + b"x" * 0x8000 + b"\r\n")
        await writer.drain()
