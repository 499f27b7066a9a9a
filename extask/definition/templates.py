"""Reads values with `${ … }` in them: what is around an expression, and what type it gives."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import NamedTuple

from extask.definition.conditions import WORDS, Conditions, Piece
from extask.definition.draft import NAME
from extask.definition.expressions import Knows, ResultType
from extask.definition.finding import Place
from extask.definition.kinds import DISTRIBUTIONS, Type
from extask.definition.loader import Node, Scalar, Sequence
from extask.definition.plan import Expression, Literally, ParamType, Template, Value
from extask.definition.reading import Reader, one_of
from extask.messages import PRIORITIES

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


class Where(NamedTuple):
    """What is being read: its name for people, its path, what its expressions know, its bounds."""

    what: str
    path: str
    knows: Knows = ""
    least: int | None = None
    most: int | None = None


class Templates(ABC):
    """Reads the expressions in values of one file, and what surrounds them."""

    def __init__(self, reader: Reader, conditions: Conditions) -> None:
        self.reader = reader
        self.conditions = conditions

    @abstractmethod
    def value(
        self, node: Node, kind: Type | ParamType, where: Where, choices: tuple[str, ...] = ()
    ) -> Value | None:
        """Read a value of a type; without one there is a finding."""

    @abstractmethod
    def _address(self, node: Scalar, pieces: list[str | Piece], where: Where) -> Value | None:
        """Read an address with expressions in it."""

    def fault(self, at: Place, message: str, advice: str, where: Where) -> None:
        """Note that something is not of the kind it must be."""
        self.reader.findings.add("E105", at, message, help=advice, path=where.path)

    def items(self, node: Node, where: Where, most: int) -> list[Node] | None:
        """Read a list of bounded length."""
        if not isinstance(node, Sequence):
            fix = f"[{node.text}]" if isinstance(node, Scalar) and node.text else None
            advice = f"write {fix}" if fix else "write [A, B]"
            message = f"{where.what} is a list"
            self.reader.findings.add("E105", node, message, help=advice, path=where.path, fix=fix)
            return None
        if len(node.items) <= most:
            return node.items
        message = f"{where.what}: {len(node.items)} entries are too many"
        self.fault(node.items[most], message, f"write at most {most}", where)
        return None

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
            self.reader.text(node, where.what, where.path)
            return self.template(pieces)
        if kind == "url":
            return self._address(node, pieces, where)
        return self._value_of(node, pieces, types, kind, where)

    def _value_of(
        self,
        node: Scalar,
        pieces: list[str | Piece],
        types: list[ResultType | None],
        kind: Type | ParamType,
        where: Where,
    ) -> Value | None:
        """Read what is one expression alone; only a body may have text around it."""
        only = pieces[0]
        if len(pieces) > 1 or isinstance(only, str):
            if kind == "body":
                return self.template(pieces)
            self._mixed(node, kind, where)
            return None
        if kind == "body":
            return Expression(expression=only.source)
        return self._typed(only, types[0] or "other", kind, where)

    def template(self, pieces: list[str | Piece]) -> Value:
        """Make a text of its pieces."""
        if all(isinstance(each, str) for each in pieces):
            return Literally(value="".join(map(str, pieces)))
        return Template(
            template=tuple(
                Expression(expression=each.source) if isinstance(each, Piece) else each
                for each in pieces
            )
        )

    def _mixed(self, node: Scalar, kind: Type | ParamType, where: Where) -> None:
        message = f"{where.what}: text and expression together are no {kind}"
        self.fault(node, message, 'write one expression alone: "${…}"', where)

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
            message = f"{where.what}: only a parameter of type 'choice' can stand here"
            advice = "declare it with its values: { type: choice, values: [A, B] }"
            self.fault(node, message, advice, where)
            return None
        self.conditions.read.add(found[1])
        known = {"priority": PRIORITIES, "distribution": DISTRIBUTIONS}.get(kind)
        wrong = [v for v in param.values if not (v in known if known else _WORD.fullmatch(v))]
        if wrong:
            message = f"{where.what}: the value '{wrong[0]}' of '{param.name}' does not fit"
            advice = one_of(known) if known else "take names of small letters, digits and '_'"
            self.fault(node, message, advice, where)
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
            pieces.append(Piece(node, sign + 2, text[sign + 2 : end], where.path, where.knows))
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
