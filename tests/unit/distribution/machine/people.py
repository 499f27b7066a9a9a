"""The part of the log that is about agents alone: state, flag, calls, wrap-up."""

from __future__ import annotations

from extask.messages import Event
from tests.unit.distribution.machine.log import instant, micros
from tests.unit.distribution.machine.offers import OffersLog
from tests.unit.distribution.machine.picture import NOTHING, Person


class WholeLog(OffersLog):
    """Reads all events."""

    def person(self, event: Event) -> Person:
        return self.picture.people[event.agent or ""]

    def on_wrap_up_started(self, event: Event) -> None:
        person, until = self.person(event), instant(event.data["until"])
        assert until is not None
        assert self.foreseen
        assert event.session not in person.wraps
        person.wraps[event.session or ""] = (event.at, until)

    def on_wrap_up_extended(self, event: Event) -> None:
        person, until = self.person(event), instant(event.data["until"])
        began, before = person.wraps[event.session or ""]
        assert until is not None
        assert until >= before
        person.wraps[event.session or ""] = (began, until)

    def on_wrap_up_ended(self, event: Event) -> None:
        person = self.person(event)
        began, until = person.wraps.pop(event.session or "")
        ended = self.command is not None and self.command.kind == "end_wrap_up"
        assert event.at == until or ended
        assert event.data["wrap_up_us"] == micros(event.at - began)
        person.idle = event.at

    def on_agent_state(self, event: Event) -> None:
        person, data = self.person(event), event.data
        came = data["presence"] == "available" != person.presence
        if came or (data["on_duty"] and not person.on_duty):
            person.idle = event.at
        person.presence, person.on_duty = data["presence"], data["on_duty"]
        person.profile = data["duty_profile"]

    def on_rona_flagged(self, event: Event) -> None:
        person, until = self.person(event), instant(event.data["until"])
        assert until is not None
        assert self.foreseen
        person.rona = until

    def on_rona_cleared(self, event: Event) -> None:
        person = self.person(event)
        assert person.rona is not None
        assert event.data["by"] == "agent" or event.at == person.rona
        person.rona = None

    def on_engagement_started(self, event: Event) -> None:
        command = self.command
        assert command is not None
        assert command.kind == "start_engagement"
        call = (event.data["blocking"], command.acw, event.at)
        self.person(event).calls[event.data["engagement"]] = call

    def on_engagement_ended(self, event: Event) -> None:
        person = self.person(event)
        blocking, acw, began = person.calls.pop(event.data["engagement"])
        assert event.data["lasted_us"] == micros(event.at - began)
        person.idle = event.at
        if blocking and acw > NOTHING:
            self.expect_wrap_up(person.config.id, event.at + acw)

    def on_configured(self, event: Event) -> None:
        data = event.data
        assert data["version"] == self.picture.version
        assert (data["services"], data["agents"]) == self.changed

    def on_rebuilt(self, event: Event) -> None:
        assert event.data["tasks"] == len(self.picture.tasks)
