"""The JSON Schema takes what the checker takes, and refuses what a schema can refuse."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from extask.definition import meanings
from extask.definition.catalogue import FILE_NAME, read_catalogue
from extask.definition.headings import HANDLERS, KEYS, PARAM_KEYS, PARAM_TYPES
from extask.definition.kinds import KINDS, STEP_KEYS
from extask.definition.schema import schema
from tests.support.plain_yaml import plain_yaml
from tests.unit.definition.test_broken_files import ALL, Broken

ROOT = Path(__file__).parents[3]
DEFINITIONS = ROOT / "definitions"
VALIDATOR = Draft7Validator(schema())
RIGHT = {
    page.stem: re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)[-1]
    for page in (ROOT / "docs" / "errors").glob("[EW]*.md")
    if page.stem != "W704"  # whose examples are tests
}
STRUCTURE = {"E104", "E105", "E106", "E107", "E108", "E109", "E110", "E204"}
BEYOND = {
    "lifetime too long": "sums of units",
    "octal version": "a reader of YAML 1.2 makes it 10",
    "default not of the choice": "values are compared with other values",
    "set unknown": "parameters",
    "set far unknown": "parameters",
    "set choice": "parameters",
    "set number": "parameters",
    "set empty number": "parameters",
    "set list": "parameters",
    "service of a text": "parameters",
    "priority of a tier": "parameters",
    "a choice of bad names": "parameters",
    "wait for unknown": "parameters",
    "wait for far unknown": "parameters",
    "save of an unknown": "parameters",
    "no time": "sums of units",
    "much time": "sums of units",
    "climbing": "the parts of an address",
    "far from ASCII": "the parts of an address",
    "not encrypted": "the parts of an address",
    "with a fragment": "the parts of an address",
    "else not last": "what is last in a list",
    "days": "inside an expression",
    "no days": "inside an expression",
    "not a moment": "inside an expression",
    "not a moment at all": "inside an expression",
}
"""Broken in form, and why only the checker sees it."""


def test_the_shipped_schema_is_made_of_the_table_and_the_shipped_catalogue() -> None:
    published = (DEFINITIONS / "extask.schema.json").read_text()
    beside = (DEFINITIONS / FILE_NAME).read_text()
    names, _ = read_catalogue(beside, FILE_NAME)
    wanted = "extask definition schema --out definitions/extask.schema.json"
    assert json.loads(published) == schema(names), wanted


def test_it_is_a_schema() -> None:
    Draft7Validator.check_schema(schema())


@pytest.mark.parametrize("file", sorted(DEFINITIONS.glob("*.workflow.yaml")), ids=lambda f: f.name)
def test_every_shipped_definition_is_valid(file: Path) -> None:
    assert [each.message for each in VALIDATOR.iter_errors(plain_yaml(file.read_text()))] == []


@pytest.mark.parametrize("code", sorted(RIGHT))
def test_every_right_example_is_valid(code: str) -> None:
    assert [each.message for each in VALIDATOR.iter_errors(plain_yaml(RIGHT[code]))] == []


@pytest.mark.parametrize(
    "broken",
    [each for each in ALL if each.code in STRUCTURE and each.name not in BEYOND],
    ids=lambda broken: broken.name,
)
def test_what_is_broken_in_form_is_refused(broken: Broken) -> None:
    assert not VALIDATOR.is_valid(plain_yaml(broken.text))


def test_what_only_the_checker_sees_is_not_refused() -> None:
    for broken in ALL:
        if broken.name in BEYOND:
            assert VALIDATOR.is_valid(plain_yaml(broken.text)), broken.name


def test_everything_the_table_has_is_told_to_those_who_hover() -> None:
    told = schema()["definitions"]["step"]["properties"]
    assert set(told) == {*KINDS, *STEP_KEYS}
    assert all(each["description"] for each in told.values())


def test_every_word_of_the_language_has_its_meaning() -> None:
    assert tuple(meanings.KEYS) == KEYS
    assert tuple(meanings.PARAM_KEYS) == PARAM_KEYS
    assert tuple(meanings.PARAM_TYPES) == PARAM_TYPES
    assert set(meanings.STEP_KEYS) == set(STEP_KEYS)
    assert tuple(meanings.EVENTS) == HANDLERS
    assert set(meanings.OUTCOMES) == {o for kind in KINDS.values() for o in kind.outcomes}
    properties = [(name, each) for name, kind in KINDS.items() for each in kind.properties]
    told = {meanings.of_property(kind, each) for kind, each in properties}
    assert told == set(meanings.PROPERTIES.values())


def test_names_of_a_catalogue_are_the_only_ones() -> None:
    catalogue, _ = read_catalogue("services: [support]\nagents: [anna]\nskills: [german]\n", "c")
    told = Draft7Validator(schema(catalogue))

    def step(text: str) -> bool:
        head = "workflow: x\nversion: 1\nsteps: { a: "
        return bool(told.is_valid(plain_yaml(head + text + " }\n")))

    assert step("{ queue: support }")
    assert step('{ queue: "${params.desk}" }')
    assert not step("{ queue: suport }")
    assert step("{ queue: { preferred: [anna, { agent: anna }], skills: { german: 3 } } }")
    assert not step("{ queue: { preferred: [ana] } }")
    assert not step("{ queue: { skills: { gorman: 3 } } }")


def test_outcomes_that_need_a_property_are_refused_without_it() -> None:
    def step(text: str) -> bool:
        head = "workflow: x\nversion: 1\nsteps: { a: "
        return bool(VALIDATOR.is_valid(plain_yaml(head + text + " }\n")))

    assert step("{ queue: { wait: 5m }, then: end }")
    assert step("{ queue: { wait: 5m }, then: { timeout: end } }")
    assert not step("{ queue: support, then: end }")
    assert not step("{ queue: support, then: { timeout: end } }")
    assert step("{ wait: 5m, then: end }")
    assert not step("{ wait: , then: end }")
