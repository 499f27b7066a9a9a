"""yaml-language-server as editors run it, with the generated schema of a tenant."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

from extask.definition.catalogue import read_catalogue
from extask.definition.schema import schema
from tests.support.lsp import EditorAtWork

SERVER = Path(__file__).parent / "node_modules" / ".bin" / "yaml-language-server"
CATALOGUE = "services: [support, support_backup]\ncalendars: [office]\nflows: [crm_lookup]\n"

SETTINGS = {
    "yaml": {
        "schemaStore": {"enable": False},
        "validate": True,
        "completion": True,
        "hover": True,
    }
}


def _settings(params: types.ConfigurationParams) -> list[object]:
    return [SETTINGS.get(item.section or "") for item in params.items]


@pytest.fixture
async def yaml_editor(tmp_path: Path) -> AsyncIterator[EditorAtWork]:
    """Open an editor on a file whose first line names the schema."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed: sudo apt-get install nodejs npm, then make editor")
    if not SERVER.exists():
        pytest.skip("yaml-language-server is not installed: make editor")
    catalogue, _ = read_catalogue(CATALOGUE, "extask.catalogue.yaml")
    (tmp_path / "extask.schema.json").write_text(json.dumps(schema(catalogue)))
    client = LanguageClient("test", "1")
    editor = EditorAtWork(client, (tmp_path / "x.workflow.yaml").as_uri())
    client.feature(types.WORKSPACE_CONFIGURATION)(_settings)
    await client.start_io(str(SERVER), "--stdio")
    nothing = types.ClientCapabilities()
    await client.initialize_async(
        types.InitializeParams(capabilities=nothing, root_uri=tmp_path.as_uri())
    )
    client.initialized(types.InitializedParams())
    client.workspace_did_change_configuration(types.DidChangeConfigurationParams(SETTINGS))
    yield editor
    await client.shutdown_async(None)
    client.exit(None)
    await asyncio.wait_for(client.stop(), 30)  # type: ignore[no-untyped-call]  # pygls
