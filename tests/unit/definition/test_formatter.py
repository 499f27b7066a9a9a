"""The usual form: comments stay, the meaning stays, twice is as once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from extask.definition.compiler import digest
from extask.definition.formatter import format_definition
from extask.definition.kinds import KINDS, Kind
from extask.definition.loader import load
from extask.definition.meanings import OUTCOMES

ROOT = Path(__file__).parents[3]
SHIPPED = sorted((ROOT / "definitions").glob("*.workflow.yaml"))
MESSY = """\
# yaml-language-server: $schema=./extask.schema.json

steps:
    # the first one
    a:
        then: b   # on to b

        # in the queue
        queue:
            wait: 5m
            # which one
            service: support
    b: { then: { rejected: d, timeout: c }, queue: {wait: 5m,service: "b"} }

    c:
        check:
        - then: d
          if: visits > 3 # enough
        # or else
        - else: d
    d:
        cancel: |
            no text # is no comment

              of ours
        note: >-
            folded
            text
    e: { end: , title: 'it''s' }
    f: { queue: { preferred: [ { priority: 3, agent: x } ] } }
# what it is
version:   010     # eight? ten
workflow: x

when: { error: d, accepted: a }
params:
    p: { default: 2026-03-01T12:00:00+01:00, type: time }
# the end
"""
NEAT = """\
# yaml-language-server: $schema=./extask.schema.json

workflow: x
# what it is
version: 010  # eight? ten
params:
  p: { type: time, default: 2026-03-01T12:00:00+01:00 }
steps:
  # the first one
  a:
    # in the queue
    queue:
      # which one
      service: support
      wait: 5m

    then: b  # on to b
  b: { queue: { service: "b", wait: 5m }, then: { timeout: c, rejected: d } }

  c:
    check:
      - then: d
        if: visits > 3  # enough
      # or else
      - else: d
  d:
    note: >-
      folded
      text
    cancel: |
      no text # is no comment

        of ours
  e: { title: 'it''s', end: }
  f: { queue: { preferred: [{ agent: x, priority: 3 }] } }

when: { accepted: a, error: d }
# the end
"""
LEAVES = st.sampled_from(
    ["x", "5m", "010", "on", "12:30", "''", '"a # b"', "'it''s'", '"${a}"', "~", "null", "1.0", ""]
)
KEYS = st.sampled_from(["workflow", "version", "steps", "when", "a", "b", "then", "queue", "wait"])


def written(tree: object, indent: int) -> str:
    """Write a tree by hand, with comments and strange indentation."""
    pad = " " * indent
    if isinstance(tree, dict):
        lines = []
        for number, (key, value) in enumerate(tree.items()):
            if number % 2:
                lines.append(f"{pad}# about {key} at {indent}")
            if isinstance(value, str):
                lines.append(f"{pad}{key}: {value}  # of {key}")
            else:
                lines.append(f"{pad}{key}:\n{written(value, indent + 3)}")
        return "\n".join(lines)
    assert isinstance(tree, list)
    return f"{pad}[{', '.join(item or 'x' for item in tree)}]"


TREES = st.recursive(
    st.lists(LEAVES, max_size=3) | st.dictionaries(KEYS, LEAVES, min_size=1, max_size=4),
    lambda inner: st.dictionaries(KEYS, LEAVES | inner, min_size=1, max_size=4),
    max_leaves=8,
)


def test_order_and_indentation_are_brought_into_form() -> None:
    formatted = format_definition(MESSY)
    assert formatted.reason == ""
    assert formatted.text == NEAT
    assert format_definition(NEAT).text == NEAT


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_every_shipped_definition_is_in_its_form(file: Path) -> None:
    assert format_definition(file.read_text()).text == file.read_text()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_ways_on_come_in_the_order_of_their_kind(kind: Kind) -> None:
    assert [outcome for outcome in OUTCOMES if outcome in kind.outcomes] == list(kind.outcomes)


@example(tree={"workflow": {"workflow": ['"${a}"']}})
@given(tree=st.dictionaries(KEYS, LEAVES | TREES, min_size=1, max_size=5))
def test_meaning_and_comments_stay_and_twice_is_as_once(tree: dict[str, object]) -> None:
    text = written(tree, 0) + "\n# the end\n"
    before, findings = load(text, "x")
    assert before, findings
    formatted = format_definition(text)
    assert formatted.reason == "", text
    after, _ = load(formatted.text, "x")
    assert after
    assert digest(after.root) == digest(before.root)
    assert formatted.text.count("# ") == text.count("# ")
    assert format_definition(formatted.text).text == formatted.text


@given(text=st.text(alphabet="ab:{}[],-|>'\"# \n&*!", max_size=60))
def test_no_text_loses_anything(text: str) -> None:
    formatted = format_definition(text)
    before, findings = load(text, "x")
    if formatted.reason:
        assert formatted.text == text
    else:
        after, _ = load(formatted.text, "x")
        assert before
        assert after
        assert not findings
        assert digest(after.root) == digest(before.root)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [\n", "it cannot be read: "),
        ("a: 1\na: 2\n", "it cannot be read: "),
        ("steps: [ a, # gone\n  b ]\n", "a comment stands where it would be lost"),
        ("version: &v 1\nworkflow: *v\n", "such as an anchor and its alias"),
    ],
)
def test_what_cannot_be_kept_is_left_alone(text: str, reason: str) -> None:
    formatted = format_definition(text)
    assert formatted.text == text
    assert reason in formatted.reason
