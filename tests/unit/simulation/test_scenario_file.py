from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extask.definition import loader
from extask.messages import Place, PolicyLevel, ServiceConfig
from extask.simulation import read_scenario
from extask.simulation.given import NOW
from extask.simulation.laws import (
    AsKnown,
    Draws,
    Exponential,
    Fixed,
    Known,
    Lognormal,
    Poisson,
    Rate,
    Regular,
    TaskRow,
)
from extask.simulation.scenario import Group, Target
from tests.unit.simulation.scenarios import ONE, faults, load

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
EVERYTHING = """
forecast: everything
begin: 2026-03-02T08:00:00+01:00
length: 8h
warmup: 30m
services:
  support:
    target: { share: 80.5%, within: 1m }
    workflow: flow.yaml
    acw: 30s
    rona_timeout: 15s
    rona_flag: false
    rona_for: 2m
    decline_cooldown: 3m
    prefer_for: 4m
    priority: high
    keep_place: true
    max_waiting: 50
    distribution: broadcast
    policy:
      - { skills: { german: 2 }, responsibility: vip, algorithm: most_qualified }
      - { after: 1m, skills: { german: 1 } }
      - { after: 5m }
  chat:
    agents_handle_simultaneous_external_tasks: true
tasks:
  questions:
    service: support
    arrivals: { poisson: { 2h: 120/h, 0s: 1/m } }
    handling: { lognormal: 5m, deviation: 3m }
    patience: { exponential: 20m }
    priority: low
    skills: { german: 1 }
    params: { product: printer }
  chats:
    service: chat
    arrivals: { regular: 48/d }
    handling: 4m
    block_agent: false
  real:
    service: chat
    arrivals: data
    handling: data
    patience: data
    data: tasks.csv
agents:
  desk:
    count: 3
    services: [support, chat]
    skills: { german: 3 }
    responsibilities: [vip]
    simultaneous_non_blocking_external_tasks: 2
    shifts: [[0s, 4h], [5h, 8h]]
    answering: { exponential: 3s }
  more: { count: 1, services: [chat] }
"""
FLOW = """
workflow: flow
version: 1
params: { product: { type: text, required: true } }
steps: { line_up: { queue: , then: { rejected: end } } }
"""
TASKS = """arrived,handling,patience
2026-03-02T09:30:00Z,90,
2026-03-02T08:30:00Z,2m,10m
2026-03-01T08:30:00Z,2m,10m
"""


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    scenario = load(tmp_path, EVERYTHING, flow__yaml=FLOW, tasks__csv=TASKS)

    assert scenario.begin == datetime(2026, 3, 2, 7, tzinfo=UTC)
    assert (scenario.title, scenario.length, scenario.warmup) == ("everything", 8 * HOUR, HOUR / 2)
    support, chat = scenario.services.values()
    assert support.target == Target(0.805, MINUTE)
    assert support.plan is not None
    assert chat.config == ServiceConfig(name="chat", simultaneous=True)
    assert support.config == ServiceConfig(
        name="support",
        acw=timedelta(seconds=30),
        rona_timeout=timedelta(seconds=15),
        rona_flag=False,
        rona_for=2 * MINUTE,
        decline_cooldown=3 * MINUTE,
        prefer_for=4 * MINUTE,
        priority="high",
        keep_place=True,
        max_waiting=50,
        distribution="broadcast",
        policy=(
            PolicyLevel(skills={"german": 2}, responsibility="vip", algorithm="most_qualified"),
            PolicyLevel(after=MINUTE, skills={"german": 1}),
            PolicyLevel(after=5 * MINUTE),
        ),
    )
    questions, chats, real = scenario.streams
    assert questions.place == Place(service="support", priority="low", skills={"german": 1})
    assert questions.arrivals == Poisson(Rate(((0.0, 1 / 60), (7_200.0, 120 / 3_600))))
    assert questions.handling == Lognormal(5 * MINUTE, 3 * MINUTE)
    assert questions.patience == Exponential(20 * MINUTE)
    assert questions.params == {"product": "printer"}
    assert chats.arrivals == Regular(Rate(((0.0, 48 / 86_400),)))
    assert chats.place == Place(service="chat", block_agent=False)
    assert chats.handling == Fixed(4 * MINUTE)
    assert (real.arrivals, real.handling, real.patience) == (AsKnown(), Known(), Known())
    assert len(real.rows) == 3
    desk, more = scenario.groups
    assert desk == Group(
        "desk",
        3,
        ("support", "chat"),
        {"german": 3},
        ("vip",),
        simultaneous=2,
        shifts=((0 * HOUR, 4 * HOUR), (5 * HOUR, 8 * HOUR)),
        answering=Exponential(timedelta(seconds=3)),
    )
    assert more == Group("more", 1, ("chat",))


