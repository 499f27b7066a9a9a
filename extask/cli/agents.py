"""`extask agent`: who works, in which state, for which services."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from extask.cli.output import note
from extask.cli.pairs import switch
from extask.cli.shared import Call, online
from extask.errors import Misconfigured

app = typer.Typer(help="List and add agents, set their state and settings.", no_args_is_help=True)
NUMBER = "simultaneous_non_blocking_external_tasks"
COLUMNS = (
    "upn",
    "display_name",
    "presence",
    "on_duty",
    "duty_profile",
    "rona",
    NUMBER,
    "services",
    "skills",
    "pool",
    "id",
)
Simultaneous = Annotated[
    int | None, typer.Option(min=0, help="How many non-blocking tasks at once.")
]
Served = Annotated[
    list[str] | None,
    typer.Option(
        "--service", metavar="NAME[=off]", help="A service; together they are all of theirs."
    ),
]
Skilled = Annotated[
    list[str] | None,
    typer.Option(
        "--skill", metavar="NAME=LEVEL", help="A skill, 0 to 100; together they are all of theirs."
    ),
]
DisplayName = Annotated[str | None, typer.Option(help="Name for people.")]


@app.command("list")
@online
def list_(call: Call) -> None:
    """List agents with their present state."""
    call.output.rows(list(call.connection.api("supervisor").every("/agents")), COLUMNS)


@app.command()
@online
def add(
    call: Call,
    *,
    upn: Annotated[str, typer.Argument(help="Their user principal name.")],
    simultaneous: Simultaneous = None,
    service: Served = None,
    skill: Skilled = None,
    pool: Annotated[str | None, typer.Option(help="The pool that they belong to.")] = None,
    display_name: DisplayName = None,
) -> None:
    """Add an agent, who is offline until they say otherwise."""
    body = {"upn": upn, **_settings(simultaneous, service, skill, pool, display_name)}
    call.output.record(call.connection.api("tenant_admin").call("POST", "/agents", body=body))
    note(f"{upn} is added")


@app.command("set")
@online
def set_(
    call: Call,
    *,
    agent: Annotated[str, typer.Argument(help="UPN or id of the agent.")],
    presence: Annotated[str | None, typer.Option(help="available, busy, away, …")] = None,
    on_duty: Annotated[bool | None, typer.Option("--on-duty/--off-duty")] = None,
    duty_profile: Annotated[
        str | None, typer.Option(help="What they are on duty for; '' for nothing special.")
    ] = None,
    clear_rona: Annotated[
        bool, typer.Option("--clear-rona", help="Take away the flag of unanswered offers.")
    ] = False,
    simultaneous: Simultaneous = None,
    service: Served = None,
    skill: Skilled = None,
    pool: Annotated[
        str | None, typer.Option(help="Move them to this pool; say their services there, too.")
    ] = None,
    display_name: DisplayName = None,
) -> None:
    """Change the state or the settings of an agent; what is not said stays."""
    state = _said(
        presence=presence,
        on_duty=on_duty,
        duty_profile=duty_profile,
        clear_rona=clear_rona or None,
    )
    settings = _settings(simultaneous, service, skill, pool, display_name)
    if not state and not settings:
        raise Misconfigured("say what to set; see `extask agent set --help`")
    api = call.connection.api("tenant_admin")
    answer = {}
    if settings:
        answer = api.call("PATCH", f"/agents/{agent}", body=settings)
    if state:
        answer = api.call("PUT", f"/agents/{agent}/state", body=state)
    call.output.record(answer)
    note(f"{agent} is set")


def _settings(
    simultaneous: int | None,
    service: list[str] | None,
    skill: list[str] | None,
    pool: str | None,
    display_name: str | None,
) -> dict[str, object]:
    settings = _said(**{NUMBER: simultaneous}, pool=pool, display_name=display_name)
    settings |= _mapped("services", map(_service, service or ()))
    return settings | _mapped("skills", map(_skill, skill or ()))


def _said(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _mapped(name: str, pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Give a setting that is a map, if anything of it is said."""
    entries = dict(pairs)
    return {name: entries} if entries else {}


def _service(text: str) -> tuple[str, bool]:
    name, sign, value = text.partition("=")
    active = switch(value) if sign else True
    if active is None:
        raise Misconfigured(f"'{text}': write NAME, NAME=on or NAME=off")
    return name, active


def _skill(text: str) -> tuple[str, int]:
    name, _, level = text.partition("=")
    if not name or not level.isdecimal():
        raise Misconfigured(f"'{text}': write NAME=LEVEL, such as german=3")
    return name, int(level)
