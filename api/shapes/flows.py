"""Forms about flows and about addresses that workflows may call."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.shapes.common import ENTRIES, Body, Name, Shape, Text, Writable

ADDRESS_LENGTH = 2048
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Type = Literal["text", "integer", "number", "boolean", "duration", "time", "list"]
Address = Annotated[str, Field(min_length=1, max_length=ADDRESS_LENGTH), Writable]
Header = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
]
Types = Annotated[dict[Name, Type], Field(max_length=ENTRIES)]


class PutFlow(Body):
    """Where a flow is, and how it is called."""

    address: Address = Field(
        description="Where it is, with https://; a secret stands in it as {secret:NAME}."
    )
    method: Method = Field(default="POST", description="The method of HTTP.")
    headers: Annotated[dict[Header, Text], Field(max_length=ENTRIES)] = Field(
        default={}, description="Headers to send; secrets stand in them as {secret:NAME}."
    )
    inputs: Types = Field(
        default={}, description="What a body has to hold, by type; empty: anything will do."
    )
    outputs: Types = Field(
        default={}, description="What an answer has to hold, by type; empty: anything will do."
    )


class Flow(Shape):
    """A flow that workflows may call by its name."""

    name: str
    address: str
    method: str
    headers: dict[str, str]
    inputs: dict[str, str]
    outputs: dict[str, str]


class FlowList(Shape):
    """Flows of the tenant."""

    value: list[Flow]
    nextLink: str | None = None  # noqa: N815 -- the word of the platform that reads it


class PutAllowedUrl(Body):
    """Where workflows may call addresses that they name themselves."""

    prefix: Address = Field(
        description="How such an address begins: https://HOST, or with the first steps of a path."
    )


class AllowedUrl(Shape):
    """An address under which workflows may call."""

    name: str
    prefix: str


class AllowedUrlList(Shape):
    """Where workflows of the tenant may call."""

    value: list[AllowedUrl]
    nextLink: str | None = None  # noqa: N815 -- the word of the platform that reads it
