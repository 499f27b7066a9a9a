"""Sketches a file that may not be YAML at the moment: which name stands where, line by line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from extask.definition.finding import Spot

Path = tuple[str, ...]
"""Names from the outside in; an entry of a list is `-`."""
ENTRY = "-"
_KEY = re.compile(
    r"(?P<quote>['\"]?)(?P<key>[^\s#{}\[\],&*!|>'\"%@`:][^#{}\[\],'\":]*?)(?P=quote)\s*:(?=\s|$)"
)
_TOKEN = re.compile(
    r"""\s+|\#.*
    |"(?:\\.|[^"\\])*"?|'(?:''|[^'])*'?
    |[{}\[\],]|:(?=[\s,{}\[\]]|$)
    |(?:[^\s{}\[\],:"'#]|:(?![\s,{}\[\]]|$))(?:[^{}\[\],:#]|:(?![\s,{}\[\]]|$)|(?<=\S)\#)*""",
    re.VERBOSE,
)
_SCALAR = re.compile(r""""(?:\\.|[^"\\])*"?|'(?:''|[^'])*'?|(?:[^\s#]|(?<=\S)#|\s+(?![\s#]|$))+""")
_BLOCK_TEXT = re.compile(r"[|>][-+0-9]*\s*(?:#.*)?$")
_QUOTES = "'\""


@dataclass(slots=True)
class Item:
    """One name with its value, or one entry of a list; values that are no text stay empty."""

    path: Path
    key: Spot | None
    value: str = ""
    at: Spot = field(default_factory=lambda: Spot(0, 0, 0))
    """Where the value is, inside its quotes."""


@dataclass(slots=True)
class _Frame:
    """A map or list that is open: a block by its indent, or brackets."""

    shape: Literal["map", "list", "{", "["]
    indent: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where somebody types: in the name or the value of which path, and what is there already."""

    path: Path
    role: Literal["key", "value"]
    typed: str


class Sketch:
    """Reads lines one after the other; every line is taken for the best it may mean."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._frames: list[_Frame] = []
        self._text_below = -1
        self._line = 0
        self._last: tuple[str, Spot] | None = None
        """A text in brackets that is a key if a colon follows."""
        self._value_at = False
        """Whether a value may follow on this line."""

    @property
    def path(self) -> Path:
        """The names around what was read last."""
        return tuple(
            name
            for frame in self._frames
            for name in ((ENTRY,) if frame.shape in ("list", "[") else (frame.key,))
            if name
        )

    def take(self, line: str) -> None:
        """Read the next line."""
        self._line += 1
        self._value_at = False
        stripped = line.strip()
        indent = len(line) - len(line.lstrip(" "))
        if self._text_below >= 0 and (not stripped or indent > self._text_below):
            return
        self._text_below = -1
        if self._in_brackets and not self._broken_off(line, indent):
            self._brackets(line, 0)
        elif stripped and not stripped.startswith("#"):
            self._last = None
            self._block(line, indent)

    @property
    def _in_brackets(self) -> bool:
        return bool(self._frames) and self._frames[-1].shape in ("{", "[")

    def _broken_off(self, line: str, indent: int) -> bool:
        """Tell whether brackets were never closed: a line begins that cannot be inside."""
        blocks = [frame for frame in self._frames if frame.shape in ("map", "list")]
        if not line.strip() or (blocks and indent > blocks[-1].indent):
            return False
        if blocks and not _KEY.match(line, indent):
            return False
        self._frames = blocks
        return True

    # --- blocks --------------------------------------------------------------------------------

    def _block(self, line: str, indent: int) -> None:
        at = indent
        while re.match(r"-(\s|$)", line[at:]):
            self._leave(at, entry=True)
            if not self._frames or self._frames[-1].indent < at or not self._is_list:
                self._frames.append(_Frame("list", at))
            rest = line[at + 1 :]
            at += 1 + len(rest) - len(rest.lstrip())
        found = _KEY.match(line, at)
        if found:
            self._leave(at, entry=False)
            if not self._frames or self._frames[-1].indent < at:
                self._frames.append(_Frame("map", at))
            self._name(found["key"], found.start("key"))
            self._value(line, found.end())
        else:
            self.settle(at)
            self._value(line, at)

    @property
    def _is_list(self) -> bool:
        return self._frames[-1].shape == "list"

    def settle(self, indent: int) -> None:
        """Leave what a line with this indent is not inside of, and the name beside it."""
        self._leave(indent, entry=False)
        if self._frames and self._frames[-1].indent == indent and not self._is_list:
            self._frames.pop()

    def _leave(self, indent: int, *, entry: bool) -> None:
        """Close the blocks that end before this indent; an entry may stand right below a name."""
        while self._frames and (
            self._frames[-1].indent > indent
            or (self._frames[-1].indent == indent and self._is_list and not entry)
        ):
            self._frames.pop()

    def _name(self, key: str, column: int) -> None:
        self._frames[-1].key = key
        spot = Spot(self._line, column + 1, column + 1 + len(key))
        self.items.append(Item(self.path, spot))
        self._value_at = True

    def _value(self, line: str, at: int) -> None:
        rest = line[at:]
        begin = at + len(rest) - len(rest.lstrip())
        text = line[begin:]
        if _BLOCK_TEXT.match(text):
            self._text_below = self._frames[-1].indent if self._frames else 0
        elif text.startswith(("{", "[")):
            self._brackets(line, begin)
        else:
            found = _SCALAR.match(text)
            if found:
                self._written(found[0], begin)

    # --- brackets ------------------------------------------------------------------------------

    def _brackets(self, line: str, at: int) -> None:
        while at < len(line):
            token = _TOKEN.match(line, at)
            text = token[0] if token else line[at]
            self._token(text.rstrip(), at)
            at += len(text)
            if not self._in_brackets:
                return

    def _token(self, text: str, at: int) -> None:
        if not text or text.startswith("#"):
            return
        if text in ("{", "["):
            shape: Literal["{", "["] = "{" if text == "{" else "["
            self._frames.append(_Frame(shape, self._frames[-1].indent if self._frames else 0))
            self._last = None
        elif text in ("}", "]"):
            self._frames.pop()
            self._last = None
        elif text == ",":
            self._frames[-1].key = ""
            self._last = None
        elif text == ":":
            self._colon()
        else:
            self._text(text, at)

    def _colon(self) -> None:
        if self._last:
            key, spot = self._last
            self._frames[-1].key = key
            self.items.append(Item(self.path, spot))
            self._last = None

    def _text(self, text: str, at: int) -> None:
        if self._frames[-1].shape == "{" and not self._frames[-1].key:
            self._last = self._inside(text, at)
        else:
            self._written(text, at)

    # --- values --------------------------------------------------------------------------------

    def _written(self, text: str, column: int) -> None:
        value, spot = self._inside(text, column)
        path = self.path
        if not path:
            return
        last = self.items[-1] if self.items else None
        if last and last.path == path and last.key and not last.at.line:
            last.value, last.at = value, spot
        else:
            self.items.append(Item(path, None, value, spot))

    def _inside(self, text: str, column: int) -> tuple[str, Spot]:
        """Take off quotes."""
        if text[0] in _QUOTES:
            column += 1
            closed = len(text) > 1 and text[-1] == text[0]
            text = text[1:-1] if closed else text[1:]
        return text, Spot(self._line, column + 1, column + 1 + len(text))

    # --- where somebody types ------------------------------------------------------------------

    def cursor(self, line: str) -> Cursor:
        """Take the line up to the cursor, and tell where it stands."""
        before = len(self.items)
        was_text = self._text_below
        self.take(line)
        indent = len(line) - len(line.lstrip(" "))
        if was_text >= 0 and indent > was_text:
            return Cursor(self.path, "value", line.strip())
        if self._in_brackets:
            return self._within(line)
        if line.lstrip().startswith("#"):
            return Cursor((), "value", "")
        fresh = self.items[before:]
        if fresh and self._value_at:
            return Cursor(fresh[-1].path, "value", _typed(line, fresh[-1]))
        return self._beginning(line, indent)

    def _within(self, line: str) -> Cursor:
        frame = self._frames[-1]
        typed = re.split(r"[{\[,]|:(?=\s)", line)[-1].lstrip()
        if frame.shape == "[" or frame.key:
            item = self.items[-1] if self.items else None
            text = item.value if item and item.at.line == self._line else typed
            return Cursor(self.path, "value", text if line.endswith(text) else typed)
        return Cursor(self.path, "key", typed)

    def _beginning(self, line: str, indent: int) -> Cursor:
        """A line without a colon as yet: what is typed becomes a name."""
        entry = re.match(r"\s*((?:-\s+|-$)+)", line)
        at = entry.end() if entry else indent
        if not entry:
            self.settle(at)
        return Cursor(self.path, "key", line[at:].strip())


def _typed(line: str, item: Item) -> str:
    return line[item.at.column - 1 :] if item.at.line else ""


def sketch(text: str) -> list[Item]:
    """Tell which name and value stands where, whatever state the file is in."""
    reading = Sketch()
    for line in text.splitlines():
        reading.take(line)
    return reading.items


def cursor(text: str, line: int, column: int) -> Cursor:
    """Tell where a position (from 1) is, judging by what stands before it."""
    lines = text.split("\n")
    reading = Sketch()
    for each in lines[: line - 1]:
        reading.take(each)
    return reading.cursor(lines[line - 1][: column - 1] if line <= len(lines) else "")
