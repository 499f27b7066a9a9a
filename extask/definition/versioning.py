"""Compares a definition with what is published of its workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from extask.definition.changes import ADVICE, breaking
from extask.definition.checker import Sound
from extask.definition.compiler import Compiled
from extask.definition.finding import Finding, Findings, Place
from extask.definition.loader import Entry
from extask.definition.loader import Mapping as Written
from extask.definition.plan import Plan


@dataclass(frozen=True, slots=True)
class Published:
    """The published versions of a workflow: the digest of each, and the current one's plan."""

    digests: Mapping[int, str]
    current: Plan | None = None

    @property
    def free(self) -> int:
        """The next free number."""
        return max(self.digests, default=0) + 1


def compare(
    compiled: Compiled, file: str, published: Published, *, breaks: bool = False
) -> Compiled:
    """Add what is to be said about the version; `breaks`: breaking changes are meant.

    A definition with errors is answered as it is.
    """
    plan, sound = compiled.plan, compiled.sound
    if plan is None or sound is None:
        return compiled
    findings = Findings(file)
    _taken(plan, sound, published, findings)
    if published.current is not None and not breaks:
        _breaking(published.current, plan, sound, findings)
    found: list[Finding] = findings.ordered()
    if not found:
        return compiled
    told = sorted([*compiled.findings, *found], key=lambda each: (each.line, each.column))
    return replace(compiled, plan=None, findings=told)


def _taken(plan: Plan, sound: Sound, published: Published, findings: Findings) -> None:
    if published.digests.get(plan.version, plan.digest) != plan.digest:
        free = str(published.free)
        findings.add(
            "E601",
            _entries(sound)["version"].value,
            f"version {plan.version} of '{plan.workflow}' is published with other content",
            help=f"write version: {free}, the next free number",
            path="version",
            fix=free,
        )


def _breaking(current: Plan, plan: Plan, sound: Sound, findings: Findings) -> None:
    for change in breaking(current, plan):
        findings.add(
            "E602",
            _place(sound, change.param),
            f"{change.message}, which breaks who sends tasks to version {current.version}",
            help=ADVICE,
            path=f"params.{change.param}",
        )


def _place(sound: Sound, param: str) -> Place:
    """Find the parameter; one that is gone would have stood in `params`, or else anywhere."""
    entries = _entries(sound)
    near = entries.get("params") or entries["workflow"]
    return sound.draft.param_places.get(param, near.key)


def _entries(sound: Sound) -> dict[str, Entry]:
    return cast("Written", sound.document.root).entries
