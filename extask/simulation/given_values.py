"""Reads what a test gives: the world that its run meets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, cast, get_args

from extask.definition import bodies, loader
from extask.definition.kinds import KINDS, Type
from extask.definition.loader import Node, Scalar, Sequence
from extask.definition.plan import Expression, Literally, Plan, Value
from extask.definition.reading import Reader, close
from extask.messages import Availability, Hours
from extask.simulation.fields import Fields, Read, without_none
from extask.simulation.given import OWN, UNKNOWN, Occurs, Reply, Seen, full

_STATUSES = (100, 599)
_DAYS: dict[str, Hours] = {
    "open": Hours(open=True),
    "closed": Hours(),
    "holiday": Hours(day="holiday"),
    "special": Hours(day="special"),
    UNKNOWN: Hours(known=False),
}


class GivenValues(Fields):
    """Reads the keys of `given` against a plan."""

    def __init__(self, reader: Reader, plan: Plan) -> None:
        super().__init__(reader)
        self.plan = plan
        self.of_given: dict[str, Read] = {
            "params": self.plan_params,
            "accepted_after": self._times,
            "completed_after": self._times,
            "completed_with": self._texts,
            "returned_after": self._times,
            "positions": self._positions,
            "calls": self._calls,
            "events": self._events,
            "sets": self._sets,
            "hours": self._calendars,
            "services": self._services,
            "reject": self._rejects,
            "aborted_at": self.time,
            "lifetime": self.time,
            "longest_life": self.time,
            "now": self.instant,
        }

    def plan_params(self, node: Node, path: str) -> dict[str, Any]:
        """Read parameters of the plan."""
        return self.params(node, self.plan, path)

    def by_name(self, node: Node, what: str, known: Iterable[str], path: str) -> dict[str, Node]:
        """Read a map whose keys are names that the plan has."""
        entries = self.entries(node, what, path, known)
        return {name: entry.value for name, entry in entries.items()}

    def calling(self) -> list[str]:
        """Name the steps that call."""
        return [step.name for step in self.plan.steps.values() if step.kind == "call"]

    def _times(self, node: Node, path: str) -> tuple[timedelta, ...]:
        nodes = node.items if isinstance(node, Sequence) else [node]
        return without_none(self.time(each, path) for each in nodes)

    def _texts(self, node: Node, path: str) -> tuple[str, ...]:
        nodes = node.items if isinstance(node, Sequence) else [node]
        return without_none(self.text(each, path) for each in nodes)

    def _positions(self, node: Node, path: str) -> tuple[Seen, ...]:
        items = self.items(node, "'positions' is a list", path)
        found = without_none(self._seen(item, path) for item in items)
        return tuple(sorted(found, key=lambda seen: seen.after))

    def _seen(self, node: Node, path: str) -> Seen | None:
        after, what = self._pair(node, "write [5m, 12]", path)
        if after is None or what is None:
            return None
        if isinstance(what, Scalar):
            return Seen(after, self.count(what, path) or 0)
        reads: dict[str, Read] = {
            "position": self.count,
            "queue_length": self.count,
            "agents_free": self.count,
            "estimated_wait": self.time,
        }
        return Seen(after, **self.block(what, "a position", path, reads))

    def _sets(self, node: Node, path: str) -> tuple[tuple[timedelta, dict[str, Any]], ...]:
        items = self.items(node, "'sets' is a list", path)
        pairs = [self._pair(item, "write [1h, { status: gather }]", path) for item in items]
        return tuple(
            (after, self.plan_params(what, path))
            for after, what in pairs
            if after is not None and what is not None
        )

    def _pair(self, node: Node, example: str, path: str) -> tuple[timedelta | None, Node | None]:
        """Read `[TIME, SOMETHING]`."""
        two = self.two(node, "a time and what is then belong here", example, path)
        return (self.time(two[0], path), two[1]) if two else (None, None)

    # --- the world outside ---------------------------------------------------------------------

    def _calls(self, node: Node, path: str) -> dict[str, tuple[Reply, ...]]:
        steps = self.by_name(node, "'calls'", self.calling(), path)
        return {name: self._replies(each, f"{path}.{name}") for name, each in steps.items()}

    def _replies(self, node: Node, path: str) -> tuple[Reply, ...]:
        nodes = node.items if isinstance(node, Sequence) else [node]
        reads: dict[str, Read] = {
            "status": self._status,
            "body": lambda node, _path: bodies.plain(node),
            "takes": self.time,
        }
        return tuple(Reply(**self.block(each, "a reply", path, reads)) for each in nodes)

    def _status(self, node: Node, path: str) -> int | None:
        least, most = _STATUSES
        return self.reader.integer(node, "a status", path, least=least, most=most)

    def _events(self, node: Node, path: str) -> tuple[Occurs, ...]:
        items = self.items(node, "'events' is a list", path)
        return without_none(self._event(item, path) for item in items)

    def _event(self, node: Node, path: str) -> Occurs | None:
        parts = node.items if isinstance(node, Sequence) else []
        if len(parts) not in (2, 3):
            message = "a time, an event and what it brings belong here"
            advice = "write [30m, approve] or [30m, approve, { by: anna }]"
            self.reader.findings.add("E105", node, message, help=advice, path=path)
            return None
        after, name = self.time(parts[0], path), self._awaited(parts[1], path)
        if after is None or name is None:
            return None
        return Occurs(after, name, bodies.plain(parts[2]) if parts[2:] else None)

    def _awaited(self, node: Node, path: str) -> str | None:
        """Read the name of an event that some step waits for."""
        known = self._written("event")
        scalar = self.reader.scalar(node, "an event", "write its name", path)
        return self._met(scalar, known, "no step waits for the event", path) if scalar else None

    def _met(self, word: Scalar, known: Iterable[str], nowhere: str, path: str) -> str | None:
        """Read a name that the run can meet."""
        if word.text in known:
            return word.text
        meant = close(word.text, known)
        advice = f"did you mean '{meant}'?" if meant else "delete it"
        message = f"{nowhere} '{word.text}'"
        self.reader.findings.add("E105", word, message, help=advice, path=path, fix=meant or None)
        return None

    def _rejects(self, node: Node, path: str) -> Mapping[str, tuple[tuple[timedelta, bool], ...]]:
        """Read which services are full: a list of them, or by each of them when it is."""
        known = (*self._written("service"), OWN)
        if isinstance(node, loader.Mapping):
            services = self.by_name(node, "'reject'", known, path)
            return {name: self._told(each, self._full, path) for name, each in services.items()}
        names = []
        for item in self.items(node, "a list of services belongs here", path):
            scalar = self.reader.scalar(item, "a service", "write its name", path)
            if scalar:
                names.append(self._met(scalar, known, "no step goes to the service", path))
        return full(*without_none(names))

    def _full(self, node: Node, path: str) -> bool | None:
        return self.reader.boolean(node, "full", path)

    def _calendars(self, node: Node, path: str) -> dict[str, tuple[tuple[timedelta, Hours], ...]]:
        entries = self.by_name(node, "'hours'", self._written("calendar"), path)
        return {name: self._told(each, self._hours, path) for name, each in entries.items()}

    def _services(
        self, node: Node, path: str
    ) -> dict[str, tuple[tuple[timedelta, Availability], ...]]:
        entries = self.by_name(node, "'services'", self._written("service"), path)
        return {name: self._told(each, self._available, path) for name, each in entries.items()}

    def _written(self, kind: Type) -> list[str]:
        """Name all that the plan writes in properties of a type, by itself or by a choice."""
        names = dict[str, None]()
        for step in self.plan.steps.values():
            properties = KINDS[step.kind].properties
            for name, value in step.properties.items():
                if name in properties and properties[name].type == kind:
                    names.update(dict.fromkeys(self._values(value)))
        return list(names)

    def _values(self, value: Value) -> Iterable[str]:
        if isinstance(value, Literally):
            return [value.value]
        source = cast("Expression", value).expression
        return self.plan.params[source.removeprefix("params.")].values

    def _told(self, node: Node, read: Read, path: str) -> tuple[tuple[timedelta, Any], ...]:
        """Read one thing for all time, or a list of when it begins and what it is then."""
        if not isinstance(node, Sequence):
            value = read(node, path)
            return () if value is None else ((timedelta(0), value),)
        told = []
        for item in node.items:
            after, what = self._pair(item, "write [8h, …]", path)
            value = None if what is None else read(what, path)
            if after is not None and value is not None:
                told.append((after, value))
        return tuple(sorted(told, key=lambda each: each[0]))

    def _hours(self, node: Node, path: str) -> Hours | None:
        if isinstance(node, loader.Mapping):
            reads: dict[str, Read] = {"day": self._day, "open": self._open}
            return Hours(**self.block(node, "hours", path, reads))
        word = self.reader.choice(node, "hours", path, _DAYS)
        return _DAYS[word] if word else None

    def _day(self, node: Node, path: str) -> str | None:
        return self.reader.choice(node, "day", path, ("regular", "holiday", "special"))

    def _open(self, node: Node, path: str) -> bool | None:
        return self.reader.boolean(node, "open", path)

    def _available(self, node: Node, path: str) -> str | None:
        return self.reader.choice(node, "a service", path, (*get_args(Availability), UNKNOWN))
