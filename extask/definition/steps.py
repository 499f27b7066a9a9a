"""Reads steps: their kind, properties, cases, ways on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from extask.definition.conditions import Conditions, Piece
from extask.definition.draft import CaseDraft, StepDraft, Target
from extask.definition.expressions import Knows
from extask.definition.finding import Place
from extask.definition.kinds import KINDS, STEP_KEYS, Kind
from extask.definition.loader import Entry, Mapping, Node, Scalar, Sequence
from extask.definition.meanings import OUTCOMES
from extask.definition.plan import Value
from extask.definition.reading import Reader, close, one_of
from extask.definition.templates import Where
from extask.definition.written import Written

_BRACES = re.compile(r"\$\{([^}]*)\}?")
_CASE_KEYS = ("if", "then", "else")
_CASES_EXAMPLE = "write a list of '- if: …' with 'then: …', the last one '- else: …'"
_STEP_EXAMPLE = "write a kind such as 'delay: 5m' or 'queue: SERVICE' indented below the name"


@dataclass(slots=True)
class StepReader:
    """Reads the steps of one file."""

    reader: Reader
    conditions: Conditions
    written: Written

    def step(self, key: Scalar, node: Node) -> StepDraft:
        """Read one step; what could not be read makes it broken."""
        step = StepDraft(key.text, key)
        if _outdented(key, node):
            return self._astray(key, step)
        if self.reader.name(key, "the step", step.path()) is None:
            step.broken = True
        elif key.text == "end":
            self._reserved(key, step)
        body = self.reader.mapping(node, f"the step '{key.text}'", _STEP_EXAMPLE, step.path())
        kind = self._kind(step, body) if body else None
        if body is None or kind is None:
            step.broken = True
            return step
        step.kind = KINDS[step.kind_name]
        self._keys(step, body)
        self._body(step, kind, body.entries[step.kind_name].value)
        self._ways(step, body)
        return step

    def _reserved(self, key: Scalar, step: StepDraft) -> None:
        step.broken = True
        self.reader.findings.add(
            "E109",
            key,
            "'end' is reserved: it is a way on that ends the run",
            help="call the step 'finish' or the like",
            path=step.path(),
        )

    def _astray(self, key: Scalar, step: StepDraft) -> StepDraft:
        step.broken = True
        self.reader.findings.add(
            "E105",
            key,
            f"'{key.text}' belongs into a step, and stands where names of steps do",
            help="indent it by two more, below the name of its step",
            path=step.path(),
        )
        return step

    def _kind(self, step: StepDraft, body: Mapping) -> Kind | None:
        kinds = [name for name in body.entries if name in KINDS]
        if kinds:
            step.kind_name, step.kind_at = kinds[0], body.entries[kinds[0]].key
        if len(kinds) == 1:
            return KINDS[kinds[0]]
        others = [name for name in body.entries if name not in STEP_KEYS]
        if len(kinds) > 1:
            second = body.entries[kinds[1]].key
            message = f"the step '{step.name}' is both '{kinds[0]}' and '{kinds[1]}'"
            advice = f"make '{kinds[1]}' a step of its own"
            if kinds[1] in KINDS[kinds[0]].properties:
                advice += f", or write it inside: {kinds[0]}: {{ {kinds[1]}: … }}"
            self.reader.findings.add("E107", second, message, help=advice, path=step.path())
        elif others:
            key = body.entries[others[0]].key
            self.reader.unknown(key, "there is no kind", KINDS, step.path(key.text))
        else:
            message = f"the step '{step.name}' does not say what it does"
            self.reader.missing(step.at, message, _STEP_EXAMPLE, step.path())
        return None

    def _keys(self, step: StepDraft, body: Mapping) -> None:
        for name, entry in body.entries.items():
            if name in ("title", "note"):
                text = self.reader.text(entry.value, f"'{name}'", step.path(name))
                setattr(step, name, text)
            elif name not in STEP_KEYS and name != step.kind_name:
                step.broken = True
                inside = name in step.kind.properties
                advice = f"write it inside: {step.kind_name}: {{ {name}: … }}" if inside else ""
                known = () if inside else STEP_KEYS
                self.reader.unknown(entry.key, "a step has no key", known, step.path(name), advice)

    def _body(self, step: StepDraft, kind: Kind, node: Node) -> None:
        if kind.cases:
            self._cases(step, kind, node)
        elif kind.sets:
            what = Where(f"'{step.kind_name}'", step.path(step.kind_name))
            step.properties = self.parameters(node, what)
        elif isinstance(node, Mapping):
            self._properties(step, kind, node)
        else:
            self._short(step, kind, node)
        named = isinstance(node, Mapping) or kind.shorthand or _is_empty(node)
        if named and not kind.cases and not kind.sets:
            self._required(step, kind, node)

    def _short(self, step: StepDraft, kind: Kind, node: Node) -> None:
        if isinstance(node, Scalar) and node.empty:
            return
        if kind.shorthand:
            key = Scalar(step.place.line, step.place.column, step.place.end_column, kind.shorthand)
            self._property(step, kind, Entry(key, node))
            return
        if kind.properties:
            message = f"'{step.kind_name}' is a map of its properties"
            advice = f"write {step.kind_name}: {{ {next(iter(kind.properties))}: … }}"
        else:
            message = f"'{step.kind_name}' has no properties"
            advice = f"write '{step.kind_name}:' and nothing after it"
        self.reader.findings.add("E105", node, message, help=advice, path=step.path())

    def _properties(self, step: StepDraft, kind: Kind, node: Mapping) -> None:
        for name, entry in node.entries.items():
            if name in kind.properties:
                self._property(step, kind, entry)
                continue
            step.broken = step.broken or name in STEP_KEYS
            message = f"'{step.kind_name}' has no property"
            path = step.path(step.kind_name, name)
            advice = "write it beside the kind, one level up" if name in STEP_KEYS else ""
            known = kind.properties or ("nothing",)
            self.reader.unknown(entry.key, message, () if advice else known, path, advice)

    def _property(self, step: StepDraft, kind: Kind, entry: Entry) -> None:
        name = entry.key.text
        step.written[name] = entry
        prop, path = kind.properties[name], step.path(step.kind_name, name)
        if prop.type == "save":
            step.save = self.parameters(entry.value, Where("'save'", path, kind.knows))
            return
        where = Where(f"'{name}'", path, least=prop.least, most=prop.most)
        value = self.written.value(entry.value, prop.type, where)
        if value is not None:
            step.properties[name] = value

    def _required(self, step: StepDraft, kind: Kind, node: Node) -> None:
        path = step.path(step.kind_name)
        for name, prop in kind.properties.items():
            if prop.required and name not in step.written:
                message = f"'{step.kind_name}' needs '{name}'"
                self.reader.missing(step.place, message, f"add '{name}: …'", path)
            elif prop.only_with and name in step.written and prop.only_with not in step.written:
                self._idle(step, name, prop.only_with)
        chosen = [name for name in kind.one_of if name in step.written]
        if kind.one_of and not chosen and not _wrong_shape(node):
            message = f"'{step.kind_name}' needs '{kind.one_of[0]}' or '{kind.one_of[1]}'"
            self.reader.missing(step.place, message, f"add '{kind.one_of[0]}: …'", path)
        elif len(chosen) > 1:
            second = step.written[chosen[1]].key
            message = f"'{chosen[0]}' and '{chosen[1]}' exclude each other"
            self.reader.findings.add(
                "E105", second, message, help=f"delete '{chosen[1]}'", path=path
            )

    def _idle(self, step: StepDraft, name: str, only_with: str) -> None:
        message = f"'{name}' is for '{only_with}' alone"
        advice = f"delete '{name}', or write '{only_with}'"
        at, path = step.written[name].key, step.path(step.kind_name)
        self.reader.findings.add("E105", at, message, help=advice, path=path)

    def parameters(self, node: Node, where: Where) -> dict[str, Value]:
        """Read new values of parameters, as `set` and `save` have them."""
        what, path = where.what, where.path
        entries = self.reader.mapping(node, what, "write { PARAMETER: VALUE }", path)
        if entries is None:
            return {}
        if not entries.entries:
            message = f"{what} names no parameter"
            self.reader.missing(node, message, "write { PARAMETER: VALUE }", path)
        values: dict[str, Value] = {}
        for name, entry in entries.entries.items():
            param = self.conditions.params.get(name)
            if param is None:
                advice = f"declare '{name}' under 'params'"
                self.reader.unknown(
                    entry.key, "there is no parameter", self.conditions.params, path, advice
                )
                continue
            self.conditions.given.add(name)
            inside = Where(f"'{name}'", f"{path}.{name}", where.knows)
            value = self.written.value(entry.value, param.type, inside, param.values)
            if value is not None:
                values[name] = value
        return values

    # --- ways on -------------------------------------------------------------------------------

    def _ways(self, step: StepDraft, body: Mapping) -> None:
        kind = step.kind
        save = body.entries.get("save")
        if save and kind.cases and kind.knows:
            where = Where("'save'", step.path("save"), kind.knows)
            step.save = self.parameters(save.value, where)
        elif save:
            message = f"'{step.kind_name}' has nothing to save here"
            inside = f"write it inside: {step.kind_name}: {{ save: … }}"
            advice = inside if "save" in kind.properties else "delete 'save', or use a 'set' step"
            self.reader.findings.add("E104", save.key, message, help=advice, path=step.path("save"))
        then = body.entries.get("then")
        if then is None:
            return
        if isinstance(then.value, Mapping):
            for name, entry in then.value.entries.items():
                self._way(step, name, entry.key, entry.value)
        else:
            self._main_way(step, then)

    def _main_way(self, step: StepDraft, then: Entry) -> None:
        outcomes = step.kind.outcomes
        main = next((name for name, each in outcomes.items() if each.role == "main"), "")
        if main:
            self._way(step, main, then.key, then.value)
            return
        step.broken = True
        self.reader.findings.add(
            "E204",
            then.key,
            f"'{step.kind_name}' has no main outcome",
            help=_without_main(step),
            path=step.path("then"),
        )

    def _way(self, step: StepDraft, name: str, key: Scalar, node: Node) -> None:
        outcomes = step.kind.outcomes
        path = step.path("then", name)
        outcome = outcomes.get(name)
        if outcome is None:
            meant = close(name, outcomes)
            advice = f"did you mean '{meant}'?" if meant else _without_main(step)
            self._no_outcome(step, key, path, advice, meant)
        elif outcome.only_with and outcome.only_with not in step.written:
            advice = f"add '{outcome.only_with}: 10m', or delete this way on"
            self._no_outcome(step, key, path, advice)
        target = self.target(node, path)
        if target is None:
            step.broken = True
        elif outcome is not None:
            step.then[name] = target

    def _no_outcome(
        self, step: StepDraft, key: Scalar, path: str, advice: str, fix: str = ""
    ) -> None:
        step.broken = True
        message = f"'{step.kind_name}' has no outcome '{key.text}' here"
        self.reader.findings.add("E204", key, message, help=advice, path=path, fix=fix or None)

    def target(self, node: Node, path: str) -> Target | None:
        """Read the name of a step to go to."""
        scalar = self.reader.scalar(node, "the way on", "write the name of a step, or end", path)
        return None if scalar is None else Target(scalar.text, scalar, path)

    # --- cases ---------------------------------------------------------------------------------

    def _cases(self, step: StepDraft, kind: Kind, node: Node) -> None:
        if not isinstance(node, Sequence) or not node.items:
            message = f"'{step.kind_name}' has a list of cases"
            path = step.path(step.kind_name)
            at: Place = step.place if _is_empty(node) else node
            self.reader.findings.add("E105", at, message, help=_CASES_EXAMPLE, path=path)
            step.broken = True
            return
        for number, item in enumerate(node.items):
            path = f"{step.path(step.kind_name)}[{number}]"
            self._case(step, kind, item, path, last=number == len(node.items) - 1)

    def _case(self, step: StepDraft, kind: Kind, item: Node, path: str, *, last: bool) -> None:
        case = self.reader.mapping(item, "a case", _CASES_EXAMPLE, path)
        if case is None:
            step.broken = True
            return
        for name, entry in case.entries.items():
            if name not in _CASE_KEYS:
                step.broken = True
                self.reader.unknown(entry.key, "a case has no key", _CASE_KEYS, path)
        otherwise, condition = case.entries.get("else"), case.entries.get("if")
        if otherwise is not None:
            self._else(step, otherwise, case, path, last=last)
        elif condition is not None:
            self._if(step, kind, condition, case, path)
        elif not step.broken:
            step.broken = True
            self.reader.missing(item, "this case has no 'if'", _CASES_EXAMPLE, path)

    def _else(
        self, step: StepDraft, otherwise: Entry, case: Mapping, path: str, *, last: bool
    ) -> None:
        for name in ("if", "then"):
            if name in case.entries:
                message = f"'else' and '{name}' are in one case"
                advice = "write '- else: STEP' as a case of its own, the last one"
                at = case.entries[name].key
                self.reader.findings.add("E105", at, message, help=advice, path=path)
        if not last:
            step.broken = True
            message = "cases after 'else' are never reached"
            advice = "put '- else: …' last"
            self.reader.findings.add("E105", otherwise.key, message, help=advice, path=path)
        self._add(step, None, self.target(otherwise.value, f"{path}.else"))

    def _if(self, step: StepDraft, kind: Kind, entry: Entry, case: Mapping, path: str) -> None:
        source = self.condition(entry.value, f"{path}.if", kind.knows)
        then = case.entries.get("then")
        if then is None:
            step.broken = True
            self.reader.missing(entry.key, "this case has no 'then'", "add 'then: STEP'", path)
            return
        self._add(step, source, self.target(then.value, f"{path}.then"))

    def _add(self, step: StepDraft, condition: str | None, target: Target | None) -> None:
        if target is None:
            step.broken = True
        else:
            step.cases.append(CaseDraft(condition, target))

    def condition(self, node: Node, path: str, knows: Knows) -> str:
        """Read a condition, an expression without `${}`."""
        scalar = self.reader.scalar(node, "'if'", "write a condition: visits > 3", path)
        if scalar is None:
            return ""
        text = scalar.text
        if "${" in text:
            bare = _BRACES.sub(r"\1", text).strip()
            self.reader.findings.add(
                "E110",
                scalar,
                "'if' is an expression already, without '${' and '}'",
                help=f"write: {bare}",
                path=path,
                fix=bare,
            )
            return ""
        self.conditions.condition(Piece(scalar, 0, text, path, knows))
        return text


def _outdented(key: Scalar, node: Node) -> bool:
    """Tell whether what looks like a step's name is a key of the step above."""
    if not isinstance(node, Mapping):
        return key.text in KINDS or key.text in STEP_KEYS
    kind = KINDS.get(key.text)
    inside = (*kind.properties, "save") if kind else OUTCOMES if key.text == "then" else ()
    no_step = any(name not in KINDS and name not in STEP_KEYS for name in node.entries)
    return no_step and all(name in inside for name in node.entries)


def _without_main(step: StepDraft) -> str:
    kind = step.kind
    if kind.cases:
        return "its cases say where to go: put 'then' into each"
    if kind.outcomes:
        first = next(name for name, each in kind.outcomes.items())
        if len(kind.outcomes) > 1:
            return one_of(kind.outcomes)
        return f"name the outcome: then: {{ {first}: STEP }}"
    return "delete 'then': the run ends here"


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.empty


def _wrong_shape(node: Node) -> bool:
    return not isinstance(node, Mapping | Scalar)
