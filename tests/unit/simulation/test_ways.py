from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from extask.definition.compiler import compile_definition
from extask.definition.plan import Plan
from extask.simulation import Given, run_test_file, run_tests, simulate
from extask.simulation.coverage import Coverage, coverage_of, told
from extask.simulation.given import full
from extask.simulation.ways import Way, ways_of, ways_taken

MINUTE = timedelta(minutes=1)
WORKFLOW = """\
workflow: example
version: 1
lifetime: 2h
params: { n: { type: integer } }
steps:
  line_up:
    queue: { service: support, wait: 10m }
    then: { timeout: look, rejected: over, completed: after }
  look:
    check_position:
      - if: position / params.n > 3
        then: stay
      - else: over
  stay:
    wait: 5m
    then: hand_on
  hand_on:
    transfer: backup
  after:
    end: after
  beside:
    set: { n: 1 }
    then: end
  over:
    cancel: over
  late:
    end: late
when: { accepted: beside, expired: late, aborted: late, error: late }
"""


@pytest.fixture
def plan() -> Plan:
    compiled = compile_definition(WORKFLOW, "example.workflow.yaml")
    assert compiled.plan is not None, compiled.findings
    return compiled.plan


def words(ways: frozenset[Way]) -> set[str]:
    return {f"{way.step}.{way.outcome} {way.target}".rstrip() for way in ways}


def test_every_way_that_was_chosen_is_one_with_those_that_handlers_take(plan: Plan) -> None:
    assert [f"{way.step}.{way.outcome} {way.target}".rstrip() for way in ways_of(plan)] == [
        "line_up.completed after",
        "line_up.timeout look",
        "line_up.rejected over",
        "line_up.accepted beside",
        "look.case 1 stay",
        "look.else over",
        "stay.timeout hand_on",
        "stay.accepted beside",
        "hand_on.rejected late",
        "hand_on.transferred",
        "after.ended",
        "beside.done end",
        "over.cancelled",
        "late.ended",
        "when.expired late",
        "when.aborted late",
        "when.error late",
    ]


def test_a_timeout_that_cannot_come_is_no_way() -> None:
    text = "workflow: w\nversion: 1\nsteps:\n  q: { queue: s }\nwhen: { error: no }\n"
    waiting = compile_definition(text.replace("when", "  no: { end: }\nwhen"), "w.workflow.yaml")
    assert waiting.plan is not None
    assert [way.outcome for way in ways_of(waiting.plan)] == ["rejected", "ended", "error"]


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (Given(reject=full("support")), {"line_up.rejected over", "over.cancelled"}),
        (
            Given(),
            {"line_up.timeout look", "when.error late", "late.ended"},
        ),
        (
            Given(params={"n": 1}, reject=full("backup")),
            {"line_up.timeout look", "look.else over", "over.cancelled"},
        ),
        (
            Given(accepted_after=(MINUTE,), completed_after=(2 * MINUTE,)),
            {"line_up.accepted beside", "beside.done end", "line_up.completed after"}
            | {"after.ended"},
        ),
        (
            Given(accepted_after=(MINUTE,), returned_after=(2 * MINUTE,), reject=full("backup")),
            {"line_up.accepted beside", "beside.done end", "line_up.timeout look"}
            | {"look.else over", "over.cancelled"},
        ),
        (Given(lifetime=MINUTE), {"when.expired late", "late.ended"}),
        (Given(aborted_at=MINUTE), {"when.aborted late", "late.ended"}),
    ],
)
def test_a_run_takes_the_ways_that_its_records_tell(
    plan: Plan, given: Given, taken: set[str]
) -> None:
    assert words(ways_taken(ways_of(plan), simulate(plan, given).records)) == taken


def test_completion_beside_a_handler_leaves_the_step_that_acceptance_interrupted() -> None:
    text = WORKFLOW.replace("set: { n: 1 }\n    then: end", "delay: 5m\n    then: end")
    plan = compile_definition(text.replace("/ params.n", "/ 1"), "w.workflow.yaml").plan
    assert plan is not None
    given = Given(accepted_after=(MINUTE,), completed_after=(2 * MINUTE,))
    assert words(ways_taken(ways_of(plan), simulate(plan, given).records)) == {
        "line_up.accepted beside",
        "line_up.completed after",
        "after.ended",
    }


def test_a_way_on_that_was_cut_off_is_not_taken(plan: Plan) -> None:
    records = simulate(plan, Given(reject=full("support"))).records
    assert words(ways_taken(ways_of(plan), records[:2])) == set()


def test_coverage_is_a_share_that_is_whole_only_where_nothing_is_missing(plan: Plan) -> None:
    runs = [simulate(plan, given).records for given in (Given(), Given(reject=full("support")))]
    coverage = coverage_of(plan, runs)
    assert (len(coverage.taken), coverage.percent) == (5, 29.4)
    assert len(coverage.missing) == 12
    assert told(coverage)["transitions"][2] == {
        "step": "line_up",
        "outcome": "rejected",
        "target": "over",
        "taken": True,
    }
    assert Coverage(()).percent == 100
    assert Coverage(coverage.ways, frozenset(coverage.ways)).percent == 100


def test_what_no_test_takes_is_told_where_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "example.workflow.yaml"
    file.write_text(WORKFLOW)
    (result,) = run_tests([tmp_path])
    assert result.passed
    lines = WORKFLOW.splitlines()
    told = {
        found.message: lines[found.line - 1][found.column - 1 : found.end_column - 1]
        for found in result.warnings
    }
    assert told == {
        "in no test 'timeout' of 'line_up' leads to 'look'": "look",
        "in no test 'rejected' of 'line_up' leads to 'over'": "over",
        "in no test 'completed' of 'line_up' leads to 'after'": "after",
        "in no test 'accepted' of 'line_up' leads to 'beside'": "queue",
        "in no test 'case 1' of 'look' leads to 'stay'": "stay",
        "in no test 'else' of 'look' leads to 'over'": "over",
        "in no test 'timeout' of 'stay' leads to 'hand_on'": "hand_on",
        "in no test 'accepted' of 'stay' leads to 'beside'": "wait",
        "in no test 'rejected' of 'hand_on' leads to 'late'": "transfer",
        "in no test 'hand_on' ends the run": "transfer",
        "in no test 'after' ends the run": "end",
        "in no test 'done' of 'beside' leads to 'end'": "end",
        "in no test 'over' ends the run": "cancel",
        "in no test 'late' ends the run": "end",
        "in no test 'when: expired' leads to 'late'": "late",
        "in no test 'when: aborted' leads to 'late'": "late",
        "in no test 'when: error' leads to 'late'": "late",
    }
    assert {found.code for found in result.warnings} == {"W704"}


def test_a_comment_in_the_definition_allows_what_no_test_takes(tmp_path: Path) -> None:
    file = tmp_path / "example.workflow.yaml"
    file.write_text(f"# extask: allow W704 tried by hand\n{WORKFLOW}")
    result = run_test_file(file)
    assert result.warnings == ()
    assert result.coverage is not None
    assert result.coverage.percent == 0
