"""Values are resolved over names, fitted to their types and bounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from extask.definition.expressions import ExpressionFailed
from extask.definition.fitting import (
    LONGEST_LIST,
    LONGEST_TEXT,
    fit,
    fit_param,
    from_plain,
    read_time,
    to_plain,
    write_time,
    zero,
)
from extask.definition.kinds import Type
from extask.definition.plan import (
    Expression,
    Listed,
    Literally,
    Mapped,
    Param,
    ParamType,
    Plan,
    Step,
    Template,
    Value,
)
from extask.definition.values import as_text, resolve, resolve_params, resolve_property
from extask.messages import Preferred

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES: dict[str, Any] = {"params.host": "anna", "params.team": ["ben", ""], "visits": 2}


def expression(source: str) -> Expression:
    return Expression(expression=source)


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        (Literally(value=30), 30),
        (expression("visits + 1"), 3),
        (Template(template=("call ", expression("params.host"), "!")), "call anna!"),
        (Listed(items=(Literally(value="x"), expression("params.host"))), ["x", "anna"]),
        (Mapped(entries={"agent": expression("params.host")}), {"agent": "anna"}),
    ],
)
def test_every_form_of_value_is_resolved(value: Value, resolved: object) -> None:
    assert resolve(value, NAMES) == resolved


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (timedelta(minutes=90), "1h30m"),
        (NOON, "2026-03-01T12:00:00Z"),
        (["a", 1], "a, 1"),
        (2.5, "2.5"),
        (3, "3"),
    ],
)
def test_a_value_in_a_text_reads_as_an_author_would_type_it(value: object, text: str) -> None:
    assert as_text(value) == text


def test_what_is_written_is_bounded() -> None:
    long = Literally(value="x" * 1000)
    with pytest.raises(ExpressionFailed, match="5120 are allowed"):
        resolve(Template(template=(*["x" * 1000] * 6,)), {})
    with pytest.raises(ExpressionFailed, match="100 are allowed"):
        resolve(Listed(items=(long,) * (LONGEST_LIST + 1)), {})
    with pytest.raises(ExpressionFailed, match="characters"):
        fit("list", ["x" * (LONGEST_TEXT + 1)])


def test_a_property_means_what_its_type_says() -> None:
    step = Step(
        name="line_up",
        kind="queue",
        line=1,
        properties={
            "wait": Literally(value=600),
            "preferred": Listed(
                items=(
                    expression("params.host"),
                    expression("params.team"),
                    Literally(value=""),
                    Mapped(
                        entries={"agent": Literally(value="zoe"), "priority": Literally(value=3)}
                    ),
                    Mapped(entries={"agent": Literally(value="")}),
                )
            ),
            "exclude": expression("params.team"),
            "skills": Mapped(entries={"german": Literally(value=2)}),
            "priority": Literally(value="high"),
            "distribution": Literally(value="direct"),
            "block_agent": Literally(value=False),
        },
    )
    meant = {name: resolve_property(step, name, NAMES) for name in step.properties}
    assert meant == {
        "wait": timedelta(minutes=10),
        "preferred": (
            Preferred(agent="anna"),
            Preferred(agent="ben"),
            Preferred(agent="zoe", priority=3),
        ),
        "exclude": ("ben",),
        "skills": {"german": 2},
        "priority": "high",
        "distribution": "direct",
        "block_agent": False,
    }
    assert resolve_property(step, "service", NAMES) is None


def test_parameters_get_new_values_of_their_types() -> None:
    plan = Plan(
        workflow="w",
        version=1,
        digest="",
        lifetime=timedelta(hours=1),
        start="a",
        steps={},
        params={"pause": Param(name="pause", type="duration", default=0)},
    )
    values: dict[str, Value] = {"pause": Literally(value=60)}
    assert resolve_params(plan, values, {}) == {"pause": timedelta(minutes=1)}


FITTING: list[tuple[Type | ParamType, Any, Any]] = [
    ("text", "a", "a"),
    ("integer", 3, 3),
    ("integer", 3.0, 3),
    ("number", 3, 3.0),
    ("boolean", True, True),
    ("duration", "5m", timedelta(minutes=5)),
    ("duration", 2.5, timedelta(seconds=2.5)),
    ("duration", timedelta(1), timedelta(1)),
    ("time", "2026-03-01T13:00:00+01:00", NOON),
    ("time", NOON, NOON),
    ("list", ["a"], ["a"]),
    ("names", "a", ("a",)),
]


@pytest.mark.parametrize(("kind", "value", "fitted"), FITTING)
def test_what_fits_is_taken(kind: Type | ParamType, value: object, fitted: object) -> None:
    assert fit(kind, value) == fitted


MISFITTING: list[tuple[Type | ParamType, Any, str]] = [
    ("text", 3, "3 is not a text"),
    ("text", ["x" * 99], "… is not a text"),
    ("integer", True, "True is not a whole number"),
    ("integer", 2.5, "2.5 is not a whole number"),
    ("integer", 2**63, "too large"),
    ("number", "3", "'3' is not a number"),
    ("number", float("inf"), "infinity"),
    ("number", 10**400, "too large"),
    ("boolean", 1, "1 is neither true nor false"),
    ("duration", "5", "'5' is not a duration"),
    ("duration", True, "True is not a duration"),
    ("duration", -1, "from 0s to ten years"),
    ("duration", 1e300, "from 0s to ten years"),
    ("time", "2026-03-01T12:00:00", "has no offset"),
    ("time", "noon", "noon"),
    ("time", "0001-01-01T00:00:00+23:00", "range"),
    ("time", 5, "5 is not a time"),
    ("priority", "urgent", "'urgent' is not a priority"),
    ("distribution", "luck", "is none of direct"),
    ("list", "a", "'a' is not a list"),
    ("list", [1], "1 is not a text"),
    ("agents", [{"agent": "a", "priority": 100}], "priority"),
    ("agents", [{"priority": 1}], "None is not a text"),
    ("skills", [], "[] is not a map"),
]


@pytest.mark.parametrize(("kind", "value", "reason"), MISFITTING)
def test_what_does_not_fit_is_refused_with_a_reason(
    kind: Type | ParamType, value: object, reason: str
) -> None:
    with pytest.raises(ExpressionFailed, match=r".") as failed:
        fit(kind, value)
    assert reason in str(failed.value)


def test_a_choice_has_one_of_its_values() -> None:
    tier = Param(name="tier", type="choice", default="gold", values=("gold", "base"))
    assert fit_param(tier, "base") == "base"
    with pytest.raises(ExpressionFailed, match="'silver' is none of gold, base"):
        fit_param(tier, "silver")


def test_plain_form_and_python_are_each_other_s_inverse() -> None:
    pairs: list[tuple[ParamType, Any, Any]] = [
        ("duration", 90, timedelta(seconds=90)),
        ("duration", 0.5, timedelta(milliseconds=500)),
        ("time", "2026-03-01T12:00:00Z", NOON),
        ("number", 2.0, 2.0),
        ("text", "x", "x"),
    ]
    for kind, plain, python in pairs:
        assert from_plain(kind, plain) == python
        assert to_plain(python) == plain
    assert write_time(read_time("2026-03-01T12:00:00+00:00")) == "2026-03-01T12:00:00Z"


def test_a_parameter_always_has_a_value() -> None:
    assert zero("choice", ("gold", "base")) == "gold"
    assert from_plain("time", zero("time")) == datetime(1970, 1, 1, tzinfo=UTC)
    assert [zero("list"), zero("text"), zero("boolean"), zero("integer")] == [[], "", False, 0]


@pytest.mark.parametrize(("value", "word"), [(None, "nothing"), ({"a": 1}, "a map")])
def test_a_text_is_not_made_of_nothing_or_a_map(value: object, word: str) -> None:
    with pytest.raises(ExpressionFailed, match=word):
        as_text(value)
