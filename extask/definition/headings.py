"""Reads a whole file into a draft: its head, its parameters, its steps, its handlers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

from extask.definition.conditions import Conditions
from extask.definition.draft import Draft, Target
from extask.definition.finding import Spot
from extask.definition.fitting import LONGEST_LIST, zero
from extask.definition.loader import Document, Entry, Mapping, Node, Scalar, Sequence
from extask.definition.plan import Handler, Literally, Param, ParamType
from extask.definition.reading import Reader, one_of
from extask.definition.steps import StepReader
from extask.definition.templates import Where
from extask.definition.written import Written

LANGUAGE = "extask/1"
KEYS = (
    "workflow",
    "version",
    "language",
    "title",
    "description",
    "lifetime",
    "params",
    "start",
    "steps",
    "when",
)
PARAM_KEYS = ("type", "default", "required", "values", "description")
PARAM_TYPES: tuple[ParamType, ...] = get_args(ParamType)
HANDLERS: tuple[Handler, ...] = get_args(Handler)
MOST_PARAMS = 50
_EXAMPLE = "begin with 'workflow: NAME', 'version: 1', 'steps:'"


def read_draft(document: Document, reader: Reader) -> Draft | None:
    """Read a document into a draft; without one there is a finding."""
    root = reader.mapping(document.root, "a definition", _EXAMPLE, "")
    return None if root is None else _Head(root, reader).read()


class _Head:
    def __init__(self, root: Mapping, reader: Reader) -> None:
        self.root = root
        self.reader = reader
        self.draft = Draft(root=Spot(root.line, root.column, root.column + 1))

    def read(self) -> Draft:
        for name, entry in self.root.entries.items():
            if name not in KEYS:
                self.reader.unknown(entry.key, "a definition has no key", KEYS, name)
        self._identity()
        self._texts()
        self._params()
        self._steps()
        self._handlers()
        return self.draft

    def _entry(self, name: str, advice: str) -> Entry | None:
        entry = self.root.entries.get(name)
        if entry is None:
            self.reader.missing(self.draft.root, f"'{name}' is missing", advice, name)
        return entry

    def _identity(self) -> None:
        workflow = self._entry("workflow", "add 'workflow: NAME' at the top")
        if workflow:
            name = self.reader.name(workflow.value, "the workflow", "workflow")
            self.draft.workflow = name or ""
            if name and isinstance(workflow.value, Scalar):
                self.draft.called = workflow.value
        version = self._entry("version", "add 'version: 1'")
        if version:
            number = self.reader.integer(
                version.value, "'version'", "version", least=1, most=2**31 - 1
            )
            self.draft.version = number or 0
        language = self.root.entries.get("language")
        if language:
            self.reader.choice(language.value, "'language'", "language", (LANGUAGE,))

    def _texts(self) -> None:
        entries = self.root.entries
        if "title" in entries:
            self.draft.title = self.reader.text(entries["title"].value, "'title'", "title")
        if "description" in entries:
            text = self.reader.text(entries["description"].value, "'description'", "description")
            self.draft.description = text
        if "lifetime" in entries:
            self._lifetime(entries["lifetime"].value)

    def _lifetime(self, node: Node) -> None:
        length = self.reader.duration(node, "'lifetime'", "lifetime")
        if length == timedelta(0):
            message = "a task must live longer than no time"
            advice = "write a duration such as 8h"
            self.reader.findings.add("E105", node, message, help=advice, path="lifetime")
        elif length:
            self.draft.lifetime = length

    # --- parameters ----------------------------------------------------------------------------

    def _params(self) -> None:
        entry = self.root.entries.get("params")
        if entry is None or (isinstance(entry.value, Scalar) and entry.value.empty):
            return
        example = "write a map: NAME: { type: text }"
        params = self.reader.mapping(entry.value, "'params'", example, "params")
        if params is None:
            return
        for number, each in enumerate(params.entries.values()):
            if number == MOST_PARAMS:
                message = f"these are more than {MOST_PARAMS} parameters"
                self.reader.findings.add(
                    "E105", each.key, message, help="put several values into one", path="params"
                )
            self._param(each)

    def _param(self, entry: Entry) -> None:
        name = entry.key.text
        path = f"params.{name}"
        self.reader.name(entry.key, "the parameter", path)
        body = self.reader.mapping(
            entry.value, f"'{name}'", f"write {name}: {{ type: text }}", path
        )
        param = Param(name=name, type="text", default="")
        if body is not None:
            for key, each in body.entries.items():
                if key not in PARAM_KEYS:
                    owner = "a parameter has no key"
                    self.reader.unknown(each.key, owner, PARAM_KEYS, f"{path}.{key}")
            param = self._declared(name, entry.key, body, path)
            if param.required or "default" in body.entries:
                self.draft.params_given.add(name)
        self.draft.params[name] = param
        self.draft.param_places[name] = entry.key

    def _declared(self, name: str, key: Scalar, body: Mapping, path: str) -> Param:
        entries = body.entries
        kind: Any = "text"
        if "type" in entries:
            kind = self.reader.choice(entries["type"].value, "'type'", f"{path}.type", PARAM_TYPES)
        else:
            message = f"the parameter '{name}' has no type"
            self.reader.missing(key, message, f"add 'type: …'; {one_of(PARAM_TYPES)}", path)
        values = self._values(key, kind, entries.get("values"), path)
        required = False
        if "required" in entries:
            node = entries["required"].value
            required = bool(self.reader.boolean(node, "'required'", f"{path}.required"))
        description = ""
        if "description" in entries:
            node = entries["description"].value
            description = self.reader.text(node, "'description'", f"{path}.description")
        param = Param(
            name=name,
            type=kind or "text",
            default=zero(kind or "text", values),
            required=required,
            values=values,
            description=description,
        )
        return self._with_default(param, entries.get("default"), path) if kind else param

    def _with_default(self, param: Param, entry: Entry | None, path: str) -> Param:
        if entry is None:
            return param
        written = Written(self.reader, Conditions(self.reader, {}))
        where = Where("'default'", f"{path}.default")
        value = written.default(entry.value, param, where)
        if not isinstance(value, Literally):
            return param
        return param.model_copy(update={"default": value.value})

    def _values(
        self, key: Scalar, kind: str | None, entry: Entry | None, path: str
    ) -> tuple[str, ...]:
        if kind != "choice":
            if entry is not None and kind is not None:
                message = f"a parameter of type '{kind}' has no 'values'"
                advice = "delete 'values', or write 'type: choice'"
                self.reader.findings.add("E104", entry.key, message, help=advice, path=path)
            return ()
        if entry is None:
            message = "a choice needs its 'values'"
            self.reader.missing(key, message, "add 'values: [A, B]'", path)
            return ()
        return self._choices(entry.value, f"{path}.values")

    def _choices(self, node: Node, path: str) -> tuple[str, ...]:
        if not isinstance(node, Sequence) or not node.items:
            message = "'values' is a list of texts"
            self.reader.findings.add("E105", node, message, help="write [A, B]", path=path)
            return ()
        values: list[str] = []
        for number, item in enumerate(node.items):
            if number == LONGEST_LIST:
                message = f"these are more than {LONGEST_LIST} values"
                advice = "use a parameter of type 'text'"
                self.reader.findings.add("E105", item, message, help=advice, path=path)
            scalar = self.reader.scalar(item, "a value", "write a text", path)
            if scalar is not None and scalar.text in values:
                message = f"the value '{scalar.text}' is here already"
                self.reader.findings.add("E102", scalar, message, help="delete it", path=path)
            elif scalar is not None:
                values.append(scalar.text)
        return tuple(values)

    # --- steps and handlers --------------------------------------------------------------------

    def _steps(self) -> None:
        draft = self.draft
        conditions = Conditions(
            self.reader, draft.params, draft.params_read, draft.params_given, draft.risks
        )
        steps = StepReader(self.reader, conditions, Written(self.reader, conditions))
        start = self.root.entries.get("start")
        if start:
            self.draft.start = steps.target(start.value, "start")
        entry = self._entry("steps", "add 'steps:' with at least one step")
        example = "write a map: NAME: { KIND: … }"
        body = self.reader.mapping(entry.value, "'steps'", example, "steps") if entry else None
        if body is None:
            self.draft.sound = False
            return
        for each in body.entries.values():
            self.draft.steps[each.key.text] = steps.step(each.key, each.value)
        if not body.entries:
            message = "there is no step"
            self.reader.missing(body, message, "add one: begin: { queue: SERVICE }", "steps")
        broken = any(step.broken for step in self.draft.steps.values())
        self.draft.sound = (
            bool(body.entries) and not broken and (not start or bool(self.draft.start))
        )

    def _handlers(self) -> None:
        entry = self.root.entries.get("when")
        if entry is None:
            return
        example = "write { expired: STEP }"
        body = self.reader.mapping(entry.value, "'when'", example, "when")
        for name, each in body.entries.items() if body else ():
            path = f"when.{name}"
            if name not in HANDLERS:
                self.reader.unknown(each.key, "there is no event", HANDLERS, path)
                self.draft.sound = False
                continue
            advice = "write the name of a step, or end"
            scalar = self.reader.scalar(each.value, "the handler", advice, path)
            if scalar is None:
                self.draft.sound = False
            else:
                self.draft.when[name] = Target(scalar.text, scalar, path)
