"""Writes results of tests of definitions as JUnit XML, as continuous integration reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from extask.definition.render import render_all
from extask.simulation.definition_test import FileResult, TestResult

_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(files: Sequence[FileResult]) -> bytes:
    """Write one suite a file, with its transition coverage in percent as a property."""
    root = ET.Element("testsuites", {"name": "extask definition test", **_counts(files)})
    for file in files:
        root.append(_suite(file))
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _counts(files: Iterable[FileResult]) -> dict[str, str]:
    results = [result for file in files for result in file.results]
    broken = sum(bool(file.findings) for file in files)
    return {
        "tests": str(len(results) + broken),
        "failures": str(sum(not result.passed for result in results)),
        "errors": str(broken),
    }


def _suite(file: FileResult) -> ET.Element:
    suite = ET.Element("testsuite", {"name": _clean(file.file), **_counts([file])})
    if file.coverage is not None:
        properties = ET.SubElement(suite, "properties")
        value = str(file.coverage.percent)
        ET.SubElement(properties, "property", name="transition coverage", value=value)
    for result in file.results:
        suite.append(_case(file, result))
    if file.findings:
        case = ET.SubElement(suite, "testcase", name="can be read", classname=_clean(file.file))
        error = ET.SubElement(case, "error", message=_clean(file.findings[0].message))
        error.text = _clean(render_all(file.findings, file.text))
    return suite


def _case(file: FileResult, result: TestResult) -> ET.Element:
    case = ET.Element("testcase", name=_clean(result.name), classname=_clean(file.file))
    case.set("line", str(result.line))
    if not result.passed:
        told = [f"{it.what}: expected {it.expected}, got {it.got}" for it in result.differences]
        failure = ET.SubElement(case, "failure", message=_clean(told[0]))
        failure.text = _clean("\n".join(told))
    return case


def _clean(text: str) -> str:
    """Replace what XML cannot say."""
    return _UNWRITABLE.sub("\ufffd", text)
