"""Findings as other programs take them: JSON lines, GitHub's workflow commands, SARIF 2.1.0."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from extask.addresses import encoded
from extask.definition.codes import CODES
from extask.definition.finding import Finding, Severity
from extask.definition.render import as_json, render_json

FORMATS = ("text", "json", "jsonl", "github", "sarif")
_GITHUB: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def render_as(form: str, findings: list[Finding]) -> str:
    """Write findings in one of the formats for programs."""
    return {"json": render_json, "jsonl": _jsonl, "github": _github, "sarif": _sarif}[form](
        findings
    )


def _jsonl(findings: Iterable[Finding]) -> str:
    return "\n".join(json.dumps(as_json(found), ensure_ascii=False) for found in findings)


def _github(findings: Iterable[Finding]) -> str:
    return "\n".join(map(_command, findings))


def _command(found: Finding) -> str:
    places = {
        "file": found.file,
        "line": found.line,
        "col": found.column,
        "endColumn": found.end_column,
        "title": found.code,
    }
    written = ",".join(f"{name}={_property(str(value))}" for name, value in places.items())
    words = _data(f"{found.message} (help: {found.help})")
    return f"::{_GITHUB[found.severity]} {written}::{words}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _sarif(findings: list[Finding]) -> str:
    rules = sorted({found.code for found in findings})
    driver = {
        "name": "extask",
        "rules": [
            {
                "id": code,
                "shortDescription": {"text": CODES[code]},
                "help": {"text": f"extask definition explain {code}"},
            }
            for code in rules
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(found, rules) for found in findings],
    }
    log = {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2)


def _result(found: Finding, rules: list[str]) -> dict[str, Any]:
    artifact = {"uri": encoded(found.file, keep="/")}
    region = {
        "startLine": found.line,
        "startColumn": found.column,
        "endColumn": found.end_column,
    }
    result: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": rules.index(found.code),
        "level": found.severity,
        "message": {"text": f"{found.message}; {found.help}"},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
    }
    if found.fix is not None:
        change = {"deletedRegion": region, "insertedContent": {"text": found.fix}}
        result["fixes"] = [
            {
                "description": {"text": found.help},
                "artifactChanges": [{"artifactLocation": artifact, "replacements": [change]}],
            }
        ]
    return result
