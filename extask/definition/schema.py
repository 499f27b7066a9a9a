"""The JSON Schema (draft-07) of a definition, generated from the table of kinds for editors."""

from __future__ import annotations

from typing import Any

from extask.definition import meanings
from extask.definition.catalogue import Catalogue
from extask.definition.draft import NAME
from extask.definition.fitting import LONGEST_LIST
from extask.definition.headings import HANDLERS, LANGUAGE, MOST_PARAMS, PARAM_KEYS, PARAM_TYPES
from extask.definition.kinds import KINDS, Kind
from extask.definition.reading import LONGEST_TEXT
from extask.definition.schema_types import (
    DEFAULTS,
    EXPRESSION,
    SCALAR,
    described,
    ref,
    typed,
    types,
)

Schema = dict[str, Any]
_NAMES = {"pattern": f"^{NAME}$"}
_TARGET: Schema = {
    "type": "string",
    "pattern": f"^{NAME}$",
    "patternErrorMessage": "Write the name of a step, or end.",
}
_NOWHERE: Schema = {"type": ["null", "object"], "maxProperties": 0}


def schema(catalogue: Catalogue | None = None) -> Schema:
    """Describe definitions as JSON Schema; names of a catalogue become choices."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A workflow definition of the language extask/1",
        "type": "object",
        "required": ["workflow", "version", "steps"],
        "additionalProperties": False,
        "properties": _keys(),
        "definitions": {
            "target": _TARGET,
            "param": _param(),
            "step": _step(),
            **types(catalogue or Catalogue()),
            **{f"kind_{name}": _kind(name, kind) for name, kind in KINDS.items()},
            **{f"then_{name}": _ways(kind) for name, kind in KINDS.items()},
        },
    }


def _keys() -> Schema:
    keys: Schema = {
        "workflow": {"type": "string", **_NAMES},
        "version": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
        "language": {"enum": [LANGUAGE]},
        "title": {"type": SCALAR, "maxLength": LONGEST_TEXT},
        "description": {"type": SCALAR, "maxLength": LONGEST_TEXT},
        "lifetime": ref("some_time"),
        "params": {
            "type": ["object", "null"],
            "maxProperties": MOST_PARAMS,
            "propertyNames": _NAMES,
            "additionalProperties": ref("param"),
        },
        "start": ref("target"),
        "steps": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {**_NAMES, "not": {"const": "end"}},
            "additionalProperties": ref("step"),
        },
        "when": _map({event: ref("target") for event in HANDLERS}, meanings.EVENTS),
    }
    return described(keys, meanings.KEYS)


def _map(properties: Schema, words: dict[str, str]) -> Schema:
    return {
        "type": "object",
        "properties": described(properties, words),
        "additionalProperties": False,
    }


def _param() -> Schema:
    words = "\n".join(f"{name}: {meanings.PARAM_TYPES[name]}" for name in PARAM_TYPES)
    properties: Schema = {
        "type": {"enum": list(PARAM_TYPES)},
        "default": {},
        "required": {"type": "boolean"},
        "values": {
            "type": "array",
            "minItems": 1,
            "maxItems": LONGEST_LIST,
            "uniqueItems": True,
            "items": {"type": SCALAR},
        },
        "description": {"type": SCALAR, "maxLength": LONGEST_TEXT},
    }
    told = meanings.PARAM_KEYS | {"type": f"{meanings.PARAM_KEYS['type']}\n{words}"}
    return {
        **_map({key: properties[key] for key in PARAM_KEYS}, told),
        "required": ["type"],
        "if": {"properties": {"type": {"const": "choice"}}},
        "then": {"required": ["values"]},
        "else": {"properties": {"values": False}},
        "allOf": [
            {
                "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
                "then": {"properties": {"default": DEFAULTS[name]}},
            }
            for name in PARAM_TYPES
        ],
    }


# --- steps ---------------------------------------------------------------------------------------


def _step() -> Schema:
    kinds: Schema = {name: ref(f"kind_{name}") for name in KINDS}
    beside: Schema = {
        "then": {},
        "title": {"type": SCALAR, "maxLength": LONGEST_TEXT},
        "note": {"type": SCALAR, "maxLength": LONGEST_TEXT},
        "save": ref("save"),
    }
    summaries = {name: _told(name, kind) for name, kind in KINDS.items()}
    return {
        **_map({**kinds, **beside}, {**summaries, **meanings.STEP_KEYS}),
        "oneOf": [{"required": [name]} for name in KINDS],
        "allOf": [rule for name, kind in KINDS.items() for rule in _rules(name, kind)],
    }


def _told(name: str, kind: Kind) -> str:
    """Tell a kind for hover: what it does, what it leads to, and where the task must be."""
    told = [kind.summary]
    if kind.outcomes:
        told.append(f"Outcomes: {', '.join(kind.outcomes)}.")
    if kind.needs:
        told.append({"in": "The task must be in a queue."}.get(kind.needs, "In no queue yet."))
    if kind.shorthand:
        told.append(f"Short: '{name}: {kind.shorthand.upper()}'.")
    return " ".join(told)


def _rules(name: str, kind: Kind) -> list[Schema]:
    """Say what may stand beside a kind: its ways on, and `save` where it looks at a place."""
    beside: Schema = {"then": ref(f"then_{name}")}
    if not (kind.cases and kind.knows):
        beside["save"] = False
    rules: list[Schema] = [{"if": {"required": [name]}, "then": {"properties": beside}}]
    for outcome, each in kind.outcomes.items():
        if each.only_with:
            without: Schema = {"properties": {outcome: False}}
            if each.role == "main":
                without["type"] = "object"
            rules.append(
                {
                    "if": {"required": [name], "not": _written(name, kind, each.only_with)},
                    "then": {"properties": {"then": without}},
                }
            )
    return rules


def _written(name: str, kind: Kind, prop: str) -> Schema:
    inside: list[Schema] = [{"type": "object", "required": [prop]}]
    if kind.shorthand == prop:
        inside.append({"not": {"type": ["object", "null"]}})
    return {"properties": {name: {"anyOf": inside}}}


def _ways(kind: Kind) -> Schema:
    if not kind.outcomes:
        return {"not": {}, "description": "This kind has no 'then'."}
    ways = _map({name: ref("target") for name in kind.outcomes}, meanings.OUTCOMES)
    if any(each.role == "main" for each in kind.outcomes.values()):
        return {"anyOf": [ref("target"), ways], "description": meanings.STEP_KEYS["then"]}
    return {**ways, "description": meanings.STEP_KEYS["then"]}


# --- kinds ---------------------------------------------------------------------------------------


def _kind(name: str, kind: Kind) -> Schema:
    if kind.cases:
        return _cases()
    if kind.sets:
        return ref("save")
    if not kind.properties:
        return _NOWHERE
    shapes = [_properties(name, kind)]
    if kind.shorthand:
        shapes.insert(0, ref(kind.properties[kind.shorthand].type))
    if not kind.one_of and not any(each.required for each in kind.properties.values()):
        shapes.append({"type": "null"})
    return {"anyOf": shapes}


def _properties(name: str, kind: Kind) -> Schema:
    told = {prop: meanings.of_property(name, prop) for prop in kind.properties}
    shape = _map({prop: typed(each) for prop, each in kind.properties.items()}, told)
    required = [prop for prop, each in kind.properties.items() if each.required]
    if required:
        shape["required"] = required
    needed = {prop: [each.only_with] for prop, each in kind.properties.items() if each.only_with}
    if needed:
        shape["dependencies"] = needed
    if kind.one_of:
        shape["oneOf"] = [{"required": [prop]} for prop in kind.one_of]
    return shape


def _cases() -> Schema:
    condition = {"type": ["string", "boolean"], "not": EXPRESSION}
    words = meanings.CASE_KEYS
    case = _map({"if": condition, "then": ref("target")}, words) | {"required": ["if", "then"]}
    otherwise = _map({"else": ref("target")}, words) | {"required": ["else"]}
    return {"type": "array", "minItems": 1, "items": {"anyOf": [case, otherwise]}}
