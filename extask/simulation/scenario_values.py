"""Reads the values of a scenario: shares, rates, laws, policies, shifts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar, get_args

from extask.definition import loader
from extask.definition.loader import Node, Scalar
from extask.messages import Algorithm, PolicyLevel
from extask.simulation.fields import Fields, Read, last, without_none
from extask.simulation.laws import (
    SECOND,
    Arrivals,
    AsKnown,
    Exponential,
    Fixed,
    Known,
    Law,
    Lognormal,
    Poisson,
    Rate,
    Regular,
)
from extask.simulation.scenario import Target

_T = TypeVar("_T")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)%")
_RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)/([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LAWS = "write 5m, { exponential: 5m }, { lognormal: 5m, deviation: 3m } or data"
_ARRIVALS = "write { poisson: 96/h }, { regular: 96/h } or data"
_RATES = "write a rate such as 96/h, 2/m, or rates by time: { 0s: 60/h, 2h: 120/h }"
_HIGHEST_SKILL = 100
_ALL = 100


class Values(Fields):
    """Reads what services, streams and groups are made of."""

    def named(
        self, node: Node, what: str, path: str, read: Callable[[str, Node], _T | None]
    ) -> dict[str, _T]:
        """Read a map of names of the author's own."""
        mapping = self.reader.mapping(node, what, "write 'name: { … }' below", path)
        found = {}
        for entry in mapping.entries.values() if mapping else ():
            name = self.reader.name(entry.key, "the name", path)
            value = read(entry.key.text, entry.value)
            if name is not None and value is not None:
                found[name] = value
        return found

    def fault(self, at: Node, message: str, advice: str, path: str) -> None:
        """Note that something is not as it must be."""
        self.reader.findings.add("E105", at, message, help=advice, path=path)

    def flag(self, node: Node, path: str) -> bool | None:
        """Read true or false."""
        return self.reader.boolean(node, last(path), path)

    def length(self, node: Node, path: str) -> timedelta | None:
        """Read how long something lasts."""
        return self.reader.duration(node, last(path), path)

    def some_time(self, node: Node, path: str) -> timedelta | None:
        """Read how long something lasts that takes time."""
        length = self.length(node, path)
        if length == timedelta(0):
            self.fault(node, f"{last(path)} takes time", "write more than 0s", path)
            return None
        return length

    def skills(self, node: Node, path: str) -> dict[str, int]:
        """Read levels of skills."""
        return self.named(
            node, "'skills'", path, lambda name, value: self._skill(name, value, path)
        )

    def _skill(self, name: str, node: Node, path: str) -> int | None:
        return self.reader.integer(node, f"level of '{name}'", path, least=0, most=_HIGHEST_SKILL)

    def names(self, node: Node, path: str) -> tuple[str, ...]:
        """Read a list of names."""
        items = self.items(node, f"{last(path)} is a list of names", path)
        return without_none(self.reader.name(item, "a name", path) for item in items)

    def target(self, node: Node, path: str) -> Target | None:
        """Read what a service is to reach."""
        found = self.whole(node, "a target", path, {"share": self._share, "within": self.length})
        return Target(**found) if found else None

    def whole(
        self,
        node: Node,
        what: str,
        path: str,
        needed: Mapping[str, Read],
        more: Mapping[str, Read] | None = None,
    ) -> dict[str, Any] | None:
        """Read a map of which some keys may not be left out; nothing if one of these is faulty."""
        found = self.block(node, what, path, {**needed, **(more or {})})
        entries = node.entries if isinstance(node, loader.Mapping) else needed
        for key in needed:
            if key not in entries:
                self.reader.missing(node, f"{what} has no '{key}'", f"write '{key}: …'", path)
        return found if found.keys() >= needed.keys() else None

    def _share(self, node: Node, path: str) -> float | None:
        example = "write a share such as 80%"
        scalar = self.reader.scalar(node, "share", example, path)
        written = _SHARE.fullmatch(scalar.text) if scalar else None
        if written and 0 < float(written[1]) <= _ALL:
            return float(written[1]) / _ALL
        if scalar:
            self.fault(
                scalar, f"'{scalar.text}' is no share above 0% and up to 100%", example, path
            )
        return None

    def policy(self, node: Node, path: str) -> tuple[PolicyLevel, ...]:
        """Read the levels of a policy; each begins later than the one above."""
        reads: dict[str, Read] = {
            "after": self.length,
            "skills": self.skills,
            "responsibility": self._name,
            "algorithm": lambda node, path: self.reader.choice(
                node, "algorithm", path, get_args(Algorithm)
            ),
        }
        levels: list[PolicyLevel] = []
        for number, item in enumerate(self.items(node, "a policy is a list of levels", path)):
            level = PolicyLevel(**self.block(item, "a level", f"{path}[{number}]", reads))
            if levels and level.after <= levels[-1].after:
                advice = "write the levels in the order in which they begin"
                self.fault(item, "this level begins before the one above has begun", advice, path)
            levels.append(level)
        return tuple(levels)

    def _name(self, node: Node, path: str) -> str | None:
        return self.reader.name(node, last(path), path)

    def law(self, node: Node, path: str) -> Law | None:
        """Read how long something takes."""
        if isinstance(node, Scalar) and not node.empty:
            if node.text == "data":
                return Known()
            length = self.length(node, path)
            return None if length is None else Fixed(length)
        entries = node.entries if isinstance(node, loader.Mapping) else {}
        if "exponential" in entries:
            found = self.whole(node, "a law", path, {"exponential": self.some_time})
            return Exponential(found["exponential"]) if found else None
        if "lognormal" in entries:
            reads: dict[str, Read] = {"lognormal": self.some_time, "deviation": self.length}
            found = self.whole(node, "a law", path, reads)
            return Lognormal(found["lognormal"], found["deviation"]) if found else None
        self.fault(node, f"{last(path)} is a duration or a law", _LAWS, path)
        return None

    def arrivals(self, node: Node, path: str) -> Arrivals | None:
        """Read when tasks come."""
        if isinstance(node, Scalar) and node.text == "data":
            return AsKnown()
        entries = node.entries if isinstance(node, loader.Mapping) else {}
        for key, law in (("poisson", Poisson), ("regular", Regular)):
            if key in entries:
                found = self.whole(node, "arrivals", path, {key: self._rate})
                return law(found[key]) if found else None
        self.fault(node, "arrivals are a law or data", _ARRIVALS, path)
        return None

    def _rate(self, node: Node, path: str) -> Rate | None:
        if not isinstance(node, loader.Mapping):
            rate = self._one_rate(node, path)
            return None if rate is None else Rate(((0.0, rate),))
        steps = []
        for entry in node.entries.values():
            begin, rate = self.length(entry.key, path), self._one_rate(entry.value, path)
            if begin is None or rate is None:
                return None
            steps.append((begin / SECOND, rate))
        return Rate(tuple(sorted(steps)))

    def _one_rate(self, node: Node, path: str) -> float | None:
        scalar = self.reader.scalar(node, "rate", _RATES, path)
        written = _RATE.fullmatch(scalar.text) if scalar else None
        if scalar and not written:
            self.fault(scalar, f"'{scalar.text}' is no rate", _RATES, path)
        return float(written[1]) / _UNITS[written[2]] if written else None

    def shifts(self, node: Node, path: str) -> tuple[tuple[timedelta, timedelta], ...]:
        """Read shifts, each from when to when, counted from the beginning."""
        items = self.items(node, "'shifts' is a list of shifts", path)
        return without_none(self._shift(item, path) for item in items)

    def _shift(self, node: Node, path: str) -> tuple[timedelta, timedelta] | None:
        example = "write [0s, 4h]: from when to when, counted from the beginning"
        two = self.two(node, "a shift has a begin and an end", example, path)
        begin, end = (self.time(each, path) for each in two) if two else (None, None)
        if begin is None or end is None:
            return None
        if end <= begin:
            self.fault(node, "this shift ends before it has begun", example, path)
            return None
        return begin, end
