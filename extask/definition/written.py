"""Reads what is written at a property or parameter into a plan's value, by its type."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

from extask.definition.calling import Calls
from extask.definition.durations import format_duration
from extask.definition.fitting import LONGEST_LIST, read_time, to_plain
from extask.definition.kinds import DISTRIBUTIONS, Type
from extask.definition.loader import Mapping, Node, Scalar
from extask.definition.plan import Listed, Literally, Mapped, Param, ParamType, Value
from extask.definition.templates import Where
from extask.messages import PRIORITIES

LARGEST = 10**18 - 1
MOST_PREFERRED = 10
_WRITTEN_OUT: tuple[Type | ParamType, ...] = (
    "skills",
    "parameter",
    "event",
    "flow",
    "method",
    "statuses",
)
"""What is never one expression as a whole."""


class Written(Calls):
    """Reads values of one file."""

    def value(
        self, node: Node, kind: Type | ParamType, where: Where, choices: tuple[str, ...] = ()
    ) -> Value | None:
        """Read a value of a type; without one there is a finding."""
        if isinstance(node, Scalar) and "${" in node.text and kind not in _WRITTEN_OUT:
            return self._with_expressions(node, kind, where)
        if kind == "choice":
            word = self.reader.choice(node, where.what, where.path, choices)
            return None if word is None else Literally(value=word)
        return self._READS[kind](self, node, where)

    def default(self, node: Node, param: Param, where: Where) -> Value | None:
        """Read a parameter's default, which has no expressions."""
        if isinstance(node, Scalar) and "${" in node.text.replace("$${", ""):
            advice = "write the value itself, and change it with a 'set' step"
            self.fault(node, f"{where.what} cannot be an expression", advice, where)
            return None
        return self.value(node, param.type, where, param.values)

    # --- literals ------------------------------------------------------------------------------

    def _text(self, node: Node, where: Where) -> Value | None:
        if isinstance(node, Scalar):
            return Literally(value=self.reader.text(node, where.what, where.path))
        self.reader.text(node, where.what, where.path)
        return None

    def _service(self, node: Node, where: Where) -> Value | None:
        return _literally(self.reader.name(node, where.what, where.path))

    def _priority(self, node: Node, where: Where) -> Value | None:
        return _literally(self.reader.choice(node, where.what, where.path, PRIORITIES))

    def _distribution(self, node: Node, where: Where) -> Value | None:
        return _literally(self.reader.choice(node, where.what, where.path, DISTRIBUTIONS))

    def _duration(self, node: Node, where: Where) -> Value | None:
        length = self.reader.duration(node, where.what, where.path)
        least, most = (timedelta(seconds=end or 0) for end in (where.least, where.most))
        if length is None or where.most is None or least <= length <= most:
            return _literally(length)
        message = f"{where.what}: {format_duration(length)} does not fit here"
        advice = f"write a duration from {format_duration(least)} to {format_duration(most)}"
        self.fault(node, message, advice, where)
        return None

    def _boolean(self, node: Node, where: Where) -> Value | None:
        return _literally(self.reader.boolean(node, where.what, where.path))

    def _number(self, node: Node, where: Where) -> Value | None:
        return _literally(self.reader.number(node, where.what, where.path))

    def _integer(self, node: Node, where: Where) -> Value | None:
        least = -LARGEST if where.least is None else where.least
        most = LARGEST if where.most is None else where.most
        return _literally(self.reader.integer(node, where.what, where.path, least=least, most=most))

    def _level(self, node: Node, where: Where) -> Value | None:
        return _literally(self.reader.integer(node, where.what, where.path, least=1, most=6))

    def _time(self, node: Node, where: Where) -> Value | None:
        example = "write date, time and offset: 2026-03-01T12:00:00+01:00"
        scalar = self.reader.scalar(node, where.what, example, where.path)
        if scalar is None:
            return None
        try:
            return Literally(value=to_plain(read_time(scalar.text)))
        except (ValueError, OverflowError):
            message = f"{where.what}: this is not a time with its offset"
            self.fault(scalar, message, example, where)
            return None

    def _texts(self, node: Node, where: Where) -> Value | None:
        items = self.items(node, where, LONGEST_LIST)
        if items is None:
            return None
        texts = [self.reader.text(item, where.what, where.path) for item in items]
        return Literally(value=texts)

    def _names(self, node: Node, where: Where) -> Value | None:
        return self._listed(node, where, LONGEST_LIST, self._one_name)

    def _agents(self, node: Node, where: Where) -> Value | None:
        return self._listed(node, where, MOST_PREFERRED, self._one_agent)

    def _listed(
        self,
        node: Node,
        where: Where,
        most: int,
        one: Callable[[Node, Where], Value | None],
    ) -> Value | None:
        items = self.items(node, where, most)
        if items is None:
            return None
        values = [one(item, where) for item in items]
        return Listed(items=tuple(value for value in values if value is not None))

    def _one_name(self, node: Node, where: Where) -> Value | None:
        if isinstance(node, Scalar) and "${" in node.text:
            return self.value(node, "names", where)
        scalar = self.reader.scalar(node, where.what, "write a name", where.path)
        if scalar is None:
            return None
        return Literally(value=self.reader.text(scalar, where.what, where.path))

    def _one_agent(self, node: Node, where: Where) -> Value | None:
        if not isinstance(node, Mapping):
            return self._one_name(node, where)
        entries: dict[str, Value | None] = {}
        for name, entry in node.entries.items():
            if name == "agent":
                entries[name] = self._one_name(entry.value, where)
            elif name == "priority":
                entries[name] = self._one_priority(entry.value, where)
            else:
                owner = "a preferred agent has no"
                self.reader.unknown(entry.key, owner, ("agent", "priority"), where.path)
        if "agent" not in entries and entries.keys() == node.entries.keys():
            advice = "write { agent: NAME, priority: 1 }"
            self.reader.missing(node, "a preferred agent needs 'agent'", advice, where.path)
        return _mapped(entries)

    def _one_priority(self, node: Node, where: Where) -> Value | None:
        if isinstance(node, Scalar) and "${" in node.text:
            return self.value(node, "integer", where)
        what = f"{where.what}: the priority of an agent"
        return _literally(self.reader.integer(node, what, where.path, least=1, most=99))

    def _skills(self, node: Node, where: Where) -> Value | None:
        skills = self.reader.mapping(node, where.what, "write { NAME: LEVEL }", where.path)
        if skills is None:
            return None
        if len(skills.entries) > LONGEST_LIST:
            message = f"{where.what}: {len(skills.entries)} entries are too many"
            self.fault(node, message, f"write at most {LONGEST_LIST}", where)
        return _mapped({n: self._skill(e.value, where) for n, e in skills.entries.items()})

    def _skill(self, node: Node, where: Where) -> Value | None:
        if isinstance(node, Scalar) and "${" in node.text:
            return self.value(node, "integer", where)
        what = f"{where.what}: the level"
        return _literally(self.reader.integer(node, what, where.path, least=1, most=1000))

    _READS: ClassVar[dict[Type | ParamType, Callable[[Written, Node, Where], Value | None]]] = {
        "text": _text,
        "service": _service,
        "calendar": _service,
        "priority": _priority,
        "distribution": _distribution,
        "duration": _duration,
        "time": _time,
        "boolean": _boolean,
        "integer": _integer,
        "level": _level,
        "number": _number,
        "list": _texts,
        "names": _names,
        "agents": _agents,
        "skills": _skills,
        **Calls.READS,
    }


def _literally(value: object) -> Value | None:
    return None if value is None else Literally(value=to_plain(value))


def _mapped(entries: dict[str, Value | None]) -> Value:
    return Mapped(entries={name: value for name, value in entries.items() if value is not None})
