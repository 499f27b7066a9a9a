"""Whatever is thrown at it, the checker answers; slips in good files are found."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extask.definition.loader import LARGEST
from tests.support.fuzzing import GOOD, WORDS, flow, must_answer

scalars = st.sampled_from(WORDS) | st.text(max_size=8) | st.integers().map(str)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(scalars, inner, max_size=4),
    max_leaves=20,
)
bounded = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


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


@bounded
@given(st.sampled_from(GOOD), st.data())
def test_a_good_file_with_any_bytes_put_in_is_answered(text: str, data: st.DataObject) -> None:
    raw = text.encode(data.draw(st.sampled_from(["utf-8", "utf-16", "utf-8-sig", "cp037"])))
    at = data.draw(st.integers(0, len(raw)))
    ends = data.draw(st.sampled_from([b"\n", b"\r", b"\r\n", "\u2028".encode(), "\x85".encode()]))
    must_answer((raw[:at] + data.draw(st.binary(max_size=4)) + raw[at:]).replace(b"\n", ends))


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "steps: " + "[" * 100_000,
        "steps: " + "{a: " * 100_000,
        "\n".join(" " * depth + "a:" for depth in range(600)),
        "- " * 100_000,
        "title: " + "x" * (LARGEST - 10),
        "title: '" + "x" * (LARGEST - 10),
        "x" * (LARGEST - 1),
        "workflow: x\nversion: 1\nsteps:\n"
        + "".join(f"  s{n}: {{ end: }}\n" for n in range(6_000)),
        "workflow: x\nversion: 1\nsteps: { a: { check: [{ if: '"
        + "(" * 400
        + "', then: end }] } }",
        "\0" * 1_000,
        "workflow: x\0\nversion: 1",
        b"\xff\xfe" + "workflow: x".encode("utf-16-le"),
        b"\xc3\x28\xa0\xa1",
        "\ufeffworkflow: x\r\rversion: \x07",
        "? " * 5_000,
        "&a " * 2_000,
        "*" * 10_000,
        "!" * 10_000,
        "%" * 10_000,
        "key: |\n" + " x\n" * 50_000,
    ],
    ids=range(21),
)
def test_what_would_hurt_is_answered_as_well(text: str | bytes) -> None:
    must_answer(text)
