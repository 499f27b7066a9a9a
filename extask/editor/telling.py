"""What an editor shows of a place: what a word means, what a finding wants."""

from __future__ import annotations

from extask.definition import meanings
from extask.definition.codes import CODES
from extask.definition.finding import Finding
from extask.definition.kinds import KINDS
from extask.editor.navigating import named
from extask.editor.outline import Outline
from extask.editor.sketch import Path


def hover(outline: Outline, findings: list[Finding], line: int, column: int) -> str:
    """Tell what stands at a position (from 1), as Markdown; nothing where nothing is known."""
    told = [_finding(each) for each in findings if _covers(each, line, column)]
    item = outline.at(line, column)
    if item and item.key and item.key.line == line and column <= item.key.end_column:
        told.append(meaning(outline, item.path))
    else:
        found = named(outline, line, column)
        told.append(_name(outline, found.what, found.name) if found else "")
    return "\n\n".join(each for each in told if each)


def meaning(outline: Outline, path: Path) -> str:
    """Tell what the name at the end of a path means."""
    match path:
        case ("params", name):
            return _name(outline, "parameter", name)
        case ("steps", name):
            return _name(outline, "step", name)
        case ("steps", _, key) if key in KINDS:
            return kind(key)
    return meanings.keys_at(path[:-1]).get(path[-1], "")


def kind(name: str) -> str:
    """Tell a kind whole: what it does, its properties, its outcomes."""
    found = KINDS[name]
    told = [f"**{name}**: {found.summary}"]
    if found.properties:
        rows = [f"- `{prop}`: {meanings.of_property(name, prop)}" for prop in found.properties]
        told.append("\n".join(rows))
    if found.outcomes:
        rows = [f"- then `{each}`: {meanings.OUTCOMES[each]}" for each in found.outcomes]
        told.append("\n".join(rows))
    return "\n\n".join(told)


def _name(outline: Outline, what: str, name: str) -> str:
    places = outline.steps if what == "step" else outline.params
    found = places.get(name)
    if found is None:
        return ""
    return f"{what} **{name}**: {found.kind or '?'}, line {found.at.line}"


def _finding(finding: Finding) -> str:
    title = CODES[finding.code]
    return f"**{finding.code}** {title}: {finding.message}\n\nhelp: {finding.help}"


def _covers(finding: Finding, line: int, column: int) -> bool:
    return finding.line == line and finding.column <= column <= finding.end_column
