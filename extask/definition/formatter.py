"""Brings a definition into its usual form: order of keys, indentation; never its meaning."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.emitter import RoundTripEmitter
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.resolver import VersionedResolver

from extask.definition.compiler import digest
from extask.definition.loader import Document, Entry, Mapping, Node, Sequence, load
from extask.definition.meanings import keys_at

_WIDE = 1_000_000
"""Columns before a line is broken: an author's lines stay as they are."""
_TEXT = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")
_QUOTED = re.compile(r""""(?:\\.|[^"\\])*"|'(?:''|[^'])*'""")
_BLOCK = re.compile(r"(?:^|[:\s-]\s)[|>][-+0-9]*\s*(?:#.*)?$")
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Formatted:
    """The text in its usual form; with a reason it was left as it is."""

    text: str
    reason: str = ""


def format_definition(text: str) -> Formatted:
    """Bring a definition into its usual form, unless that would change or lose something."""
    document, findings = load(text, "")
    if document is None or findings:
        return Formatted(text, f"it cannot be read: {findings[0].message}")
    try:
        formed = _emitted(_ordered(document))
    except (YAMLError, ValueError) as error:
        return Formatted(text, f"it cannot be written anew: {str(error).splitlines()[0]}")
    if not _same(document, formed):
        return Formatted(text, "its meaning would not stay the same")
    if _comments(document.text) != _comments(formed):
        return Formatted(text, "a comment stands where it would be lost, such as inside brackets")
    return Formatted(formed)


def _same(document: Document, formed: str) -> bool:
    """Tell whether a plan of the new text would have the same digest."""
    anew, findings = load(formed, "")
    return anew is not None and not findings and digest(anew.root) == digest(document.root)


def _sorted(path: Path, keys: Iterable[str]) -> list[str]:
    order = list(keys_at(path))
    return sorted(keys, key=lambda key: order.index(key) if key in order else len(order))


# --- blocks: whole lines change places, with the comments above them -----------------------------


def _ordered(document: Document) -> str:
    text = document.text
    while (found := next(_disordered(document.root, ()), None)) is not None:
        text = _rearranged(text, *found)
        anew, _ = load(text, "")
        if anew is None or found[0] in {path for path, _ in _disordered(anew.root, ())}:
            raise ValueError("its lines cannot change places, such as an anchor and its alias")
        document = anew
    return text


def _disordered(node: Node, path: Path) -> Iterator[tuple[Path, Mapping]]:
    """Find the maps whose lines are not in their order."""
    if isinstance(node, Sequence):
        for item in node.items:
            yield from _disordered(item, (*path, "-"))
        return
    if not isinstance(node, Mapping):
        return
    keys = list(node.entries)
    if _is_block(node, path) and _sorted(path, keys) != keys:
        yield path, node
    for name, entry in node.entries.items():
        yield from _disordered(entry.value, (*path, name))


def _is_block(node: Mapping, path: Path) -> bool:
    """Tell whether each key begins a line of its own."""
    lines = {entry.key.line for entry in node.entries.values()}
    columns = {entry.key.column for entry in node.entries.values()}
    in_list = path[-1:] == ("-",)
    begins = (node.line, node.column) == _first(node)
    return not in_list and begins and len(lines) == len(node.entries) and len(columns) == 1


def _first(node: Mapping) -> tuple[int, int]:
    entry: Entry | None = next(iter(node.entries.values()), None)
    return (entry.key.line, entry.key.column) if entry else (0, 0)


def _rearranged(text: str, path: Path, node: Mapping) -> str:
    lines = text.splitlines()
    keys = list(node.entries)
    starts = [_start(lines, node.entries[key], header=not path and key == keys[0]) for key in keys]
    end = _end(lines, node.entries[keys[-1]])
    stops = [*starts[1:], end]
    chunks = {key: lines[a:b] for key, a, b in zip(keys, starts, stops, strict=True)}
    order = _sorted(path, keys)
    blanks = {key: _blanks(chunk) for key, chunk in chunks.items()}
    bare = {key: chunk[blanks[key] :] for key, chunk in chunks.items()}
    blanks[keys[0]], blanks[order[0]] = blanks[order[0]], blanks[keys[0]]
    anew = [line for key in order for line in [""] * blanks[key] + bare[key]]
    return "\n".join([*lines[: starts[0]], *anew, *lines[end:]]) + "\n"


def _start(lines: list[str], entry: Entry, *, header: bool) -> int:
    """Find where an entry begins, with the comments above it; a file's first ones are its own."""
    at = entry.key.line - 1
    indent = " " * (entry.key.column - 1)
    while not header and at > 0 and _belongs(lines[at - 1], indent):
        at -= 1
    return at


