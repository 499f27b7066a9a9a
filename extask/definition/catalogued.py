"""Compares the names in a definition with those that a tenant has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from extask import addresses
from extask.definition.carrying import Carrying
from extask.definition.catalogue import Catalogue
from extask.definition.draft import Draft, StepDraft
from extask.definition.finding import Place
from extask.definition.kinds import Type
from extask.definition.loader import Mapping, Node, Scalar, Sequence
from extask.definition.reading import Reader, close


class _Sort(NamedTuple):
    """A sort of names: the code of its finding, its section of a catalogue, what one is called."""

    code: str
    section: str
    called: str


_SORTS: dict[Type, _Sort] = {
    "service": _Sort("E501", "services", "service"),
    "calendar": _Sort("E502", "calendars", "calendar"),
    "agents": _Sort("E503", "agents", "agent"),
    "names": _Sort("E503", "agents", "agent"),
    "flow": _Sort("E504", "flows", "flow"),
    "skills": _Sort("E507", "skills", "skill"),
    "event": _Sort("W508", "events", "event"),
}
_WHOLE = re.compile(r"\s*\$\{\s*params\.([a-z][a-z0-9_]*)\s*\}\s*")
_PIECE = re.compile(r"\$\{[^}]*\}?")


def judge(draft: Draft, catalogue: Catalogue, reader: Reader) -> None:
    """Note names that the tenant has not, and bodies and answers that do not fit its flows."""
    judged = _Catalogued(draft, catalogue, reader)
    for step in draft.steps.values():
        judged.step(step)
        Carrying(draft, catalogue, reader).step(step)


class _Catalogued:
    def __init__(self, draft: Draft, catalogue: Catalogue, reader: Reader) -> None:
        self.draft = draft
        self.catalogue = catalogue
        self.reader = reader

    def step(self, step: StepDraft) -> None:
        for name, entry in step.written.items():
            kind, path = step.kind.properties[name].type, step.path(step.kind_name, name)
            if kind == "url":
                self._url(entry.value, path)
            elif kind in _SORTS:
                for word, at in self._words(entry.value):
                    self._known(_SORTS[kind], word, at, path)

    def _words(self, node: Node) -> Iterator[tuple[str, Scalar]]:
        """Give every name that is written out, or that a choice may stand for."""
        if isinstance(node, Sequence):
            for item in node.items:
                agent = item.entries.get("agent") if isinstance(item, Mapping) else None
                yield from self._words(agent.value if agent else item)
        elif isinstance(node, Mapping):
            yield from ((name, entry.key) for name, entry in node.entries.items())
        elif "${" not in node.text:
            yield node.text, node
        else:
            found = _WHOLE.fullmatch(node.text)
            param = self.draft.params.get(found[1]) if found else None
            yield from ((value, node) for value in (param.values if param else ()))

    def _known(self, sort: _Sort, word: str, at: Scalar, path: str) -> None:
        names = self.catalogue.names(sort.section)
        if names is None or not word or word in names or word.lower() in map(str.lower, names):
            return
        meant = close(word, names)
        advice = f"did you mean '{meant}'?" if meant else _one_of(sort, names)
        fix = meant if at.text == word and meant else None
        self.reader.findings.add(
            sort.code, at, f"there is no {sort.called} '{word}'", help=advice, path=path, fix=fix
        )

    def _url(self, node: Node, path: str) -> None:
        prefixes = self.catalogue.names("urls")
        if prefixes is None or not isinstance(node, Scalar):
            return
        url = _PIECE.sub("x", node.text)
        if not _allowed(url, prefixes):
            allowed = ", ".join(prefixes) or "none yet"
            advice = f"call a flow, or an address that begins like one of these: {allowed}"
            at: Place = node
            message = "the catalogue does not allow this address"
            self.reader.findings.add("E509", at, message, help=advice, path=path)


def _allowed(url: str, prefixes: Iterable[str]) -> bool:
    """Tell whether an address lies under an allowed one; one that is wrong was told of already."""
    try:
        address = addresses.read(url, loopback=True)
    except addresses.Refused:
        return True
    return any(
        addresses.within(address, addresses.read(prefix, loopback=True)) for prefix in prefixes
    )


def _one_of(sort: _Sort, names: Iterable[str]) -> str:
    """List what there is, as far as one reads."""
    shown = list(names)
    if not shown:
        return f"the catalogue has no {sort.section}; add it there first"
    more = ", …" if len(shown) > 10 else ""  # noqa: PLR2004 - a line of a message
    return f"write one of: {', '.join(shown[:10])}{more}"
