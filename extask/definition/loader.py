"""Reads YAML into nodes that know their line and column; refuses what YAML would guess or hide."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, NoReturn

import yaml

from extask.definition import syntax
from extask.definition.finding import Finding, Findings, Spot, spot_at

DEEPEST = 20
LARGEST = 512 * 1024
MOST_NODES = 20_000
_SIGNS = frozenset("'\"|>")
_UNREADABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Scalar:
    """A single value, as text; what it means is decided by the place it stands in."""

    line: int
    column: int
    end_column: int
    text: str
    style: str = ""
    """Empty when bare, else the quote or block sign that YAML saw."""

    @property
    def empty(self) -> bool:
        """Whether nothing was written at all."""
        return not self.text and not self.style


@dataclass(slots=True)
class Sequence:
    """A list."""

    line: int
    column: int
    end_column: int
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """A map, its entries in the order of the file and without doubles."""

    line: int
    column: int
    end_column: int
    entries: dict[str, Entry] = field(default_factory=dict)


@dataclass(slots=True)
class Entry:
    """One `key: value` of a map."""

    key: Scalar
    value: Node


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Document:
    """A file that could be read; `anchors` are the places of YAML anchors."""

    root: Node
    text: str
    anchors: tuple[Spot, ...] = ()


def load(text: str | bytes, file: str) -> tuple[Document | None, list[Finding]]:
    """Read one YAML document; without a document there is at least one finding."""
    findings = Findings(file)
    document = read(text, findings)
    return document, findings.ordered()


def read(text: str | bytes, findings: Findings) -> Document | None:
    """Read one YAML document, noting what is wrong."""
    readable = _readable(text, findings)
    if readable is None:
        return None
    builder = _Builder(findings)
    events = yaml.CSafeLoader(readable)
    try:
        while (event := events.get_event()) is not None:
            builder.take(event)
    except _Refused:
        return None
    except yaml.MarkedYAMLError as error:
        syntax.explain(error, readable, findings)
        return None
    return Document(builder.root, readable, tuple(builder.anchors))


def _readable(text: str | bytes, findings: Findings) -> str | None:
    if len(text) > LARGEST:
        findings.add(
            "E101",
            Spot(1, 1, 2),
            "the file is too large",
            help=f"a definition has at most {LARGEST // 1024} KiB; split it into several workflows",
        )
        return None
    decoded = text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text
    decoded = decoded.removeprefix("\ufeff")
    bad = _UNREADABLE.search(decoded)
    if bad is None:
        return decoded
    findings.add(
        "E101",
        spot_at(decoded, bad.start(), bad.end()),
        "there is a character here that no text may have",
        help="delete the character, and save the file as UTF-8",
    )
    return None


class _Refused(Exception):
    """The document is refused, and a finding says why."""


class _Builder:
    """Builds nodes from YAML's events without recursion, so that no depth can hurt."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.root: Node = Scalar(1, 1, 1, "")
        self.anchors: list[Spot] = []
        self._open: list[Sequence | Mapping] = []
        self._keys: list[Scalar | None] = []
        self._named: dict[str, tuple[Node, int, int]] = {}
        self._pending: list[tuple[str, int]] = []
        self._heights: list[int] = [0]
        self._documents = 0
        self._count = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        take = self._TAKEN.get(type(event))
        if take:
            take(self, event)

    def _document(self, event: yaml.Event) -> None:
        self._documents += 1
        if self._documents > 1:
            self._refuse(
                "E101",
                _spot(event),
                "a second document begins here",
                "delete the line '---' and what follows, or move it into a file of its own",
            )

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if event.tag is not None:
            self._no_tag(event)
        style = event.style if event.style in _SIGNS else ""
        node = Scalar(*_place(event), event.value, style)
        self._count += 1
        if self._count > MOST_NODES:
            self._refuse("E101", node, "the file has too many values", "split the workflow")
        if event.anchor:
            self.anchors.append(_spot(event))
            self._named[event.anchor] = (node, 1, 0)
        self._put(node)

    def _mapping(self, event: yaml.MappingStartEvent) -> None:
        self._start(event, Mapping(*_place(event)))

    def _sequence(self, event: yaml.SequenceStartEvent) -> None:
        self._start(event, Sequence(*_place(event)))

    def _start(
        self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, node: Sequence | Mapping
    ) -> None:
        self._no_tag(event)
        if len(self._open) >= DEEPEST:
            self._refuse("E101", node, "this is nested too deeply", "write it with fewer levels")
        if self._keys and isinstance(self._open[-1], Mapping) and self._keys[-1] is None:
            self._no_name(node)
        self._count += 1
        self._pending.append((event.anchor or "", self._count - 1))
        if event.anchor:
            self.anchors.append(_spot(event))
            self._named.pop(event.anchor, None)
        self._open.append(node)
        self._keys.append(None)
        self._heights.append(1)

    def _end(self, event: yaml.Event) -> None:
        node = self._open.pop()
        self._keys.pop()
        anchor, before = self._pending.pop()
        end: Any = event.end_mark
        if end.line + 1 == node.line:
            node.end_column = end.column + 1
        height = self._heights.pop()
        self._heights[-1] = max(self._heights[-1], height + 1)
        if anchor:
            self._named[anchor] = (node, self._count - before, height)
        self._put(node)

    def _alias(self, event: yaml.AliasEvent) -> None:
        if event.anchor not in self._named:
            self._refuse(
                "E101",
                _spot(event),
                f"there is no anchor '&{event.anchor}' above",
                f"write the value itself, or quote it: '*{event.anchor}'",
            )
        node, size, height = self._named[event.anchor]
        self._count += size
        self._heights[-1] = max(self._heights[-1], height + 1)
        if self._count > MOST_NODES or len(self._open) + height > DEEPEST:
            self._refuse("E101", _spot(event), "these anchors grow out of bounds", "write less")
        self._put(node)

    def _put(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
            return
        key = self._keys[-1]
        if key is not None:
            self._keys[-1] = None
            if key.text not in parent.entries:
                parent.entries[key.text] = Entry(key, node)
        else:
            self._key(parent, node)

    def _key(self, parent: Mapping, node: Node) -> None:
        if not isinstance(node, Scalar):
            self._no_name(node)
        self._keys[-1] = node
        first = parent.entries.get(node.text)
        if first is not None:
            self.findings.add(
                "E102",
                node,
                f"'{node.text}' is here already, on line {first.key.line}",
                help=f"delete one of the two, or give this '{node.text}' another name",
                path=node.text,
            )

    def _no_name(self, at: Node) -> NoReturn:
        message = "a name is expected here, not a list or map"
        self._refuse("E101", at, message, "write a plain name before the colon")

    def _no_tag(self, event: yaml.NodeEvent) -> None:
        tag = getattr(event, "tag", None)
        if tag is None or (tag == "!" and getattr(event, "style", None)):
            return
        written = tag.replace("tag:yaml.org,2002:", "!!")
        mark: Any = event.start_mark
        self.findings.add(
            "E103",
            Spot(mark.line + 1, mark.column + 1, mark.column + 1 + len(written)),
            f"YAML reads '{written}' as a tag, not as text",
            help=f'put the whole value into double quotes: "{written} …"',
        )
        raise _Refused

    def _refuse(self, code: str, at: Node | Spot, message: str, advice: str) -> NoReturn:
        self.findings.add(code, at, message, help=advice)
        raise _Refused

    _TAKEN: ClassVar[dict[type[yaml.Event], Callable[[_Builder, Any], None]]] = {
        yaml.ScalarEvent: _scalar,
        yaml.MappingStartEvent: _mapping,
        yaml.SequenceStartEvent: _sequence,
        yaml.MappingEndEvent: _end,
        yaml.SequenceEndEvent: _end,
        yaml.AliasEvent: _alias,
        yaml.DocumentStartEvent: _document,
    }


def _place(event: yaml.Event) -> tuple[int, int, int]:
    """Give the place of an event of a stream, which always has both marks."""
    start: Any = event.start_mark
    end: Any = event.end_mark
    line, column = start.line, start.column + 1
    return line + 1, column, end.column + 1 if end.line == line else column + 1


def _spot(event: yaml.Event) -> Spot:
    return Spot(*_place(event))
