"""`extask session`: what agents do with their offers and engagements."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from extask.cli.connection import Api, Data, refusal
from extask.cli.output import note
from extask.cli.shared import Call, fail, online
from extask.errors import ExtaskError, Misconfigured, NotFound

app = typer.Typer(help="Accept, complete, hold, hand on: an agent's work.", no_args_is_help=True)
COLUMNS = ("id", "agent", "service", "state", "outcome", "task_id")
_LOOK_AGAIN_SECONDS = 0.2
_Ids = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ID]...", help="Ids of sessions or tasks; without, the only one there is."
    ),
]
_Wait = Annotated[
    float,
    typer.Option(min=0, help="Without ids: seconds to wait for a session to appear."),
]


@dataclass(frozen=True)
class _Act:
    """What may be done with a session, and the states in which it may."""

    verb: str
    states: tuple[str, ...]


_ACCEPT = _Act("accept", ("offered",))
_DECLINE = _Act("decline", ("offered",))
_COMPLETE = _Act("complete", ("active", "on_hold"))
_RETURN = _Act("return", ("active", "on_hold"))
_HOLD = _Act("hold", ("active",))
_RESUME = _Act("resume", ("on_hold",))
_TRANSFER = _Act("transfer", ("active", "on_hold"))
_EXTEND = _Act("extend-wrap-up", ("wrap_up",))
_END = _Act("end-wrap-up", ("wrap_up",))
_PICKUPS = ("task_id", "service", "priority", "queued_at", "rule", "until")


@dataclass(frozen=True)
class _Found:
    """Sessions of one agent that a command is about."""

    agent: str
    api: Api
    ids: tuple[str, ...]


@app.command("list")
@online
def list_(
    call: Call,
    *,
    state: Annotated[str | None, typer.Option(help="offered, active, on_hold, …")] = None,
) -> None:
    """List sessions of an agent, or of every agent whose key is known."""
    rows = [
        {"agent": agent, **session}
        for agent, api in call.connection.agents().items()
        for session in api.every("/sessions", state=state)
    ]
    call.output.rows(rows, COLUMNS)


@app.command()
@online
def accept(call: Call, *, ids: _Ids = None, wait: _Wait = 10) -> None:
    """Accept offers."""
    _act(call, _ACCEPT, ids, wait)


@app.command()
@online
def decline(call: Call, *, ids: _Ids = None, wait: _Wait = 10) -> None:
    """Decline offers."""
    _act(call, _DECLINE, ids, wait)


@app.command()
@online
def complete(
    call: Call,
    *,
    ids: _Ids = None,
    wait: _Wait = 10,
    code: Annotated[str, typer.Option(help="Completion code.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="A tag.")] = None,
    note_text: Annotated[str, typer.Option("--note", help="A note.")] = "",
) -> None:
    """Complete engagements."""
    said = {"code": code, "tags": tag, "note": note_text}
    body = {name: value for name, value in said.items() if value}
    _act(call, _COMPLETE, ids, wait, body)


@app.command("return")
@online
def return_(call: Call, *, ids: _Ids = None, wait: _Wait = 10) -> None:
    """Give accepted tasks back into their place in the queue."""
    _act(call, _RETURN, ids, wait)


@app.command()
@online
def hold(call: Call, *, ids: _Ids = None, wait: _Wait = 10) -> None:
    """Put engagements on hold."""
    _act(call, _HOLD, ids, wait)


@app.command()
@online
def resume(call: Call, *, ids: _Ids = None, wait: _Wait = 10) -> None:
    """Go on with engagements on hold."""
    _act(call, _RESUME, ids, wait)


@app.command()
@online
def transfer(
    call: Call,
    *,
    service: Annotated[str, typer.Argument(help="Name or UPN of the service.")],
    ids: _Ids = None,
    wait: _Wait = 10,
    priority: Annotated[str | None, typer.Option(help="Priority there.")] = None,
) -> None:
    """Hand accepted tasks on to another service."""
    body = {"service": service} | ({"priority": priority} if priority else {})
    _act(call, _TRANSFER, ids, wait, body)


@app.command("extend-wrap-up")
@online
def extend_wrap_up(
    call: Call,
    *,
    by: Annotated[str, typer.Argument(help="By how much, such as 2m; an hour at most.")],
    ids: _Ids = None,
    wait: _Wait = 10,
) -> None:
    """Let wrap-ups end later."""
    _act(call, _EXTEND, ids, wait, {"by": by})


@app.command("end-wrap-up")
@online
def end_wrap_up(call: Call, *, ids: _Ids = None, wait: _Wait = 10) -> None:
    """End wrap-ups now."""
    _act(call, _END, ids, wait)


@app.command()
@online
def pickups(call: Call) -> None:
    """List tasks that agents may pick up."""
    rows = [
        {"agent": agent, **listed}
        for agent, api in call.connection.agents().items()
        for listed in api.every("/sessions/pickups")
    ]
    call.output.rows(rows, ("agent", *_PICKUPS))


@app.command("pick-up")
@online
def pick_up(
    call: Call,
    *,
    tasks: Annotated[list[str], typer.Argument(metavar="TASK...", help="Ids of tasks.")],
) -> None:
    """Pick tasks up; with several agents' keys say whose, by `--as UPN`."""
    agents = call.connection.agents()
    if len(agents) > 1:
        raise Misconfigured("say for whom: --as UPN")
    [(agent, api)] = agents.items()
    answer = api.post("/sessions/pick-up", {"task_ids": tasks})
    _report(call, [{**result, "agent": agent} for result in answer["results"]])


