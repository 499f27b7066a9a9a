"""Asking who is there for a task: told by every ruling on the task that it would be."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from extask.messages import Place, Survey
from tests.unit.distribution.machine import draws, rules
from tests.unit.distribution.machine.draws import chance
from tests.unit.distribution.machine.driver import Judged
from tests.unit.distribution.machine.picture import Person, Picture, Task
from tests.unit.distribution.machine.task_acts import (
    TASKS,
    any_task,
    every_ruling,
    refusal,
    services,
)


def survey(judged: Judged, dice: Random) -> None:
    name = any_task(judged, dice) or dice.choice(TASKS)
    known = judged.picture.tasks.get(name)
    where = [known.service] if known is not None and chance(dice, 0.4) else services(judged)
    command = Survey(**judged.about(name), place=draws.place(dice, where))
    reason = refusal(judged, command.place.service).replace("service_full", "")
    answer = judged.apply(command)
    found = "" if reason else availability(judged, as_if(judged.picture, name, command.place))
    told = (answer.reason, answer.availability or "")
    assert (answer.status, *told) == ("refused" if reason else "done", reason, found)
    judged.tally[f"surveyed {found or reason}"] += 1


def as_if(picture: Picture, name: str, place: Place) -> Task:
    """Draw the task as it would stand: in its own service only what is written changes."""
    task = replace(picture.tasks.get(name) or Task(name, 0))
    own, config = task.service == place.service, picture.services[place.service].config
    lasting = config.prefer_for if place.prefer_for is None else place.prefer_for
    if not own or place.preferred or place.prefer_for is not None:
        task.window = picture.now + lasting
    if not own or place.preferred:
        wishes = sorted(place.preferred, key=lambda it: it.priority or 0)
        task.preferred = tuple(dict.fromkeys(it.agent for it in wishes))
    task.block = place.block_agent and (task.block or not own)
    task.preferred_only = place.preferred_only or (own and task.preferred_only)
    task.exclude = place.exclude if place.exclude or not own else task.exclude
    task.skills = place.skills if place.skills or not own else task.skills
    if not own:
        task.service, task.entered, task.reached = place.service, picture.now, -1
    return task


def availability(judged: Judged, task: Task) -> str:
    picture = judged.picture
    free = [name for name, (rule, _) in every_ruling(judged, task).items() if not rule]
    if free or any(may_keep(picture, task, it) for it in picture.people.values()):
        return "available"
    staff = [it for it in picture.people.values() if is_staff(picture, task, it)]
    return "busy" if staff else "empty"


def is_staff(picture: Picture, task: Task, person: Person) -> bool:
    there = person.on_duty and person.presence != "offline"
    return there and rules.is_active(picture, person, task.service)


def may_keep(picture: Picture, task: Task, person: Person) -> bool:
    """Say whether only an open offer of this very task keeps the agent from it."""
    own = [it for it in person.shares.values() if it.task.name == task.name and it.accepted is None]
    for share in own:
        del person.shares[share.session]
    reserved = rules.is_reserved(picture, task)
    rule, _ = rules.ruling(picture, task, person, reserved=reserved)
    person.shares.update((share.session, share) for share in own)
    return bool(own) and not rule
