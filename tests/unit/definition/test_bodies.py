"""What stands bare in a body is JSON's; what stands in quotes is text."""

from __future__ import annotations

import pytest

from extask.definition import bodies
from extask.definition.compiler import compile_definition
from extask.definition.loader import load
from extask.definition.plan import Expression, Listed, Literally, Mapped, Template, Value


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("3", 3),
        ("-3", -3),
        ("0.5", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ("'3'", "3"),
        ('"true"', "true"),
        ('""', ""),
        ("010", "010"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("~", "~"),
        ("[1, x, { a: null }]", [1, "x", {"a": None}]),
        ("{ a: { b: [] } }", {"a": {"b": []}}),
    ],
)
def test_a_body_is_read_as_json_reads_it(written: str, read: object) -> None:
    document, _ = load(f"body: {written}\n", "x.yaml")
    assert document is not None
    assert bodies.plain(document.root) == {"body": read}


def body(written: str) -> Value | None:
    text = (
        "workflow: example\nversion: 1\nsteps:\n  a:\n"
        f"    call: {{ flow: crm, body: {written} }}\n    then: {{ ok: end, failed: end }}\n"
    )
    compiled = compile_definition(text, "example.yaml")
    assert compiled.plan is not None, compiled.findings
    return compiled.plan.steps["a"].properties["body"]


def test_a_body_is_compiled_with_its_expressions() -> None:
    assert body("{ a: 1, b: ['${visits}', 'so ${task.id}'] }") == Mapped(
        entries={
            "a": Literally(value=1),
            "b": Listed(
                items=(
                    Expression(expression="visits"),
                    Template(template=("so ", Expression(expression="task.id"))),
                )
            ),
        }
    )
    assert body("'${task.age}'") == Expression(expression="task.age")
    assert body("'$${x}'") == Literally(value="${x}")
    assert body("") == Literally(value=None)


@pytest.mark.parametrize("key", ["token", "api_key", "apikey", "Password", "client_secret"])
def test_no_secret_is_written_into_a_body(key: str) -> None:
    text = "workflow: example\nversion: 1\nsteps:\n  a:\n    call: {{ flow: crm, body: {} }}\n"
    told = [each.code for each in compile_definition(text.format(f"{{ {key}: x }}"), "x").findings]
    assert told == ["E203", "E203", "E506"]
    for harmless in (f"{{ {key}: '${{task.id}}' }}", f"{{ {key}: }}", f"{{ my{key}s: x }}"):
        told = [each.code for each in compile_definition(text.format(harmless), "x").findings]
        assert told == ["E203", "E203"]
