"""Slips of the hand in a definition: every place where one can happen, and what it makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import yaml

SWAPS = (
    ("==", ("=",)),
    ("!=", ("=!",)),
    ("<=", ("=<",)),
    (">=", ("=>",)),
    ("&&", ("&", "and")),
    ("||", ("|", "or")),
)
"""What is right, and what is typed for it."""
_WORDED = frozenset({"title", "description", "note"})
"""Keys of free text wherever they stand."""
_TOLD = {"cancel": "reason", "end": "result"}
"""Kinds whose one text is free, and its name where it is written out."""
_QUOTED = re.compile(r"(?<!duration\()(?<!timestamp\()(['\"]).*?\1")
_EXPRESSION = re.compile(r"\$\{.*?\}")


@dataclass(frozen=True)
class Mutant:
    """A definition with one slip in it; `slip` says what was done on which line."""

    file: str
    kind: str
    slip: str
    text: str


@dataclass
class Source:
    """A definition, and what in it means something: free text and comments do not."""

    file: str
    text: str
    live: set[int] = field(default_factory=set)
    """Places of characters that mean something."""
    headings: set[int] = field(default_factory=set)
    """Places of characters in the keys of free text."""
    targets: list[tuple[int, int]] = field(default_factory=list)
    expressions: list[tuple[int, int]] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    def line_of(self, at: int) -> int:
        """Give the number of the line a place is on."""
        return self.text.count("\n", 0, at) + 1

    def put(self, kind: str, begin: int, end: int, new: str) -> Mutant:
        """Write something else over a piece of the text."""
        slip = f"line {self.line_of(begin)}: {self.text[begin:end]!r} became {new!r}"
        return Mutant(self.file, kind, slip, self.text[:begin] + new + self.text[end:])


def read_source(file: str, text: str) -> Source:
    """Find what means something in a definition that is known to be good."""
    source = Source(file, text)
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    assert isinstance(root, yaml.MappingNode)
    _Walk(source, _types(root)).map(root, "")
    return source


def _entries(node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        return []
    return [(str(key.value), value) for key, value in node.value]


def _types(root: yaml.Node) -> dict[str, str]:
    params = dict(_entries(root)).get("params")
    return {name: str(dict(_entries(body))["type"].value) for name, body in _entries(params)}


class _Walk:
    def __init__(self, source: Source, types: dict[str, str]) -> None:
        self.source = source
        self.types = types

    def map(self, node: yaml.MappingNode, path: str) -> None:
        for key, value in node.value:
            inside = f"{path}.{key.value}" if path else str(key.value)
            self._live(key)
            if path == "steps":
                self.source.steps.append(str(key.value))
            if key.value in _WORDED and not self._names_something(path):
                self.source.headings.update(range(key.start_mark.index, key.end_mark.index))
            self.node(value, inside)

    def node(self, node: yaml.Node, path: str) -> None:
        if isinstance(node, yaml.MappingNode):
            self.map(node, path)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self.node(item, path)
        else:
            self._scalar(node, path)

    def _scalar(self, node: yaml.Node, path: str) -> None:
        if self._free(path):
            self._live(node, only=_EXPRESSION)
        else:
            self._live(node)
        if _is_target(path):
            self.source.targets.append((node.start_mark.index, node.end_mark.index))
        begin, written = node.start_mark.index, self._written(node)
        if path.endswith(".if"):
            self._expression(begin, written)
        for found in _EXPRESSION.finditer(written):
            self._expression(begin + found.start(), found[0])

    def _expression(self, begin: int, written: str) -> None:
        self.source.expressions.append((begin, begin + len(written)))
        for quoted in _QUOTED.finditer(written[1:-1] if written[:1] in "'\"" else written):
            shift = begin + (written[:1] in "'\"")
            self.source.live -= set(range(shift + quoted.start() + 1, shift + quoted.end() - 1))

    def _written(self, node: yaml.Node) -> str:
        return self.source.text[node.start_mark.index : node.end_mark.index]

    def _live(self, node: yaml.Node, only: re.Pattern[str] | None = None) -> None:
        begin, written = node.start_mark.index, self._written(node)
        pieces = only.finditer(written) if only else re.finditer(r"(?s).+", written)
        for piece in pieces:
            self.source.live.update(range(begin + piece.start(), begin + piece.end()))

    @staticmethod
    def _names_something(path: str) -> bool:
        return path in ("params", "steps") or path.endswith((".set", ".save", ".skills", ".body"))

    def _free(self, path: str) -> bool:
        before, _, name = path.rpartition(".")
        if name in _WORDED and not self._names_something(before):
            return True
        if before.startswith("params.") and name == "default":
            return self.types[before.removeprefix("params.")] in ("text", "list")
        if before.endswith((".set", ".save")):
            return self.types.get(name) in ("text", "list")
        return ".call.body" in path or any(
            path.endswith((f".{kind}", f".{kind}.{prop}")) for kind, prop in _TOLD.items()
        )


def _is_target(path: str) -> bool:
    within = path.startswith("steps.") and re.search(r"\.(then(\.\w+)?|else)$", path)
    return path == "start" or path.startswith("when.") or bool(within)


# --- slips ---------------------------------------------------------------------------------------


def _letters(source: Source) -> list[int]:
    return [at for at in sorted(source.live) if source.text[at].isalpha()]


def letter_lost(source: Source) -> Iterator[Mutant]:
    """Lose one letter."""
    for at in _letters(source):
        yield source.put("letter lost", at, at + 1, "")


def letters_swapped(source: Source) -> Iterator[Mutant]:
    """Swap two neighbouring letters."""
    for first, second in pairwise(_letters(source)):
        pair = source.text[first : second + 1]
        if second == first + 1 and pair[0] != pair[1]:
            yield source.put("letters swapped", first, second + 1, pair[::-1])


def _lines(source: Source) -> Iterator[tuple[int, str]]:
    """Give the lines that say more than free text, each with where it begins."""
    begin, telling = 0, source.live - source.headings
    for line in source.text.splitlines(keepends=True):
        if any(at in telling for at in range(begin, begin + len(line))):
            yield begin, line
        begin += len(line)


def line_lost(source: Source) -> Iterator[Mutant]:
    """Lose a line."""
    for begin, line in _lines(source):
        yield source.put("line lost", begin, begin + len(line), "")


def line_doubled(source: Source) -> Iterator[Mutant]:
    """Have a line twice."""
    for begin, line in _lines(source):
        yield source.put("line doubled", begin, begin + len(line), line + line)


def indented_more(source: Source) -> Iterator[Mutant]:
    """Indent a line by two more."""
    for begin, _ in _lines(source):
        yield source.put("indented by 2 more", begin, begin, "  ")


def indented_less(source: Source) -> Iterator[Mutant]:
    """Indent a line by two less."""
    for begin, line in _lines(source):
        if line.startswith("  "):
            yield source.put("indented by 2 less", begin, begin + 2, "")


def other_target(source: Source) -> Iterator[Mutant]:
    """Go on with another step that there is."""
    for begin, end in source.targets:
        for step in source.steps:
            if step != source.text[begin:end]:
                yield source.put("other target", begin, end, step)


def operator(source: Source) -> Iterator[Mutant]:
    """Type an operator as other languages have it."""
    for begin, end in source.expressions:
        for right, typed in SWAPS:
            for found in re.finditer(re.escape(right), source.text[begin:end]):
                at = begin + found.start()
                for wrong in typed:
                    yield source.put("operator", at, at + len(right), wrong)


MAKERS: dict[str, Callable[[Source], Iterator[Mutant]]] = {
    "letter lost": letter_lost,
    "letters swapped": letters_swapped,
    "line lost": line_lost,
    "line doubled": line_doubled,
    "indented by 2 more": indented_more,
    "indented by 2 less": indented_less,
    "other target": other_target,
    "operator": operator,
}
