"""Secrets of tenants, found by name in a worker's environment or files; never kept or shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

PREFIX = "EXTASK_SECRET_"
_NAME = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*"
_REFERENCE = re.compile(rf"\{{secret:({_NAME})\}}")
_USABLE = re.compile(r"[ -~]+")


class SecretMissing(Exception):
    """A secret that is named somewhere is not there, or cannot be used; the message says which."""


def names_in(text: str) -> tuple[str, ...]:
    """Name the secrets that a text refers to as `{secret:NAME}`."""
    return tuple(_REFERENCE.findall(text))


def without_references(text: str, instead: str = "") -> str:
    """Take the references to secrets out of a text."""
    return _REFERENCE.sub(instead, text)


class Vault:
    """Finds secrets: a file `FOLDER/TENANT/NAME`, or the variable `EXTASK_SECRET_TENANT__NAME`.

    A tenant's texts reach the tenant's own secrets only.
    """

    def __init__(self, environment: Mapping[str, str], folder: Path | None = None) -> None:
        self._environment = environment
        self._folder = folder

    def fill(self, tenant: str, text: str, write: Callable[[str], str] = str) -> str:
        """Put secrets in the place of their references, each written by `write`.

        Raises:
            SecretMissing: one is not there.
        """
        return _REFERENCE.sub(lambda found: write(self.find(tenant, found[1])), text)

    def find(self, tenant: str, name: str) -> str:
        """Find a secret.

        Raises:
            SecretMissing: it is not there, or no line of plain characters.
        """
        secret = self._read(tenant, name)
        if secret is None:
            raise SecretMissing(f"there is no secret '{name}' of the tenant '{tenant}'")
        if not _USABLE.fullmatch(secret):
            raise SecretMissing(f"the secret '{name}' is not one line of plain characters")
        return secret

    def _read(self, tenant: str, name: str) -> str | None:
        file = self._folder / tenant / name if self._folder else None
        if file is not None and file.is_file():
            return file.read_text(errors="replace").rstrip("\r\n")
        return self._environment.get(f"{PREFIX}{tenant}__{name}".upper())
