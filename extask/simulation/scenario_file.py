"""Reads a scenario and the files it names: workflows, and real tasks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from extask.definition import loader
from extask.definition.compiler import compile_definition
from extask.definition.finding import Finding, Findings
from extask.definition.loader import Node, Scalar
from extask.definition.plan import Literally, Plan
from extask.definition.reading import Reader
from extask.messages import Place, ServiceConfig
from extask.simulation import task_rows
from extask.simulation.fields import Read
from extask.simulation.given import NOW
from extask.simulation.laws import AsKnown, Known, TaskRow
from extask.simulation.scenario import AT_ONCE, Group, Scenario, SimulatedService, Stream
from extask.simulation.scenario_values import Values

MOST_AGENTS = 10_000
MOST_TASKS = 2_000_000
LONGEST = timedelta(days=366)
_YEARS = range(1970, 3000)
_OFFER = (timedelta(seconds=5), timedelta(seconds=30))
_SIMULTANEOUS = "agents_handle_simultaneous_external_tasks"
_NUMBER = "simultaneous_non_blocking_external_tasks"


@dataclass(frozen=True, slots=True)
class Faulty:
    """A file with faults; `text` is what they point into, empty where that would not help."""

    file: str
    text: str
    findings: tuple[Finding, ...]


def read_scenario(file: Path) -> tuple[Scenario | None, tuple[Faulty, ...]]:
    """Read a scenario; without one at least one file has a fault.

    Raises:
        OSError: the file itself cannot be read.
    """
    data = _read(file, loader.LARGEST)
    findings = Findings(str(file))
    document = loader.read(data, findings)
    if document is None:
        text = data.decode("utf-8", "replace")
        return None, (Faulty(str(file), text, tuple(findings.ordered())),)
    reading = _Reading(Reader(findings, document.text.splitlines()), file.parent)
    scenario = reading.read(document.root)
    faulty = reading.faulty
    if findings.errors:
        faulty = (Faulty(str(file), document.text, tuple(findings.ordered())), *faulty)
    return (None if faulty else scenario), faulty


class _Reading(Values):
    """Reads one scenario, and what lies beside it."""

    def __init__(self, reader: Reader, folder: Path) -> None:
        super().__init__(reader)
        self.faulty: tuple[Faulty, ...] = ()
        self._folder = folder
        self._services: dict[str, SimulatedService] = {}
        self._known: tuple[str, ...] | None = None

    def read(self, root: Node) -> Scenario | None:
        """Read the whole file; services first, for the others name them."""
        reads: dict[str, Read] = {
            "forecast": self.text,
            "length": self.some_time,
            "services": self._read_services,
            "tasks": self._read_streams,
            "agents": self._read_groups,
        }
        more: dict[str, Read] = {"begin": self._begin, "warmup": self.length}
        found = self.whole(root, "a scenario", "", reads, more)
        if found is None:
            return None
        streams: tuple[Stream, ...] = found["tasks"]
        scenario = Scenario(
            title=found["forecast"],
            length=found["length"],
            services=found["services"],
            streams=streams,
            groups=found["agents"],
            begin=found.get("begin") or _first(streams),
            warmup=found.get("warmup", timedelta(0)),
        )
        self._check(scenario, root)
        return scenario

    def _begin(self, node: Node, path: str) -> datetime | None:
        begin = self.instant(node, path)
        if begin is not None and begin.year not in _YEARS:
            self.fault(node, "this is too far away", "write a year of this age", path)
            return None
        return begin

    def _check(self, scenario: Scenario, root: Node) -> None:
        """Note what is too much, or does not fit together."""
        agents = sum(group.count for group in scenario.groups)
        tasks = sum(it.expected(scenario.begin, scenario.length) for it in scenario.streams)
        if scenario.length > LONGEST:
            self.fault(root, "the length is more than a year", "write at most 366d", "length")
        elif scenario.warmup >= scenario.length:
            advice = "write a warm-up that is shorter than the length"
            self.fault(root, "nothing is left after the warm-up", advice, "warmup")
        if agents > MOST_AGENTS:
            self.fault(root, f"{agents:,} agents", f"write at most {MOST_AGENTS:,}", "agents")
        if tasks > MOST_TASKS:
            advice = f"at most {MOST_TASKS:,} are possible: write a shorter length or lower rates"
            self.fault(root, f"about {tasks:,.0f} tasks would come", advice, "tasks")

    def _read_services(self, node: Node, path: str) -> dict[str, SimulatedService]:
        if isinstance(node, loader.Mapping):
            self._known = tuple(node.entries)
        self._services = self.named(node, "'services'", path, self._service)
        return self._services

    def _service(self, name: str, node: Node) -> SimulatedService:
        path = f"services.{name}"
        if isinstance(node, Scalar) and node.empty:
            return SimulatedService(ServiceConfig(name=name))
        reads: dict[str, Read] = {"target": self.target, "workflow": self._workflow}
        found = self.block(node, "a service", path, {**reads, **self._settings()})
        given = {key: found.pop(key, None) for key in reads}
        found["simultaneous"] = found.pop(_SIMULTANEOUS, False)
        if found["simultaneous"] and found.get("acw"):
            advice = f"delete 'acw' or '{_SIMULTANEOUS}'"
            self.fault(node, "simultaneous tasks have no wrap-up", advice, path)
        return SimulatedService(
            ServiceConfig(name=name, **found), given["target"], given["workflow"]
        )

    def _settings(self) -> dict[str, Read]:
        lengths = ("acw", "rona_for", "decline_cooldown", "prefer_for")
        flags = ("rona_flag", "keep_place", _SIMULTANEOUS)
        return {
            **dict.fromkeys(lengths, self.length),
            **dict.fromkeys(flags, self.flag),
            "rona_timeout": self._rona_timeout,
            "priority": self.priority,
            "max_waiting": self._most_waiting,
            "distribution": lambda node, path: self.reader.choice(
                node, "distribution", path, ("direct", "broadcast")
            ),
            "policy": self.policy,
        }

    def _rona_timeout(self, node: Node, path: str) -> timedelta | None:
        length = self.length(node, path)
        if length is not None and not _OFFER[0] <= length <= _OFFER[1]:
            self.fault(node, "an offer stands for 5 to 30 seconds", "write 20s", path)
            return None
        return length

    def _most_waiting(self, node: Node, path: str) -> int | None:
        return self.reader.integer(node, "max_waiting", path, least=1, most=1_000_000)

    def _workflow(self, node: Node, path: str) -> Plan | None:
        name = self.text(node, path)
        data = self._beside(node, name, path, loader.LARGEST)
        if name is None or data is None:
            return None
        file, text = str(self._folder / name), data.decode("utf-8", "surrogateescape")
        compiled = compile_definition(text, file)
        if compiled.plan is None:
            self.faulty += (Faulty(file, text, tuple(compiled.findings)),)
        else:
            self._check_services(compiled.plan, node, path)
        return compiled.plan

    def _check_services(self, plan: Plan, at: Node, path: str) -> None:
        """Note services that a workflow uses and the scenario does not have."""
        named = (step.properties.get("service") for step in plan.steps.values())
        used = dict.fromkeys(it.value for it in named if isinstance(it, Literally))
        for service in used:
            if service not in (self._known or ()):
                advice = "describe the service here too: its name is enough"
                self.fault(at, f"the workflow uses the service '{service}'", advice, path)

    def _beside(self, node: Node, name: str | None, path: str, largest: int) -> bytes | None:
        """Read a file that the scenario names, seen from where it lies itself."""
        if name is None:
            return None
        try:
            return _read(self._folder / name, largest)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            advice = "write the way to the file, from the folder of this one"
            self.fault(node, f"cannot read '{name}': {why}", advice, path)
            return None

    def _read_streams(self, node: Node, path: str) -> tuple[Stream, ...]:
        return tuple(self.named(node, "'tasks'", path, self._stream).values())

    def _stream(self, name: str, node: Node) -> Stream | None:
        path = f"tasks.{name}"
        reads: dict[str, Read] = {
            "service": self._one_service,
            "arrivals": self.arrivals,
            "handling": self.law,
        }
        more: dict[str, Read] = {
            "patience": self.law,
            "data": self.text,
            "priority": self.priority,
            "block_agent": self.flag,
            "skills": self.skills,
            "params": _as_it_stands,
        }
        found = self.whole(node, "a stream of tasks", path, reads, more)
        if found is None:
            return None
        wishes = {key: found[key] for key in ("priority", "block_agent", "skills") if key in found}
        return Stream(
            name=name,
            place=Place(service=found["service"], **wishes),
            arrivals=found["arrivals"],
            handling=found["handling"],
            patience=found.get("patience"),
            params=self._stream_params(found, node, path),
            rows=self._rows(found, node, path),
        )

    def _one_service(self, node: Node, path: str) -> str | None:
        """Read the name of a service, which is known unless nobody could tell which there are."""
        if self._known is None:
            return self.text(node, path)
        return self.reader.choice(node, "service", path, self._known)

    def _stream_params(self, found: dict[str, Any], node: Node, path: str) -> dict[str, Any]:
        service = self._services.get(found["service"])
        plan, written = service.plan if service else None, found.get("params")
        if plan is None:
            if written is not None and service is not None:
                advice = "give the service a workflow, or delete them"
                self.fault(written, "parameters are for a workflow", advice, f"{path}.params")
            return {}
        params = self.params(written, plan, f"{path}.params") if written is not None else {}
        self.require(plan, params, node, f"{path.rpartition('.')[2]}.params")
        return params

    def _rows(self, found: dict[str, Any], node: Node, path: str) -> tuple[TaskRow, ...]:
        """Read the real tasks of a stream, if anything is to come from them."""
        needed = [name for name, law in _COLUMNS if isinstance(found.get(name), law)]
        columns = ["arrived" if name == "arrivals" else name for name in needed]
        name = found.get("data")
        if name is None:
            if needed:
                advice = "write 'data: FILE.csv'"
                self.reader.missing(node, f"{needed[0]} come from no file", advice, f"{path}.data")
            return ()
        if not needed:
            advice = "write 'data' for arrivals, handling or patience, or delete the file's name"
            self.fault(node, "nothing is taken from the file", advice, f"{path}.data")
            return ()
        return self._read_rows(node, name, columns, path)

    def _read_rows(
        self, node: Node, name: str, columns: Iterable[str], path: str
    ) -> tuple[TaskRow, ...]:
        entries = node.entries if isinstance(node, loader.Mapping) else {}
        data = self._beside(entries["data"].value, name, f"{path}.data", task_rows.LARGEST)
        if data is None:
            return ()
        file = str(self._folder / name)
        rows, findings = task_rows.read_rows(data, file, columns)
        if findings:
            self.faulty += (Faulty(file, "", tuple(findings)),)
        return rows

    def _read_groups(self, node: Node, path: str) -> tuple[Group, ...]:
        return tuple(self.named(node, "'agents'", path, self._group).values())

    def _group(self, name: str, node: Node) -> Group | None:
        reads: dict[str, Read] = {"count": self._count_agents, "services": self._their_services}
        more: dict[str, Read] = {
            "skills": self.skills,
            "responsibilities": self.names,
            "shifts": self.shifts,
            "answering": self.law,
            _NUMBER: self.count,
        }
        found = self.whole(node, "a group of agents", f"agents.{name}", reads, more)
        if found is None:
            return None
        simultaneous = found.pop(_NUMBER, 1)
        answering = found.pop("answering", AT_ONCE)
        if isinstance(answering, Known):
            advice = "write a duration, or a law such as { exponential: 5s }"
            self.fault(node, "agents have no data", advice, f"agents.{name}.answering")
        return Group(name, simultaneous=simultaneous, answering=answering, **found)

    def _count_agents(self, node: Node, path: str) -> int | None:
        return self.reader.integer(node, "number of agents", path, least=1, most=MOST_AGENTS)

    def _their_services(self, node: Node, path: str) -> tuple[str, ...]:
        items = self.items(node, "'services' is a list of services", path)
        return tuple(filter(None, (self._one_service(item, path) for item in items)))


_COLUMNS: tuple[tuple[str, type], ...] = (
    ("arrivals", AsKnown),
    ("handling", Known),
    ("patience", Known),
)


def _read(file: Path, largest: int) -> bytes:
    """Read a file, of one that is too large only so much that this can be told."""
    with file.open("rb") as opened:
        return opened.read(largest + 1)


def _as_it_stands(node: Node, _path: str) -> Node:
    """Leave a value for whoever knows what it is to be."""
    return node


def _first(streams: tuple[Stream, ...]) -> datetime:
    """Give when the first real task came, if tasks come as they did."""
    known = (row.arrived for it in streams if isinstance(it.arrivals, AsKnown) for row in it.rows)
    return min((at for at in known if at is not None), default=NOW)
