"""`extask definition simulate` and `explore`: what runs of a definition come to. Offline."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from extask.cli import pairs
from extask.cli.definition_files import WorkflowFile, compiled
from extask.cli.output import Output, note
from extask.cli.shared import Json
from extask.definition.durations import format_duration
from extask.definition.pictures import PICTURES, Form
from extask.definition.plan import Plan
from extask.definition.render import render_all
from extask.errors import Misconfigured
from extask.simulation.dry_run import as_json, dry_run, read_given, took
from extask.simulation.exploring import MOST_STATES, Explored, Loop, explore
from extask.simulation.given import Given
from extask.simulation.virtual import Simulated

_COLUMNS = ("after", "step", "kind", "outcome", "priority", "by")
_Params = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="NAME=TEXT|NAME:=JSON", help="A parameter; repeatable."),
]
_Times = Annotated[list[str] | None, typer.Option(metavar="TIME", help="Repeatable.")]
_Time = Annotated[str | None, typer.Option(metavar="TIME")]
_Places = Annotated[
    str | None,
    typer.Option("--position", metavar="12,9,4", help="The place that each look finds, in turn."),
]
_Rejecting = Annotated[
    list[str] | None, typer.Option("--reject", metavar="SERVICE", help="A full service.")
]
_More = Annotated[
    str | None,
    typer.Option("--given", metavar="YAML", help="Anything else, as a test writes its 'given'."),
]
_Trace = Annotated[
    Form | None, typer.Option("--trace", help="Paint the path on the picture instead.")
]
_Most = Annotated[int, typer.Option("--states", min=1, max=1_000_000, help="States to look at.")]


def simulate(
    file: WorkflowFile,
    *,
    params: _Params = None,
    accept_after: _Times = None,
    complete_after: _Times = None,
    return_after: _Times = None,
    position: _Places = None,
    reject: _Rejecting = None,
    abort_after: _Time = None,
    lifetime: _Time = None,
    more: _More = None,
    trace: _Trace = None,
    as_json_: Json = False,
) -> None:
    """Run a definition once in virtual time, and tell what happens.

    Without options nobody comes. Times count from the start: 12m, 1h30m.
    """
    plan = compiled(file)
    written = {
        "params": dict(map(pairs.param, params or ())),
        "accepted_after": accept_after,
        "completed_after": complete_after,
        "returned_after": return_after,
        "reject": reject,
        "aborted_at": abort_after,
        "lifetime": lifetime,
    }
    given = _given(plan, {name: value for name, value in written.items() if value}, more)
    run = dry_run(plan, given, _places(position))
    if trace is not None:
        picture = PICTURES[trace](plan, run.path, "" if run.ending else run.waits_at)
        Output(as_json_).text(picture.rstrip("\n"), {**as_json(run), trace: picture})
    elif as_json_:
        Output(as_json=True).record(as_json(run))
    else:
        _show(run)


def _given(plan: Plan, written: dict[str, Any], more: str | None) -> Given:
    """Read options as the file of a test is read, so that faults are told alike."""
    lacking = [
        f"--param {name}=…"
        for name, param in plan.params.items()
        if param.required and name not in written.get("params", ())
    ]
    if lacking and more is None:
        raise Misconfigured(f"the definition requires more: {' '.join(lacking)}")
    text = json.dumps(written, ensure_ascii=False)
    if more is not None:
        text = _joined(written, more)
    given, findings = read_given(text, "given", plan)
    if findings:
        note(render_all(findings, text))
        raise Misconfigured("what is given cannot be read")
    return given


def _joined(written: dict[str, Any], more: str) -> str:
    """Put what is written in YAML beside what options say."""
    inner = [json.dumps(written, ensure_ascii=False)[1:-1]]
    inner.append(more.strip().removeprefix("{").removesuffix("}"))
    return "{ " + ", ".join(part.strip() for part in inner if part.strip()) + " }"


def _places(position: str | None) -> tuple[int, ...]:
    texts = position.split(",") if position else []
    if not all(text.strip().isdecimal() for text in texts):
        raise Misconfigured(f"'{position}' is not written as 12,9,4")
    return tuple(map(int, texts))


def _show(run: Simulated) -> None:
    Output().rows(as_json(run)["lines"], _COLUMNS)
    typer.echo(f"\nends: {run.ends}" + (f", after {took(run)}" if run.ending else ""))


def explore_(
    file: WorkflowFile,
    *,
    most: _Most = MOST_STATES,
    as_json_: Json = False,
) -> None:
    """Try every outcome of every step: how runs can end, when, and where they never come.

    Time with agents does not count.
    """
    found = explore(compiled(file), most)
    if as_json_:
        Output(as_json=True).record(_told(found))
    else:
        _show_explored(found)


def _show_explored(found: Explored) -> None:
    rows = [
        {
            "ends": end.ends,
            "shortest": format_duration(end.shortest),
            "longest": format_duration(end.longest),
            "by": ", ".join(end.path),
        }
        for end in found.ends
    ]
    Output().rows(rows, ("ends", "shortest", "longest", "by"))
    typer.echo(f"\nlongest time to an end: {format_duration(found.longest)}")
    for loop in found.loops:
        typer.echo(f"goes round in {', '.join(loop.steps)}: {_stopped(loop)}")
    for step in found.unreached:
        typer.echo(f"never came to '{step}'")
    for way in found.untaken:
        typer.echo(f"never found that {way.says}")
    typer.echo(_searched(found))


def _stopped(loop: Loop) -> str:
    who = "an agent, an abort" if loop.agent else "an abort"
    return f"only {who} or the end of its life stops it"


def _searched(found: Explored) -> str:
    if found.met_bound:
        return f"stopped after {found.states} states: there is more than this (--states)"
    return f"all {found.states} states that were told apart"


def _told(found: Explored) -> dict[str, Any]:
    return {
        "ends": [
            {
                "ends": end.ends,
                "shortest": format_duration(end.shortest),
                "longest": format_duration(end.longest),
                "path": list(end.path),
            }
            for end in found.ends
        ],
        "longest": format_duration(found.longest),
        "loops": [{"steps": list(loop.steps), "agent": loop.agent} for loop in found.loops],
        "unreached": list(found.unreached),
        "untaken": [way._asdict() for way in found.untaken],
        "states": found.states,
        "met_bound": found.met_bound,
    }
