"""`extask lsp`: the Language Server Protocol over standard input and output."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

from extask.definition.formatter import format_definition
from extask.editor.completing import Suggestion, What, suggest
from extask.editor.documents import Open, catalogue_beside, is_workflow
from extask.editor.navigating import definition, named, references, rename
from extask.editor.outline import Defined
from extask.editor.telling import hover
from extask.errors import Misconfigured

PAUSE = 0.05
"""Seconds without a keystroke before a file is checked anew."""
_TRIGGERS = [" ", ".", "{", "[", "'", '"']
_KINDS: dict[What, types.CompletionItemKind] = {
    "key": types.CompletionItemKind.Keyword,
    "kind": types.CompletionItemKind.Class,
    "property": types.CompletionItemKind.Property,
    "outcome": types.CompletionItemKind.Event,
    "step": types.CompletionItemKind.Reference,
    "value": types.CompletionItemKind.EnumMember,
    "name": types.CompletionItemKind.Variable,
    "function": types.CompletionItemKind.Function,
}


class Editor:
    """Answers the requests of one editor."""

    def __init__(self, server: LanguageServer) -> None:
        self._server = server
        self._open: dict[str, Open] = {}
        self._checks: dict[str, asyncio.TimerHandle] = {}

    def document(self, uri: str) -> Open:
        """Give a document as it is now."""
        document = self._server.workspace.get_text_document(uri)
        known = self._open.get(uri)
        if known is None or known.version != document.version or known.text != document.source:
            known = self._open[uri] = Open(document)
        return known

    # --- what is wrong -------------------------------------------------------------------------

    def opened(self, params: types.DidOpenTextDocumentParams) -> None:
        """Check what was opened."""
        self._tell(params.text_document.uri)

    def changed(self, params: types.DidChangeTextDocumentParams) -> None:
        """Check what was changed, once no key is pressed for a moment."""
        uri = params.text_document.uri
        self._forget(uri)
        self._checks[uri] = asyncio.get_running_loop().call_later(PAUSE, self._tell, uri)

    def closed(self, params: types.DidCloseTextDocumentParams) -> None:
        """Take the findings of a closed document away."""
        uri = params.text_document.uri
        self._forget(uri)
        self._open.pop(uri, None)
        self._publish(types.PublishDiagnosticsParams(uri, []))

    def _forget(self, uri: str) -> None:
        check = self._checks.pop(uri, None)
        if check:
            check.cancel()

    def _tell(self, uri: str) -> None:
        document = self.document(uri)
        told = [document.diagnostic(each) for each in document.findings]
        self._publish(types.PublishDiagnosticsParams(uri, told, document.version))

    def _publish(self, params: types.PublishDiagnosticsParams) -> None:
        self._server.text_document_publish_diagnostics(params)

    def actions(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """Offer what mends the findings in a range."""
        document = self.document(params.text_document.uri)
        actions = []
        for finding in document.findings:
            place = document.range(finding)
            near = place.start <= params.range.end and params.range.start <= place.end
            if finding.fix is not None and near:
                edit = types.TextEdit(place, finding.fix)
                actions.append(
                    types.CodeAction(
                        title=f"Write '{finding.fix}'",
                        kind=types.CodeActionKind.QuickFix,
                        diagnostics=[document.diagnostic(finding)],
                        is_preferred=True,
                        edit=types.WorkspaceEdit(changes={document.uri: [edit]}),
                    )
                )
        return actions

    # --- what may be typed, what it means ------------------------------------------------------

    def complete(self, params: types.CompletionParams) -> types.CompletionList:
        """Offer what may be typed at the cursor."""
        uri = params.text_document.uri
        document = self.document(uri)
        if not is_workflow(uri):
            return types.CompletionList(is_incomplete=False, items=[])
        line, column = document.place(params.position)
        found = suggest(document.text, line, column, catalogue_beside(uri))
        items = [_item(document, line, column, number, each) for number, each in enumerate(found)]
        return types.CompletionList(is_incomplete=False, items=items)

    def hover(self, params: types.HoverParams) -> types.Hover | None:
        """Tell what stands at the cursor."""
        document = self.document(params.text_document.uri)
        told = hover(document.outline, document.findings, *document.place(params.position))
        if not told:
            return None
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, told))

    # --- from place to place -------------------------------------------------------------------

    def definition(self, params: types.DefinitionParams) -> types.Location | None:
        """Find the step or parameter named at the cursor."""
        document = self.document(params.text_document.uri)
        found = definition(document.outline, *document.place(params.position))
        return types.Location(document.uri, document.range(found.at)) if found else None

    def references(self, params: types.ReferenceParams) -> list[types.Location]:
        """Find every place that names the same."""
        document = self.document(params.text_document.uri)
        spots = references(document.outline, *document.place(params.position))
        return [types.Location(document.uri, document.range(spot)) for spot in spots]

    def prepare(self, params: types.PrepareRenameParams) -> types.Range | None:
        """Tell what would be renamed."""
        document = self.document(params.text_document.uri)
        found = named(document.outline, *document.place(params.position))
        return document.range(found.at) if found and found.what == "step" else None

    def rename(self, params: types.RenameParams) -> types.WorkspaceEdit:
        """Rename a step wherever it is named."""
        document = self.document(params.text_document.uri)
        line, column = document.place(params.position)
        try:
            spots = rename(document.outline, line, column, params.new_name)
        except Misconfigured as error:
            raise JsonRpcInvalidParams(str(error)) from error
        edits = [types.TextEdit(document.range(spot), params.new_name) for spot in spots]
        return types.WorkspaceEdit(changes={document.uri: edits})

    def symbols(self, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        """List parameters and steps."""
        document = self.document(params.text_document.uri)
        outline = document.outline
        params_, steps = types.SymbolKind.Variable, types.SymbolKind.Function
        return [
            *(_symbol(document, each, params_) for each in outline.params.values()),
            *(_symbol(document, each, steps) for each in outline.steps.values()),
        ]

    def format(self, params: types.DocumentFormattingParams) -> list[types.TextEdit]:
        """Bring a definition into its usual form; one that cannot be is left alone."""
        document = self.document(params.text_document.uri)
        formatted = format_definition(document.text).text
        if formatted == document.text or not is_workflow(document.uri):
            return []
        last = len(document.lines)
        end = document.position(last, len(document.lines[-1]) + 1)
        return [types.TextEdit(types.Range(types.Position(0, 0), end), formatted)]


def _item(
    document: Open, line: int, column: int, number: int, suggestion: Suggestion
) -> types.CompletionItem:
    begin = document.position(line, column - suggestion.replaces)
    place = types.Range(begin, document.position(line, column))
    return types.CompletionItem(
        label=suggestion.text,
        kind=_KINDS[suggestion.what],
        detail=suggestion.about or None,
        filter_text=suggestion.text,
        sort_text=f"{number:03}",
        text_edit=types.TextEdit(place, suggestion.insert or suggestion.text),
    )


def _symbol(document: Open, defined: Defined, kind: types.SymbolKind) -> types.DocumentSymbol:
    name = document.range(defined.at)
    end = document.position(defined.last_line, len(document.lines[defined.last_line - 1]) + 1)
    return types.DocumentSymbol(
        name=defined.name,
        kind=kind,
        range=types.Range(name.start, end),
        selection_range=name,
        detail=defined.kind or None,
    )


def make_server(version: str) -> LanguageServer:
    """Make a server that answers everything an editor may ask of a definition."""
    server = LanguageServer("extask", version)
    editor = Editor(server)
    rename_options = types.RenameOptions(prepare_provider=True)
    completion = types.CompletionOptions(trigger_characters=_TRIGGERS)
    fixes = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    features: tuple[tuple[str, Callable[[Any], Any], Any], ...] = (
        (types.TEXT_DOCUMENT_DID_OPEN, editor.opened, None),
        (types.TEXT_DOCUMENT_DID_CHANGE, editor.changed, None),
        (types.TEXT_DOCUMENT_DID_CLOSE, editor.closed, None),
        (types.TEXT_DOCUMENT_CODE_ACTION, editor.actions, fixes),
        (types.TEXT_DOCUMENT_COMPLETION, editor.complete, completion),
        (types.TEXT_DOCUMENT_HOVER, editor.hover, None),
        (types.TEXT_DOCUMENT_DEFINITION, editor.definition, None),
        (types.TEXT_DOCUMENT_REFERENCES, editor.references, None),
        (types.TEXT_DOCUMENT_PREPARE_RENAME, editor.prepare, None),
        (types.TEXT_DOCUMENT_RENAME, editor.rename, rename_options),
        (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, editor.symbols, None),
        (types.TEXT_DOCUMENT_FORMATTING, editor.format, None),
    )
    for name, answer, options in features:
        server.feature(name, options)(partial(answer))  # a bound method takes no marks
    return server
