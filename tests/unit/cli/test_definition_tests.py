from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from extask.cli import definition_tests
from extask.simulation.suggesting import Suggestions
from tests.support.command_line import Extask

GREET = """\
workflow: greet
version: 1
steps:
  line_up:
    queue: { wait: 5m }
    then: { rejected: full }
  late:
    end: too late
  full:
    cancel: full
"""
TESTS = """\
workflow: greet
tests:
  - name: nobody comes
    given: {}
    expect: { ends: too late, path: [line_up, late] }
"""
FULL = """\
  - name: no room
    given: { reject: [own] }
    expect: { ends: "cancelled: full" }
"""
NEVER = """\
  never:
    check:
      - if: visits > 1
        then: late
      - else: full
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    files = tmp_path / "definitions"
    files.mkdir()
    (files / "greet.workflow.yaml").write_text(GREET)
    (files / "greet.test.yaml").write_text(TESTS)
    return files


def test_tests_run_in_virtual_time_and_tell_what_they_cover(extask: Extask, files: Path) -> None:
    ended = extask("definition", "test")

    workflow = "definitions/greet.workflow.yaml"
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "ok   definitions/greet.test.yaml: nobody comes",
        f"{workflow}:6:23: warning: in no test 'rejected' of 'line_up' leads to 'full' [W704]",
        f"{workflow}:10:5: warning: in no test 'full' ends the run [W704]",
        "definitions/greet.test.yaml: 2 of 4 transitions, 50.0 %",
        "1 passed, 0 failed",
    ]
    [told] = extask("definition", "test", str(files), "--json").json
    assert told["passed"]
    assert told["tests"][0]["path"] == ["line_up", "late"]
    assert [found["code"] for found in told["findings"]] == ["W704", "W704"]
    assert told["coverage"]["percent"] == 50
    assert told["coverage"]["transitions"][0] == {
        "step": "line_up",
        "outcome": "timeout",
        "target": "late",
        "taken": True,
    }


def test_too_little_coverage_fails(extask: Extask, files: Path) -> None:
    ended = extask("definition", "test", "--min-coverage", "50.1")
    assert ended.code == 1
    assert ended.err == "50.0 % of the transitions, 50.1 % are asked\n"
    assert ended.out.splitlines()[-1] == "1 passed, 0 failed"
    assert extask("definition", "test", "--min-coverage", "50").code == 0

    (files / "greet.test.yaml").write_text(TESTS + FULL)
    assert extask("definition", "test", "--min-coverage", "100").code == 0


def test_a_definition_without_tests_counts_as_not_covered(extask: Extask, files: Path) -> None:
    (files / "greet.test.yaml").write_text(TESTS + FULL)
    (files / "other.workflow.yaml").write_text(GREET.replace("greet", "other"))

    ended = extask("definition", "test", "--min-coverage", "100")

    assert ended.code == 1
    assert ended.out.splitlines()[-3:] == [
        "definitions/other.test.yaml: 0 of 4 transitions, 0.0 %",
        "in all: 4 of 8 transitions, 50.0 %",
        "2 passed, 0 failed",
    ]


def test_a_failing_test_says_what_differed(extask: Extask, files: Path) -> None:
    tests = files / "greet.test.yaml"
    tests.write_text(TESTS.replace("ends: too late", "ends: handled"))

    ended = extask("definition", "test", str(tests))

    assert ended.code == 1
    assert ended.out.splitlines()[:2] == [
        f"FAIL {tests}:3: nobody comes",
        "     ends: expected handled, got too late",
    ]
    assert ended.out.splitlines()[-1] == "0 passed, 1 failed"
    told = extask("definition", "test", str(tests), "--json")
    assert told.err == "0 passed, 1 failed\n"
    assert told.json[0]["tests"][0]["differences"] == [
        {"what": "ends", "expected": "handled", "got": "too late"}
    ]


def test_a_failing_test_says_which_step_failed_and_why(extask: Extask, files: Path) -> None:
    (files / "greet.workflow.yaml").write_text(
        "workflow: greet\nversion: 1\nsteps:\n"
        "  a: { delay: \"${duration('1m') - task.age - duration('2m')}\" }\n  b: { end: }\n"
    )
    (files / "greet.test.yaml").write_text(
        "workflow: greet\ntests:\n  - name: it waits\n    expect: { ends: done }\n"
    )

    said = extask("definition", "test").out.splitlines()

    assert said[0] == "FAIL definitions/greet.test.yaml:3: it waits"
    assert said[2].startswith("     after 0s a step failed: a: ")


def test_tests_of_a_broken_definition_do_not_run(extask: Extask, files: Path) -> None:
    (files / "greet.workflow.yaml").write_text(GREET.replace("queue: {", "queue: { priorty: high,"))

    ended = extask("definition", "test")

    assert ended.code == 1
    assert "[E104]" in ended.out
    assert ended.out.splitlines()[-1] == "0 passed, 1 failed"
    assert extask("definition", "test", "--json").json[0]["coverage"] is None


def test_continuous_integration_gets_what_it_reads(extask: Extask, files: Path) -> None:
    failing = FULL.replace("no room", "no <room> \N{LATIN SMALL LETTER U WITH DIAERESIS}")
    (files / "greet.test.yaml").write_text(TESTS + failing.replace("cancelled: full", "handled"))
    (files / "wrong.workflow.yaml").write_text("workflow: wrong\n")
    (files / "wrong.test.yaml").write_text("")

    assert extask("definition", "test", "--junit", "results.xml").code == 1

    root = ET.parse("results.xml").getroot()  # noqa: S314 - we have just written it
    assert root.tag == "testsuites"
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "1", "1")
    greet, wrong = root.findall("testsuite")
    assert greet.get("name") == "definitions/greet.test.yaml"
    [coverage] = greet.findall("properties/property")
    assert (coverage.get("name"), coverage.get("value")) == ("transition coverage", "100.0")
    passed, failed = greet.findall("testcase")
    assert (passed.get("name"), list(passed)) == ("nobody comes", [])
    assert failed.get("name") == "no <room> \N{LATIN SMALL LETTER U WITH DIAERESIS}"
    [failure] = failed
    assert failure.get("message") == "ends: expected handled, got cancelled: full"
    [error] = wrong.findall("testcase/error")
    assert "[E106]" in str(error.text)
    assert wrong.find("properties") is None


def test_what_no_test_takes_is_suggested(extask: Extask, files: Path) -> None:
    told = extask("definition", "test", "--suggest")
    head, _, suggested = told.out.partition("\n# to the end of definitions/greet.test.yaml:\n")
    assert "50.0 %" in head
    assert suggested.startswith("  - name: line_up rejected then full\n")

    (files / "greet.test.yaml").write_text(TESTS + suggested.rpartition("\n\n")[0] + "\n")
    again = extask("definition", "test", "--suggest", "--min-coverage", "100")
    assert again.code == 0
    assert "# to the end" not in again.out


def test_a_file_of_tests_is_suggested_where_there_is_none(extask: Extask, files: Path) -> None:
    (files / "greet.test.yaml").unlink()
    [told] = extask("definition", "test", "--suggest", "--json").json
    suggestions = told["suggestions"]
    assert suggestions["tests"].startswith("workflow: greet\ntests:\n  - name: ")
    assert (suggestions["unreached"], suggestions["met_bound"]) == ([], False)


def test_what_nothing_leads_to_is_named(extask: Extask, files: Path) -> None:
    (files / "greet.workflow.yaml").write_text(
        GREET.replace("rejected", "completed: never, rejected") + NEVER
    )
    (files / "greet.test.yaml").unlink()
    [told] = extask("definition", "test", "--suggest", "--json").json
    (files / "greet.test.yaml").write_text(told["suggestions"]["tests"])

    told = extask("definition", "test", "--suggest")

    assert "# to the end" not in told.out
    assert "no test was found in which 'case 1' of 'never'" in told.out
    assert "states that were told apart leads there" in told.out


def test_a_search_that_was_stopped_says_so() -> None:
    stopped = Suggestions((), (), 5_000, met_bound=True)
    assert definition_tests._searched(stopped) == "the search was stopped after 5000 states"
