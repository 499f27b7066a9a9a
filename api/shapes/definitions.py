"""Forms about workflow definitions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.shapes.common import Body, Shape, Yes
from api.shapes.findings import FindingShape

SOURCE = 200_000


class DefinitionSource(Body):
    """A definition as its author wrote it."""

    source: Annotated[str, Field(min_length=1, max_length=SOURCE)] = Field(
        description="The YAML text of the file."
    )
    file: Annotated[str, Field(min_length=1, max_length=320)] = Field(
        default="definition.yaml", description="The file's name, for the findings."
    )
    breaking: Yes = Field(
        default=False, description="Whether it is meant if this breaks who sends tasks."
    )


class PublishSource(DefinitionSource):
    """A definition to be published."""

    current: Yes = Field(
        default=True, description="Whether new tasks take it; else they take what they took before."
    )


class CheckAnswer(Shape):
    """What the checker says."""

    ok: bool = Field(description="Whether it could be published.")
    workflow: str | None
    version: int | None
    findings: list[FindingShape]


class Definition(Shape):
    """A published version of a workflow."""

    workflow: str
    version: int
    title: str
    digest: str = Field(description="sha-256 of the normalised source.")
    state: Literal["draft", "published", "deprecated", "retired"]
    current: bool = Field(description="Whether new tasks run on it.")
    canary: int | None = Field(
        description="The share of new tasks that runs on it instead of the current one, in percent."
    )
    published_at: datetime
    published_by: str


class DefinitionDetails(Definition):
    """A published version with its source."""

    source: str


class DefinitionList(Shape):
    """Published versions of the tenant's workflows."""

    value: list[Definition]
    nextLink: str | None = None  # noqa: N815 -- the word of the platform that reads it


class PublishAnswer(Definition):
    """What was published, and what the checker had to say."""

    findings: list[FindingShape]
