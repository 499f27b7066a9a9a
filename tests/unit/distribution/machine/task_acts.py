"""What task workflows and supervisors ask: each act draws a command and knows the answer."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from extask.messages import (
    PRIORITIES,
    Answer,
    Assign,
    Confirm,
    Enqueue,
    Look,
    Move,
    Orphaned,
    PickUp,
    PullBack,
    Report,
    Reprioritize,
    SetExpiry,
    Withdraw,
)
from tests.unit.distribution.machine import draws, rules
from tests.unit.distribution.machine.draws import chance, seconds
from tests.unit.distribution.machine.driver import Judged
from tests.unit.distribution.machine.picture import Task

TASKS = tuple(f"t-{number}" for number in range(16))
UNLESS = ("accepted", "accepted", "returned", "completed", "completed")


def somewhere(judged: Judged, dice: Random, *states: str) -> Task | None:
    """Draw a task that stands in one of some states."""
    found = [it for it in judged.picture.tasks.values() if it.where in states]
    return dice.choice(found) if found else None


def anyone(judged: Judged, dice: Random) -> str:
    return dice.choice((*judged.picture.people, *judged.picture.people, draws.STRANGER))


def services(judged: Judged) -> list[str]:
    """List services to draw from, those that there are more often than others."""
    known = judged.picture.services
    live = [name for name, it in known.items() if not it.config.removed]
    return [*live * 4, *known, "nowhere"]


def any_task(judged: Judged, dice: Random) -> str | None:
    """Draw the name of a task that stands somewhere; rarely of one that did, or never will."""
    if chance(dice, 0.06):
        return dice.choice((*TASKS, "t-99"))
    task = somewhere(judged, dice, "waiting", "offered", "engaged")
    return None if task is None else task.name


def waiting(judged: Judged, service: str) -> int:
    found = [it for it in judged.picture.tasks.values() if it.where == "waiting"]
    return sum(it.service == service for it in found)


def refusal(judged: Judged, service: str) -> str:
    """Say why a service takes no more, if it does not."""
    found = judged.picture.services.get(service)
    if found is None or found.config.removed:
        return "unknown_service"
    limit = found.config.max_waiting
    return "service_full" if limit is not None and waiting(judged, service) >= limit else ""


# --- coming and going --------------------------------------------------------------------------


def enqueue(judged: Judged, dice: Random) -> None:
    free = [name for name in TASKS if name not in judged.picture.tasks]
    if not free:
        return
    task = dice.choice(free)
    judged.epochs[task] = judged.epochs.get(task, 0) + 1
    life, older = seconds(dice, 0, 1, 6, 20, 60, 60), seconds(dice, 1, 30, 400)
    command = Enqueue(
        **judged.about(task),
        place=draws.place(dice, services(judged)),
        expires_at=judged.now + life if chance(dice, 0.4) else None,
        first_queued=judged.now - older if chance(dice, 0.15) else None,
        transfer=chance(dice, 0.2),
        returning=chance(dice, 0.1),
    )
    reason = refusal(judged, command.place.service)
    if reason == "service_full" and command.returning:
        reason = ""
    late = command.expires_at is not None and command.expires_at <= judged.now
    answer = judged.apply(command)
    status = "refused" if reason else "expired" if late else "done"
    assert (answer.status, answer.reason) == (status, reason)
    if status == "expired":
        judged.picture.ended[task] = (command.run, command.epoch, "expired")


def move(judged: Judged, dice: Random) -> None:
    name = any_task(judged, dice)
    if name is None:
        return
    task = judged.picture.tasks.get(name)
    head = judged.about(name)
    where = services(judged)
    if task is not None and chance(dice, 0.35):
        where = [task.service]
    unless: Any = dice.choice(UNLESS)
    command = Move(
        **head,
        place=draws.place(dice, where),
        to_epoch=head["epoch"] + 1,
        transfer=chance(dice, 0.5),
        unless=unless,
    )
    expected = came_first(judged, name, unless)
    if expected == "done" and task is not None:
        own = command.place.service == task.service
        reason = refusal(judged, command.place.service)
        if own and (task.where != "engaged" or reason == "service_full"):
            reason = ""
        expected = f"refused {reason}" if reason else expected
    answer = judged.apply(command)
    told(answer, expected)


def came_first(judged: Judged, name: str, unless: str) -> str:
    """Foretell what answers a command that speaks of the last known stay of a task."""
    task = judged.picture.tasks.get(name)
    if task is None:
        return gone(judged, name)
    if task.where == "engaged" and unless == "accepted":
        return "accepted"
    return "returned" if unless == "returned" and task.where != "engaged" else "done"


def gone(judged: Judged, name: str) -> str:
    ended = judged.picture.ended.get(name)
    if ended is None or ended[:2] != (judged.runs.get(name, 1), judged.epochs.get(name, 0)):
        return ""
    return "stale" if ended[2] == "withdrawn" else ended[2]


def told(answer: Answer, expected: str) -> None:
    """Compare an answer with a status, or a status and a reason; nothing is expected of ''."""
    status = answer.status if answer.status != "refused" else f"refused {answer.reason}"
    assert not expected or status == expected, answer


def withdraw(judged: Judged, dice: Random) -> None:
    name = any_task(judged, dice)
    if name is None:
        return
    unless: Any = dice.choice(UNLESS)
    outcome = dice.choice(("ended_by_workflow", "cancelled_by_api", "aborted_by_supervisor"))
    expected = came_first(judged, name, unless)
    command = Withdraw(**judged.about(name), unless=unless, outcome=outcome)
    if name in judged.picture.tasks and chance(dice, 0.2):
        command = command.model_copy(update={"any_stay": True, "epoch": 0})
    answer = judged.apply(command)
    told(answer, expected)
    assert answer.status != "done" or name not in judged.picture.tasks


def ask(judged: Judged, dice: Random) -> None:
    """Ask where a task stands, and what came first."""
    name = any_task(judged, dice)
    if name is None:
        return
    expected = came_first(judged, name, "accepted")
    told(judged.apply(Confirm(**judged.about(name))), expected)
    answer = judged.apply(Look(**judged.about(name)))
    told(answer, expected)
    task = judged.picture.tasks.get(name)
    if task is not None:
        check_standing(judged, task, answer)


def check_standing(judged: Judged, task: Task, answer: Answer) -> None:
    picture, standing = judged.picture, answer.standing
    assert standing is not None
    found = (standing.service, standing.priority, standing.queue_length)
    expected = (task.service, PRIORITIES[task.level], waiting(judged, task.service))
    assert found == expected
    assert standing.waited == judged.now - task.first_queued
    places = rules.played(picture, task.service)
    position = places.index(task) + 1 if task in places else 0
    assert standing.position == position
    assert standing.estimated_wait == rules.estimate(picture, task, position)
    rulings = [it[0] for it in every_ruling(judged, task).values()]
    assert standing.agents_free == rulings.count("")
    assert standing.why == {rule: rulings.count(rule) for rule in rulings if rule}


def every_ruling(judged: Judged, task: Task) -> dict[str, rules.Ruling]:
    picture = judged.picture
    reserved = rules.is_reserved(picture, task)
    return {
        name: rules.ruling(picture, task, person, reserved=reserved)
        for name, person in sorted(picture.people.items())
        if task.service in person.config.services
    }


def explain(judged: Judged, _: Random) -> None:
    """Every ruling on every task is the one that the rules give, and changes when they say."""
    for task in judged.picture.tasks.values():
        found = {it.agent: (it.rule, it.until) for it in judged.pool.explain(task.name)}
        assert found == every_ruling(judged, task)
        for rule, _until in found.values():
            judged.tally[f"explained {rule}"] += 1
    judged.advance(judged.now)


def list_for_picking_up(judged: Judged, dice: Random) -> None:
    """An agent sees every task on the lists of their services, the most urgent first."""
    person = dice.choice(list(judged.picture.people.values()))
    name, served = person.config.id, person.config.services
    tasks = [it for it in judged.picture.tasks.values() if it.where == "waiting"]
    tasks = [it for it in tasks if judged.picture.mode(it) == "pickup" and it.service in served]
    tasks.sort(key=lambda it: (it.level, it.first_queued, it.seq))
    expected = [(it.name, it.service, it.first_queued, it.expires) for it in tasks]
    shown = judged.pool.pickups(name)
    assert [(it.task, it.service, it.first_queued, it.expires_at) for it in shown] == expected
    rulings = [every_ruling(judged, it)[name] for it in tasks]
    assert [(it.rule, it.until) for it in shown] == rulings
    judged.advance(judged.now)


def reprioritize(judged: Judged, dice: Random) -> None:
    name = any_task(judged, dice)
    if name is None:
        return
    to, by = dice.choice(PRIORITIES), dice.randint(-3, 3)
    values: dict[str, Any] = {"to": to} if chance(dice, 0.6) else {"by": by}
    task = judged.picture.tasks.get(name)
    told(judged.apply(Reprioritize(**judged.about(name), **values)), "done" if task else "")
    if task is not None and name in judged.picture.tasks and "to" in values:
        assert PRIORITIES[task.level] == to


def set_expiry(judged: Judged, dice: Random) -> None:
    name = any_task(judged, dice)
    if name is not None:
        at = judged.now + seconds(dice, -1, 0, 2, 10, 30, 60)
        judged.apply(SetExpiry(**judged.about(name), expires_at=at))


def astray(judged: Judged, dice: Random) -> None:
    """A workflow is gone, a later run begins, or a superseded one speaks."""
    name = any_task(judged, dice)
    if name is None:
        return
    match dice.randrange(3):
        case 0:
            command = Orphaned(**judged.about(name), ended=chance(dice, 0.1))
            assert judged.apply(command).status == "done"
            assert name not in judged.picture.tasks
        case 1:
            judged.runs[name] = judged.runs.get(name, 1) + 1
            judged.epochs[name] = dice.randint(1, 3)
            place = draws.place(dice, services(judged))
            answer = judged.apply(Enqueue(**judged.about(name), place=place))
            assert answer.status in ("done", "refused")
        case _ if name in judged.picture.tasks:
            old = {"task": name, "run": judged.runs[name] - 1, "epoch": 9}
            for kind in (Withdraw, Confirm, Look, Orphaned):
                command_: Any = kind.model_validate({"key": judged.key(), **old})
                assert judged.apply(command_).status == "stale"


def report(judged: Judged, dice: Random) -> None:
    """A workflow tells where it believes its task to stand: rightly, or after a loss."""
    name = any_task(judged, dice)
    if name is None:
        return
    task = judged.picture.tasks.get(name)
    values: dict[str, Any] = {"place": draws.place(dice, services(judged))}
    if task is None:
        judged.epochs[name] = judged.epochs.get(name, 0) + 1
    else:
        values["place"] = values["place"].model_copy(update={"service": task.service})
        values["rank"] = dice.choice((0, task.rank - 1, task.rank))
    state = dice.choice(("out", "waiting", "waiting", "active", "active"))
    if state == "active":
        values |= believed(judged, dice, name)
    answer = judged.apply(Report(**judged.about(name), state=state, **values))
    assert state != "out" or name not in judged.picture.tasks
    assert state == "out" or answer.status != "done" or name in judged.picture.tasks


def believed(judged: Judged, dice: Random, name: str) -> dict[str, Any]:
    shares = [it for it in judged.picture.shares.values() if it.task.name == name and it.accepted]
    if shares and chance(dice, 0.7):
        return {"session": shares[0].session, "agent": shares[0].agent}
    since = judged.now - timedelta(seconds=dice.randint(0, 9))
    session, agent = f"{name}.reported-{judged.keys}", anyone(judged, dice)
    return {"session": session, "agent": agent, "accepted_at": since}


# --- by hand -----------------------------------------------------------------------------------


def unknown(judged: Judged, name: str, agent: str) -> str:
    """Say why no task can be handed to an agent, if task or agent are not there."""
    if name not in judged.picture.tasks:
        return "already_ended" if name in judged.picture.ended else "unknown_task"
    person = judged.picture.people.get(agent)
    return "unknown_agent" if person is None or person.config.removed else ""


def pick_up(judged: Judged, dice: Random) -> None:
    found = [it for it in judged.picture.tasks.values() if it.where == "waiting"]
    lists = [it for it in found if judged.picture.mode(it) == "pickup"]
    name, agent = any_task(judged, dice), anyone(judged, dice)
    if lists and chance(dice, 0.85):
        name, agent = pair(judged, dice, lists)
    if name is None:
        return
    reason, task = unknown(judged, name, agent), judged.picture.tasks.get(name)
    if not reason and task is not None:
        if task.where != "waiting":
            reason = "too_late"
        elif judged.picture.mode(task) != "pickup":
            reason = "not_for_pickup"
        else:
            reason = ruled_out(judged, task, agent)
    answer = judged.apply(PickUp(key=judged.key(), task=name, agent=agent))
    told(answer, f"refused {reason}" if reason else "done")


def pair(judged: Judged, dice: Random, tasks: list[Task]) -> tuple[str, str]:
    """Draw one of some tasks and an agent, mostly one who may take it, or who just had it."""
    task = dice.choice([*tasks, *(it for it in tasks if it.cooled)])
    if task.cooled and chance(dice, 0.5):
        return task.name, dice.choice(list(task.cooled))
    able = [name for name in judged.picture.people if not ruled_out(judged, task, name)]
    return task.name, dice.choice(able) if able and chance(dice, 0.7) else anyone(judged, dice)


def ruled_out(judged: Judged, task: Task, agent: str) -> str:
    picture, person = judged.picture, judged.picture.people[agent]
    reserved = rules.is_reserved(picture, task)
    return rules.ruling(picture, task, person, reserved=reserved)[0]


def assign(judged: Judged, dice: Random) -> None:
    people = judged.picture.people
    name = any_task(judged, dice)
    if name is None:
        return
    agent, task = anyone(judged, dice), judged.picture.tasks.get(name)
    able = [] if task is None else [it for it in people if not unassignable(judged, task, it)]
    if able and chance(dice, 0.5):
        agent = dice.choice(able)
    reason = unknown(judged, name, agent)
    if not reason and task is not None:
        reason = unassignable(judged, task, agent)
    before = len(judged.picture.shares)
    answer = judged.apply(Assign(key=judged.key(), task=name, agent=agent, by="boss"))
    told(answer, f"refused {reason}" if reason else "done")
    assert not reason or len(judged.picture.shares) == before


def unassignable(judged: Judged, task: Task, agent: str) -> str:
    """Say what forbids a supervisor's word; what the task itself keeps the agent from does not."""
    picture, person = judged.picture, judged.picture.people[agent]
    if task.where == "engaged":
        return "with_agent"
    asked = [it.agent for it in picture.offers(task)]
    if asked == [agent]:
        return ""
    if not rules.is_present(picture, person, task.service):
        return "presence"
    if not person.on_duty:
        return "off_duty"
    own = {name: it for name, it in person.shares.items() if it.task is task}
    others = {name: it for name, it in person.shares.items() if it.task is not task}
    person.shares = others
    reason = rules.capacity(picture, task, person)[0]
    person.shares = others | own
    return reason


def pull_back(judged: Judged, dice: Random) -> None:
    task = somewhere(judged, dice, "offered", "engaged")
    name = any_task(judged, dice) if task is None or chance(dice, 0.1) else task.name
    if name is None:
        return
    task = judged.picture.tasks.get(name)
    reason = "not_offered" if task is not None and task.where == "waiting" else ""
    if task is None:
        reason = unknown(judged, name, "")
    answer = judged.apply(PullBack(key=judged.key(), task=name, by="boss"))
    told(answer, f"refused {reason}" if reason else "done")
