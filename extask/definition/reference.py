"""The reference of kinds, as Markdown, generated from the table of kinds."""

from __future__ import annotations

from collections.abc import Iterator

from extask.definition import meanings
from extask.definition.kinds import KINDS, Kind, Outcome, Property, Role
from extask.definition.schema_types import TYPE_WORDS

_HEAD = (
    "# Keys and kinds of the language\n\n"
    "Made from the table of kinds; a test holds this page against it. "
    "`extask definition schema` gives the same to editors. "
    "What a step may be where is told by the checker: [findings](../errors/README.md).\n"
)
_ROLES: dict[Role, str] = {
    "main": "left out: the next step",
    "plain": "must be written",
    "fallback": "left out: another outcome",
    "optional": "left out: the handler under `when`",
    "technical": "must be written, or `when: { error: STEP }`",
}
_NEEDS = {"in": "The task must be in a queue.", "out": "The task must be in no queue yet."}


def kinds_page() -> str:
    """Write the page whole."""
    return "\n".join([_HEAD, *_tables(), *_kinds()])


def _tables() -> Iterator[str]:
    for title, words in (
        ("Keys of a file", meanings.KEYS),
        ("Keys of a parameter", meanings.PARAM_KEYS),
        ("Types of parameters", meanings.PARAM_TYPES),
        ("Keys of a step, besides its kind", meanings.STEP_KEYS),
        ("Handlers under `when`", meanings.EVENTS),
    ):
        yield f"## {title}\n"
        yield from _table(("name", "meaning"), ((f"`{n}`", text) for n, text in words.items()))


def _kinds() -> Iterator[str]:
    yield "## Kinds\n"
    for name, kind in KINDS.items():
        yield f"### `{name}`\n"
        yield f"{_summary(name, kind)}\n"
        if kind.properties:
            rows = (_property(name, kind, prop, each) for prop, each in kind.properties.items())
            yield from _table(("property", "takes", "meaning"), rows)
        if kind.outcomes:
            rows = (_outcome(outcome, each) for outcome, each in kind.outcomes.items())
            yield from _table(("outcome", "meaning", "under `then`"), rows)


def _summary(name: str, kind: Kind) -> str:
    told = [kind.summary, _NEEDS.get(kind.needs or "", "")]
    if kind.shorthand:
        told.append(f"Short: `{name}: {kind.shorthand.upper()}`.")
    if kind.cases:
        told.append("It takes a list of cases: `- if: …` with `then: …`, the last one `- else: …`.")
    if kind.sets:
        told.append("Its properties are parameters.")
    if kind.ends:
        told.append("The run may end here.")
    return " ".join(each for each in told if each)


def _property(name: str, kind: Kind, prop: str, each: Property) -> tuple[str, ...]:
    mark = ", required" if each.required else ""
    if prop in kind.one_of:
        mark = f"; this or `{_other(kind, prop)}`"
    only = f" Only with `{each.only_with}`." if each.only_with else ""
    meaning = meanings.of_property(name, prop) + only
    return f"`{prop}`", f"{TYPE_WORDS[each.type]}{mark}", meaning


def _other(kind: Kind, prop: str) -> str:
    return next(each for each in kind.one_of if each != prop)


def _outcome(name: str, outcome: Outcome) -> tuple[str, ...]:
    only = f"; only with `{outcome.only_with}`" if outcome.only_with else ""
    return f"`{name}`", meanings.OUTCOMES[name], f"{_ROLES[outcome.role]}{only}"


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
