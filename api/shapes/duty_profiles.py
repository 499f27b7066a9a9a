"""Forms about duty profiles."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from api.shapes import common
from api.shapes.common import Body, Label, Shape


class PutDutyProfile(Body):
    """What agents on duty in a profile are responsible for."""

    responsibilities: Annotated[list[Label], Field(max_length=common.ENTRIES)] = Field(
        description="Names that levels of policies ask for; these replace all."
    )

    @field_validator("responsibilities")
    @classmethod
    def _once(cls, given: list[str]) -> list[str]:
        if len({*given}) < len(given):
            raise PydanticCustomError("twice", "A responsibility is named twice")
        return given


class DutyProfile(Shape):
    """A duty profile."""

    name: str
    responsibilities: list[str]


class DutyProfileList(Shape):
    """Duty profiles of the tenant."""

    value: list[DutyProfile]
    nextLink: str | None = None  # noqa: N815 -- the word of the platform that reads it
