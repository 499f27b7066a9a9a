"""Expressions are typed, pure and bounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from extask.definition.expressions import (
    Compiled,
    ExpressionError,
    ExpressionFailed,
    compile_expression,
    evaluate,
    evaluate_source,
    names_for,
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


def compiled(source: str) -> Compiled:
    result = compile_expression(source, TYPES)
    assert isinstance(result, Compiled), result
    return result


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
    assert compiled(source).type == kind


def test_every_error_has_its_code_and_column() -> None:
    assert compile_expression("x == 1 || y == 2", TYPES) == (
        ExpressionError("E302", 1, 1, "x", "undeclared reference to 'x' (in container '')"),
        ExpressionError("E302", 1, 11, "y", "undeclared reference to 'y' (in container '')"),
    )
    assert compile_expression("position < 'a'", TYPES) == (
        ExpressionError("E303", 1, 10, "_<_", "int, string"),
    )
    syntax = compile_expression("position <", TYPES)
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
    result = evaluate(compiled(source), names)
    assert (result.hour if isinstance(result, datetime) else result) == value
    assert evaluate_source(source, names) == result


@pytest.mark.parametrize(
    ("source", "names", "reason"),
    [
        ("position / 0", {"position": 1}, "divide by zero"),
        ("position + 1", {}, "No value with name"),
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
        evaluate(compiled(source), names)
    assert reason in str(failed.value)


def test_source_that_does_not_fit_its_names_fails() -> None:
    with pytest.raises(ExpressionFailed, match="undeclared reference"):
        evaluate_source("x", {})
    with pytest.raises(ExpressionFailed, match="cannot be used"):
        evaluate_source("x", {"x": object()})


def test_an_instant_is_given_in_utc() -> None:
    assert utc(datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2)))) == NOON
    assert utc(datetime(2026, 3, 1, 12)) == NOON  # noqa: DTZ001 - the case under test
