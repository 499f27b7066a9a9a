"""Expressions are typed, pure and bounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from extask.definition.expressions import (
    ExpressionError,
    ExpressionFailed,
    evaluate_source,
    names_for,
    result_type,
    utc,
)
from extask.definition.plan import Param

TYPES = names_for(
    {
        "product": Param(name="product", type="text", default=""),
        "tier": Param(name="tier", type="choice", default="a", values=("a", "b")),
        "team": Param(name="team", type="list", default=[]),
    },
    "place",
)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("params.product", "text"),
        ("params.tier == 'a'", "boolean"),
        ("position + 1", "integer"),
        ("double(position)", "number"),
        ("estimated_wait", "duration"),
        ("task.created + task.age", "time"),
        ("params.team", "list"),
        ("dyn(1)", "anything"),
        ("{'a': 1}", "other"),
    ],
)
def test_the_type_of_an_expression_is_known_before_it_runs(source: str, kind: str) -> None:
    assert result_type(source, TYPES) == kind


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("params.text + 1", "integer"),
        ("params.text + size(params . \n integer)", "integer"),
        ("params.integer + 'params.text'", "text"),
        ("params.integer + '//'", "text"),
        ("{'params': 'x'}.params", "text"),
        ("params //\n.text", "integer"),
    ],
)
def test_a_parameter_may_be_called_as_a_type_that_it_is_not(source: str, kind: str) -> None:
    types = names_for(
        {
            "text": Param(name="text", type="integer", default=0),
            "integer": Param(name="integer", type="text", default=""),
        }
    )
    assert result_type(source, types) == kind
    for unknown in ("params.duration", "params . duration", "params //\n.duration"):
        assert isinstance(result_type(unknown, types), tuple)


def test_every_error_has_its_code_and_column() -> None:
    assert result_type("x == 1 || y == 2", TYPES) == (
        ExpressionError("E302", 1, 1, "x", "undeclared reference to 'x' (in container '')"),
        ExpressionError("E302", 1, 11, "y", "undeclared reference to 'y' (in container '')"),
    )
    assert result_type("position < 'a'", TYPES) == (
        ExpressionError("E303", 1, 10, "_<_", "int, string"),
    )
    syntax = result_type("position <", TYPES)
    assert isinstance(syntax, tuple)
    assert [(error.code, error.column) for error in syntax] == [("E301", 11)]


@pytest.mark.parametrize(
    ("source", "names", "value"),
    [
        ("position * 2", {"position": 4}, 8),
        ("params.product + '!'", {"params.product": "x"}, "x!"),
        ("task.created + task.age", {"task.created": NOON, "task.age": timedelta(hours=1)}, 13),
        ("params.team.exists(each, each == 'anna')", {"params.team": ["anna"]}, True),
        ("duration('90m')", {}, timedelta(minutes=90)),
    ],
)
def test_values_come_back_as_python_has_them(
    source: str, names: dict[str, Any], value: object
) -> None:
    result = evaluate_source(source, names)
    assert (result.hour if isinstance(result, datetime) else result) == value


@pytest.mark.parametrize(
    ("source", "names", "reason"),
    [
        ("position / 0", {"position": 1}, "divide by zero"),
        ("position + 1", {}, "undeclared reference"),
        ("position * position", {"position": 2**40}, "integer overflow"),
        ("position", {"position": 2**80}, "too big"),
        ("params.team[3]", {"params.team": ["a"]}, "index=3"),
        ("params.product", {"params.product": "\ud800"}, "params.product: "),
        (
            "params.team.all(a, params.team.all(b, params.team.all(c, a + b + c != '')))",
            {"params.team": ["x"] * 100},
            "Iteration budget exceeded",
        ),
    ],
)
def test_an_expression_without_a_value_fails_with_a_reason(
    source: str, names: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ExpressionFailed, match=r".") as failed:
        evaluate_source(source, names)
    assert reason in str(failed.value)


def test_source_that_does_not_fit_its_names_fails() -> None:
    with pytest.raises(ExpressionFailed, match="undeclared reference"):
        evaluate_source("x", {})
    with pytest.raises(ExpressionFailed, match="cannot be used"):
        evaluate_source("x", {"x": object()})


def test_an_instant_is_given_in_utc() -> None:
    assert utc(datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2)))) == NOON
    assert utc(datetime(2026, 3, 1, 12)) == NOON  # noqa: DTZ001 - the case under test
