"""Senders' parameters are typed, and every fault is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jsonschema
import pytest

from extask.definition.compiler import compile_definition
from extask.definition.params import (
    coerce_changes,
    coerce_params,
    params_schema,
    plain_params,
)
from extask.definition.plan import Plan
from extask.errors import Fault

SOURCE = """
workflow: example
version: 1
params:
  product: { type: text, required: true, description: What it is about }
  tries: { type: integer, default: 3 }
  share: { type: number }
  urgent: { type: boolean }
  pause: { type: duration, default: 1h30m }
  since: { type: time, default: 2026-03-01T13:00:00+01:00 }
  tier: { type: choice, values: [gold, base] }
  team: { type: list, default: [anna, ben] }
steps: { give_up: { cancel: late } }
"""


@pytest.fixture(name="plan")
def _plan() -> Plan:
    plan = compile_definition(SOURCE, "example.workflow.yaml").plan
    assert plan is not None
    return plan


def test_what_is_not_given_has_its_default(plan: Plan) -> None:
    assert coerce_params(plan, {"product": "printer"}) == (
        {
            "product": "printer",
            "tries": 3,
            "share": 0.0,
            "urgent": False,
            "pause": timedelta(minutes=90),
            "since": datetime(2026, 3, 1, 12, tzinfo=UTC),
            "tier": "gold",
            "team": ["anna", "ben"],
        },
        [],
    )


def test_every_fault_is_named_at_its_place(plan: Plan) -> None:
    given = {"tries": "3", "tire": "x", "a/b~c": 1, "tier": "silver"}
    _, faults = coerce_params(plan, given)
    assert faults == [
        Fault("/tire", "param_unknown", "there is no parameter 'tire'; did you mean 'tier'?"),
        Fault("/a~1b~0c", "param_unknown", "there is no parameter 'a/b~c'"),
        Fault("", "param_missing", "the parameter 'product' is required"),
        Fault("/tries", "param_type", "'3' is not a whole number"),
        Fault("/tier", "param_type", "'silver' is none of gold, base"),
    ]


def test_changes_leave_the_rest_alone(plan: Plan) -> None:
    values, faults = coerce_changes(plan, {"pause": "5m", "nope": 1})
    assert values == {"pause": timedelta(minutes=5)}
    assert [fault.pointer for fault in faults] == ["/nope"]


def test_values_have_a_plain_form(plan: Plan) -> None:
    values, _ = coerce_params(plan, {"product": "x"})
    plain = plain_params(values)
    assert plain["pause"] == 5400
    assert plain["since"] == "2026-03-01T12:00:00Z"


def test_the_schema_says_what_may_be_sent(plan: Plan) -> None:
    schema = params_schema(plan)
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    assert validator.is_valid({"product": "x", "pause": "1h30m", "tier": "base", "team": []})
    for wrong in (
        {},
        {"product": 1},
        {"product": "x", "pause": "1 h"},
        {"product": "x", "tier": "silver"},
        {"product": "x", "more": 1},
    ):
        assert not validator.is_valid(wrong)
    assert schema["properties"]["tries"] == {
        "type": "integer",
        "minimum": -(2**63) + 1,
        "maximum": 2**63 - 1,
        "default": 3,
    }
    assert schema["properties"]["product"]["description"] == "What it is about"
