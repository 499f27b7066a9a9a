"""Files that can be read, but whose ways are wrong: each is told in its place."""

from __future__ import annotations

import pytest

from extask.definition.checker import check

HEAD = "workflow: broken\nversion: 1\n"
IN = "  in:\n    queue: support\n    then: { rejected: end }\n"
THEN_B = IN.replace("support", "{ wait: 5m }").replace("rejected", "timeout: b, rejected")
IN_FOR_A_WHILE = IN.replace("support", "{ wait: 5m }")
"""Three lines of steps that put the task into a queue."""
FLOWS = [
    ("E202", (6, 3), "steps:\n  a:\n    end: x\n  b:\n    end: y\n"),
    ("E202", (5, 3), "start: b\nsteps:\n  a: { end: x }\n  b: { end: y }\n"),
    (
        "E205",
        (6, 5),
        "params: { n: { type: integer } }\nsteps:\n  a:\n    set: { n: 1 }\n    then: a\n",
    ),
    ("E205", (5, 5), "steps:\n  a:\n    delay: 0s\n    then: a\n"),
    ("W206", (5, 5), "steps:\n  a:\n    delay: 5m\n    then: a\n"),
    (
        "E207",
        (10, 5),
        ("steps:\n  a:\n    check:\n      - if: visits > 1\n        then: c\n      - else: b\n"
        "  b:\n    delay: 5m\n  c:\n    end: x\n"),
    ),
    (
        "W208",
        (7, 15),
        ("steps:\n  a:\n    check:\n      - if: visits > 1\n        then: b\n      - else: b\n"
        "  b:\n    end: x\n"),
    ),
    (
        "W306",
        (6, 13),
        "steps:\n  a:\n    check:\n      - if: 1 > 2\n        then: end\n      - else: end\n",
    ),
    ("E401", (5, 5), "steps:\n  a:\n    leave_queue:\n    then: end\n"),
    ("E401", (5, 5), "steps:\n  a:\n    wait: 5m\n    then: end\n"),
    (
        "E402",
        (13, 5),
        ("steps:\n  a:\n    check:\n      - if: visits > 1\n        then: in\n      - else: b\n"
        f"{THEN_B}  b:\n    leave_queue:\n    then: end\n"),
    ),
    (
        "E403",
        (8, 5),
        f"steps:\n{IN_FOR_A_WHILE}  b:\n    queue: sales\n    then: {{ rejected: end }}\n",
    ),
    (
        "E404",
        (8, 5),
        f"steps:\n{IN}  b:\n    leave_queue:\n    then: end\nwhen: {{ accepted: b }}\n",
    ),
    ("W702", (6, 5), "lifetime: 1h\nsteps:\n  a:\n    delay: 2h\n  b:\n    end: x\n"),
    (
        "W703",
        (5, 5),
        ("steps:\n  a:\n    delay: 5s\n  b:\n    check:\n      - if: visits > 3\n"
        "        then: end\n"
        "      - else: a\n"),
    ),
    ("W705", (3, 8), "title: &t x\nsteps: { a: { end: } }\n"),
    ("W706", (4, 1), "title: &t x\n# extask: allow W705\nsteps: { a: { end: } }\n"),
    ("W707", (3, 1), "# extask: allow W705 not so\nsteps: { a: { end: } }\n"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "place", "text"), FLOWS)
def test_a_wrong_way_is_told_in_its_place(code: str, place: tuple[int, int], text: str) -> None:
    found = check(HEAD + text, "broken.yaml")
    assert [(each.code, each.line, each.column) for each in found] == [(code, *place)]
