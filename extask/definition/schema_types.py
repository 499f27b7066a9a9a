"""What each type of property is in JSON Schema: literals, expressions, names of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from extask.addresses import LONGEST as LONGEST_URL
from extask.definition.catalogue import Catalogue
from extask.definition.draft import NAME
from extask.definition.durations import PATTERN
from extask.definition.fitting import LONGEST_LIST
from extask.definition.kinds import DISTRIBUTIONS, METHODS, Property, Type
from extask.definition.plan import ParamType
from extask.definition.reading import LONGEST_TEXT
from extask.definition.written import MOST_PREFERRED
from extask.messages import PRIORITIES

Schema = dict[str, Any]
SCALAR = ["string", "number", "boolean", "null"]
"""Whatever a single value may look like to YAML where a text is meant."""
EXPRESSION: Schema = {"type": "string", "pattern": r"\$\{"}
_ALONE: Schema = {"type": "string", "pattern": r"^\$\{[\s\S]*\}$"}
"""An expression and nothing beside it, for what is no text."""
_CHOICE: Schema = {"type": "string", "pattern": r"^\$\{\s*params\.[a-z][a-z0-9_]*\s*\}$"}
_TIME = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d(:?\d\d)?)$"
_LEVEL = {"type": "integer", "minimum": 1, "maximum": 6}
_DURATION: Schema = {
    "type": "string",
    "pattern": PATTERN,
    "patternErrorMessage": "Write a duration such as 30s, 5m, 1h30m, 2d or PT5M.",
    "examples": ["30s", "5m", "1h"],
}
_TIMES: Schema = {"type": "string", "pattern": _TIME}
DEFAULTS: dict[ParamType, Schema] = {
    "text": {"type": SCALAR, "maxLength": LONGEST_TEXT, "not": {"pattern": r"(^|[^$])\$\{"}},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "duration": _DURATION,
    "time": _TIMES,
    "choice": {"type": SCALAR},
    "list": {"type": "array", "maxItems": LONGEST_LIST, "items": {"type": SCALAR}},
}
"""What the default of a parameter of each type may be."""


def ref(name: str) -> Schema:
    """Point to a definition of the schema."""
    return {"$ref": f"#/definitions/{name}"}


def described(properties: Schema, words: Mapping[str, str]) -> Schema:
    """Give each property what it means, for hover."""
    return {name: {**each, "description": words[name]} for name, each in properties.items()}


def types(catalogue: Catalogue) -> Schema:
    """Describe every type of property, and what else several places share."""
    shared = {
        "some_time": {**_DURATION, "not": {"pattern": "^[P0wdhmsWDTHMS.]*$"}},
        "agent": _agent(catalogue),
    }
    return shared | {name: _TYPES[name](catalogue) for name in get_args(Type)}


def typed(prop: Property) -> Schema:
    """Describe a property: its type, within its bounds where it has some."""
    if prop.type == "integer" and prop.least is not None:
        return {"anyOf": [{"type": "integer", "minimum": prop.least, "maximum": prop.most}, _ALONE]}
    return ref(prop.type)


def _or_expression(literal: Schema) -> Callable[[Catalogue], Schema]:
    return lambda _: {"anyOf": [literal, _ALONE]}


def _words(words: tuple[str, ...]) -> Callable[[Catalogue], Schema]:
    return lambda _: {"anyOf": [{"enum": list(words)}, _CHOICE]}


def _named(section: str) -> Callable[[Catalogue], Schema]:
    return lambda catalogue: {"anyOf": [_name(catalogue, section), _CHOICE]}


def _name(catalogue: Catalogue, section: str) -> Schema:
    known = catalogue.names(section)
    if known is not None:
        return {"enum": list(known)}
    return {"type": "string", "pattern": f"^{NAME}$"}


def _agent(catalogue: Catalogue) -> Schema:
    known = catalogue.names("agents")
    unknown: Schema = {"type": SCALAR[:3], "maxLength": LONGEST_TEXT}
    name = unknown if known is None else {"enum": list(known)}
    return {"anyOf": [name, _ALONE]}


def _list(items: Schema, most: int) -> Schema:
    return {"anyOf": [{"type": "array", "maxItems": most, "items": items}, _ALONE]}


def _agents(_: Catalogue) -> Schema:
    priority = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 99}, _ALONE]}
    preferred = {
        "type": "object",
        "required": ["agent"],
        "properties": {"agent": ref("agent"), "priority": priority},
        "additionalProperties": False,
    }
    return _list({"anyOf": [ref("agent"), preferred]}, MOST_PREFERRED)


def _skills(catalogue: Catalogue) -> Schema:
    level = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 1000}, _ALONE]}
    known = catalogue.names("skills")
    if known is None:
        return {"type": "object", "maxProperties": LONGEST_LIST, "additionalProperties": level}
    return {
        "type": "object",
        "maxProperties": LONGEST_LIST,
        "properties": dict.fromkeys(known, level),
        "additionalProperties": False,
    }


def _of_catalogue(section: str) -> Callable[[Catalogue], Schema]:
    return lambda catalogue: _name(catalogue, section)


_SAVE: Schema = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"pattern": f"^{NAME}$"},
    "additionalProperties": {"type": [*SCALAR, "array"]},
}
_URL: Schema = {
    "type": "string",
    "pattern": "^[hH][tT][tT][pP][sS]?://[^/?#$]+([/?#]|$)",
    "maxLength": LONGEST_URL,
    "patternErrorMessage": "Write https://HOST/PATH.",
}
_BODY: Schema = {
    "maxLength": LONGEST_TEXT,
    "maxItems": LONGEST_LIST,
    "maxProperties": LONGEST_LIST,
    "items": {"$ref": "#/definitions/body"},
    "additionalProperties": {"$ref": "#/definitions/body"},
}
_STATUSES: Schema = {
    "type": "array",
    "maxItems": LONGEST_LIST,
    "items": {"type": "integer", "minimum": 200, "maximum": 599},
}
TYPE_WORDS: dict[Type, str] = {
    "duration": "a duration",
    "time": "a moment",
    "text": "a text",
    "boolean": "`true` or `false`",
    "integer": "a whole number",
    "level": "a whole number from 1 to 6",
    "name": "a name",
    "service": "a service",
    "calendar": "a calendar",
    "priority": " ".join(f"`{each}`" for each in PRIORITIES),
    "distribution": " ".join(f"`{each}`" for each in DISTRIBUTIONS),
    "agents": "a list of agents",
    "names": "a list of agents",
    "skills": "`{ SKILL: LEVEL }`",
    "parameter": "a parameter",
    "event": "an event of the catalogue",
    "flow": "a flow of the catalogue",
    "url": "an address",
    "method": " ".join(f"`{each}`" for each in METHODS),
    "body": "any value, with expressions in it",
    "statuses": "a list of whole numbers",
    "save": "`{ PARAMETER: VALUE }`",
}
"""What a property of each type takes, in words."""
_TYPES: dict[Type, Callable[[Catalogue], Schema]] = {
    "duration": _or_expression(_DURATION),
    "time": _or_expression(_TIMES),
    "text": lambda _: {"type": SCALAR, "maxLength": LONGEST_TEXT},
    "boolean": _or_expression({"type": "boolean"}),
    "integer": _or_expression({"type": "integer"}),
    "level": _or_expression(_LEVEL),
    "name": lambda _: {"type": "string", "pattern": f"^{NAME}$"},
    "service": _named("services"),
    "calendar": _named("calendars"),
    "priority": _words(PRIORITIES),
    "distribution": _words(DISTRIBUTIONS),
    "agents": _agents,
    "names": lambda _: _list(ref("agent"), LONGEST_LIST),
    "skills": _skills,
    "parameter": lambda _: {"type": "string", "pattern": f"^{NAME}$"},
    "event": _of_catalogue("events"),
    "flow": _of_catalogue("flows"),
    "url": lambda _: _URL,
    "method": lambda _: {"enum": list(METHODS)},
    "body": lambda _: _BODY,
    "statuses": lambda _: _STATUSES,
    "save": lambda _: _SAVE,
}
