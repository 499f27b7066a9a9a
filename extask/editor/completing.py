"""What may be typed at a place: names of the language, of the file and of the tenant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from extask.definition import meanings
from extask.definition.catalogue import Catalogue
from extask.definition.expressions import names_for
from extask.definition.headings import HANDLERS, KEYS, LANGUAGE, PARAM_KEYS, PARAM_TYPES
from extask.definition.kinds import DISTRIBUTIONS, KINDS, STEP_KEYS, Type
from extask.definition.plan import END
from extask.editor.outline import Outline
from extask.editor.sketch import Cursor, cursor
from extask.messages import PRIORITIES

What = Literal["key", "kind", "property", "outcome", "step", "value", "name", "function"]
_WORD = re.compile(r"[A-Za-z0-9_.@-]*$")
_DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*$|$")
_QUOTED = re.compile(
    r"(?P<name>(?:params|task)\.[a-z][a-z0-9_]*)\s*(?:[!=]=\s*|in\s*\[[^\]]*)['\"](?P<typed>[^'\"]*)$"
)
_FUNCTIONS = {
    "duration": "A length of time in hours, minutes and seconds: duration('1h30m').",
    "timestamp": "A moment: timestamp('2026-03-01T12:00:00Z').",
    "size": "How many entries a list, or characters a text, has.",
    "string": "A value as text.",
    "int": "A value as whole number.",
    "double": "A value as number with a point.",
}
_DURATIONS = ("30s", "5m", "1h", "1d")
_SECTIONS: dict[str, str] = {
    "service": "services",
    "calendar": "calendars",
    "agents": "agents",
    "names": "agents",
    "flow": "flows",
    "event": "events",
    "url": "urls",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing that may be typed; it replaces the last `replaces` characters."""

    text: str
    what: What
    about: str = ""
    replaces: int = 0
    insert: str = ""
    """What is put in, where that is more than the text."""


def suggest(text: str, line: int, column: int, catalogue: Catalogue) -> list[Suggestion]:
    """Say what may be typed at a position (from 1)."""
    where = cursor(text, line, column)
    return _Completing(Outline(text), catalogue, where).suggestions()


