"""What a sketch says of a definition: its steps with their kinds, its parameters, its targets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from extask.definition.draft import NO_KIND
from extask.definition.finding import Spot
from extask.definition.headings import PARAM_TYPES
from extask.definition.kinds import KINDS, Kind
from extask.definition.plan import Param, ParamType
from extask.editor.sketch import ENTRY, Item, Path, sketch


@dataclass(frozen=True, slots=True)
class Defined:
    """One step or parameter: where its name is, and the last line before the next."""

    name: str
    at: Spot
    last_line: int
    kind: str = ""


class Outline:
    """A definition as far as it can be made out."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.items: list[Item] = sketch(text)

    @cached_property
    def steps(self) -> dict[str, Defined]:
        """Give the steps by name."""
        return self._defined("steps")

    @cached_property
    def params(self) -> dict[str, Defined]:
        """Give the parameters by name; their kind is their type."""
        return self._defined("params")

    def kind(self, step: str) -> Kind:
        """Give the kind of a step, as far as it is known."""
        found = self.steps.get(step)
        return KINDS.get(found.kind, NO_KIND) if found else NO_KIND

    def choices(self, param: str) -> tuple[str, ...]:
        """Give the values of a choice."""
        path = ("params", param, "values", ENTRY)
        return tuple(item.value for item in self.items if item.path == path)

    def typed_params(self) -> dict[str, Param]:
        """Give the parameters with their types, for expressions; one without is a text."""
        types: dict[str, ParamType] = {name: name for name in PARAM_TYPES}
        return {
            name: Param(name=name, type=types.get(each.kind, "text"), default="")
            for name, each in self.params.items()
        }

    def written(self, path: Path) -> set[str]:
        """Give the names that stand in the map of a path already."""
        depth = len(path)
        return {
            item.path[depth]
            for item in self.items
            if len(item.path) == depth + 1 and item.path[:depth] == path
        }

    def targets(self) -> Iterator[Item]:
        """Give every place where a step is named as the way on."""
        return (item for item in self.items if item.at.line and self.is_target(item.path))

    def is_target(self, path: Path) -> bool:
        """Tell whether the value at a path is the name of a step."""
        match path:
            case ("start",) | ("when", _) | ("steps", _, "then") | ("steps", _, "then", _):
                return True
            case ("steps", step, _, "-", "then" | "else"):
                return self.kind(step).cases
        return False

    def at(self, line: int, column: int) -> Item | None:
        """Give what stands at a position: a name, or a value."""
        for item in self.items:
            for spot in (item.key, item.at):
                if spot and spot.line == line and spot.column <= column <= spot.end_column:
                    return item
        return None

    def _defined(self, section: str) -> dict[str, Defined]:
        names = [(item.path, item.key) for item in self.items if item.path[:-1] == (section,)]
        ends = self._ends(section)
        found: dict[str, Defined] = {}
        for path, key in names:
            if key:
                last = next((line - 1 for line in ends if line > key.line), self._lines)
                defined = Defined(path[-1], key, max(last, key.line), self._kind(path))
                found.setdefault(defined.name, defined)
        return found

    def _ends(self, section: str) -> list[int]:
        """Give the lines where something new begins: a key of the file, or of the section."""
        return sorted(
            item.key.line
            for item in self.items
            if item.key
            and (len(item.path) == 1 or (item.path[0] == section and len(item.path) == 2))  # noqa: PLR2004 - the same
        )

    @property
    def _lines(self) -> int:
        return max(1, len(self.text.splitlines()))

    def _kind(self, path: Path) -> str:
        if path[0] == "params":
            kinds = (item.value for item in self.items if item.path == (*path, "type"))
        else:
            inside = (item.path[-1] for item in self.items if item.path[:-1] == path)
            kinds = (key for key in inside if key in KINDS)
        return next(kinds, "")
