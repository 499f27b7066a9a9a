"""What may fail at run time is found, and what is looked at first is not."""

from __future__ import annotations

import pytest

from extask.definition.expressions import names_for
from extask.definition.failing import risks
from extask.definition.plan import Param

TYPES = names_for(
    {
        "n": Param(name="n", type="integer", default=0),
        "x": Param(name="x", type="number", default=0.0),
        "t": Param(name="t", type="text", default=""),
        "l": Param(name="l", type="list", default=[]),
    },
    "event",
)
RISKY = {
    "visits / params.n > 1": ["/"],
    "visits % params.n > 1": ["%"],
    "visits / (params.n + 1)": ["/"],
    "visits / size(params.l)": ["/"],
    "visits / 0": ["/"],
    "visits / params.n > 0": ["/"],
    "visits %params.n == 0": ["%"],
    "params.l[0] == 'a'": ["params.l"],
    "int(params.t) > 3": ["int"],
    "double(params.t + '1') > 3.0": ["double"],
    "int(params.l[0])": ["params.l", "int"],
    "timestamp(params.t) > task.created": ["timestamp"],
    "duration(params.t)": ["duration"],
    "duration((params.t))": ["duration"],
    "event.body.n": ["event.body"],
    "event.body": ["event.body"],
}
SAFE = (
    "visits / 2",
    "visits % 10 == 0",
    "params.x / 0.5",
    "1.5 / params.x > 1.0",
    "params.n != 0 && visits / params.n > 1",
    "params.n > 0 ? visits / params.n : 0",
    "params.n == 0 || visits / params.n > 1",
    "size(params.l) > 0 && params.l[0] == 'a'",
    "params.t in ['a', 'b']",
    "params.t in['a', 'b']",
    "int('12') > 3",
    "int(params.x) > 3",
    "double(params.n) > 3.0",
    "int(3.5)",
    "task.age > duration('5m')",
    "task.created > timestamp('2026-03-01T12:00:00Z')",
    "duration(string(params.n) + 'm')",
    "params.t == 'a / b[0] int(x)'",
    'params.t == "it\\"s 1 / 0"',
    "string(params.n)",
)


@pytest.mark.parametrize(("source", "found"), RISKY.items())
def test_what_may_fail_is_found_where_it_stands(source: str, found: list[str]) -> None:
    told = list(risks(source, TYPES))
    assert [source[risk.begin : risk.begin + risk.length] for risk in told] == found
    assert all(risk.why for risk in told)


@pytest.mark.parametrize("source", SAFE)
def test_what_is_looked_at_first_or_cannot_fail_is_left_alone(source: str) -> None:
    assert list(risks(source, TYPES)) == []
