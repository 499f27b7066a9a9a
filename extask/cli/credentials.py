"""The data folder of an embedded system: its address and its API keys."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from extask.errors import Misconfigured

Model = TypeVar("Model", bound=BaseModel)
Role = Literal["tenant_admin", "workflow_admin", "supervisor", "flow"]
ROLES: tuple[Role, ...] = get_args(Role)
DEFAULT_FOLDER = Path(".extask")
DEFAULT_URL = "http://127.0.0.1:8080"


class Credentials(BaseModel):
    """API keys by role, and those of agents by their UPN."""

    model_config = ConfigDict(frozen=True)

    tenant_admin: str
    workflow_admin: str
    supervisor: str
    flow: str
    agents: dict[str, str] = {}

    def key(self, who: str) -> str | None:
        """Find the key of a role or of an agent."""
        if who in ROLES:
            return str(getattr(self, who))
        return self.agents.get(who)


class Addresses(BaseModel):
    """Where the parts of an embedded system are reached."""

    model_config = ConfigDict(frozen=True)

    api: str
    temporal: str
    temporal_ui: str


class Folder:
    """The files of one data folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.credentials_file = path / "credentials.json"
        self.addresses_file = path / "addresses.json"

    def credentials(self) -> Credentials | None:
        """Read the API keys, if there are any.

        Raises:
            Misconfigured: the file cannot be read or has another shape.
        """
        return _read(self.credentials_file, Credentials)

    def addresses(self) -> Addresses | None:
        """Read where the system of this folder was started last.

        Raises:
            Misconfigured: the file cannot be read or has another shape.
        """
        return _read(self.addresses_file, Addresses)

    def write_addresses(self, addresses: Addresses) -> None:
        """Remember where the system of this folder is reached."""
        self.addresses_file.write_text(addresses.model_dump_json(indent=2) + "\n")

    def write_credentials(self, credentials: Credentials) -> None:
        """Write the API keys whole or not at all, for this user's eyes only."""
        write_private(self.credentials_file, credentials.model_dump())


def write_private(path: Path, data: object) -> None:
    """Write JSON whole or not at all, readable by its owner only."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(data, file, indent=2)
        file.write("\n")
    draft.replace(path)


def _read(path: Path, model: type[Model]) -> Model | None:
    try:
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not what extask writes there"
        raise Misconfigured(f"cannot use {path}: {reason}") from error
