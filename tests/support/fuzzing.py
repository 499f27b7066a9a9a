"""Inputs that no author would write, one for each number, and what the checker owes to any."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

from extask.definition.catalogue import read_catalogue
from extask.definition.checker import check
from extask.definition.compiler import compile_definition
from extask.definition.finding import MOST
from extask.definition.kinds import KINDS
from extask.definition.render import render_all

SHIPPED = sorted((Path(__file__).parents[2] / "definitions").glob("*.workflow.yaml"))
GOOD = [file.read_text() for file in SHIPPED]
WORDS: list[str] = [
    *KINDS,
    *["then", "if", "else", "steps", "when", "params", "workflow", "version", "save", "type"],
    *["5m", "end", "high", "${visits}", "${", "!x", "&a", "*a", "|", "~", "'", '"', "text"],
    "choice",
]
CATALOGUE = read_catalogue(
    "services: [a]\nflows: [{ b: { inputs: { c: text } } }]\nurls: []\n", "c"
)[0]
_SIGNS = "ab:-,?#&*!|>'\"%@`{}[]$ \t\n\r\\.0~<=\0\x85\u2028\ufeff\U0001f600"
_BITS: list[str] = [*WORDS, *_SIGNS]
_OPENINGS = ("[", "{a: ", "- ", "? ", "[{a: ", "!!seq [", "&a [", "${(", "'", "|\n ")
_ENCODINGS = ("utf-8", "utf-16", "utf-8-sig", "latin-1", "cp037")


def must_answer(text: str | bytes) -> None:
    """Check an input: whatever it is, the findings are in order, in the file, and helpful."""
    compiled = compile_definition(text, "fuzz.yaml")
    errors = [found for found in compiled.findings if found.severity == "error"]
    assert (compiled.plan is None) == bool(errors)
    told = [(found.line, found.column, found.code) for found in compiled.findings]
    assert told == sorted(told)
    assert len(told) <= MOST
    for found in compiled.findings:
        assert found.help
        assert found.line >= 1
        assert 1 <= found.column <= len(_line_of(text, found.line)) + 1, found
    render_all(compiled.findings, text)
    check(text, "fuzz.workflow.yaml", CATALOGUE)


def _line_of(text: str | bytes, number: int) -> str:
    """Give a line that a finding points to; there must be one."""
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    lines = decoded.removeprefix("\ufeff").splitlines() or [""]
    if number == len(lines) + 1:  # behind the last line break
        return ""
    return lines[number - 1]


def flow(tree: object) -> str:
    """Write a tree with brackets and braces."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key}: {flow(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(flow, tree)) + "]"
    return str(tree)


def made(number: int) -> str | bytes:
    """Make the input of a number, the same one each time."""
    random = Random(number)  # noqa: S311 - the same input each time
    [maker] = random.choices([*_MAKERS], [*_MAKERS.values()])
    return maker(random)


# --- slips in good files -------------------------------------------------------------------------


def _slipped(random: Random) -> str:
    text = random.choice(GOOD)
    for _ in range(random.randint(1, 8)):
        text = random.choice(_SLIPS)(random, text)
    return text


def _piece(random: Random, text: str) -> tuple[int, int]:
    begin = random.randint(0, len(text))
    return begin, min(len(text), begin + random.randint(0, 60))


def _cut(random: Random, text: str) -> str:
    begin, end = _piece(random, text)
    return text[:begin] + text[end:]


def _put_in(random: Random, text: str) -> str:
    at = random.randint(0, len(text))
    return text[:at] + random.choice(_BITS) + text[at:]


def _grafted(random: Random, text: str) -> str:
    other = random.choice(GOOD)
    begin, end = _piece(random, other)
    return _put(random, text, other[begin:end])


def _repeated(random: Random, text: str) -> str:
    begin, end = _piece(random, text)
    return _put(random, text, text[begin:end] * random.randint(1, 40))


def _put(random: Random, text: str, new: str) -> str:
    begin, end = _piece(random, text)
    return text[:begin] + new + text[end:]


def _moved(random: Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    line = lines.pop(random.randrange(len(lines))) if lines else ""
    lines.insert(random.randint(0, len(lines)), random.choice(["", "  ", "    ", "\t"]) + line)
    return "".join(lines)


_SLIPS: tuple[Callable[[Random, str], str], ...] = (
    _cut,
    _put_in,
    _put_in,
    _grafted,
    _repeated,
    _moved,
)


# --- what never was a good file ------------------------------------------------------------------


def _coded(random: Random) -> bytes:
    raw = bytearray(_slipped(random).encode(random.choice(_ENCODINGS), "replace"))
    for _ in range(random.randint(0, 4)):
        if raw:
            raw[random.randrange(len(raw))] = random.randrange(256)
    return bytes(raw).replace(b"\n", random.choice([b"\n", b"\r", b"\r\n", b"\xc2\x85"]))


def _noise(random: Random) -> bytes:
    return random.randbytes(random.randint(0, 300))


def _signs(random: Random) -> str:
    return "".join(random.choices(_SIGNS, k=random.randint(0, 150)))


def _words(random: Random) -> str:
    steps = {name: _tree(random, 4) for name in random.sample("abcdef", random.randint(0, 4))}
    return f"workflow: x\nversion: 1\nsteps: {flow(steps)}\nwhen: {flow(_tree(random, 2))}\n"


def _tree(random: Random, depth: int) -> object:
    if not depth or random.random() < 0.4:
        return random.choice(WORDS)
    if random.random() < 0.3:
        return [_tree(random, depth - 1) for _ in range(random.randint(0, 3))]
    keys = random.sample(WORDS, random.randint(0, 4))
    return {key: _tree(random, depth - 1) for key in keys}


def _bomb(random: Random) -> str:
    """Write anchors that name anchors, each several times."""
    names, wide = "abcdefghijklmnop"[: random.randint(2, 16)], random.randint(1, 12)
    rows = [f"{new}: &{new} [{', '.join([f'*{old}'] * wide)}]\n" for old, new in pairwise(names)]
    return f"{names[0]}: &{names[0]} [{', '.join('x' * wide)}]\n{''.join(rows)}"


def _deep(random: Random) -> str:
    begin = random.choice(["", "steps: ", GOOD[0]])
    return begin + random.choice(_OPENINGS) * random.randint(1, 3_000)


_MAKERS: dict[Callable[[Random], str | bytes], int] = {
    _slipped: 60,
    _coded: 10,
    _noise: 10,
    _signs: 10,
    _words: 8,
    _bomb: 1,
    _deep: 1,
}
"""Who makes an input, and how often of a hundred."""
