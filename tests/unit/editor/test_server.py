"""The language server, asked by a real client."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

from tests.support.lsp import EditorAtWork, editor_at_work

GOOD = """\
workflow: greet
version: 1
steps:
  line_up:  # 😀
    queue: { service: support, wait: 5m }
    then: { timeout: late, rejected: full }
  late: { end: "😀 ${task.id}" }
  full:
    cancel: full
"""
BAD = GOOD.replace("service: support,", "service: support, priorty: high,")


@pytest.fixture
async def editor(tmp_path: Path) -> AsyncIterator[EditorAtWork]:
    async with editor_at_work((tmp_path / "greet.workflow.yaml").as_uri()) as editor:
        yield editor


async def test_findings_come_when_a_file_is_opened_changed_and_closed(
    editor: EditorAtWork,
) -> None:
    [finding] = await editor.open(BAD)
    assert (finding.code, finding.source) == ("E104", "extask")
    assert finding.severity == types.DiagnosticSeverity.Error
    assert finding.message.endswith("help: did you mean 'priority'?")
    assert finding.range == types.Range(types.Position(4, 31), types.Position(4, 38))

    editor.type(GOOD)
    editor.type(GOOD.replace("end:", "ende:"))
    [finding] = await editor.findings()
    assert finding.range.start == types.Position(6, 10)

    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(editor.document))
    assert await editor.findings() == ()
    assert editor.told.empty()


async def test_closing_at_once_leaves_nothing_behind(editor: EditorAtWork) -> None:
    await editor.open(GOOD)
    editor.type(BAD)
    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(editor.document))
    assert await editor.findings() == ()


async def test_what_may_be_typed_is_offered_with_the_catalogue_beside(
    editor: EditorAtWork, tmp_path: Path
) -> None:
    await editor.open(GOOD)
    assert await editor.complete(4, 24) == []

    (tmp_path / "extask.catalogue.yaml").write_text("services: [support, sales]\n")
    items = await editor.complete(4, 24)
    assert [each.label for each in items] == ["support", "sales"]
    edit = items[0].text_edit
    assert isinstance(edit, types.TextEdit)
    assert edit.range == types.Range(types.Position(4, 22), types.Position(4, 24))

    editor.type(GOOD.replace("then: { timeout: late, rejected: full }", "then: {"))
    assert [each.label for each in await editor.complete(5, 11)][:2] == ["accepted", "completed"]
    assert "workflow" not in [each.label for each in await editor.complete(99, 0)]


async def test_columns_are_counted_as_the_editor_counts_them(editor: EditorAtWork) -> None:
    await editor.open(GOOD)
    names = [each.label for each in await editor.complete(6, 26)]
    assert names == [f"task.{n}" for n in ("id", *(x.removeprefix("task.") for x in names[1:]))]
    [finding] = await _typed(editor, GOOD.replace("task.id", "tusk.id"))
    assert finding.range.start == types.Position(6, 21)


async def _typed(editor: EditorAtWork, text: str) -> tuple[types.Diagnostic, ...]:
    editor.type(text)
    return await editor.findings()


async def test_fixes_are_offered_where_a_finding_is(editor: EditorAtWork) -> None:
    await editor.open(BAD)

    async def fixes(line: int) -> list[types.CodeAction]:
        place = types.Range(types.Position(line, 0), types.Position(line, 60))
        context = types.CodeActionContext([])
        params = types.CodeActionParams(editor.document, place, context)
        found = await editor.client.text_document_code_action_async(params)
        return [each for each in found or () if isinstance(each, types.CodeAction)]

    [fix] = await fixes(4)
    assert fix.title == "Write 'priority'"
    assert fix.edit
    assert fix.edit.changes
    [edit] = fix.edit.changes[editor.uri]
    assert edit.new_text == "priority"
    assert await fixes(1) == []


async def test_words_are_explained(editor: EditorAtWork) -> None:
    await editor.open(GOOD)
    assert "Puts the task into a service's queue." in await editor.hover(4, 6)
    assert await editor.hover(1, 9) == ""


async def test_steps_are_found_and_renamed(editor: EditorAtWork) -> None:
    await editor.open(GOOD)
    client, document, late = editor.client, editor.document, types.Position(5, 22)

    place = await client.text_document_definition_async(types.DefinitionParams(document, late))
    assert isinstance(place, types.Location)
    assert place.range.start == types.Position(6, 2)
    nowhere = types.DefinitionParams(document, types.Position(0, 0))
    assert await client.text_document_definition_async(nowhere) is None

    context = types.ReferenceContext(include_declaration=True)
    asked = types.ReferenceParams(context, document, late)
    found = await client.text_document_references_async(asked)
    assert [each.range.start.line for each in found or ()] == [6, 5]

    prepare = types.PrepareRenameParams(document, late)
    assert await client.text_document_prepare_rename_async(prepare) == types.Range(
        types.Position(5, 21), types.Position(5, 25)
    )
    prepare = types.PrepareRenameParams(document, types.Position(0, 0))
    assert await client.text_document_prepare_rename_async(prepare) is None

    renamed = await client.text_document_rename_async(
        types.RenameParams(text_document=document, position=late, new_name="too_late")
    )
    assert renamed
    assert renamed.changes
    assert [edit.new_text for edit in renamed.changes[editor.uri]] == ["too_late", "too_late"]
    with pytest.raises(JsonRpcException, match="already"):
        await client.text_document_rename_async(
            types.RenameParams(text_document=document, position=late, new_name="full")
        )


async def test_the_outline_lists_parameters_and_steps(editor: EditorAtWork) -> None:
    await editor.open(GOOD.replace("steps:", "params:\n  a: { type: text }\nsteps:"))
    asked = types.DocumentSymbolParams(editor.document)
    symbols = await editor.client.text_document_document_symbol_async(asked)
    told = [each for each in symbols or () if isinstance(each, types.DocumentSymbol)]
    assert [(each.name, each.detail) for each in told] == [
        ("a", "text"),
        ("line_up", "queue"),
        ("late", "end"),
        ("full", "cancel"),
    ]
    assert told[1].range.start.line == 5
    assert told[1].range.end.line == 7


async def test_a_file_is_formatted_if_it_can_be(editor: EditorAtWork) -> None:
    options = types.FormattingOptions(tab_size=2, insert_spaces=True)
    asked = types.DocumentFormattingParams(editor.document, options)
    plain = GOOD.replace("  # 😀", "")
    await editor.open(plain.replace("  ", "    "))
    [edit] = await editor.client.text_document_formatting_async(asked) or ()
    assert edit.new_text == plain
    assert edit.range.end == types.Position(9, 0)
    await _typed(editor, edit.new_text)
    assert not await editor.client.text_document_formatting_async(asked)
    await _typed(editor, "a: [")
    assert not await editor.client.text_document_formatting_async(asked)


@pytest.mark.parametrize(
    ("name", "text", "codes"),
    [
        ("extask.catalogue.yaml", "servces: [a]\n", ["E104"]),
        ("greet.test.yaml", "tests: [\n", []),
    ],
)
async def test_other_files_are_checked_for_what_they_are(
    tmp_path: Path, name: str, text: str, codes: list[str]
) -> None:
    async with editor_at_work((tmp_path / name).as_uri()) as editor:
        assert [each.code for each in await editor.open(text)] == codes
        assert await editor.complete(0, 0) == []


async def test_a_file_without_a_name_is_taken_for_a_definition() -> None:
    async with editor_at_work("untitled:Untitled-1") as editor:
        assert [each.code for each in await editor.open("workflow: x\n")] == ["E106", "E106"]
        assert "version" in [each.label for each in await editor.complete(1, 0)]


async def test_the_command_serves_an_editor_on_standard_input_and_output() -> None:
    client = LanguageClient("test", "1")
    editor = EditorAtWork(client, "file:///x/greet.workflow.yaml")
    code = "from extask.cli.main import main; main()"
    await client.start_io(sys.executable, "-c", code, "lsp")
    told = await client.initialize_async(
        types.InitializeParams(capabilities=types.ClientCapabilities())
    )
    assert told.server_info
    assert told.server_info.name == "extask"
    assert [each.code for each in await editor.open(BAD)] == ["E104"]
    await client.shutdown_async(None)
    client.exit(None)
    await asyncio.wait_for(client.stop(), 30)  # type: ignore[no-untyped-call]  # pygls
