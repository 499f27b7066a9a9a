"""From names to what they name, and what an editor tells of a place."""

from __future__ import annotations

from pathlib import Path

import pytest

from extask.definition.checker import check, examine
from extask.editor.navigating import definition, named, references, rename
from extask.editor.outline import Outline
from extask.editor.telling import hover
from extask.errors import Misconfigured

SHIPPED = sorted((Path(__file__).parents[3] / "definitions").glob("*.workflow.yaml"))
TEXT = """\
workflow: x
start: look
params:
  tries: { type: integer, default: 3 }
  odd: [
steps:
  look:
    check:
      - if: visits > params.tries && params.tries > 0
        then: again
      - else: 'again'
  again:
    wait: 5m
    then: { timeout: look, completed: end }
  set:
    set: { then: x }
  odd: { call: { flow: crm }, then: look }
  unfinished:
when: { expired: again, error: nowhere }
"""
OUTLINE = Outline(TEXT)


def at(sign: str, number: int = 0) -> tuple[int, int]:
    """Find the place of the n-th time a text stands there."""
    index = -1
    for _ in range(number + 1):
        index = TEXT.index(sign, index + 1)
    return TEXT.count("\n", 0, index) + 1, index - TEXT.rfind("\n", 0, index)


def test_targets_lead_to_their_steps() -> None:
    for place in (at("look"), at("look", 2), at("look", 3)):
        found = definition(OUTLINE, *place)
        assert found
        assert (found.name, found.at.line, found.kind, found.last_line) == ("look", 7, "check", 11)
    quoted = definition(OUTLINE, *at("again'"))
    assert quoted
    assert (quoted.at.line, quoted.kind) == (12, "wait")


def test_parameters_lead_to_their_declaration() -> None:
    found = definition(OUTLINE, *at("tries &&"))
    assert found
    assert (found.at.line, found.at.column, found.kind) == (4, 3, "integer")
    assert definition(OUTLINE, *at("visits")) is None


@pytest.mark.parametrize("sign", ["workflow", "nowhere", "5m", "when"])
def test_other_words_lead_nowhere(sign: str) -> None:
    assert definition(OUTLINE, *at(sign)) is None


def test_places_behind_the_end_name_nothing() -> None:
    assert named(OUTLINE, 99, 1) is None
    assert references(OUTLINE, 99, 1) == []


def test_every_place_that_names_a_step_is_found() -> None:
    found = references(OUTLINE, *at("again"))
    assert [(each.line, each.column) for each in found] == [(12, 3), (10, 15), (11, 16), (19, 18)]
    assert all(TEXT.splitlines()[s.line - 1][s.column - 1 :].startswith("again") for s in found)
    assert [each.line for each in references(OUTLINE, *at("nowhere"))] == [19]
    assert references(OUTLINE, *at("again:")) == found
    assert [each.line for each in references(OUTLINE, *at("tries"))] == [4, 9, 9]
    assert references(OUTLINE, *at("tries >")) == references(OUTLINE, *at("tries"))


def test_a_list_of_steps_has_no_names() -> None:
    assert Outline("steps:\n  - a\n  - b: c\n").steps == {}


def test_a_step_is_renamed_in_all_places() -> None:
    assert rename(OUTLINE, *at("again"), "later") == references(OUTLINE, *at("again"))
    assert rename(OUTLINE, *at("again"), "again") == references(OUTLINE, *at("again"))


@pytest.mark.parametrize(
    ("sign", "new", "said"),
    [
        ("workflow", "later", "put the cursor"),
        ("tries", "later", "put the cursor"),
        ("nowhere", "later", "put the cursor"),
        ("again", "Later on", "no name"),
        ("again", "end", "no name"),
        ("again", "look", "already"),
    ],
)
def test_what_cannot_be_renamed_is_told(sign: str, new: str, said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        rename(OUTLINE, *at(sign), new)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_the_outline_knows_the_same_targets_as_the_checker(file: Path) -> None:
    text = file.read_text()
    sound = examine(text, "x").sound
    assert sound
    draft = sound.draft
    targets = [
        *([draft.start] if draft.start else []),
        *draft.when.values(),
        *(t for step in draft.steps.values() for t in step.then.values()),
        *(case.target for step in draft.steps.values() for case in step.cases),
    ]
    outline = Outline(text)
    places = sorted((t.at.line, t.at.column, t.step) for t in targets)
    assert sorted((i.at.line, i.at.column, i.value) for i in outline.targets()) == places
    kinds = {name: step.kind_name for name, step in draft.steps.items()}
    assert {name: each.kind for name, each in outline.steps.items()} == kinds


@pytest.mark.parametrize(
    ("sign", "number", "said"),
    [
        ("workflow", 0, "The workflow's name"),
        ("type", 0, "What the parameter takes."),
        ("tries", 0, "parameter **tries**: integer, line 4"),
        ("tries >", 0, "parameter **tries**"),
        ("look:", 0, "step **look**: check, line 7"),
        ("unfinished", 0, "step **unfinished**: ?"),
        ("look,", 0, "step **look**"),
        ("wait", 0, "- then `timeout`: The time is over."),
        ("check:", 0, "**check**: Chooses by conditions."),
        ("flow: crm", 0, "The flow of the catalogue to call."),
        ("timeout", 0, "The time is over."),
        ("then: again", 0, "The step to go on with."),
        ("expired", 0, "Runs when the task's life is over"),
    ],
)
def test_words_tell_what_they_mean(sign: str, number: int, said: str) -> None:
    assert said in hover(OUTLINE, [], *at(sign, number))


@pytest.mark.parametrize("sign", ["nowhere", "5m", "visits"])
def test_of_other_words_nothing_is_told(sign: str) -> None:
    assert hover(OUTLINE, [], *at(sign)) == ""


def test_a_finding_tells_its_help() -> None:
    text = "workflow: x\nversion: 1\nsteps: { a: { dely: 5m } }\n"
    told = hover(Outline(text), check(text, "x"), 3, 16)
    assert told.startswith("**E104** An unknown kind, key, property, parameter or event: ")
    assert "help: did you mean 'delay'?" in told