def test_the_distributor_is_told_of_agents_and_what_they_answer_for(tmp_path: Path) -> None:
    scenario = load(tmp_path, EVERYTHING, flow__yaml=FLOW, tasks__csv=TASKS)
    pool, presence = scenario.pool(), list(scenario.presence())

    assert [agent.id for agent in pool.agents] == ["desk-1", "desk-2", "desk-3", "more-1"]
    assert [(it.name, it.responsibilities) for it in pool.duty_profiles] == [("desk", ("vip",))]
    assert [it.duty_profile for it in presence] == ["desk", "desk", "desk", ""]
    assert all(it.presence == "available" and it.on_duty for it in presence)


def test_real_tasks_come_when_they_came(tmp_path: Path) -> None:
    scenario = load(tmp_path, EVERYTHING, flow__yaml=FLOW, tasks__csv=TASKS)
    real = scenario.streams[2]
    tasks = list(real.tasks(scenario.begin, scenario.length, draws=Draws(1)))
    assert [(task.at.hour, task.handling, task.patience) for task in tasks] == [
        (8, 2 * MINUTE, 10 * MINUTE),
        (9, 1.5 * MINUTE, None),
    ]
    assert real.expected(scenario.begin, scenario.length) == 2


def test_without_a_begin_it_begins_with_the_first_real_task(tmp_path: Path) -> None:
    text = EVERYTHING.replace("begin: 2026-03-02T08:00:00+01:00\n", "")
    scenario = load(tmp_path, text, flow__yaml=FLOW, tasks__csv=TASKS)
    assert scenario.begin == datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
    assert load(tmp_path, ONE).begin == NOW


