"""The names a tenant has, from a file or the API: services, calendars, agents and the like."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from typing import Any

from extask import addresses
from extask.definition.draft import NAME
from extask.definition.finding import Finding, Findings
from extask.definition.headings import PARAM_TYPES
from extask.definition.loader import Entry, Mapping, Node, Scalar, Sequence, read
from extask.definition.reading import Reader

FILE_NAME = "extask.catalogue.yaml"
"""Where a catalogue is looked for beside the definitions, unless another is named."""
SECTIONS = ("services", "calendars", "agents", "flows", "urls", "skills", "events")
FLOW_KEYS = ("inputs", "outputs")
SERVICE_KEYS = ("workflow", "requires", "transfers")
FLOW_TYPES = ("text", "integer", "number", "boolean", "duration", "time", "list")
_EXAMPLE = "write lists of names, such as 'services: [support, sales]'"
_ENTRY = "write a name, or one name and its details: '- crm_lookup: { inputs: … }'"
_BY_NAME = frozenset({"services", "calendars", "flows", "events"})
"""Sections whose names must be names of the language."""
_NAME = re.compile(NAME)


@dataclass(frozen=True, slots=True)
class Named:
    """One name of a catalogue, where it stands, and what is told of it."""

    name: str
    at: Scalar
    details: Mapping | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a tenant has; a section that is not told is not here, and nothing is known of it."""

    sections: Map[str, Map[str, Named]] = field(default_factory=dict)

    def names(self, section: str) -> tuple[str, ...] | None:
        """List the names of a section, or nothing when the catalogue does not tell them."""
        told = self.sections.get(section)
        return None if told is None else tuple(told)

    def types(self, flow: str, side: str) -> dict[str, str]:
        """Give the types of a flow's `inputs` or `outputs`, by name; none where none are told."""
        return _types(self._detail("flows", flow, side))

    def workflow(self, service: str) -> str:
        """Name the workflow of a service's tasks; empty where it is not told."""
        node = self._detail("services", service, "workflow")
        return node.text if isinstance(node, Scalar) else ""

    def requires(self, service: str) -> dict[str, str]:
        """Give the types of the parameters that a service's workflow requires, by name."""
        return _types(self._detail("services", service, "requires"))

    def transfers(self, service: str) -> tuple[str, ...]:
        """List the services that a service's workflow may hand its tasks over to."""
        node = self._detail("services", service, "transfers")
        items = node.items if isinstance(node, Sequence) else []
        return tuple(item.text for item in items if isinstance(item, Scalar))

    def _detail(self, section: str, name: str, key: str) -> Node | None:
        named = self.sections.get(section, {}).get(name)
        entry = named.details.entries.get(key) if named and named.details else None
        return entry.value if entry else None


def _types(node: Node | None) -> dict[str, str]:
    entries = node.entries if isinstance(node, Mapping) else {}
    return {n: each.value.text for n, each in entries.items() if isinstance(each.value, Scalar)}


def told_catalogue(told: Map[str, Any]) -> Catalogue:
    """Take what the API tells of a tenant's names; a section that is null is not told."""
    return Catalogue(
        {
            section: {each.name: each for each in map(_told, told[section])}
            for section in SECTIONS
            if told.get(section) is not None
        }
    )


def _told(entry: str | Map[str, Any]) -> Named:
    if isinstance(entry, str):
        return Named(entry, _scalar(entry))
    details = {key: value for key, value in entry.items() if key != "name" and value}
    return Named(entry["name"], _scalar(entry["name"]), _mapping(details))


def _scalar(text: str) -> Scalar:
    return Scalar(1, 1, 1, text)


def _mapping(values: Map[str, Any]) -> Mapping:
    entries = {name: Entry(_scalar(name), _node(value)) for name, value in values.items()}
    return Mapping(1, 1, 1, entries)


def _node(value: str | list[str] | Map[str, str]) -> Node:
    if isinstance(value, str):
        return _scalar(value)
    if isinstance(value, Map):
        return _mapping(value)
    return Sequence(1, 1, 1, list(map(_scalar, value)))


def read_catalogue(text: str | bytes, file: str) -> tuple[Catalogue, list[Finding]]:
    """Read a catalogue; what is wrong in it is told, and the rest is kept."""
    findings = Findings(file)
    document = read(text, findings)
    if document is None:
        return Catalogue(), findings.ordered()
    reader = _Catalogue(Reader(findings, document.text.splitlines() or [""]))
    catalogue = Catalogue(reader.sections(document.root))
    return catalogue, findings.ordered()


