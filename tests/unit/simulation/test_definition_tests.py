from __future__ import annotations

from pathlib import Path

import pytest

from extask.definition.compiler import compile_definition
from extask.definition.plan import Plan
from extask.simulation import FileResult, run_test_file, run_test_text, run_tests

DEFINITIONS = Path(__file__).parents[3] / "definitions"
WORKFLOW = """
workflow: example
version: 1
lifetime: 2h
params:
  who: { type: text, required: true }
  count: { type: integer }
  share: { type: number }
  sure: { type: boolean }
  long: { type: duration }
  since: { type: time }
  kind: { type: choice, values: [small, large] }
  names: { type: list }
steps:
  line_up:
    queue: { wait: 10m }
    then: { timeout: look, rejected: no }
  look:
    check_position:
      - if: params.sure
        then: stay
      - else: again
  stay:
    wait: 5m
    then: look
  again:
    reprioritize: { by: 1 }
    then: stay
  no:
    cancel: "${params.who} has to wait"
"""
GIVEN_EVERYTHING = """
workflow: example
tests:
  - name: everything
    given:
      params:
        { who: anna, count: 3, share: 0.5, sure: true, long: 5m,
          since: 2026-01-01T00:00:00Z, kind: large, names: [x, y] }
      accepted_after: [30m, 50m]
      returned_after: 40m
      completed_after: 60m
      positions:
        - [20m, 3]
        - [10m, { position: 2, queue_length: 9, agents_free: 1, estimated_wait: 1m }]
      sets: [[15m, { sure: false }]]
      reject: { own: [[1h, true]] }
      aborted_at: 3h
      lifetime: 4h
      now: 2026-03-01T12:00:00+01:00
    expect:
      ends: handled
      path:
        [line_up, look, stay, look, again, stay, look, again, stay, look, again, stay,
         stay, look, again, stay]
      visits: { look: 5, no: 0 }
      never: [no]
      within: 1h
      priority: highest
      params: { who: anna, sure: false, long: 5m, names: [x, y] }
"""


@pytest.fixture
def plan() -> Plan:
    compiled = compile_definition(WORKFLOW, "example.workflow.yaml")
    assert compiled.plan is not None, compiled.findings
    return compiled.plan


def run(plan: Plan, given: str = "{}", expect: str = "{}") -> FileResult:
    text = f"""
workflow: {plan.workflow}
tests:
  - name: one
    given: {given}
    expect: {expect}
"""
    return run_test_text(text, f"{plan.workflow}.test.yaml", plan)


def faults(result: FileResult) -> list[tuple[str, int, int]]:
    return [(found.code, found.line, found.column) for found in result.findings]


@pytest.mark.parametrize(
    "result", run_tests([DEFINITIONS]), ids=lambda result: Path(result.file).name
)
def test_every_shipped_test_passes(result: FileResult) -> None:
    assert result.findings == ()
    assert result.results
    for test in result.results:
        assert test.passed, (test.name, test.differences)


def test_everything_that_can_be_given_and_expected(plan: Plan) -> None:
    result = run_test_text(GIVEN_EVERYTHING, "example.test.yaml", plan)
    assert result.findings == ()
    (test,) = result.results
    assert test.differences == ()
    assert (test.name, test.line, test.passed) == ("everything", 4, True)
    assert test.simulated.trace[0].at.isoformat() == "2026-03-01T11:00:00+00:00"
    assert result.passed


RETRY = """
workflow: retry
version: 1
steps:
  line_up:
    queue: support
    then: { rejected: pause }
  pause:
    delay: 20m
    then: line_up
"""


@pytest.mark.parametrize(
    ("reject", "visits"),
    [
        ("[support]", 4),
        ("{ support: true }", 4),
        ("{ support: [[0s, true], [30m, false]] }", 3),
        ("{ support: [[10m, true]] }", 1),
    ],
)
def test_a_service_may_be_full_for_a_while(reject: str, visits: int) -> None:
    plan = compile_definition(RETRY, "retry.workflow.yaml").plan
    assert plan is not None
    given = f"{{ lifetime: 70m, reject: {reject} }}"
    result = run(plan, given, f"{{ visits: {{ line_up: {visits} }} }}")
    assert result.findings == ()
    assert result.passed, result.results[0].differences


def test_a_value_that_cannot_be_read_is_told_once(plan: Plan) -> None:
    result = run(plan, "{ params: { who: [a], count: many } }")
    assert [(found.code, found.column) for found in result.findings] == [
        ("E105", 29),
        ("E105", 41),
    ]


@pytest.mark.parametrize(
    ("given", "expect", "difference"),
    [
        ("{}", "{ ends: handled }", ("ends", "handled", "cancelled: lifetime over")),
        (
            "{ accepted_after: 1m }",
            "{ ends: handled }",
            ("ends", "handled", "never: waits for an agent at line_up"),
        ),
        ("{ reject: [own] }", "{ path: [no] }", ("path", "no", "line_up, no")),
        ("{ reject: [own] }", "{ visits: { no: 2 } }", ("visits of no", "2", "1")),
        ("{ reject: [own] }", "{ never: [no] }", ("never no", "not entered", "entered")),
        ("{}", "{ within: 1h }", ("within", "1h", "2h")),
        ("{ accepted_after: 1m }", "{ within: 1h }", ("within", "1h", "never")),
        ("{ reject: [own] }", "{ priority: high }", ("priority", "high", "normal")),
        ("{ reject: [own] }", "{ params: { count: 1 } }", ("params.count", "1", "0")),
        ("{ aborted_at: 1m }", "{ ends: x }", ("ends", "x", "cancelled: by supervisor")),
    ],
)
def test_what_came_out_otherwise_is_told(
    plan: Plan, given: str, expect: str, difference: tuple[str, str, str]
) -> None:
    params = "params: { who: anna }"
    inner = given.strip("{} ")
    result = run(plan, f"{{ {params}, {inner} }}" if inner else f"{{ {params} }}", expect)
    assert result.findings == ()
    (found,) = result.results[0].differences
    assert (found.what, found.expected, found.got) == difference
    assert not result.passed


