"""Whatever is thrown at it, the checker answers; slips in good files are found."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extask.definition.compiler import compile_definition
from extask.definition.kinds import KINDS
from extask.definition.render import render_all

SHIPPED = sorted((Path(__file__).parents[3] / "definitions").glob("*.workflow.yaml"))
GOOD = [file.read_text() for file in SHIPPED]
WORDS = [
    *KINDS,
    *["then", "if", "else", "steps", "when", "params", "workflow", "version", "save", "type"],
    *[
        "5m",
        "end",
        "high",
        "${visits}",
        "${",
        "!x",
        "&a",
        "*a",
        "|",
        "~",
        "'",
        '"',
        "text",
        "choice",
    ],
]
scalars = st.sampled_from(WORDS) | st.text(max_size=8) | st.integers().map(str)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(scalars, inner, max_size=4),
    max_leaves=20,
)
bounded = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def must_answer(text: str | bytes) -> None:
    compiled = compile_definition(text, "fuzz.yaml")
    errors = [found for found in compiled.findings if found.severity == "error"]
    assert (compiled.plan is None) == bool(errors)
    assert all(found.line >= 1 and found.column >= 1 and found.help for found in compiled.findings)
    render_all(compiled.findings, text)


def flow(tree: object) -> str:
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key}: {flow(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(flow, tree)) + "]"
    return str(tree)


@bounded
@given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_is_answered(text: str | bytes) -> None:
    must_answer(text)


@bounded
@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), trees, max_size=3), trees)
def test_any_tree_of_the_language_s_own_words_is_answered(
    steps: dict[str, object], when: object
) -> None:
    must_answer(f"workflow: x\nversion: 1\nsteps: {flow(steps)}\nwhen: {flow(when)}\n")


@bounded
@given(st.sampled_from(GOOD), st.data())
def test_a_good_file_with_a_piece_cut_or_put_in_is_answered(text: str, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 40)))
    must_answer(text[:begin] + data.draw(scalars) + text[end:])
