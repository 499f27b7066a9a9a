"""An editor that talks to our language server within this process, by the protocol's bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from threading import Event
from typing import Any

from lsprotocol import types
from pygls.io_ import run_async
from pygls.lsp.client import LanguageClient

from extask.editor.server import make_server


class _Pipe:
    """One direction: what is written can be read."""

    def __init__(self) -> None:
        self.reader = asyncio.StreamReader()

    def write(self, data: bytes) -> None:
        self.reader.feed_data(data)

    def close(self) -> None:
        self.reader.feed_eof()


class EditorAtWork:
    """An editor with one file open; lines and columns count from 0, as in the protocol."""

    def __init__(self, client: LanguageClient, uri: str) -> None:
        self.client = client
        self.uri = uri
        self.told: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()
        self._version = 1
        client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(partial(self.told.put_nowait))

    @property
    def document(self) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri)

    async def open(self, text: str) -> tuple[types.Diagnostic, ...]:
        item = types.TextDocumentItem(self.uri, "yaml", self._version, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return await self.findings()

    def type(self, text: str) -> None:
        """Replace the whole text."""
        self._version += 1
        whole = types.TextDocumentContentChangeWholeDocument(text)
        document = types.VersionedTextDocumentIdentifier(version=self._version, uri=self.uri)
        change = types.DidChangeTextDocumentParams(document, [whole])
        self.client.text_document_did_change(change)

    async def findings(self) -> tuple[types.Diagnostic, ...]:
        return tuple((await asyncio.wait_for(self.told.get(), 30)).diagnostics)

    async def complete(self, line: int, column: int) -> list[types.CompletionItem]:
        params = types.CompletionParams(self.document, types.Position(line, column))
        found = await self.client.text_document_completion_async(params)
        assert isinstance(found, types.CompletionList)
        return list(found.items)

    async def hover(self, line: int, column: int) -> str:
        params = types.HoverParams(self.document, types.Position(line, column))
        found = await self.client.text_document_hover_async(params)
        content: Any = found.contents if found else None
        return content.value if content else ""


@asynccontextmanager
async def editor_at_work(uri: str) -> AsyncIterator[EditorAtWork]:
    """Start a server and an editor, connected by memory."""
    server, client = make_server("1"), LanguageClient("test", "1")
    up, down, stop = _Pipe(), _Pipe(), Event()
    server.protocol.set_writer(down)
    client.protocol.set_writer(up)
    editor = EditorAtWork(client, uri)
    talks = [
        asyncio.create_task(run_async(stop, up.reader, server.protocol)),
        asyncio.create_task(run_async(stop, down.reader, client.protocol)),
    ]
    nothing = types.ClientCapabilities()
    await client.initialize_async(types.InitializeParams(capabilities=nothing))
    client.initialized(types.InitializedParams())
    yield editor
    await client.shutdown_async(None)
    up.close()
    down.close()
    await asyncio.gather(*talks)
