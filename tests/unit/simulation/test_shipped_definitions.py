"""The definitions we ship: authors copy them, so that nothing may be wrong with any."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from extask.definition.catalogue import FILE_NAME, Catalogue, read_catalogue
from extask.definition.compiler import compile_definition
from extask.definition.formatter import format_definition
from extask.definition.graph import mermaid
from extask.definition.plan import Plan
from extask.simulation import run_test_file
from extask.simulation.exploring import explore

ROOT = Path(__file__).parents[3]
DEFINITIONS = ROOT / "definitions"
PAGE = ROOT / "docs" / "how-to" / "shipped-definitions.md"
NAMES = (
    "simple_queue",
    "support_escalate",
    "vip_desk",
    "opening_hours",
    "appointment",
    "reminders",
    "callback",
    "approval",
    "expert_ladder",
    "fair_weather",
)
"""In the order of the page."""
_PICTURE = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
each = pytest.mark.parametrize("name", NAMES)


def source_of(name: str) -> str:
    return (DEFINITIONS / f"{name}.workflow.yaml").read_text("utf-8")


def plan_of(name: str) -> Plan:
    compiled = compile_definition(source_of(name), f"{name}.workflow.yaml")
    assert compiled.findings == []
    assert compiled.plan is not None
    return compiled.plan


def sections() -> dict[str, str]:
    """Give the page's sections by the definition that each links to first."""
    _, *parts = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    found = [(re.search(r"definitions/(\w+)\.workflow\.yaml", part), part) for part in parts]
    return {link[1]: part for link, part in found if link}


def catalogue() -> Catalogue:
    told, findings = read_catalogue((DEFINITIONS / FILE_NAME).read_bytes(), FILE_NAME)
    assert findings == []
    return told


def written(plan: Plan, *properties: str) -> Iterator[str]:
    """Give the names that steps write in properties of these names."""
    for step in plan.steps.values():
        for name in properties:
            value = getattr(step.properties.get(name), "value", None)
            yield from [value] if isinstance(value, str) else value or ()


def test_there_are_ten_each_with_its_tests_and_its_place_on_the_page() -> None:
    workflows = {file.name.split(".")[0] for file in DEFINITIONS.glob("*.workflow.yaml")}
    tests = {file.name.split(".")[0] for file in DEFINITIONS.glob("*.test.yaml")}
    assert workflows == tests == set(NAMES)
    assert tuple(sections()) == NAMES


@each
def test_it_is_called_as_its_file_and_says_what_it_is_for(name: str) -> None:
    plan = plan_of(name)
    assert plan.workflow == name
    assert plan.title
    assert all(param.description for param in plan.params.values())


@each
def test_it_is_in_its_usual_form(name: str) -> None:
    assert format_definition(source_of(name)).text == source_of(name)


@each
def test_its_tests_pass_and_take_every_transition(name: str) -> None:
    result = run_test_file(DEFINITIONS / f"{name}.test.yaml")
    assert (result.findings, result.warnings) == ((), ())
    assert [(test.name, test.differences) for test in result.results if not test.passed] == []
    assert result.coverage is not None
    assert set(result.coverage.ways) == result.coverage.taken


@each
def test_every_step_and_way_can_be_come_to(name: str) -> None:
    found = explore(plan_of(name))
    assert not found.met_bound
    assert (found.unreached, found.untaken) == ((), ())


@each
def test_every_name_it_uses_is_in_the_catalogue(name: str) -> None:
    plan, told = plan_of(name), catalogue()
    for section, properties in (
        ("services", ["service"]),
        ("calendars", ["calendar"]),
        ("flows", ["flow"]),
        ("events", ["event"]),
    ):
        assert set(written(plan, *properties)) <= set(told.names(section) or ())


@each
def test_its_picture_on_the_page_is_that_of_the_file(name: str) -> None:
    assert _PICTURE.findall(sections()[name]) == [mermaid(plan_of(name))]


def test_the_readme_shows_the_simple_queue_as_it_is() -> None:
    _, text = source_of("simple_queue").split("\n", 1)
    assert f"```yaml\n{text}```" in (ROOT / "README.md").read_text("utf-8")
