"""What may be typed at a place: names of the language, of the file and of the tenant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from extask.definition import meanings
from extask.definition.catalogue import Catalogue
from extask.definition.draft import NO_KIND
from extask.definition.expressions import Knows, names_for
from extask.definition.headings import LANGUAGE, PARAM_TYPES
from extask.definition.kinds import DISTRIBUTIONS, KINDS, METHODS, STEP_KEYS, Property, Type
from extask.definition.plan import END
from extask.editor.outline import Outline
from extask.editor.sketch import ENTRY, Cursor, Path, cursor
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
            case ("steps", step):
                return self._beside(step)
            case ("steps", step, "then"):
                outcomes = self.outline.kind(step).outcomes
                return self._names(outcomes, meanings.OUTCOMES, "outcome")
            case ("steps", _, "save" | "set") | ("steps", _, _, "save"):
                return self._names(self.outline.params, {}, "name")
            case ("steps", _, _, "skills"):
                return self._names(self.catalogue.names("skills") or (), {}, "name")
        words = meanings.keys_at(path)
        values = self._values(path) if path[-1:] == (ENTRY,) else []
        what: What = "property" if path[:1] == ("steps",) else "key"
        return [*values, *self._names(words, words, what)]

    def _beside(self, step: str) -> list[Suggestion]:
        kind = self.outline.kind(step)
        kinds = {} if kind is not NO_KIND else {name: each.summary for name, each in KINDS.items()}
        keys = [key for key in STEP_KEYS if key != "save" or (kind.cases and kind.knows)]
        return [
            *self._names(kinds, kinds, "kind"),
            *self._names(keys, meanings.STEP_KEYS, "key"),
        ]

    def _names(
        self, names: Iterable[str], words: Mapping[str, str], what: What
    ) -> list[Suggestion]:
        among = self.where.path[-1:] == (ENTRY,)
        written = set() if among else self.outline.written(self.where.path)
        typed = _WORD.search(self.where.typed)
        length = len(typed[0]) if typed else 0
        there = self.where.typed if self.where.typed in written else ""
        return [
            Suggestion(name, what, words.get(name, ""), length, f"{name}: ")
            for name in names
            if name not in written or name == there
        ]

    # --- values --------------------------------------------------------------------------------

    def _values(self, path: Path) -> list[Suggestion]:
        if self.outline.is_target(path):
            return self._plain([*self.outline.steps, END], "step")
        match path:
            case ("language",):
                return self._plain([LANGUAGE], "value")
            case ("lifetime",):
                return self._typed("duration")
            case ("params", _, "type"):
                return self._plain(PARAM_TYPES, "value", meanings.PARAM_TYPES)
            case ("params", _, "required"):
                return self._typed("boolean")
        prop = self._property(path)
        return self._typed(prop.type) if prop else []

    def _property(self, path: Path) -> Property | None:
        """Find the property whose value stands at a path, be it the one written short."""
        match path:
            case ("steps", _, kind) if kind in KINDS:
                return KINDS[kind].properties.get(KINDS[kind].shorthand)
            case ("steps", _, kind, prop, *_) if kind in KINDS:
                return KINDS[kind].properties.get(prop)
        return None

    def _typed(self, kind: Type) -> list[Suggestion]:
        words: dict[str, tuple[str, ...]] = {
            "priority": PRIORITIES,
            "distribution": DISTRIBUTIONS,
            "boolean": ("true", "false"),
            "duration": _DURATIONS,
            "method": METHODS,
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
        word = found[0] if found else ""
        space = word[: word.rfind(".") + 1]
        names = names_for(self.outline.typed_params(), self._knows)
        return [
            *(Suggestion(n, "name", k, len(word)) for n, k in names.items() if n.startswith(space)),
            *(
                Suggestion(name, "function", about, len(word), f"{name}(")
                for name, about in _FUNCTIONS.items()
                if not space
            ),
        ]

    @property
    def _knows(self) -> Knows:
        match self.where.path:
            case ("steps", step, "save", *_) | ("steps", step, _, "save", *_):
                return self.outline.kind(step).knows
            case ("steps", step, _, "-", "if"):
                return self.outline.kind(step).knows
        return ""

    def _choices(self, name: str) -> tuple[str, ...]:
        if name == "task.priority":
            return PRIORITIES
        return self.outline.choices(name.removeprefix("params."))