class _Catalogue:
    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def sections(self, root: Node) -> dict[str, dict[str, Named]]:
        body = self.reader.mapping(root, "a catalogue", _EXAMPLE, "")
        sections: dict[str, dict[str, Named]] = {}
        for name, entry in body.entries.items() if body else ():
            if name in SECTIONS:
                sections[name] = self._section(name, entry.value)
            else:
                self.reader.unknown(entry.key, "a catalogue has no key", SECTIONS, name)
        return sections

    def _section(self, section: str, node: Node) -> dict[str, Named]:
        if isinstance(node, Scalar) and node.empty:
            return {}
        if not isinstance(node, Sequence):
            message = f"'{section}' is a list"
            self.reader.findings.add("E105", node, message, help=_EXAMPLE, path=section)
            return {}
        known: dict[str, Named] = {}
        for item in node.items:
            named = self._named(section, item)
            if named is not None:
                self._add(section, known, named)
        return known

    def _add(self, section: str, known: dict[str, Named], named: Named) -> None:
        if named.name not in known:
            known[named.name] = named
            return
        message = f"'{named.name}' is here already, on line {known[named.name].at.line}"
        self.reader.findings.add(
            "E102", named.at, message, help="delete one of the two", path=section
        )

    def _named(self, section: str, item: Node) -> Named | None:
        if isinstance(item, Mapping) and len(item.entries) == 1:
            [entry] = item.entries.values()
            return self._detailed(section, entry)
        if isinstance(item, Scalar):
            scalar = self.reader.scalar(item, "an entry", _ENTRY, section)
            return self._fitting(section, Named(scalar.text, scalar)) if scalar else None
        message = "an entry is a name, or one name with its details"
        self.reader.findings.add("E105", item, message, help=_ENTRY, path=section)
        return None

    def _detailed(self, section: str, entry: Entry) -> Named | None:
        path = f"{section}.{entry.key.text}"
        what = f"'{entry.key.text}'"
        details = self.reader.mapping(entry.value, what, "write { KEY: VALUE }", path)
        if details is not None and section == "flows":
            self._flow(details, path)
        elif details is not None and section == "services":
            self._service(details, path)
        return self._fitting(section, Named(entry.key.text, entry.key, details))

    def _fitting(self, section: str, named: Named) -> Named | None:
        if section in _BY_NAME and not _NAME.fullmatch(named.name):
            self.reader.name(named.at, "the entry", section)
            return None
        if section != "urls":
            return named
        try:
            addresses.read(named.name, loopback=True)
        except addresses.Refused as refused:
            advice = "write how allowed addresses begin, such as https://crm.example/api/"
            message = f"this address {refused}"
            self.reader.findings.add("E105", named.at, message, help=advice, path=section)
            return None
        return named

    def _flow(self, details: Mapping, path: str) -> None:
        for name, entry in details.entries.items():
            if name in FLOW_KEYS:
                self._typed(entry, path, FLOW_TYPES)
            else:
                self.reader.unknown(entry.key, "a flow has no key", FLOW_KEYS, path)

    def _typed(self, entry: Entry, path: str, known: tuple[str, ...]) -> None:
        name = entry.key.text
        types = self.reader.mapping(
            entry.value, f"'{name}'", f"write {name}: {{ NAME: text }}", f"{path}.{name}"
        )
        for each in types.entries.values() if types else ():
            at = f"{path}.{name}.{each.key.text}"
            self.reader.choice(each.value, f"'{each.key.text}'", at, known)

    def _service(self, details: Mapping, path: str) -> None:
        for name, entry in details.entries.items():
            if name == "workflow":
                self.reader.name(entry.value, "the workflow", f"{path}.workflow")
            elif name == "requires":
                self._typed(entry, path, PARAM_TYPES)
            elif name == "transfers":
                self._transfers(entry.value, path)
            else:
                self.reader.unknown(entry.key, "a service has no key", SERVICE_KEYS, path)

    def _transfers(self, node: Node, path: str) -> None:
        if isinstance(node, Sequence):
            for item in node.items:
                self.reader.name(item, "the service", path)
            return
        advice = "write the services' names: [support, sales]"
        message = "'transfers' is a list"
        self.reader.findings.add("E105", node, message, help=advice, path=path)