def test_without_arrivals_of_its_own_a_task_is_any_of_the_real_ones(tmp_path: Path) -> None:
    text = ONE.replace("handling: 90s", "handling: data, data: tasks.csv")
    scenario = load(tmp_path, text, tasks__csv="handling,priority\n10,high\n20,\n")
    (calls,) = scenario.streams
    assert calls.rows == (
        TaskRow(handling=timedelta(seconds=10), priority="high"),
        TaskRow(handling=timedelta(seconds=20)),
    )
    tasks = list(calls.tasks(scenario.begin, HOUR, Draws(1)))
    drawn = {(task.handling.seconds, task.place.priority) for task in tasks}
    assert drawn == {(10, "high"), (20, None)}
    assert calls.expected(scenario.begin, HOUR) == pytest.approx(60)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("length: 4m", "", ("E106", 2, 1, "a scenario has no 'length'")),
        ("length: 4m", "length: 0s", ("E105", 3, 9, "length takes time")),
        ("length: 4m", "length: 10", ("E108", 3, 9, "'10' is not a duration")),
        ("length: 4m", "length: 367d", ("E105", 2, 1, "the length is more than a year")),
        (
            "length: 4m",
            "length: 4m\nwarmup: 4m",
            ("E105", 2, 1, "nothing is left after the warm-up"),
        ),
        (
            "length: 4m",
            "length: 4m\nbegin: soon",
            ("E105", 4, 8, "'soon' is no time"),
        ),
        (
            "length: 4m",
            "length: 4m\nbegin: 9000-01-01T00:00:00Z",
            ("E105", 4, 8, "this is too far away"),
        ),
        ("length: 4m", "length: 4m\nlenght: 4m", ("E104", 4, 1, "a scenario has no 'lenght'")),
        (
            "{ support: }",
            "{ support: { acw: 5s, agents_handle_simultaneous_external_tasks: true } }",
            ("E105", 5, 22, "simultaneous tasks have no wrap-up"),
        ),
        (
            "{ support: }",
            "{ support: { rona_timeout: 2s } }",
            ("E105", 5, 38, "an offer stands for 5 to 30 seconds"),
        ),
        (
            "{ support: }",
            "{ support: { distribution: pickup } }",
            ("E105", 5, 38, "distribution: 'pickup' is not known here"),
        ),
        (
            "{ support: }",
            "{ support: { target: { share: 80% } } }",
            ("E106", 5, 32, "a target has no 'within'"),
        ),
        (
            "{ support: }",
            "{ support: { target: { share: 0.8, within: 1m } } }",
            ("E105", 5, 41, "'0.8' is no share above 0% and up to 100%"),
        ),
        (
            "{ support: }",
            "{ support: { target: { share: 101%, within: 1m } } }",
            ("E105", 5, 41, "'101%' is no share above 0% and up to 100%"),
        ),
        (
            "{ support: }",
            "{ support: { target: { share: , within: 1m } } }",
            ("E105", 5, 41, "share: nothing is written here"),
        ),
        (
            "{ support: }",
            "{ support: { policy: [{ after: 1m }, {}] } }",
            ("E105", 5, 48, "this level begins before the one above has begun"),
        ),
        (
            "{ support: }",
            "{ support: { workflow: none.yaml } }",
            ("E105", 5, 34, "cannot read 'none.yaml': No such file or directory"),
        ),
        (
            "{ support: }",
            '{ support: { workflow: "a\\0" } }',
            ("E105", 5, 34, "cannot read 'a\0': embedded null byte"),
        ),
        (
            "{ support: }",
            "{ support: { workflow: } }",
            ("E105", 5, 34, "a text: nothing is written here"),
        ),
        ("{ support: }", "[support]", ("E105", 5, 11, "'services' is a map of names to values")),
        (
            "{ support: }",
            "{ support: , Support: }",
            ("E109", 5, 24, "the name 'Support' is no name of the language"),
        ),
        (
            "service: support",
            "service: suport",
            ("E105", 6, 28, "service: 'suport' is not known here"),
        ),
        ("{ regular: 1/m }", "{ regular: 60 }", ("E105", 6, 58, "'60' is no rate")),
        ("{ regular: 1/m }", "{ regular: { 0: 1/m } }", ("E108", 6, 60, "'0' is not a duration")),
        ("{ regular: 1/m }", "{ regular: { 0s: often } }", ("E105", 6, 64, "'often' is no rate")),
        ("{ regular: 1/m }", "{ random: 1/m }", ("E105", 6, 47, "arrivals are a law or data")),
        ("{ regular: 1/m }", "often", ("E105", 6, 47, "arrivals are a law or data")),
        (
            "{ regular: 1/m }",
            "{ regular: 9000/s }",
            ("E105", 2, 1, "about 2,160,000 tasks would come"),
        ),
        ("{ regular: 1/m }", "data", ("E106", 6, 17, "arrivals come from no file")),
        ("90s", "{ exponential: 0s }", ("E105", 6, 90, "exponential takes time")),
        ("90s", "{ lognormal: 5m }", ("E106", 6, 75, "a law has no 'deviation'")),
        ("90s", "{ normal: 5m }", ("E105", 6, 75, "handling is a duration or a law")),
        ("90s", "long", ("E108", 6, 75, "'long' is not a duration")),
        ("90s", "", ("E105", 6, 76, "handling is a duration or a law")),
        ("90s", "90s, data: tasks.csv", ("E105", 6, 17, "nothing is taken from the file")),
        (
            "90s",
            "data, data: none.csv",
            ("E105", 6, 87, "cannot read 'none.csv': No such file or directory"),
        ),
        ("90s", "90s, params: { x: 1 }", ("E105", 6, 88, "parameters are for a workflow")),
        (
            "90s",
            "90s, skills: { german: 101 }",
            ("E105", 6, 98, "level of 'german': '101' is no whole number that fits here"),
        ),
        (
            "count: 1",
            "count: 0",
            ("E105", 7, 26, "number of agents: '0' is no whole number that fits here"),
        ),
        ("count: 1", "count: 6000, answering: data", ("E105", 7, 17, "agents have no data")),
        ("count: 1, ", "", ("E106", 7, 17, "a group of agents has no 'count'")),
        (
            "[support]",
            "[support], shifts: [[1h, 1h]]",
            ("E105", 7, 59, "this shift ends before it has begun"),
        ),
        (
            "[support]",
            "[support], shifts: [[1h, soon]]",
            ("E108", 7, 64, "'soon' is not a duration"),
        ),
        ("[support]", "[support], shifts: [8h]", ("E105", 7, 59, "a shift has a begin and an end")),
        (
            "count: 1, services: [support] }",
            "count: 6000, services: [] }, more: { count: 6000, services: [] }",
            ("E105", 2, 1, "12,000 agents"),
        ),
    ],
)
def test_a_fault_is_told_at_its_place(
    tmp_path: Path, old: str, new: str, fault: tuple[str, int, int, str]
) -> None:
    assert old in ONE
    assert faults(tmp_path, ONE.replace(old, new, 1)) == [fault]


