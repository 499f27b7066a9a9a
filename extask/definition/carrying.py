"""What calls carry to a flow of the catalogue and bring back, by the types that it tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from extask.definition.bodies import plain
from extask.definition.catalogue import Catalogue
from extask.definition.conditions import WORDS, Conditions
from extask.definition.draft import Draft, StepDraft
from extask.definition.expressions import (
    ExpressionFailed,
    NameType,
    names_for,
    result_type,
)
from extask.definition.finding import Findings
from extask.definition.fitting import fit
from extask.definition.loader import Mapping, Node, Scalar
from extask.definition.plan import Expression, Literally, Mapped, ParamType, Template, Value
from extask.definition.reading import Reader, close
from extask.definition.steps import StepReader
from extask.definition.templates import Where
from extask.definition.written import Written

_ANSWER = re.compile(r"\bresponse\.body\.([A-Za-z_]\w*)")
_TAKES: dict[str, tuple[str, ...]] = {
    "number": ("number", "integer"),
    "duration": ("duration", "text", "integer", "number"),
    "time": ("time", "text"),
}
"""What an expression may give where a flow takes this, unless it is the same alone."""
_OPEN = ("anything", "other")


class Carrying:
    """Judges the calls of one file."""

    def __init__(self, draft: Draft, catalogue: Catalogue, reader: Reader) -> None:
        self.draft = draft
        self.catalogue = catalogue
        self.reader = reader

    def step(self, step: StepDraft) -> None:
        """Note what does not fit the flow that a step calls."""
        flow = step.properties.get("flow")
        if isinstance(flow, Literally) and step.kind_name == "call":
            inputs = self.catalogue.types(flow.value, "inputs")
            if inputs:
                self._body(step, flow.value, inputs)
            outputs = self.catalogue.types(flow.value, "outputs")
            if outputs and "save" in step.written:
                self._save(step, outputs)

    # --- what it takes -------------------------------------------------------------------------

    def _body(self, step: StepDraft, flow: str, inputs: dict[str, str]) -> None:
        entry, body = step.written.get("body"), step.properties.get("body")
        node = entry.value if entry else None
        if entry is None or not isinstance(node, Mapping) or not isinstance(body, Mapped):
            if not isinstance(body, Expression | Template):
                example = ", ".join(f"{name}: …" for name in inputs)
                self._misfit(step, f"the flow '{flow}' needs a body", f"add body: {{ {example} }}")
            return
        meant = set()
        for name, each in node.entries.items():
            if name not in inputs:
                meant.add(self._unknown(step, flow, each.key, inputs))
            elif name in body.entries:
                self._value(step, each.value, body.entries[name], inputs[name])
        for name in inputs:
            if name not in node.entries and name not in meant:
                message = f"the flow '{flow}' needs '{name}'"
                advice = f"add '{name}: …' to the body"
                self.reader.findings.add(
                    "E510", entry.key, message, help=advice, path=step.path("call", "body")
                )

    def _misfit(self, step: StepDraft, message: str, advice: str) -> None:
        entry = step.written.get("body") or step.written["flow"]
        at = entry.key if entry.key.text == "body" else entry.value
        path = step.path("call", "body")
        self.reader.findings.add("E510", at, message, help=advice, path=path)

    def _unknown(self, step: StepDraft, flow: str, key: Scalar, inputs: dict[str, str]) -> str:
        meant = close(key.text, inputs)
        advice = f"did you mean '{meant}'?" if meant else f"it takes: {', '.join(inputs)}"
        self.reader.findings.add(
            "E510",
            key,
            f"the flow '{flow}' takes no '{key.text}'",
            help=advice,
            path=step.path("call", "body"),
            fix=meant or None,
        )
        return meant

    def _value(self, step: StepDraft, node: Node, value: Value, kind: str) -> None:
        wrong = self._wrong(node, value, kind)
        if wrong:
            advice = f"write {WORDS[kind]}"
            self.reader.findings.add(
                "E510",
                node,
                f"the flow takes {WORDS[kind]} here, and {wrong}",
                help=advice,
                path=step.path("call", "body"),
            )

    def _wrong(self, node: Node, value: Value, kind: str) -> str:
        """Tell what is wrong with a value for a type, if anything."""
        given = self._type(value)
        if given:
            fits = given in (kind, *_OPEN) or given in _TAKES.get(kind, ())
            return "" if fits else f"this is {WORDS[given]}"
        if isinstance(value, Literally) or kind != "list":
            try:
                fit(cast("ParamType", kind), plain(node))
            except ExpressionFailed as error:
                return str(error)
        return ""

    def _type(self, value: Value) -> str:
        """Name the type of an expression; nothing for what is written out."""
        if isinstance(value, Template):
            return "text"
        if isinstance(value, Expression):
            found = result_type(value.expression, names_for(self.draft.params))
            return "other" if isinstance(found, tuple) else found
        return ""

    # --- what it gives -------------------------------------------------------------------------

    def _save(self, step: StepDraft, outputs: dict[str, str]) -> None:
        """Read what is saved once more, with the answer's types known."""
        findings, where = Findings(self.reader.findings.file), step.path("call", "save")
        reader = Reader(findings, self.reader.lines)
        conditions = Conditions(reader, self.draft.params)
        types = {f"response.body.{name}": cast("NameType", kind) for name, kind in outputs.items()}
        conditions.tell("response", types)
        node = step.written["save"].value
        steps = StepReader(reader, conditions, Written(reader, conditions))
        steps.parameters(node, Where("'save'", where, "response"))
        for scalar in _scalars(node):
            self._fields(scalar, reader, outputs, where)
        self.reader.findings.take(findings.ordered())

    @staticmethod
    def _fields(node: Scalar, reader: Reader, outputs: dict[str, str], path: str) -> None:
        for found in _ANSWER.finditer(node.text):
            if found[1] not in outputs:
                meant = close(found[1], outputs)
                known = f"it answers: {', '.join(outputs)}"
                reader.findings.add(
                    "E302",
                    reader.spot(node, found.start(1), len(found[1])),
                    f"the answer of this flow has no '{found[1]}'",
                    help=f"did you mean '{meant}'?" if meant else known,
                    path=path,
                    fix=meant or None,
                )


def _scalars(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
        return
    inside = (
        [entry.value for entry in node.entries.values()]
        if isinstance(node, Mapping)
        else node.items
    )
    for each in inside:
        yield from _scalars(each)
