"""What is offered at a place, also where the file cannot be read at the moment."""

from __future__ import annotations

import pytest

from extask.definition.catalogue import Catalogue, read_catalogue
from extask.definition.kinds import KINDS
from extask.editor.completing import Suggestion, suggest
from extask.messages import PRIORITIES

CATALOGUE, _ = read_catalogue(
    "services: [support, sales]\nagents: [anna]\nskills: [german]\nflows: [crm]\n"
    "events: [approved]\ncalendars: [office]\nurls: ['https://x.example/']\n",
    "extask.catalogue.yaml",
)
HEAD = """\
workflow: x
params:
  product: { type: text }
  tier: { type: choice, values: [gold, base] }
steps:
  b: { end: }
  a:
"""


def offered(text: str, catalogue: Catalogue = CATALOGUE) -> list[Suggestion]:
    """Ask at the sign `|`."""
    before, _, after = text.partition("|")
    line = before.count("\n") + 1
    return suggest(before + after, line, len(before) - before.rfind("\n"), catalogue)


def names(text: str, catalogue: Catalogue = CATALOGUE) -> list[str]:
    return [each.text for each in offered(text, catalogue)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + "    queue: |", ["support", "sales"]),
        (HEAD + "    queue: { service: su|", ["support", "sales"]),
        (HEAD + "    queue: { priority: hi|, wait: 5m }\n", list(PRIORITIES)),
        (HEAD + "    queue: { distribution: |", ["direct", "broadcast", "pickup"]),
        (HEAD + "    queue: { preferred_only: |", ["true", "false"]),
        (HEAD + "    queue: { preferred: [|", ["anna"]),
        (HEAD + "    queue:\n      preferred:\n        - |", ["anna", "agent", "priority"]),
        (HEAD + "    queue: { skills: { |", ["german"]),
        (HEAD + "    queue: x\n    then: |", ["b", "a", "end"]),
        (HEAD + "    queue: x\n    then: { |", ["accepted", "completed", "timeout", "rejected"]),
        (HEAD + "    wait_for: { event: x }\n    then: { |", ["arrived", "timeout"]),
        (HEAD + "    queue: x\n    then: { timeout: |", ["b", "a", "end"]),
        (HEAD + "    check:\n      - |", ["if", "then", "else"]),
        (HEAD + "    check:\n      - if: x\n        then: |", ["b", "a", "end"]),
        (HEAD + "    check: [{ else: |", ["b", "a", "end"]),
        (HEAD + "    check_hours: |", ["office"]),
        (HEAD + "    call: { flow: |", ["crm"]),
        (HEAD + "    call: { url: |", ["https://x.example/"]),
        (HEAD + "    call: { method: |", ["GET", "POST", "PUT", "PATCH", "DELETE"]),
        (HEAD + "    call: { save: { |", ["product", "tier"]),
        (HEAD + "    set: { product: x, |", ["tier"]),
        (HEAD + "    wait_for: { parameter: |", ["product", "tier"]),
        (HEAD + "    wait_for: { event: |", ["approved"]),
        (HEAD + "    check_position: []\n    save: { |", ["product", "tier"]),
        (HEAD + "    delay: |", ["30s", "5m", "1h", "1d"]),
        (HEAD + "    end: |", []),
        (HEAD + "    dely: { |", []),
        (HEAD + "    queue: support |", []),
        (HEAD + "    note: |", []),
        ("params:\n  a: { type: |", ["text", "integer", "number", "boolean", "duration", "time"]),
        ("params:\n  a: { required: |", ["true", "false"]),
        ("params:\n  a: { type: text, |", ["default", "required", "values", "description"]),
        ("language: |", ["extask/1"]),
        ("lifetime: |", ["30s", "5m", "1h", "1d"]),
        ("start: |\nsteps:\n  a: { end: }\n", ["a", "end"]),
        ("when: { |", ["accepted", "completed", "expired", "aborted", "error"]),
        ("when: { expired: |\nsteps:\n  a: { end: }\n", ["a", "end"]),
        ("nonsense: { |", []),
    ],
)
def test_what_fits_a_place_is_offered(text: str, expected: list[str]) -> None:
    assert names(text)[: len(expected)] == expected
    assert len(names(text)) == len(expected) or "type: |" in text


def test_a_step_is_offered_every_kind_until_it_has_one() -> None:
    assert names(HEAD + "    |")[: len(KINDS)] == list(KINDS)
    assert names(HEAD + "    delay: 5m\n    |") == ["then", "title", "note"]
    assert names(HEAD + "    check_position:\n      - else: b\n    |")[-1] == "save"
    assert names("version: 1\n|")[:2] == ["workflow", "language"]


def test_a_key_comes_with_its_colon_and_replaces_what_is_typed() -> None:
    first = offered(HEAD + "    queue: { ser|")[0]
    assert (first.text, first.insert, first.replaces) == ("service", "service: ", 3)
    assert first.about == "The service to queue for; the task's own when left out."
    assert offered(HEAD + "    queue: su|")[0].replaces == 2


def test_a_key_that_is_being_typed_is_still_offered() -> None:
    assert "workflow" in names("workflow|: x\n")


@pytest.mark.parametrize(
    ("text", "some", "none"),
    [
        ('    cancel: "so ${par|', ["params.product", "task.age", "duration"], "position"),
        ('    cancel: "so ${params.|', ["params.product", "params.tier"], "task.age"),
        ("    check:\n      - if: task.|", ["task.id", "task.priority"], "params.tier"),
        ("    check:\n      - if: po|", ["visits"], "position"),
        ("    check_position:\n      - if: po|", ["position", "estimated_wait"], "event.body"),
        ('    call: { flow: crm, save: { tier: "${|', ["response.body"], "position"),
        ("    wait_for: { event: x, save: { tier: '${event.|", ["event.body"], "visits"),
        ("    check_position: []\n    save: { tier: '${|", ["position"], "event.body"),
    ],
)
def test_expressions_know_their_names(text: str, some: list[str], none: str) -> None:
    found = names(HEAD + text)
    assert set(some) <= set(found)
    assert none not in found


def test_the_values_of_a_choice_are_offered_where_it_is_compared() -> None:
    assert names(HEAD + "    check:\n      - if: params.tier == 'g|") == ["gold", "base"]
    assert names(HEAD + "    check:\n      - if: params.tier in ['gold', '|") == ["gold", "base"]
    assert names(HEAD + "    check:\n      - if: task.priority != '|") == list(PRIORITIES)
    assert names(HEAD + "    check:\n      - if: params.product == '|") == []


def test_without_a_catalogue_its_names_are_not_known() -> None:
    assert names(HEAD + "    queue: |", Catalogue()) == []
    assert names(HEAD + "    queue: { skills: { |", Catalogue()) == []


def test_a_closed_expression_is_none() -> None:
    assert names(HEAD + '    queue: { priority: "${params.tier} |') == []