class _Completing:
    def __init__(self, outline: Outline, catalogue: Catalogue, where: Cursor) -> None:
        self.outline = outline
        self.catalogue = catalogue
        self.where = where

    def suggestions(self) -> list[Suggestion]:
        expression = self._expression()
        if expression is not None:
            return expression
        if self.where.role == "value" and self.where.typed.endswith((" ", "\t")):
            return []
        return self._keys() if self.where.role == "key" else self._values(self.where.path)

    # --- names before a colon ------------------------------------------------------------------

    def _keys(self) -> list[Suggestion]:
        path = self.where.path
        match path:
            case ():
                return self._names(KEYS, meanings.KEYS, "key")
            case ("params", _):
                return self._names(PARAM_KEYS, meanings.PARAM_KEYS, "key")
            case ("when",):
                return self._names(HANDLERS, meanings.EVENTS, "key")
            case ("steps", step):
                return self._beside(step)
            case ("steps", step, "then"):
                return self._names(self.outline.kind(step).outcomes, meanings.OUTCOMES, "outcome")
            case ("steps", _, "save"):
                return self._parameters()
            case ("steps", step, kind):
                return self._inside(step, kind)
            case ("steps", _, _, "skills"):
                return self._names(self.catalogue.names("skills") or (), {}, "name")
            case ("steps", _, _, "save"):
                return self._parameters()
            case ("steps", step, _, "-") if self.outline.kind(step).cases:
                return self._names(meanings.CASE_KEYS, meanings.CASE_KEYS, "key", seen=False)
            case (*_, "-"):
                return self._values(path)
        return []

    def _beside(self, step: str) -> list[Suggestion]:
        kind = self.outline.kind(step)
        keys = [key for key in STEP_KEYS if key != "save" or (kind.cases and kind.looks)]
        told = self._names(keys, meanings.STEP_KEYS, "key")
        if kind.known:
            return told
        kinds = {name: each.summary for name, each in KINDS.items() if each.known}
        return self._names(kinds, kinds, "kind") + told

    def _inside(self, step: str, name: str) -> list[Suggestion]:
        kind = KINDS.get(name)
        if kind is None:
            return []
        if kind.sets:
            return self._parameters()
        words = {prop: meanings.of_property(name, prop) for prop in kind.properties}
        return self._names(words, words, "property")

    def _parameters(self) -> list[Suggestion]:
        return self._names(self.outline.params, {}, "name")

    def _names(
        self, names: Iterable[str], words: Mapping[str, str], what: What, *, seen: bool = True
    ) -> list[Suggestion]:
        written = self.outline.written(self.where.path) if seen else set()
        typed = _WORD.search(self.where.typed)
        length = len(typed[0]) if typed else 0
        there = self.where.typed if self.where.typed in written else ""
        return [
            Suggestion(name, what, words.get(name, ""), length, f"{name}: ")
            for name in names
            if name not in written or name == there
        ]

    # --- values --------------------------------------------------------------------------------

    def _values(self, path: tuple[str, ...]) -> list[Suggestion]:
        if self.outline.is_target(path):
            return self._plain([*self.outline.steps, END], "step")
        match path:
            case ("language",):
                return self._plain([LANGUAGE], "value")
            case ("params", _, "type"):
                return self._plain(PARAM_TYPES, "value", meanings.PARAM_TYPES)
            case ("params", _, "required"):
                return self._plain(("true", "false"), "value")
            case ("lifetime",):
                return self._plain(_DURATIONS, "value")
            case ("steps", _, name) if name in KINDS and KINDS[name].shorthand:
                kind = KINDS[name]
                return self._typed(kind.properties[kind.shorthand].type)
            case ("steps", _, name, prop, *_) if name in KINDS:
                found = KINDS[name].properties.get(prop)
                return self._typed(found.type) if found else []
        return []

    def _typed(self, kind: Type) -> list[Suggestion]:
        words: dict[str, tuple[str, ...]] = {
            "priority": PRIORITIES,
            "distribution": DISTRIBUTIONS,
            "boolean": ("true", "false"),
            "duration": _DURATIONS,
            "parameter": tuple(self.outline.params),
        }
        section = _SECTIONS.get(kind)
        known = self.catalogue.names(section) if section else words.get(kind)
        return self._plain(known or (), "name" if section else "value")

    def _plain(
        self, names: Iterable[str], what: What, words: Mapping[str, str] | None = None
    ) -> list[Suggestion]:
        length = len(self.where.typed)
        return [Suggestion(name, what, (words or {}).get(name, ""), length) for name in names]

    # --- expressions ---------------------------------------------------------------------------

    def _expression(self) -> list[Suggestion] | None:
        """Complete inside an expression; without one there is nothing to say here."""
        typed = self.where.typed
        opened = typed.rfind("${")
        inside = opened >= 0 and typed.find("}", opened) < 0
        if self.where.role != "value" or not (inside or self.where.path[-1:] == ("if",)):
            return None
        quoted = _QUOTED.search(typed)
        if quoted:
            values = self._choices(quoted["name"])
            return [Suggestion(each, "value", "", len(quoted["typed"])) for each in values]
        found = _DOTTED.search(typed)
        length = len(found[0]) if found else 0
        names = names_for(self.outline.typed_params(), looks=self._looks)
        return [Suggestion(name, "name", kind, length) for name, kind in names.items()] + [
            Suggestion(name, "function", about, length, f"{name}(")
            for name, about in _FUNCTIONS.items()
        ]

    @property
    def _looks(self) -> bool:
        match self.where.path:
            case ("steps", step, *_):
                return self.outline.kind(step).looks
        return False

    def _choices(self, name: str) -> tuple[str, ...]:
        if name == "task.priority":
            return PRIORITIES
        return self.outline.choices(name.removeprefix("params."))
