"""Every code has its page, and the page's examples are what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from extask.definition.catalogue import FILE_NAME, read_catalogue
from extask.definition.checker import check
from extask.definition.codes import CODES
from extask.definition.compiler import compile_definition
from extask.definition.finding import Finding
from extask.definition.render import render_all
from extask.definition.versioning import Published, compare
from extask.simulation import run_test_file

PAGES = Path(__file__).parents[3] / "docs" / "errors"
SEVERITIES = {"E": "error", "W": "warning"}
FILE = "example.workflow.yaml"
OF_TESTS = ("W704",)
"""Codes that are told of a definition and its tests together."""


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def judged(source: str, beside: list[str]) -> list[Finding]:
    """Check an example against the catalogue or the published versions that its page shows."""
    if beside and not beside[0].startswith("workflow:"):
        [names] = beside
        return check(source, FILE, read_catalogue(names, FILE_NAME)[0])
    plans = [plan for each in beside if (plan := compile_definition(each, FILE).plan)]
    known = Published({plan.version: plan.digest for plan in plans}, next(iter(plans), None))
    return compare(compile_definition(source, FILE), FILE, known).findings


def test_there_is_a_page_for_every_code_and_no_other() -> None:
    assert {page.stem for page in PAGES.glob("[EW]*.md")} == set(CODES)


@pytest.mark.parametrize("code", sorted(set(CODES) - set(OF_TESTS)))
def test_the_wrong_example_shows_just_this_finding_and_the_right_one_none(code: str) -> None:
    page = (PAGES / f"{code}.md").read_text()
    *beside, wrong, right = blocks(page, "yaml")
    refused = judged(wrong, beside)
    assert page.startswith(f"# {code}: {CODES[code]}\n")
    assert [found.code for found in refused] == [code]
    assert [found.severity for found in refused] == [SEVERITIES[code[0]]]
    assert render_all(refused, wrong) + "\n" == blocks(page, "text")[0]
    assert judged(right, beside) == []


@pytest.mark.parametrize("code", OF_TESTS)
def test_the_wrong_tests_show_just_this_finding_and_the_right_ones_none(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (PAGES / f"{code}.md").read_text()
    definition, wrong, right = blocks(page, "yaml")
    monkeypatch.chdir(tmp_path)
    Path(FILE).write_text(definition)
    tests = Path(FILE.replace("workflow", "test"))
    tests.write_text(wrong)
    told = run_test_file(tests)
    assert page.startswith(f"# {code}: {CODES[code]}\n")
    assert told.passed
    assert [found.code for found in told.warnings] == [code]
    assert render_all(told.warnings, definition) + "\n" == blocks(page, "text")[0]
    tests.write_text(right)
    assert run_test_file(tests).passed
    assert run_test_file(tests).warnings == ()


def test_the_index_lists_every_code_with_its_title() -> None:
    index = (PAGES / "README.md").read_text()
    listed = re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| (.*) \|$", index, re.MULTILINE)
    assert dict(listed) == CODES
