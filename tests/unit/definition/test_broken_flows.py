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


WAYS = {
    "coming by a, the task is in no queue at 'c'": (
        "steps:\n  a:\n    check: [{ if: visits > 1, then: in }, { else: c }]\n"
        f"{IN_FOR_A_WHILE.replace('rejected', 'timeout: c, rejected')}"
        "  c: { wait: 5m, then: end }\n"
    ),
    "coming by …, s2, s3, s4, s5, the task is in no queue at 'c'": (
        "steps:\n  a:\n    check: [{ if: visits > 1, then: in }, { else: s1 }]\n"
        + "".join(f"  s{n}: {{ delay: 1m, then: s{n + 1} }}\n" for n in range(1, 5))
        + "  s5: { delay: 1m, then: c }\n"
        f"{IN_FOR_A_WHILE.replace('rejected', 'timeout: c, rejected')}"
        "  c: { wait: 5m, then: end }\n"
    ),
    "at the start, the task is in no queue at 'c'": (
        f"start: c\nsteps:\n{IN_FOR_A_WHILE.replace('rejected', 'timeout: c, rejected')}"
        "  c: { wait: 5m, then: { timeout: in, completed: in } }\n"
    ),
    "after 'expired', the task is in no queue at 'c'": (
        f"steps:\n{IN_FOR_A_WHILE.replace('rejected', 'timeout: c, rejected')}"
        "  c: { wait: 5m, then: end }\nwhen: { expired: c }\n"
    ),
    "coming by in, the task may already be in a queue at 'c'": (
        f"steps:\n{IN_FOR_A_WHILE.replace('rejected', 'timeout: c, rejected')}"
        "  c: { queue: sales, then: { rejected: end } }\n"
    ),
}


@pytest.mark.parametrize(("message", "text"), WAYS.items(), ids=WAYS)
def test_the_way_is_named_on_which_a_step_cannot_work(message: str, text: str) -> None:
    assert message in [each.message for each in check(HEAD + text, "broken.yaml")]


def test_what_agents_do_is_no_time_in_a_loop() -> None:
    text = f"{HEAD}steps:\n{IN.replace('rejected', 'completed: in, rejected')}"
    [found] = check(text, "broken.yaml")
    assert (found.code, found.line) == ("E205", 5)
    assert found.help == "put a 'delay' before the task queues again: agents may take no time"


def test_a_parameter_that_a_step_writes_is_in_use() -> None:
    params = "params: { seen: { type: boolean }, told: { type: text } }\n"
    text = f"{HEAD}{params}steps:\n  a: {{ set: {{ seen: true }}, then: end }}\n"
    [found] = check(text, "broken.yaml")
    assert (found.code, found.path) == ("W701", "params.told")
