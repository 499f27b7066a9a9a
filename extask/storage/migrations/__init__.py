"""Alembic's scripts, run by `extask.storage.migrate`."""
