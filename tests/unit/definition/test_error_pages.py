"""Every code has its page, and the page's examples are what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from extask.definition.catalogue import read_catalogue
from extask.definition.checker import check
from extask.definition.codes import CODES
from extask.definition.render import render_all

PAGES = Path(__file__).parents[3] / "docs" / "errors"
SEVERITIES = {"E": "error", "W": "warning"}
FILE = "example.workflow.yaml"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def test_there_is_a_page_for_every_code_and_no_other() -> None:
    assert {page.stem for page in PAGES.glob("[EW]*.md")} == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_the_wrong_example_shows_just_this_finding_and_the_right_one_none(code: str) -> None:
    page = (PAGES / f"{code}.md").read_text()
    *told, wrong, right = blocks(page, "yaml")
    catalogue = read_catalogue(told[0], "extask.catalogue.yaml")[0] if told else None
    findings = check(wrong, FILE, catalogue)
    assert page.startswith(f"# {code}: {CODES[code]}\n")
    assert [found.code for found in findings] == [code]
    assert render_all(findings, wrong) + "\n" == blocks(page, "text")[0]
    assert all(found.severity == SEVERITIES[code[0]] for found in findings)
    assert check(right, FILE, catalogue) == []


def test_the_index_lists_every_code_with_its_title() -> None:
    index = (PAGES / "README.md").read_text()
    listed = re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| (.*) \|$", index, re.MULTILINE)
    assert dict(listed) == CODES
