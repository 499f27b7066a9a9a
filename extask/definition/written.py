"""Reads what is written at a property or parameter into a plan's value, by its type."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from extask.definition.conditions import WORDS, Conditions, Piece
from extask.definition.draft import NAME
from extask.definition.expressions import ResultType
from extask.definition.fitting import LONGEST_LIST, read_time, to_plain
from extask.definition.kinds import DISTRIBUTIONS, Type
from extask.definition.loader import Mapping, Node, Scalar, Sequence
from extask.definition.plan import (
    Expression,
    Listed,
    Literally,
    Mapped,
    Param,
    ParamType,
    Template,
    Value,
)
from extask.definition.reading import Reader, one_of
from extask.messages import PRIORITIES

MOST_PREFERRED = 10
_FROM_CHOICE = re.compile(r"\s*params\.([a-z][a-z0-9_]*)\s*")
_WORD = re.compile(NAME)
_ACCEPTS: dict[Type | ParamType, tuple[ResultType, ...]] = {
    "duration": ("duration",),
    "time": ("time",),
    "boolean": ("boolean",),
    "integer": ("integer",),
    "level": ("integer",),
    "number": ("number", "integer"),
    "list": ("list",),
    "choice": ("text",),
    "agents": ("list", "text"),
    "names": ("list", "text"),
}
_NAMED: tuple[Type | ParamType, ...] = ("service", "calendar", "priority", "distribution")


@dataclass(frozen=True, slots=True)
class Where:
    """What is being read: its name for people, its path, and what its expressions know."""

    what: str
    path: str
    looks: bool = False


class Written:
    """Reads values of one file."""

    def __init__(self, reader: Reader, conditions: Conditions) -> None:
        self.reader = reader
        self.conditions = conditions
        self._literal: dict[Type | ParamType, Callable[[Node, Where], Value | None]] = {
            "text": self._text,
            "service": self._service,
            "calendar": self._service,
            "priority": self._priority,
            "distribution": self._distribution,
            "duration": self._duration,
            "time": self._time,
            "boolean": self._boolean,
            "integer": self._integer,
            "level": self._level,
            "number": self._number,
            "list": self._texts,
            "names": self._names,
            "agents": self._agents,
            "skills": self._skills,
        }

    def value(
        self, node: Node, kind: Type | ParamType, where: Where, choices: tuple[str, ...] = ()
    ) -> Value | None:
        """Read a value of a type; without one there is a finding."""
        if isinstance(node, Scalar) and "${" in node.text and kind != "skills":
            return self._with_expressions(node, kind, where)
        if kind == "choice":
            word = self.reader.choice(node, where.what, where.path, choices)
            return None if word is None else Literally(value=word)
        return self._literal[kind](node, where)

    def default(self, node: Node, param: Param, where: Where) -> Value | None:
        """Read a parameter's default, which has no expressions."""
        if isinstance(node, Scalar) and "${" in node.text.replace("$${", ""):
            self.reader.findings.add(
                "E105",
                node,
                f"{where.what} cannot be an expression",
                help="write the value itself, and change it with a 'set' step",
                path=where.path,
            )
            return None
        return self.value(node, param.type, where, param.values)

    # --- expressions ---------------------------------------------------------------------------

    def _with_expressions(self, node: Scalar, kind: Type | ParamType, where: Where) -> Value | None:
        pieces = self._pieces(node, where)
        if pieces is None:
            return None
        if kind in _NAMED:
            return self._from_choice(node, kind, pieces, where)
        types = [self.conditions.check(each) for each in pieces if isinstance(each, Piece)]
        if None in types:
            return None
        if kind == "text":
            return self._template(pieces)
        only = pieces[0]
        if len(pieces) > 1 or isinstance(only, str):
            self._mixed(node, kind, where)
            return None
        return self._typed(only, types[0] or "other", kind, where)

    def _template(self, pieces: list[str | Piece]) -> Value:
        if all(isinstance(each, str) for each in pieces):
            return Literally(value="".join(map(str, pieces)))
        return Template(
            template=tuple(
                Expression(expression=each.source) if isinstance(each, Piece) else each
                for each in pieces
            )
        )

    def _mixed(self, node: Scalar, kind: Type | ParamType, where: Where) -> None:
        self.reader.findings.add(
            "E105",
            node,
            f"{where.what}: text and expression together are no {kind}",
            help='write one expression alone: "${…}"',
            path=where.path,
        )

    def _typed(
        self, piece: Piece, found: ResultType, kind: Type | ParamType, where: Where
    ) -> Value | None:
        if found == "anything" or found in _ACCEPTS.get(kind, ()):
            return Expression(expression=piece.source)
        wanted = WORDS.get(_ACCEPTS.get(kind, ("other",))[0], kind)
        self.reader.findings.add(
            "E303",
            self.reader.spot(piece.node, piece.start, len(piece.source)),
            f"{where.what}: this is {WORDS[found]}, where {wanted} is needed",
            help=f"write an expression that gives {wanted}",
            path=where.path,
        )
        return None

    def _from_choice(
        self, node: Scalar, kind: Type | ParamType, pieces: list[str | Piece], where: Where
    ) -> Value | None:
        only = pieces[0]
        found = (
            _FROM_CHOICE.fullmatch(only.source)
            if isinstance(only, Piece) and len(pieces) == 1
            else None
        )
        param = self.conditions.params.get(found[1]) if found else None
        if found is None or param is None or param.type != "choice":
            self.reader.findings.add(
                "E105",
                node,
                f"{where.what}: only a parameter of type 'choice' can stand here",
                help="declare it with its values: { type: choice, values: [A, B] }",
                path=where.path,
            )
            return None
        self.conditions.read.add(found[1])
        known = {"priority": PRIORITIES, "distribution": DISTRIBUTIONS}.get(kind)
        wrong = [v for v in param.values if not (v in known if known else _WORD.fullmatch(v))]
        if wrong:
            self.reader.findings.add(
                "E105",
                node,
                f"{where.what}: the value '{wrong[0]}' of '{param.name}' does not fit",
                help=one_of(known) if known else "take names of small letters, digits and '_'",
                path=where.path,
            )
            return None
        return Expression(expression=f"params.{param.name}")

    def _pieces(self, node: Scalar, where: Where) -> list[str | Piece] | None:
        text, pieces, plain, at = node.text, list[str | Piece](), "", 0
        while (sign := text.find("${", at)) >= 0:
            if sign > at and text[sign - 1] == "$":
                plain += text[at : sign - 1] + "${"
                at = sign + 2
                continue
            end = _closing(text, sign + 2)
            if end < 0:
                self._unclosed(node, sign, where)
                return None
            plain += text[at:sign]
            if plain:
                pieces.append(plain)
            pieces.append(Piece(node, sign + 2, text[sign + 2 : end], where.path, where.looks))
            plain, at = "", end + 1
        plain += text[at:]
        return [*pieces, plain] if plain else pieces

    def _unclosed(self, node: Scalar, sign: int, where: Where) -> None:
        self.reader.findings.add(
            "E101",
            self.reader.spot(node, sign, 2),
            "'${' without its '}'",
            help="close the expression with '}', or write '$${' for the characters themselves",
            path=where.path,
        )

    # --- literals ------------------------------------------------------------------------------

    def _text(self, node: Node, where: Where) -> Value | None:
        if isinstance(node, Scalar):
            return Literally(value=self.reader.text(node, where.what, where.path))
        self.reader.text(node, where.what, where.path)
        return None

    def _service(self, node: Node, where: Where) -> Value | None:
        return _literally(self.reader.name(node, where.what, where.path))

    def _priority(self, node: Node, where: Where) -> Value | None:
        return _literally(self.reader.choice(node, where.what, where.path, PRIORITIES))

    def _distribution(self, node: Node, where: Where) -> Value | None:
        return _literally(self.reader.choice(node, where.what, where.path, DISTRIBUTIONS))

    def _duration(self, node: Node, where: Where) -> Value | None:
        return _literally(self.reader.duration(node, where.what, where.path))

    def _boolean(self, node: Node, where: Where) -> Value | None:
        return _literally(self.reader.boolean(node, where.what, where.path))

    def _number(self, node: Node, where: Where) -> Value | None:
        return _literally(self.reader.number(node, where.what, where.path))

    def _integer(self, node: Node, where: Where) -> Value | None:
        bound = 10**18 - 1
        return _literally(
            self.reader.integer(node, where.what, where.path, least=-bound, most=bound)
        )

    def _level(self, node: Node, where: Where) -> Value | None:
        return _literally(self.reader.integer(node, where.what, where.path, least=1, most=6))

    def _time(self, node: Node, where: Where) -> Value | None:
        example = "write date, time and offset: 2026-03-01T12:00:00+01:00"
        scalar = self.reader.scalar(node, where.what, example, where.path)
        if scalar is None:
            return None
        try:
            return Literally(value=to_plain(read_time(scalar.text)))
        except (ValueError, OverflowError):
            message = f"{where.what}: this is not a time with its offset"
            self.reader.findings.add("E105", scalar, message, help=example, path=where.path)
            return None

    def _texts(self, node: Node, where: Where) -> Value | None:
        items = self._items(node, where, LONGEST_LIST)
        if items is None:
            return None
        texts = [self.reader.text(item, where.what, where.path) for item in items]
        return Literally(value=texts)

    def _names(self, node: Node, where: Where) -> Value | None:
        return self._listed(node, where, LONGEST_LIST, self._one_name)

    def _agents(self, node: Node, where: Where) -> Value | None:
        return self._listed(node, where, MOST_PREFERRED, self._one_agent)

    def _listed(
        self,
        node: Node,
        where: Where,
        most: int,
        one: Callable[[Node, Where], Value | None],
    ) -> Value | None:
        items = self._items(node, where, most)
        if items is None:
            return None
        values = [one(item, where) for item in items]
        return Listed(items=tuple(value for value in values if value is not None))

    def _items(self, node: Node, where: Where, most: int) -> list[Node] | None:
        if not isinstance(node, Sequence):
            fix = f"[{node.text}]" if isinstance(node, Scalar) and node.text else None
            advice = f"write {fix}" if fix else "write [A, B]"
            message = f"{where.what} is a list"
            self.reader.findings.add("E105", node, message, help=advice, path=where.path, fix=fix)
            return None
        if len(node.items) <= most:
            return node.items
        message = f"{where.what}: {len(node.items)} entries are too many"
        self.reader.findings.add(
            "E105", node.items[most], message, help=f"write at most {most}", path=where.path
        )
        return None

    def _one_name(self, node: Node, where: Where) -> Value | None:
        if isinstance(node, Scalar) and "${" in node.text:
            return self.value(node, "names", where)
        scalar = self.reader.scalar(node, where.what, "write a name", where.path)
        return None if scalar is None else Literally(value=scalar.text)

    def _one_agent(self, node: Node, where: Where) -> Value | None:
        if not isinstance(node, Mapping):
            return self._one_name(node, where)
        entries: dict[str, Value | None] = {}
        for name, entry in node.entries.items():
            if name == "agent":
                entries[name] = self._one_name(entry.value, where)
            elif name == "priority":
                entries[name] = self._one_priority(entry.value, where)
            else:
                owner = "a preferred agent has no"
                self.reader.unknown(entry.key, owner, ("agent", "priority"), where.path)
        if "agent" not in entries and entries.keys() == node.entries.keys():
            advice = "write { agent: NAME, priority: 1 }"
            self.reader.missing(node, "a preferred agent needs 'agent'", advice, where.path)
        return _mapped(entries)

    def _one_priority(self, node: Node, where: Where) -> Value | None:
        if isinstance(node, Scalar) and "${" in node.text:
            return self.value(node, "integer", where)
        what = f"{where.what}: the priority of an agent"
        return _literally(self.reader.integer(node, what, where.path, least=1, most=99))

    def _skills(self, node: Node, where: Where) -> Value | None:
        skills = self.reader.mapping(node, where.what, "write { NAME: LEVEL }", where.path)
        if skills is None:
            return None
        return _mapped({n: self._skill(e.value, where) for n, e in skills.entries.items()})

    def _skill(self, node: Node, where: Where) -> Value | None:
        if isinstance(node, Scalar) and "${" in node.text:
            return self.value(node, "integer", where)
        what = f"{where.what}: the level"
        return _literally(self.reader.integer(node, what, where.path, least=1, most=1000))


def _literally(value: object) -> Value | None:
    return None if value is None else Literally(value=to_plain(value))


def _mapped(entries: dict[str, Value | None]) -> Value:
    return Mapped(entries={name: value for name, value in entries.items() if value is not None})


def _closing(text: str, at: int) -> int:
    """Find the `}` that closes an expression, past strings and inner braces."""
    depth, quote = 0, ""
    for index in range(at, len(text)):
        sign = text[index]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign == "{":
            depth += 1
        elif sign == "}":
            if not depth:
                return index
            depth -= 1
    return -1
