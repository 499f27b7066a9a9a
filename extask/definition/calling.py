"""Reads what only `call` and `wait_for` have: parameters by name, addresses, bodies, statuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from extask import addresses
from extask.definition import bodies
from extask.definition.conditions import Piece
from extask.definition.fitting import LONGEST_LIST
from extask.definition.kinds import METHODS, Type
from extask.definition.loader import Mapping, Node, Scalar, Sequence
from extask.definition.plan import Listed, Literally, Mapped, ParamType, Value
from extask.definition.secrets import HELP as NO_SECRETS
from extask.definition.templates import Templates, Where

_HOST = re.compile(r"https?://[^/?#]+[/?#]", re.IGNORECASE)
_EXAMPLE = "write it as https://HOST/PATH"
_REFUSED: dict[addresses.Why, tuple[str, str]] = {
    "long": ("E105", f"write at most {addresses.LONGEST}"),
    "characters": ("E105", "write such characters as %20 and the like"),
    "form": ("E105", _EXAMPLE),
    "scheme": ("E105", _EXAMPLE),
    "user": ("E506", NO_SECRETS),
    "fragment": ("E105", "delete it: no server ever sees it"),
    "path": ("E105", "write it without '..'"),
    "private": ("E505", "write the public name of the host"),
}
"""The code and the help for each reason not to call an address."""
_SECRET = re.compile(
    r"(^|[_-])(password|passwd|secret|token|api[_-]?key|authorization)$", re.IGNORECASE
)


class Calls(Templates):
    """Reads the values of these kinds in one file."""

    def _fixed(self, node: Node, where: Where) -> bool:
        """Tell whether this is written out, as it must be; else there is a finding."""
        if not isinstance(node, Scalar) or "${" not in node.text:
            return True
        message = f"{where.what} cannot be an expression"
        self.fault(node, message, "write the name itself", where)
        return False

    def _parameter(self, node: Node, where: Where) -> Value | None:
        params = self.conditions.params
        advice = "write the name of a parameter"
        scalar = self.reader.scalar(node, where.what, advice, where.path)
        if scalar is None or not self._fixed(scalar, where):
            return None
        if scalar.text not in params:
            owner, declare = "there is no parameter", f"declare '{scalar.text}' under 'params'"
            self.reader.unknown(scalar, owner, params, where.path, declare)
            return None
        self.conditions.read.add(scalar.text)
        self.conditions.given.add(scalar.text)
        return Literally(value=scalar.text)

    def _catalogued(self, node: Node, where: Where) -> Value | None:
        """Read the name of a flow or event."""
        if not self._fixed(node, where):
            return None
        name = self.reader.name(node, where.what, where.path)
        return None if name is None else Literally(value=name)

    def _method(self, node: Node, where: Where) -> Value | None:
        if not self._fixed(node, where):
            return None
        word = self.reader.choice(node, where.what, where.path, METHODS)
        return None if word is None else Literally(value=word)

    def _statuses(self, node: Node, where: Where) -> Value | None:
        items = self.items(node, where, LONGEST_LIST)
        if items is None:
            return None
        what = f"{where.what}: a status"
        read = [self.reader.integer(i, what, where.path, least=200, most=599) for i in items]
        return Literally(value=[status for status in read if status is not None])

    # --- addresses -----------------------------------------------------------------------------

    def _url(self, node: Node, where: Where) -> Value | None:
        scalar = self.reader.scalar(node, where.what, "write https://HOST/PATH", where.path)
        if scalar is None or self._astray(scalar, scalar.text, where):
            return None
        return Literally(value=scalar.text)

    def _address(self, node: Scalar, pieces: list[str | Piece], where: Where) -> Value | None:
        """Read an address with expressions in it; its host is written out."""
        head = pieces[0] if isinstance(pieces[0], str) else ""
        if not _HOST.match(head):
            advice = 'write it as "https://HOST/PATH/${…}"'
            self.fault(node, f"{where.what}: the host must be written out", advice, where)
            return None
        written = "".join(piece if isinstance(piece, str) else "x" for piece in pieces)
        return None if self._astray(node, written, where) else self.template(pieces)

    def _astray(self, node: Scalar, url: str, where: Where) -> bool:
        """Tell whether an address may not be called; then there is a finding."""
        try:
            addresses.read(url, loopback=True)
        except addresses.Refused as refused:
            code, advice = _REFUSED[refused.why]
            message = f"this address {refused}"
            self.reader.findings.add(code, node, message, help=advice, path=where.path)
            return True
        return False

    # --- bodies --------------------------------------------------------------------------------

    def _body(self, node: Node, where: Where) -> Value | None:
        if isinstance(node, Sequence):
            items = self.items(node, where, LONGEST_LIST)
            values = [self.value(item, "body", where) for item in items or ()]
            return Listed(items=tuple(value for value in values if value is not None))
        if isinstance(node, Mapping):
            return self._body_map(node, where)
        self.reader.text(node, where.what, where.path)
        return Literally(value=bodies.word(node))

    def _body_map(self, node: Mapping, where: Where) -> Value:
        values: dict[str, Value] = {}
        for number, (name, entry) in enumerate(node.entries.items()):
            if number == LONGEST_LIST:
                message = f"{where.what}: {len(node.entries)} entries are too many"
                self.fault(entry.key, message, f"write at most {LONGEST_LIST}", where)
            self._no_secret(entry.key, entry.value, where)
            value = self.value(entry.value, "body", where)
            if value is not None:
                values[name] = value
        return Mapped(entries=values)

    def _no_secret(self, key: Scalar, value: Node, where: Where) -> None:
        literal = isinstance(value, Scalar) and value.text and "${" not in value.text
        if literal and _SECRET.search(key.text):
            self.reader.findings.add(
                "E506",
                value,
                f"'{key.text}' is a secret that everybody could read here",
                help=NO_SECRETS,
                path=where.path,
            )

    READS: ClassVar[dict[Type | ParamType, Callable[[Calls, Node, Where], Value | None]]] = {
        "parameter": _parameter,
        "event": _catalogued,
        "flow": _catalogued,
        "url": _url,
        "method": _method,
        "body": _body,
        "statuses": _statuses,
    }
    """How values of these types are read."""
