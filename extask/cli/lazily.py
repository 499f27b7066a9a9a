"""Groups of commands that are imported only when they are asked for."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable, Mapping
from pkgutil import resolve_name
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group


def lazily(places: Mapping[str, str]) -> type[TyperGroup]:
    """Make a class of groups with more commands beside their own: a `module:attribute` each."""

    class Lazily(TyperGroup):
        def __init__(self, *, commands: Mapping[str, object], **settings: Any) -> None:  # noqa: ANN401 - typer's
            super().__init__(**settings)
            self.commands = _Commands({**commands, **places})

    return Lazily


class _Commands(UserDict[str, Any]):
    """Commands by name; a place becomes the command there when somebody looks."""

    def __getitem__(self, name: str) -> object:
        if isinstance(self.data[name], str):
            self.data[name] = _command(name, resolve_name(self.data[name]))
        return self.data[name]


def _command(name: str, found: typer.Typer | Callable[..., None]) -> object:
    around = typer.Typer()
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=name)
    else:
        around.command(name)(found)
    return get_group(around).commands[name]
