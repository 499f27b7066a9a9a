"""Any editor with yaml-language-server completes and checks by the generated schema."""

from __future__ import annotations

import pytest

from extask.definition.kinds import KINDS
from tests.support.lsp import EditorAtWork

HEAD = """\
# yaml-language-server: $schema=./extask.schema.json
workflow: x
version: 1
steps:
  line_up:
"""


async def offered(editor: EditorAtWork, text: str) -> set[str]:
    """Ask at the sign `|`."""
    before, _, after = (HEAD + text).partition("|")
    await editor.open(before + after)
    found = await editor.complete(before.count("\n"), len(before) - before.rfind("\n") - 1)
    return {each.label for each in found}


async def test_kinds_are_completed(yaml_editor: EditorAtWork) -> None:
    assert set(KINDS) <= await offered(yaml_editor, "    |\n")


@pytest.mark.parametrize(
    ("text", "some"),
    [
        ("    queue: |\n", {"support", "support_backup"}),
        ("    queue: { service: s| }\n", {"support", "support_backup"}),
        ("    check_hours: |\n", {"office"}),
        ("    call:\n      flow: |\n", {"crm_lookup"}),
        ("    queue:\n      |\n", {"service", "wait", "distribution"}),
        ("    queue:\n      priority: |\n", {"strict", "very_high", "nothing_else"}),
    ],
)
async def test_names_and_properties_are_completed(
    yaml_editor: EditorAtWork, text: str, some: set[str]
) -> None:
    assert some <= await offered(yaml_editor, text)


@pytest.mark.parametrize(
    ("kind", "outcomes", "others"),
    [
        ("queue: { wait: 5m }", {"accepted", "completed", "timeout", "rejected"}, {"done"}),
        ("check_hours: office", {"open", "closed", "holiday", "special"}, {"timeout"}),
        ("call: { flow: crm_lookup }", {"ok", "failed"}, {"timeout", "done"}),
    ],
)
async def test_the_outcomes_of_the_kind_are_completed(
    yaml_editor: EditorAtWork, kind: str, outcomes: set[str], others: set[str]
) -> None:
    found = await offered(yaml_editor, f"    {kind}\n    then:\n      |\n")
    assert outcomes <= found
    assert not others & found


async def test_a_sound_file_has_no_findings_a_broken_one_has(yaml_editor: EditorAtWork) -> None:
    good = HEAD + "    queue: { service: support, wait: 5m }\n    then: { timeout: end }\n"
    assert await yaml_editor.open(good) == ()
    yaml_editor.type(good.replace("service: support", "service: suport"))
    assert len(await yaml_editor.findings()) == 1


async def test_words_are_explained(yaml_editor: EditorAtWork) -> None:
    await yaml_editor.open(HEAD + "    queue: support\n    then: { rejected: end }\n")
    assert "Puts the task into a service's queue." in await yaml_editor.hover(5, 6)
