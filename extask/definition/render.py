"""Shows findings to people and to programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from extask.definition.finding import Finding


def render(finding: Finding, text: str | bytes) -> str:
    """Show one finding with its line, a caret below the place, and what to type."""
    head = f"{finding.file}:{finding.line}:{finding.column}"
    shown = [f"{head}: {finding.severity}: {finding.message} [{finding.code}]"]
    line = _line(text, finding.line)
    if line:
        margin = " " * len(str(finding.line))
        lead = "".join("\t" if sign == "\t" else " " for sign in line[: finding.column - 1])
        width = max(1, min(finding.end_column, len(line) + 1) - finding.column)
        shown += [
            f"{margin} |",
            f"{finding.line} | {line}",
            f"{margin} | {lead}^{'~' * (width - 1)}",
        ]
    else:
        margin = ""
    return "\n".join([*shown, f"{margin} = help: {finding.help}"])


def render_all(findings: Iterable[Finding], text: str | bytes) -> str:
    """Show findings one below the other, an empty line between."""
    return "\n\n".join(render(finding, text) for finding in findings)


def as_json(finding: Finding) -> dict[str, Any]:
    """Give a finding as the API and `--format json` answer it."""
    return asdict(finding)


def render_json(findings: Iterable[Finding]) -> str:
    """Write findings as one JSON array."""
    return json.dumps([as_json(finding) for finding in findings], ensure_ascii=False, indent=2)


def _line(text: str | bytes, number: int) -> str:
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    lines = decoded.removeprefix("\ufeff").splitlines()
    return lines[number - 1] if number <= len(lines) else ""
