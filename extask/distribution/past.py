"""Answered keys and endings as columns: the same random ids are written only once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from extask.distribution import clock
from extask.distribution.memory import Ending
from extask.messages import PRIORITIES, Answer, Standing

if TYPE_CHECKING:
    from extask.distribution.columns import Reader, Row, Writer
    from extask.distribution.memory import Memory

_WIDE_KEY, _WIDE_ANSWER, _WIDE_ENDING = 3, 18, 9
_WIDE_STANDING = 7
_RISING_KEY, _RISING_ANSWER, _RISING_ENDING = (0,), (1, 3), (0, 4)


def dump(writer: Writer, memory: Memory) -> None:
    """Write down what is remembered."""
    writer.table("keys", [_key(writer, key) for key in memory.answers], _RISING_KEY)
    odd: list[str] = []
    answers = [_answer(writer, answer, odd) for answer in memory.answers.values()]
    writer.table("answers", answers, _RISING_ANSWER)
    writer.put("odd_answers", odd)
    endings = [_ending(writer, task, it) for task, it in memory.endings.items()]
    writer.table("endings", endings, _RISING_ENDING)


def load(reader: Reader, memory: Memory) -> None:
    """Read what was remembered."""
    odd = iter(reader.get("odd_answers"))
    keys = reader.table("keys", _WIDE_KEY, _RISING_KEY)
    for key, answer in zip(
        keys, reader.table("answers", _WIDE_ANSWER, _RISING_ANSWER), strict=True
    ):
        told = next(odd) if answer[0] is None else None
        memory.answers[_read_key(reader, key)] = (
            _read_answer(reader, answer) if told is None else Answer.model_validate_json(told)
        )
    for number, *ending in reader.table("endings", _WIDE_ENDING, _RISING_ENDING):
        task = reader.id(number)
        memory.endings[task] = _read_ending(reader, task, ending)


def _numbers(value: str, separator: str) -> tuple[str, int, int] | None:
    """Split an id such as `t-1:2:3`; none if it could not be put together again."""
    head, *rest = value.split(separator)
    if len(rest) != 2 or not all(map(str.isdecimal, rest)):  # noqa: PLR2004 - two numbers
        return None
    first, second = map(int, rest)
    return (head, first, second) if [str(first), str(second)] == rest else None


def _key(writer: Writer, key: str) -> Row:
    parts = _numbers(key, ":")
    return (writer.id(key), None, None) if parts is None else (writer.id(parts[0]), *parts[1:])


def _read_key(reader: Reader, row: Any) -> str:  # noqa: ANN401 - a row
    head = reader.id(row[0])
    return head if row[1] is None else f"{head}:{row[1]}:{row[2]}"


def _answer(writer: Writer, answer: Answer, odd: list[str]) -> Row:
    """Write a common answer as numbers, any other as text."""
    if not _is_common(answer):
        odd.append(answer.model_dump_json())
        return (None,) * _WIDE_ANSWER
    session = _numbers(answer.session or "", ".") or (None, None, None)
    return (
        writer.word(answer.status),
        None if answer.at is None else clock.micros(answer.at),
        writer.id(answer.agent),
        writer.id(answer.task),
        writer.word(answer.code),
        writer.word(answer.reason),
        writer.word(answer.message),
        None if answer.priority is None else PRIORITIES.index(answer.priority),
        answer.rank,
        *session[1:],
        *_standing(writer, answer.standing),
    )


def _is_common(answer: Answer) -> bool:
    told, session = answer.standing, answer.session
    plain = told is None or told.estimated_wait is None
    parts = _numbers(session or "", ".")
    return plain and (session is None or (parts is not None and parts[0] == answer.task))


def _standing(writer: Writer, told: Standing | None) -> Row:
    if told is None:
        return (None,) * _WIDE_STANDING
    return (
        writer.word(told.service),
        PRIORITIES.index(told.priority),
        told.position,
        told.queue_length,
        clock.span(told.waited),
        told.agents_free,
        writer.word(json.dumps(told.why)),
    )


def _read_answer(reader: Reader, row: Any) -> Answer:  # noqa: ANN401 - a row
    status, at, agent, task, code, reason, message, priority, rank, epoch, number = row[:11]
    name = reader.id_or_none(task)
    return Answer(
        status=cast("Any", reader.word(status)),
        at=None if at is None else clock.instant(at),
        agent=reader.id_or_none(agent),
        task=name,
        code=reader.word(code),
        reason=reader.word(reason),
        message=reader.word(message),
        priority=None if priority is None else PRIORITIES[priority],
        rank=rank,
        session=None if epoch is None else f"{name}.{epoch}.{number}",
        standing=None if row[11] is None else _read_standing(reader, row[11:]),
    )


def _read_standing(reader: Reader, row: Any) -> Standing:  # noqa: ANN401 - a row
    service, priority, position, length, waited, free, why = row
    return Standing(
        service=reader.word(service),
        priority=PRIORITIES[priority],
        position=position,
        queue_length=length,
        waited=clock.instant(waited) - clock.EPOCH,
        agents_free=free,
        why=json.loads(reader.word(why)),
    )


def _ending(writer: Writer, task: str, ending: Ending) -> Row:
    session = ending.session
    return (
        writer.id(task),
        ending.run,
        ending.epoch,
        writer.word(ending.how),
        ending.at,
        writer.id(ending.agent),
        None if session is None else writer.word(session.removeprefix(task)),
        writer.word(ending.code),
        ending.rank,
    )


def _read_ending(reader: Reader, task: str, row: Any) -> Ending:  # noqa: ANN401 - a row
    run, epoch, how, at, agent, session, code, rank = row
    return Ending(
        run,
        epoch,
        cast("Any", reader.word(how)),
        at,
        reader.id_or_none(agent),
        None if session is None else task + reader.word(session),
        reader.word(code),
        rank,
    )
