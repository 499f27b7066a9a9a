"""What a round of the reconciler came to."""

from __future__ import annotations

from datetime import datetime

from extask.messages.words import Message


class RepairRound(Message):
    """One round: when it began, its repairs by kind, and what failed by kind, in words."""

    at: datetime
    repaired: dict[str, int] = {}
    failed: dict[str, str] = {}
