from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from extask.definition.compiler import compile_definition
from extask.definition.plan import Plan
from extask.simulation import run_test_text
from extask.simulation.suggesting import Suggestions, suggest
from extask.simulation.ways import ways_of
from extask.simulation.writing import write_tests
from tests.unit.engine.test_cut_and_resume import plans
from tests.unit.simulation.test_exploring import EVERYTHING

SHIPPED = sorted((Path(__file__).parents[3] / "definitions").glob("*.workflow.yaml"))


def plan_of(text: str) -> Plan:
    compiled = compile_definition(text, "example.workflow.yaml")
    assert compiled.plan is not None, compiled.findings
    return compiled.plan


def steps(text: str, head: str = "") -> Plan:
    return plan_of(f"workflow: example\nversion: 1\nlifetime: 8h\n{head}\nsteps:\n{text}")


def written(plan: Plan, found: Suggestions) -> str:
    return f"workflow: {plan.workflow}\ntests:\n{write_tests(found.tests, '')}"


def all_pass_and_cover(plan: Plan, found: Suggestions) -> None:
    if not found.tests:
        assert set(found.unreached) == set(ways_of(plan))
        return
    result = run_test_text(written(plan, found), "example.test.yaml", plan)
    assert result.findings == ()
    assert [(test.name, test.differences) for test in result.results if not test.passed] == []
    assert result.coverage is not None
    promised = {way for test in found.tests for way in test.takes}
    assert promised <= result.coverage.taken
    assert set(result.coverage.ways) == promised | set(found.unreached)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_all_ways_of_what_is_shipped_are_found(file: Path) -> None:
    plan = plan_of(file.read_text())
    found = suggest(plan, ways_of(plan))
    assert found.unreached == ()
    all_pass_and_cover(plan, found)


def test_all_ways_of_every_kind_are_found() -> None:
    plan = plan_of(EVERYTHING)
    found = suggest(plan, ways_of(plan))
    assert found.unreached == ()
    all_pass_and_cover(plan, found)


def test_what_cannot_be_come_to_is_named() -> None:
    plan = steps("  rest: { delay: 5m }\n  stop: { end: }", "params: { n: { type: integer } }")
    never = ways_of(steps("  no: { delay: 5m }\n  stop: { end: }"))[0]
    found = suggest(plan, (never,))
    assert (found.tests, found.unreached, found.met_bound) == ((), (never,), False)
    assert suggest(plan, (never,), most=1).met_bound
    assert suggest(plan, ()).states == 0


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=plans)
def test_what_is_suggested_for_a_random_plan_passes_and_covers(plan: Plan) -> None:
    all_pass_and_cover(plan, suggest(plan, ways_of(plan), most=150))


@pytest.mark.prove
@pytest.mark.timeout(3_000)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=plans)
def test_what_is_suggested_for_many_random_plans_passes_and_covers(plan: Plan) -> None:
    all_pass_and_cover(plan, suggest(plan, ways_of(plan), most=200))