def _belongs(line: str, indent: str) -> bool:
    return not line.strip() or line.startswith(f"{indent}#")


def _end(lines: list[str], entry: Entry) -> int:
    """Find the line behind the last entry: the next that is indented no deeper."""
    at = entry.key.line
    while at < len(lines) and (
        not lines[at].strip() or lines[at].startswith(" " * entry.key.column)
    ):
        at += 1
    while not lines[at - 1].strip():
        at -= 1
    return at


def _blanks(chunk: list[str]) -> int:
    return next((number for number, line in enumerate(chunk) if line.strip()), len(chunk))


# --- brackets and indentation --------------------------------------------------------------------


class _Resolver(VersionedResolver):
    """Takes every value for text, so that none is written otherwise than it was."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:  # noqa: ANN401 - ruamel's
        tag = super().resolve(kind, value, implicit)
        if kind is not ScalarNode:
            return tag
        return type(tag)(suffix=_TEXT if value or not implicit[0] else _NULL)


class _Emitter(RoundTripEmitter):
    """Leaves a space inside braces, and writes nothing where nothing was written."""

    _opened = False

    def choose_scalar_style(self) -> Any:  # noqa: ANN401 - ruamel's
        if self.event.value == self.alt_null and self.event.ctag == _NULL:
            self.event.value, self.analysis = "", self.analyze_scalar("")
            return ""
        return super().choose_scalar_style()

    def write_indicator(
        self,
        indicator: Any,  # noqa: ANN401 - ruamel's
        need_whitespace: Any,  # noqa: ANN401 - ruamel's
        whitespace: bool = False,  # noqa: FBT001, FBT002 - ruamel's
        indention: bool = False,  # noqa: FBT001, FBT002 - ruamel's
    ) -> None:
        if indicator == "}":
            need_whitespace = not self._opened
        super().write_indicator(indicator, need_whitespace, whitespace, indention)
        self._opened = indicator.strip() == "{"
        if self._opened:
            self.whitespace = False


class _Representer(RoundTripRepresenter):
    """Writes nothing where nothing was written."""

    def represent_none(self, data: Any) -> Any:  # noqa: ANN401, ARG002 - ruamel's
        return self.represent_scalar(_NULL, "")


_Representer.add_representer(type(None), _Representer.represent_none)


def _emitted(text: str) -> str:
    yaml = YAML()
    yaml.Resolver, yaml.Emitter, yaml.Representer = _Resolver, _Emitter, _Representer
    yaml.preserve_quotes, yaml.width = True, _WIDE
    yaml.indent(mapping=2, sequence=4, offset=2)
    tree = yaml.load(text)
    _arrange(tree, ())
    written = io.StringIO()
    yaml.dump(tree, written)
    return _aligned(written.getvalue())


def _arrange(tree: Any, path: Path) -> None:  # noqa: ANN401 - ruamel's tree
    """Bring what stands in braces into its order."""
    if isinstance(tree, list):
        for item in tree:
            _arrange(item, (*path, "-"))
    elif isinstance(tree, CommentedMap):
        if tree.fa.flow_style() and not tree.ca.items:
            for key in _sorted(path, list(tree)):
                tree.move_to_end(key)
        for key, value in tree.items():
            _arrange(value, (*path, str(key)))


def _aligned(text: str) -> str:
    """Indent comments with a line of their own as what follows; put others two spaces behind."""
    lines = text.splitlines()
    below = ""
    for number in sorted(_outside(lines), reverse=True):
        line = lines[number]
        found = _COMMENT.search(_QUOTED.sub(_blanked, line))
        words = line[: found.start()].rstrip() if found else line
        if found and words:
            lines[number] = f"{words}  {line[found.start() :]}"
        elif found:
            lines[number] = " " * (len(below) - len(below.lstrip())) + line.lstrip()
        below = lines[number] if line.strip() else below
    return "\n".join(lines) + "\n"


def _outside(lines: list[str]) -> Iterator[int]:
    """Give the numbers of the lines that are no part of a text with lines of its own."""
    below = -1
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if below >= 0 and (not line.strip() or indent > below):
            continue
        yield number
        below = indent if _BLOCK.search(_QUOTED.sub("", line)) else -1


def _comments(text: str) -> Counter[str]:
    lines = text.splitlines()
    found = (_COMMENT.search(_QUOTED.sub(_blanked, lines[number])) for number in _outside(lines))
    return Counter(each[0].rstrip() for each in found if each)


_blanked: Callable[[re.Match[str]], str] = lambda quoted: "_" * len(quoted[0])  # noqa: E731
