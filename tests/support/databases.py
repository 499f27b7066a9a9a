"""Which database the tests run on: SQLite, or PostgreSQL where `EXTASK_TESTS_ON` says so."""

from __future__ import annotations

import functools
import hashlib
import os
from contextlib import AbstractContextManager
from pathlib import Path

from tests.support.postgres import Cluster, running_postgres

ON_POSTGRESQL = os.environ.get("EXTASK_TESTS_ON") == "postgresql"


@functools.cache
def url_of(folder: Path) -> str:
    """Give the address of the database that belongs to a folder; it may be empty yet."""
    if not ON_POSTGRESQL:
        return f"sqlite:///{folder / 'extask.db'}"
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:32]
    return _cluster()[1].create(f"of_{name}")


@functools.cache
def _cluster() -> tuple[AbstractContextManager[Cluster], Cluster]:
    """Start this process's cluster; it ends with the process."""
    running = running_postgres()
    return running, running.__enter__()
