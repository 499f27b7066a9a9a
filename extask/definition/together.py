"""What workflows mean for one another: where they hand tasks over to, and what is asked there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from extask.definition.catalogue import Catalogue
from extask.definition.draft import Draft, StepDraft
from extask.definition.finding import Finding, Findings, Place
from extask.definition.plan import Expression, Literally, Param, Plan, Step, Value


@dataclass(frozen=True, slots=True)
class Handover:
    """A step that hands its task over to one of these services."""

    step: str
    at: Place
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What others must know of a workflow; `counts` is whether it looks at `task.transfers`."""

    workflow: str
    file: str
    params: Mapping[str, str] = field(default_factory=dict)
    requires: Mapping[str, str] = field(default_factory=dict)
    handovers: tuple[Handover, ...] = ()
    counts: bool = False

    @property
    def services(self) -> set[str]:
        """Every service it may hand over to."""
        return {service for each in self.handovers for service in each.services}


def tell(draft: Draft, file: str) -> Told:
    """Pick what others must know of a draft."""
    steps = [step for step in draft.steps.values() if step.kind_name == "transfer"]
    return Told(
        workflow=draft.workflow,
        file=file,
        params={name: param.type for name, param in draft.params.items()},
        requires={name: param.type for name, param in draft.params.items() if param.required},
        handovers=tuple(_handover(draft, step) for step in steps),
        counts=_counts(draft.steps.values()),
    )


def targets(plan: Plan) -> set[str]:
    """Name every service that a plan may hand tasks over to; none where it counts transfers."""
    if _counts(plan.steps.values()):
        return set()
    steps = [step for step in plan.steps.values() if step.kind == "transfer"]
    return {each for step in steps for each in _services(step.properties, plan.params)}


def _counts(steps: Iterable[StepDraft] | Iterable[Step]) -> bool:
    """Tell whether steps ask how often a task was handed over, so that no circle is endless."""
    conditions = (case.condition for step in steps for case in step.cases)
    return any("task.transfers" in (condition or "") for condition in conditions)


def _services(properties: Mapping[str, Value], params: Mapping[str, Param]) -> tuple[str, ...]:
    value = properties.get("service")
    if isinstance(value, Expression):
        return params[value.expression.removeprefix("params.")].values
    return (value.value,) if isinstance(value, Literally) else ()


def _handover(draft: Draft, step: StepDraft) -> Handover:
    services = _services(step.properties, draft.params)
    at = step.written["service"].value if "service" in step.written else step.place
    return Handover(step.name, at, services)


def carried(draft: Draft, catalogue: Catalogue) -> set[str]:
    """Name the parameters that a service requires to which the draft hands tasks over."""
    services = tell(draft, "").services
    return {name for service in services for name in catalogue.requires(service)}


def judge(workflows: Sequence[Told], catalogue: Catalogue) -> list[list[Finding]]:
    """Give the findings of each workflow that come from the others, and from the catalogue."""
    return [_Together(workflows, catalogue).of(told) for told in workflows]


class _Together:
    def __init__(self, workflows: Sequence[Told], catalogue: Catalogue) -> None:
        self.workflows = {told.workflow: told for told in workflows}
        self.catalogue = catalogue

    def of(self, told: Told) -> list[Finding]:
        findings = Findings(told.file)
        for handover in told.handovers:
            for service in handover.services:
                self._required(told, handover, service, findings)
                self._circle(told, handover, service, findings)
        return findings.ordered()

    def _required(self, told: Told, by: Handover, service: str, findings: Findings) -> None:
        target = self.workflows.get(self.catalogue.workflow(service))
        requires = target.requires if target else self.catalogue.requires(service)
        for name, kind in requires.items():
            if told.params.get(name) == kind:
                continue
            here = told.params.get(name)
            problem = f"which is of type '{here}' here" if here else "which this workflow has not"
            findings.add(
                "E512",
                by.at,
                f"'{service}' requires the parameter '{name}', {problem}",
                help=f"declare it under 'params': {name}: {{ type: {kind} }}",
                path=f"steps.{by.step}.transfer",
            )

    def _circle(self, told: Told, by: Handover, service: str, findings: Findings) -> None:
        way = self._back(told, service)
        if way and not told.counts:
            findings.add(
                "E511",
                by.at,
                f"tasks come back here by transfers: {' to '.join(way)}",
                help="end it otherwise in one of them, or ask before: if: task.transfers < 3",
                path=f"steps.{by.step}.transfer",
            )

    def _back(self, told: Told, service: str) -> list[str]:
        """Find the way on which a task comes back to a workflow that hands it to a service."""
        todo, seen = [[service]], {service}
        while todo:
            way = todo.pop(0)
            name = self.catalogue.workflow(way[-1])
            if name == told.workflow:
                return way
            target = self.workflows.get(name)
            onward = set(self.catalogue.transfers(way[-1]))
            if target:
                onward = set() if target.counts else target.services
            todo += [[*way, each] for each in sorted(onward - seen)]
            seen |= onward
        return []
