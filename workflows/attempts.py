"""Which attempt at a workflow task something was decided in."""

from __future__ import annotations

from datetime import datetime

from temporalio import workflow


class Attempts:
    """Keeps the time of the present attempt at a workflow task, as the server gave it.

    What local activities of an attempt write is in no history before the attempt is over. Where
    its worker is lost, another begins the same task later, and may decide otherwise.
    """

    def __init__(self) -> None:
        self._length = 0
        self._begun = workflow.now()

    @property
    def begun(self) -> datetime:
        """When the present attempt began; time that its local activities took does not count."""
        length = workflow.info().get_current_history_length()
        if length != self._length:
            self._length, self._begun = length, workflow.now()
        return self._begun

    def goes_on(self) -> None:
        """Hear that a local activity is over: where it outlasted its task, nothing began anew."""
        self._length = workflow.info().get_current_history_length()
