"""What commands share: the options of all online commands, and one way to end with an error."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from importlib import metadata
from pathlib import Path
from typing import Annotated, Concatenate, ParamSpec

import typer

from extask.cli.connection import Connection
from extask.cli.credentials import DEFAULT_FOLDER, Folder
from extask.cli.output import Output, note
from extask.errors import BadInput, ExtaskError, Misconfigured, NotAllowed, Unavailable

P = ParamSpec("P")
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
DataDir = Annotated[
    Path,
    typer.Option("--data-dir", envvar="EXTASK_DATA_DIR", help="Folder of an embedded system."),
]
_Url = Annotated[str | None, typer.Option("--url", envvar="EXTASK_URL", help="Where the API is.")]
_ApiKey = Annotated[
    str | None,
    typer.Option("--api-key", envvar="EXTASK_API_KEY", help="Key to use.", show_envvar=True),
]
_As = Annotated[
    str | None,
    typer.Option(
        "--as", metavar="WHO", help="Role (flow, supervisor, …) or UPN whose stored key to use."
    ),
]
EXIT_CODES: dict[type[ExtaskError], int] = {Misconfigured: 2, NotAllowed: 4, Unavailable: 5}
"""Exit codes of errors; every other one is a refusal: 1."""
INTERNAL = 3
"""Exit code of a fault of ours."""


@dataclass(frozen=True)
class Call:
    """What an online command has in hand: whom it talks to, and how it prints."""

    connection: Connection
    output: Output


def _shared(
    *,
    url: _Url = None,
    api_key: _ApiKey = None,
    who: _As = None,
    data_dir: DataDir = DEFAULT_FOLDER,
    as_json: Json = False,
) -> Call:
    connection = Connection(Folder(data_dir), url=url, api_key=api_key, who=who)
    return Call(connection, Output(as_json))


def online(command: Callable[Concatenate[Call, P], None]) -> Callable[..., None]:
    """Give a command, written as taking a `Call` first, the options that make one."""
    shared = inspect.signature(_shared, eval_str=True).parameters
    plain: Callable[..., None] = command
    first, *own = inspect.signature(command, eval_str=True).parameters.values()

    @wraps(command)
    def run(**options: object) -> None:
        call = _shared(**{name: options.pop(name) for name in shared})  # type: ignore[arg-type]
        plain(call, **options)

    del run.__annotations__[first.name]
    run.__signature__ = inspect.Signature([*own, *shared.values()])  # type: ignore[attr-defined]
    return run


def fail(error: ExtaskError) -> int:
    """Tell an error on stderr and choose the exit code."""
    note(f"error: {error}")
    if isinstance(error, BadInput):
        for fault in error.faults:
            note(f"  {fault.pointer or '/'}: {fault.message} [{fault.code}]")
    for kind, code in EXIT_CODES.items():
        if isinstance(error, kind):
            return code
    return 1


def installed(distribution: str) -> str:
    """Tell the version of an installed distribution; a bare source tree has none."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "from source"
