"""Forms about the versions of a workflow: drafts, what new tasks take, what differs, migrating."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.shapes.common import Body, Number, Shape, Text, Version, VersionAsked, Yes
from api.shapes.definitions import SOURCE, Definition
from api.shapes.findings import FindingShape
from extask.definition.canary import LEAST, MOST
from extask.definition.diff import Area, Change
from extask.errors import Fault


class PublishDraftBody(Body):
    """How a draft is to be published."""

    breaking: Yes = Field(
        default=False, description="Whether it is meant if this breaks who sends tasks."
    )
    current: Yes = Field(
        default=True, description="Whether new tasks take it; else they take what they took before."
    )


class DraftSource(Body):
    """A draft as its author wrote it; it may have errors."""

    source: Annotated[str, Field(min_length=1, max_length=SOURCE)] = Field(
        description="The YAML text of the file."
    )
    file: Annotated[str, Field(min_length=1, max_length=320)] = Field(
        default="definition.workflow.yaml", description="The file's name, for the findings."
    )


class Draft(Shape):
    """A saved draft, and what the checker says of it."""

    workflow: str
    version: int | None = Field(description="The version that it would be; empty with errors.")
    ok: bool = Field(description="Whether it could be published as it is.")
    saved_at: datetime
    saved_by: str
    file: str
    source: str
    findings: list[FindingShape]


class VersionShape(Definition):
    """A version, and how many tasks run on it."""

    running: int = Field(description="Tasks on this version that have not ended.")


class VersionList(Shape):
    """Every published version of a workflow, the newest first."""

    value: list[VersionShape]
    draft: bool = Field(description="Whether there is a draft beside them.")
    nextLink: str | None = None  # noqa: N815 -- the word of the platform that reads it


class CurrentBody(Body):
    """Which version new tasks take."""

    version: Version = Field(description="A published version; earlier ones too.")


class CanaryBody(Body):
    """Which version a share of new tasks takes."""

    version: Version = Field(description="A published version that is not current.")
    percent: Annotated[Number, Field(ge=LEAST, le=MOST)] = Field(
        description="The share of new tasks that takes it, in percent."
    )


class DiffQuery(Body):
    """Which versions to compare."""

    from_: VersionAsked | None = Field(
        default=None, alias="from", description="The older one; empty means the current one."
    )
    to: VersionAsked | None = Field(
        default=None, description="The newer one; empty means the current one."
    )


class DifferenceShape(Shape):
    """One thing that was added, removed or changed."""

    area: Area
    name: str = Field(description="Name of the workflow, parameter, step or event.")
    change: Change
    property: str = Field(description="What of it; empty where the whole of it came or went.")
    old: str = Field(description="As an author writes it; empty where there was none.")
    new: str = Field(description="As an author writes it; empty where there is none.")


class DiffAnswer(Shape):
    """How two versions of a workflow differ."""

    workflow: str
    from_: int = Field(serialization_alias="from")
    to: int
    differences: list[DifferenceShape]
    breaking: list[str] = Field(description="What of it breaks who sends tasks.")


class MigrationBody(Body):
    """From which version to which tasks are to go."""

    from_: Version = Field(alias="from", description="The version that they are on.")
    to: Version = Field(description="The published version with which they are to go on.")

    def faults(self) -> Iterator[Fault]:
        """Tell what does not fit together."""
        if self.from_ == self.to:
            yield Fault("/to", "excludes", "The tasks are on this version already.")


class MigrateBody(MigrationBody):
    """A migration that is to be begun."""

    reason: Text = Field(default="", description="Why, for the record.")


class Staying(Shape):
    """A task that would stay where it is."""

    task_id: str
    step: str | None
    code: str
    message: str


class MigrationPreview(Shape):
    """What a migration would come to, as the tasks stand now."""

    count: int = Field(description="Tasks on the old version that have not ended.")
    movable: int = Field(description="Those that would go on with the new one.")
    refused: int = Field(description="Those that would stay.")
    staying: list[Staying] = Field(description="Why they would stay; at most 1,000 of them.")