def test_several_faults_are_told_at_once(tmp_path: Path) -> None:
    text = ONE.replace("4m", "long").replace("90s", "short").replace("count: 1", "count: many")
    assert [line for _, line, _, _ in faults(tmp_path, text)] == [3, 6, 7]


def test_what_is_no_yaml_is_told_too(tmp_path: Path) -> None:
    assert faults(tmp_path, "forecast: [")[0][0] == "E101"
    assert faults(tmp_path, "")[0][0] == "E105"


def test_parameters_are_held_against_the_workflow(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(FLOW)
    text = ONE.replace("{ support: }", "{ support: { workflow: flow.yaml } }")
    assert faults(tmp_path, text) == [("E106", 6, 17, "the parameter 'product' is required")]
    text = text.replace("90s", "90s, params: { produkt: x }")
    codes = [code for code, *_ in faults(tmp_path, text)]
    assert codes == ["E106", "E104"]


def test_a_workflow_uses_only_services_that_there_are(tmp_path: Path) -> None:
    steps = "queue: { service: backup, wait: 1m }, then: { timeout: end, rejected: end }"
    (tmp_path / "flow.yaml").write_text(
        f"workflow: flow\nversion: 1\nsteps: {{ line_up: {{ {steps} }} }}\n"
    )
    text = ONE.replace("{ support: }", "{ support: { workflow: flow.yaml } }")
    assert faults(tmp_path, text) == [("E105", 5, 34, "the workflow uses the service 'backup'")]


def test_faults_of_the_files_beside_it_are_told_as_theirs(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text("workflow: flow")
    (tmp_path / "tasks.csv").write_text("handling\n-5\nsoon\n")
    file = tmp_path / "example.scenario.yaml"
    text = ONE.replace("{ support: }", "{ support: { workflow: flow.yaml } }")
    file.write_text(text.replace("90s", "data, data: tasks.csv"))

    scenario, faulty = read_scenario(file)

    assert scenario is None
    assert [(Path(it.file).name, len(it.findings) > 0, bool(it.text)) for it in faulty] == [
        ("flow.yaml", True, True),
        ("tasks.csv", True, False),
    ]
    assert [(it.line, it.path) for it in faulty[1].findings] == [(2, "handling"), (3, "handling")]


def test_of_a_file_that_is_too_large_only_that_is_told(tmp_path: Path) -> None:
    (line,) = faults(tmp_path, ONE + "#" * loader.LARGEST)
    assert line == ("E101", 1, 1, "the file is too large")


def test_a_scenario_that_is_not_there_is_the_callers_matter(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_scenario(tmp_path / "none.yaml")
