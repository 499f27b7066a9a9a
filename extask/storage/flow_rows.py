"""The frozen models in which flows and allowed addresses come back."""

from __future__ import annotations

from extask.definition.plan import ParamType
from extask.storage.rows import Row


class FlowRow(Row):
    """A flow of a tenant's catalogue; secrets stand in it as `{secret:NAME}` only."""

    name: str
    address: str
    method: str
    headers: dict[str, str]
    inputs: dict[str, ParamType]
    """What a body has to hold; empty: anything will do."""
    outputs: dict[str, ParamType]
    """What an answer has to hold; empty: anything will do."""


class AllowedUrl(Row):
    """An address under which workflows may call whatever they name themselves."""

    name: str
    prefix: str