def _act(
    call: Call, act: _Act, ids: Sequence[str] | None, wait: float, body: Data | None = None
) -> None:
    found = _named(call, ids, act.states) if ids else [_only(call, act, wait)]
    _report(call, [result for one in found for result in _send(one, act.verb, body or {})])


def _report(call: Call, results: list[Data]) -> None:
    """Print results, and end with the code of the worst."""
    call.output.rows(results, ("session_id", "task_id", "agent", "status"))
    codes = [fail(_refused(result)) for result in results if result.get("problem")]
    if codes:
        raise typer.Exit(max(codes))


def _refused(result: Data) -> ExtaskError:
    problem = result["problem"]
    about = result["session_id"] or result["task_id"]
    return refusal(problem["status"], {**problem, "detail": f"{about}: {problem['detail']}"})


def _send(one: _Found, verb: str, body: Data) -> list[Data]:
    tasks = [each for each in one.ids if "." not in each]
    sessions = [each for each in one.ids if "." in each]
    answers = [
        one.api.post(f"/sessions/{verb}", {field: ids, **body})
        for field, ids in (("session_ids", sessions), ("task_ids", tasks))
        if ids
    ]
    return [{**result, "agent": one.agent} for answer in answers for result in answer["results"]]


def _named(call: Call, ids: Sequence[str], states: tuple[str, ...]) -> list[_Found]:
    """Find whose sessions are meant; with one agent it is for the server to know them."""
    agents = call.connection.agents()
    if len(agents) == 1:
        return [_Found(agent, api, tuple(ids)) for agent, api in agents.items()]
    held = {agent: list(api.every("/sessions")) for agent, api in agents.items()}
    owners = {each: _owners(held, each, states) for each in ids}
    missing = [each for each in sorted(ids) if not owners[each]]
    if missing:
        raise NotFound(f"no agent has a session for {', '.join(missing)}")
    mine = {agent: tuple(each for each in ids if agent in owners[each]) for agent in agents}
    return [_Found(agent, api, mine[agent]) for agent, api in agents.items() if mine[agent]]


def _owners(held: Mapping[str, list[Data]], name: str, states: tuple[str, ...]) -> set[str]:
    """Find who has such a session: in a state that fits, else in any, for the server to refuse."""
    having = [
        (agent, session["state"])
        for agent, sessions in held.items()
        for session in sessions
        if name in _names(session)
    ]
    return {agent for agent, state in having if state in states} or {agent for agent, _ in having}


def _only(call: Call, act: _Act, wait: float) -> _Found:
    """Find the one session that the command can be about, waiting for it to appear."""
    agents = call.connection.agents()
    deadline = time.monotonic() + wait
    while not (found := _all(agents, act.states)) and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN_SECONDS)
    if not found:
        raise NotFound(f"there is no session to {act.verb}")
    if len(found) > 1:
        for one in found:
            note(f"  {one.ids[0]}  {one.agent}")
        raise Misconfigured(
            f"there are {len(found)} sessions to {act.verb}: say which, or --as UPN"
        )
    return found[0]


def _all(agents: Mapping[str, Api], states: tuple[str, ...]) -> list[_Found]:
    return [
        _Found(agent, api, (session["id"],))
        for agent, api in agents.items()
        for session in _open(api, states)
    ]


def _open(api: Api, states: tuple[str, ...]) -> list[Data]:
    return [session for session in api.every("/sessions") if session["state"] in states]


def _names(session: Data) -> tuple[str, str]:
    return session["id"], session["task_id"]