@pytest.mark.parametrize(
    ("given", "code", "column"),
    [
        ("{ params: { who: a }, whatever: 1 }", "E104", 34),
        ("{ params: { whom: a, who: a } }", "E104", 24),
        ("{ params: { who: a, count: many } }", "E105", 39),
        ("{ params: { who: a, kind: huge } }", "E105", 38),
        ("{ params: { who: a, names: x } }", "E105", 39),
        ("{ params: { who: a, share: x } }", "E105", 39),
        ("{ params: { who: a }, accepted_after: [1m, soon] }", "E108", 55),
        ("{ params: { who: a }, positions: 5 }", "E105", 45),
        ("{ params: { who: a }, positions: [5] }", "E105", 46),
        ("{ params: { who: a }, positions: [[5m]] }", "E105", 46),
        ("{ params: { who: a }, positions: [[5m, x]] }", "E105", 51),
        ("{ params: { who: a }, positions: [[5m, { place: 1 }]] }", "E104", 53),
        ("{ params: { who: a }, positions: [[x, 5]] }", "E108", 47),
        ("{ params: { who: a }, sets: [[5m]] }", "E105", 41),
        ("{ params: { who: a }, now: today }", "E105", 39),
        ("{ params: { who: a }, now: }", "E105", 39),
        ("{ params: { who: a }, reject: own }", "E105", 42),
        ("{ params: { who: a }, reject: [onw] }", "E105", 43),
        ("{ params: { who: a }, reject: [[own]] }", "E105", 43),
        ("{ params: { who: a }, reject: { onw: true } }", "E104", 44),
        ("{ params: { who: a }, reject: { own: soon } }", "E105", 49),
        ("{ params: { } }", "E106", 5),
        ("5", "E105", 12),
    ],
)
def test_a_fault_in_what_is_given_has_its_place(
    plan: Plan, given: str, code: str, column: int
) -> None:
    result = run(plan, given)
    line = 4 if code == "E106" else 5
    assert (code, line, column) in faults(result)
    assert result.results == ()
    assert not result.passed
    assert all(found.help for found in result.findings)


@pytest.mark.parametrize(
    ("expect", "code", "column"),
    [
        ("{ end: handled }", "E104", 15),
        ("{ path: [lineup] }", "E201", 22),
        ("{ path: [xxxxxx] }", "E201", 22),
        ("{ path: [[x]] }", "E105", 22),
        ("{ never: no }", "E105", 22),
        ("{ visits: { lok: 1 } }", "E104", 25),
        ("{ visits: { look: x } }", "E105", 31),
        ("{ priority: urgent }", "E105", 25),
        ("{ within: soon }", "E108", 23),
        ("{ ends: }", "E105", 21),
    ],
)
def test_a_fault_in_what_is_expected_has_its_place(
    plan: Plan, expect: str, code: str, column: int
) -> None:
    result = run(plan, "{ params: { who: a } }", expect)
    assert (code, 6, column) in faults(result)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("tests: [", "E101"),
        ("tests: []", "E106"),
        ("workflow: example", "E106"),
        ("workflow: other\ntests: []", "E105"),
        ("workflow: example\ntests: 5", "E105"),
        ("workflow: example\ntests: [5]", "E105"),
        ("workflow: example\ntests:\n  - given: { params: { who: a } }", "E106"),
        ("[]", "E105"),
    ],
)
def test_a_fault_of_the_file_is_found(plan: Plan, text: str, code: str) -> None:
    result = run_test_text(text, "example.test.yaml", plan)
    assert code in [found.code for found in result.findings]
    assert result.text == text


def test_a_file_is_run_against_the_definition_beside_it(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "example.workflow.yaml").write_text(WORKFLOW)
    tests = tmp_path / "deep" / "example.test.yaml"
    tests.write_text(GIVEN_EVERYTHING)
    (result,) = run_tests([tmp_path, tests])
    assert result.passed
    assert run_test_file(tests.with_name("example.workflow.yaml")).passed


def test_a_definition_with_errors_is_told_instead(tmp_path: Path) -> None:
    (tmp_path / "example.workflow.yaml").write_text("workflow: example")
    tests = tmp_path / "example.test.yaml"
    tests.write_text(GIVEN_EVERYTHING)
    result = run_test_file(tests)
    assert result.file.endswith("example.workflow.yaml")
    assert result.findings


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    alone = tmp_path / "example.test.yaml"
    assert run_test_file(alone).findings[0].message.startswith("there is no example.workflow.yaml")
    (tmp_path / "example.workflow.yaml").write_text(WORKFLOW)
    assert run_test_file(alone).findings[0].message == "there is no such file"
