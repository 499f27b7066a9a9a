from __future__ import annotations

from api.operations.params import Validators, check_changes, check_new
from extask.definition.compiler import compile_definition
from extask.definition.plan import Plan
from tests.api.desk import SIMPLE


def plan(version: int = 1) -> Plan:
    text = SIMPLE.replace("version: 1", f"version: {version}")
    compiled = compile_definition(text, "simple.workflow.yaml")
    assert compiled.plan is not None
    return compiled.plan


def test_a_new_task_has_every_parameter() -> None:
    values, faults = check_new(plan(), {"product": "x", "patience": "90s"})
    assert not faults
    assert values == {"product": "x", "size": "small", "amount": 1, "patience": 90}


def test_changes_leave_the_others_alone() -> None:
    assert check_changes(plan(), {"amount": 2}) == ({"amount": 2}, ())


def test_each_wrong_parameter_has_its_pointer() -> None:
    _, faults = check_changes(plan(), {"amount": "two", "a/b": 1})
    assert {fault.pointer for fault in faults} == {"/params/amount", "/params/a~1b"}


def test_a_parameter_that_is_not_there_is_named_as_it_was_written() -> None:
    _, faults = check_changes(plan(), {"Product": "x", "Nonsense": 1})
    assert {fault.message for fault in faults} == {
        "There is no parameter 'Product'; did you mean 'product'?",
        "There is no parameter 'Nonsense'.",
    }


def test_the_validators_used_longest_ago_are_forgotten() -> None:
    validators = Validators(size=1)
    first = validators.of(plan(1))
    assert validators.of(plan(1)) is first
    validators.of(plan(2))
    assert validators.of(plan(1)) is not first
