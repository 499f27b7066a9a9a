"""Goes from names to what they name: steps and parameters, everywhere in a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from extask.definition.draft import NAME
from extask.definition.finding import Spot
from extask.definition.plan import END
from extask.editor.outline import Defined, Outline
from extask.errors import Misconfigured

_PARAM = re.compile(r"\bparams\.([a-z][a-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Named:
    """A step or parameter that a position names, and the place of that name."""

    what: Literal["step", "parameter"]
    name: str
    at: Spot


def named(outline: Outline, line: int, column: int) -> Named | None:
    """Tell which step or parameter is named at a position (from 1)."""
    item = outline.at(line, column)
    if item and item.key and _holds(item.key, line, column):
        match item.path:
            case ("steps", name):
                return Named("step", name, item.key)
            case ("params", name):
                return Named("parameter", name, item.key)
        return None
    if item and outline.is_target(item.path):
        return Named("step", item.value, item.at)
    return next((each for each in _params(outline, line) if _holds(each.at, line, column)), None)


def definition(outline: Outline, line: int, column: int) -> Defined | None:
    """Find the step or parameter that a position names."""
    found = named(outline, line, column)
    if found is None:
        return None
    return (outline.steps if found.what == "step" else outline.params).get(found.name)


def references(outline: Outline, line: int, column: int) -> list[Spot]:
    """Find every place that names the same step or parameter, its own place first."""
    found = named(outline, line, column)
    if found is None:
        return []
    if found.what == "step":
        own = outline.steps.get(found.name)
        places = [each.at for each in outline.targets() if each.value == found.name]
    else:
        own = outline.params.get(found.name)
        lines = range(1, len(outline.text.splitlines()) + 1)
        spots = [each for number in lines for each in _params(outline, number)]
        places = [each.at for each in spots if each.name == found.name]
    return [own.at, *places] if own else places


def rename(outline: Outline, line: int, column: int, new: str) -> list[Spot]:
    """Find every place where a step's name must be written anew.

    Raises:
        Misconfigured: there is no step's name at the position, or the new one cannot be one.
    """
    found = named(outline, line, column)
    if found is None or found.what != "step" or found.name not in outline.steps:
        raise Misconfigured("put the cursor on the name of a step")
    if not re.fullmatch(NAME, new) or new == END:
        raise Misconfigured(
            f"'{new}' is no name: use small letters, digits and '_', a letter first"
        )
    if new in outline.steps and new != found.name:
        raise Misconfigured(f"there is a step '{new}' already")
    return references(outline, line, column)


def _params(outline: Outline, line: int) -> list[Named]:
    lines = outline.text.splitlines()
    text = lines[line - 1] if line <= len(lines) else ""
    return [
        Named("parameter", each[1], Spot(line, each.start(1) + 1, each.end(1) + 1))
        for each in _PARAM.finditer(text)
    ]


def _holds(spot: Spot, line: int, column: int) -> bool:
    return spot.line == line and spot.column <= column <= spot.end_column
