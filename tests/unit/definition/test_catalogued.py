"""Names, bodies and transfers of definitions beside what a tenant has."""

from __future__ import annotations

from pathlib import Path

import pytest

from extask.definition import together
from extask.definition.catalogue import FILE_NAME, Catalogue, read_catalogue
from extask.definition.catalogue_text import write_catalogue
from extask.definition.checker import check, examine
from extask.definition.compiler import compile_definition
from extask.definition.finding import Finding

DEFINITIONS = Path(__file__).parents[3] / "definitions"
CATALOGUE = """\
services:
  - support: { workflow: broken }
  - backup: { workflow: overflow, requires: { product: text }, transfers: [third, support] }
  - third
calendars: [office]
agents: [anna@example.com, ben@example.com]
flows:
  - lookup: { inputs: { customer: text, count: number, since: time, patience: duration, all: list },
              outputs: { tier: text, open: integer } }
  - bare
urls: ["https://hooks.example/v1/", "http://localhost:8080"]
skills: [german]
events: [approval]
"""
HEAD = """\
workflow: broken
version: 1
params:
  product: { type: text, required: true }
  desk: { type: choice, values: [support, salse] }
  tries: { type: integer, default: 3 }
steps:
  begin:
"""
"""Eight lines: what follows begins on line 9, at column 5."""
BOTH = "then: { ok: end, failed: end }"
LOOKUP = "call: { flow: lookup, body: { %s } }\nthen: { ok: end, failed: end }"
FULL = 'customer: a, count: 1, since: "2026-03-01T12:00:00Z", patience: 5m, all: [a]'
SAVE = f"call: {{ flow: lookup, body: {{ {FULL} }}, save: {{ %s }} }}\n{BOTH}"


def catalogue(text: str = CATALOGUE) -> Catalogue:
    read, findings = read_catalogue(text, FILE_NAME)
    assert findings == []
    return read


def findings_of(step: str, names: Catalogue | None = None) -> list[Finding]:
    body = "".join(f"    {line}\n" for line in step.splitlines())
    found = check(HEAD + body, "broken.yaml", names or catalogue())
    return [each for each in found if each.code not in ("W701", "E203")]


@pytest.mark.parametrize(
    ("step", "code", "place", "words"),
    [
        ("queue: { service: suport }", "E501", (9, 23), "'support'"),
        ("queue: { service: xyz }", "E501", (9, 23), "write one of: support, backup, third"),
        ('queue: { service: "${params.desk}" }', "E501", (9, 23), "write one of"),
        ("check_service: thrid\nthen: { available: end, busy: end }", "E501", (9, 20), "third"),
        ("check_hours: ofice\nthen: { open: end, closed: end }", "E502", (9, 18), "'office'"),
        ("queue: { preferred: [ana@example.com] }", "E503", (9, 26), "'anna@example.com'"),
        ("queue: { preferred: [{ agent: zoe, priority: 2 }] }", "E503", (9, 35), "write one of"),
        ("queue: { exclude: [zoe] }", "E503", (9, 24), "write one of"),
        ("call: { flow: bear }\nthen: { ok: end, failed: end }", "E504", (9, 19), "'bare'"),
        ("call: { url: https://10.1.2.3/ }\n" + BOTH, "E505", (9, 18), "host"),
        (
            "call: { flow: bare, body: { x-api-key: abc } }\nthen: { ok: end, failed: end }",
            "E506", (9, 44), "by name",
        ),
        ("cancel: use AKIAABCDEFGHIJKLMNOP", "E506", (9, 17), "by name"),
        ("queue: { skills: { germn: 1 } }", "E507", (9, 24), "'german'"),
        ("wait_for: { event: aproval }\nthen: end", "W508", (9, 24), "'approval'"),
        (
            "call: { url: https://hooks.example/v10/x }\nthen: { ok: end, failed: end }",
            "E509", (9, 18), "https://hooks.example/v1/",
        ),
        ("call: { flow: lookup }\nthen: { ok: end, failed: end }", "E510", (9, 19), "customer: …"),
        (
            "call: { flow: lookup, body: [a] }\nthen: { ok: end, failed: end }",
            "E510", (9, 27), "customer: …",
        ),
        (LOOKUP % FULL.replace("customer: a, ", ""), "E510", (9, 27), "add 'customer"),
        (LOOKUP % FULL.replace("customer", "custmer"), "E510", (9, 35), "did you mean 'customer'"),
        (LOOKUP % f"{FULL}, zz: 1", "E510", (9, 113), "it takes: customer"),
        (LOOKUP % FULL.replace("count: 1", "count: many"), "E510", (9, 55), "write a number"),
        (LOOKUP % FULL.replace("all: [a]", "all: x"), "E510", (9, 108), "write a list"),
        (
            LOOKUP % FULL.replace("customer: a", 'customer: "${params.tries}"'),
            "E510", (9, 45), "write a text",
        ),
        (SAVE % 'product: "${response.body.tir}"', "E302", (9, 149), "'tier'"),
        (SAVE % 'product: "${response.body.zzzz}"', "E302", (9, 149), "it answers: tier, open"),
        (SAVE % 'tries: "${response.body.tier}"', "E303", (9, 133), "a whole number"),
    ],
)  # fmt: skip
def test_what_the_tenant_has_not_is_told_in_its_place(
    step: str, code: str, place: tuple[int, int], words: str
) -> None:
    first = findings_of(step)[0]
    assert (first.code, first.line, first.column) == (code, *place), first
    assert words in first.help


@pytest.mark.parametrize(
    "step",
    [
        "queue: { service: support, preferred: [ANNA@example.com, '${params.product}', ''] }",
        'queue: { preferred: "${[params.product]}" }',
        "call: { flow: bare, body: { anything: 1 } }\nthen: { ok: end, failed: end }",
        'call: { url: "https://hooks.example/v1/${params.product}" }\n' + BOTH,
        LOOKUP % FULL,
        LOOKUP % FULL.replace("customer: a", 'customer: "no. ${params.tries}"'),
        LOOKUP % FULL.replace("count: 1", 'count: "${params.tries}"'),
        SAVE % 'product: "${response.body.tier}", tries: "${response.body.open + 1}"',
        'call: { flow: lookup, body: "${params.product}" }\nthen: { ok: end, failed: end }',
    ],
)
def test_what_the_tenant_has_is_no_finding(step: str) -> None:
    assert findings_of(step) == []


def test_sections_that_are_not_told_are_not_checked() -> None:
    assert findings_of("queue: { service: nowhere }", catalogue("skills: []\n")) == []
    empty = findings_of("queue: { service: nowhere }", catalogue("services: []\n"))
    assert empty[0].help == "the catalogue has no services; add it there first"
    many = "services: [" + ", ".join(f"desk_{number}" for number in range(12)) + "]\n"
    assert findings_of("queue: { service: x }", catalogue(many))[0].help.endswith("desk_9, …")
    none = findings_of("call: { url: https://a.example/ }", catalogue("urls: []\n"))
    assert none[0].help.endswith("none yet")


def test_shipped_definitions_name_nothing_that_their_catalogue_has_not() -> None:
    names = catalogue((DEFINITIONS / FILE_NAME).read_text())
    for file in sorted(DEFINITIONS.glob("*.workflow.yaml")):
        assert check(file.read_text(), str(file), names) == []
        assert check(file.read_text(), str(file)) == []


# --- transfers -----------------------------------------------------------------------------------

SENDER = """\
workflow: broken
version: 1
steps:
  begin:
    transfer: backup
    then: { rejected: end }
"""
TAKER = """\
workflow: overflow
version: 1
params:
  product: { type: %s, required: true }
steps:
  begin:
    check:
      - if: params.product != '' && %s
        then: hand_over
      - else: end
  hand_over:
    transfer: support
    then: { rejected: end }
"""


def together_of(*texts: str, names: str = CATALOGUE) -> list[list[str]]:
    checked = [examine(text, "x.yaml") for text in texts]
    told = [together.tell(each.sound.draft, "x.yaml") for each in checked if each.sound]
    assert len(told) == len(texts), checked
    return [[each.code for each in found] for found in together.judge(told, catalogue(names))]


def test_transfers_that_come_back_and_what_they_lack_are_told() -> None:
    found = check(SENDER, "x.yaml", catalogue())
    assert [(each.code, each.line, each.column) for each in found] == [
        ("E511", 5, 15),
        ("E512", 5, 15),
    ]
    assert found[0].message == "tasks come back here by transfers: backup to support"


def test_workflows_that_are_checked_together_count_as_they_are_written() -> None:
    typed = SENDER.replace("steps:", "params:\n  product: { type: integer }\nsteps:")
    assert together_of(SENDER, TAKER % ("text", "visits < 3")) == [["E511", "E512"], ["E511"]]
    assert together_of(SENDER, TAKER % ("text", "task.transfers < 3")) == [["E512"], []]
    assert together_of(typed, TAKER % ("text", "task.transfers < 3"))[0] == ["E512"]
    right = typed.replace("integer", "text")
    assert together_of(right, TAKER % ("text", "task.transfers < 3"))[0] == []


def test_a_parameter_that_only_goes_along_is_no_warning() -> None:
    right = SENDER.replace("steps:", "params:\n  product: { type: text }\nsteps:")
    names = CATALOGUE.replace(", transfers: [third, support]", "")
    assert check(right, "x.yaml", catalogue(names)) == []
    assert [each.code for each in check(right, "x.yaml")] == ["W701"]


def test_every_service_of_a_choice_is_a_target() -> None:
    chosen = SENDER.replace("transfer: backup", 'transfer: "${params.desk}"')
    chosen = chosen.replace(
        "steps:", "params:\n  desk: { type: choice, values: [third, backup] }\nsteps:"
    )
    plan = compile_definition(chosen, "x.yaml").plan
    assert plan is not None
    assert together.targets(plan) == {"third", "backup"}
    plan = compile_definition(SENDER, "x.yaml").plan
    assert plan is not None
    assert together.targets(plan) == {"backup"}
    assert together_of(chosen) == [["E511", "E512"]]


def test_who_counts_transfers_goes_round_in_no_circle() -> None:
    asks = SENDER.replace(
        "steps:\n",
        "steps:\n  ask:\n    check:\n      - if: task.transfers > 3\n        then: end\n"
        "      - else: begin\n",
    )
    plan = compile_definition(asks, "x.yaml").plan
    assert plan is not None
    assert together.targets(plan) == set()


def test_with_a_catalogue_a_plan_is_made_of_known_names_only() -> None:
    assert compile_definition(SENDER, "x.yaml").plan is not None
    judged = compile_definition(SENDER, "x.yaml", catalogue())
    assert (judged.plan, judged.sound) == (None, None)
    assert [each.code for each in judged.findings] == [
        each.code for each in check(SENDER, "x.yaml", catalogue())
    ]


def test_a_transfer_that_could_not_be_read_leads_nowhere() -> None:
    assert "E106" in [
        each.code
        for each in check(SENDER.replace("transfer: backup", "transfer: {}"), "x", catalogue())
    ]


# --- addresses, secrets, the file ----------------------------------------------------------------


@pytest.mark.parametrize(
    "secret",
    [
        "sk_" + "live_abcdefghijklmnop1234",
        "ghp_" + "a1" * 18,
        "Bearer abcdefghijklm1234567",
        "ey" + "JhbGciOiJIUzI1NiJ9." + "ey" + "JzdWIiOiIxMjM0In0.abc",
        "-----BEGIN RSA " + "PRIVATE KEY",
        "https://x.example/?token=abcdefgh12",
    ],
)
def test_what_looks_like_a_key_is_told_wherever_it_stands(secret: str) -> None:
    text = f"workflow: x\nversion: 1\nsteps:\n  a:\n    end: ok\n    # was {secret}\n"
    assert [(each.code, each.line) for each in check(text, "x.yaml")] == [("E506", 6)]


def test_words_about_tokens_are_no_secrets() -> None:
    text = "workflow: x\nversion: 1\nsteps: { a: { end: Bearer authentication is not possible } }\n"
    assert check(text, "x.yaml") == []


def test_what_the_api_tells_is_written_as_it_is_read() -> None:
    told = {
        "services": [
            {"name": "support", "workflow": None, "requires": {}, "transfers": []},
            {
                "name": "backup",
                "workflow": "overflow",
                "requires": {"a": "text"},
                "transfers": ["support"],
            },
        ],
        "agents": ["anna@example.com"],
        "flows": None,
        "urls": ["https://crm.example/api/"],
        "skills": ["first aid", "a: b"],
        "events": [],
    }
    text = write_catalogue(told)
    read = catalogue(text)
    assert read.names("flows") is None
    assert read.names("skills") == ("first aid", "a: b")
    assert read.names("urls") == ("https://crm.example/api/",)
    assert (read.names("services"), read.names("events")) == (("support", "backup"), ())
    assert (read.workflow("backup"), read.workflow("support"), read.workflow("none")) == (
        "overflow",
        "",
        "",
    )
    assert (read.requires("backup"), read.transfers("backup")) == ({"a": "text"}, ("support",))
    assert (
        "  - backup: { workflow: overflow, requires: { a: text }, transfers: [support] }\n" in text
    )


@pytest.mark.parametrize(
    ("details", "code", "column"),
    [
        ("{ workflow: My Flow }", "E109", 23),
        ("{ requires: { a: txt } }", "E105", 28),
        ("{ transfers: x }", "E105", 24),
        ("{ transfers: [X] }", "E109", 25),
        ("{ flow: x }", "E104", 13),
    ],
)
def test_what_is_told_of_a_service_is_checked(details: str, code: str, column: int) -> None:
    [found] = read_catalogue(f"services:\n  - desk: {details}\n", FILE_NAME)[1]
    assert (found.code, found.line, found.column) == (code, 2, column)


# --- warnings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "codes"),
    [
        ("x.workflow.yaml", []),
        ("a/b/x.workflow.yaml", []),
        ("a\\b\\x.workflow.yaml", []),
        ("y.workflow.yaml", ["W708"]),
        ("y.yaml", []),
    ],
)
def test_a_file_is_called_as_its_workflow(file: str, codes: list[str]) -> None:
    text = "workflow: x\nversion: 1\nsteps: { a: { end: } }\n"
    assert [each.code for each in check(text, file)] == codes


def test_of_what_a_catalogue_does_not_tell_nothing_is_known() -> None:
    silent, _ = read_catalogue("services: [support]\n", FILE_NAME)
    assert findings_of("call: { url: https://anywhere.example/ }\n" + BOTH, silent) == []


def test_what_is_wrong_anyway_is_told_once() -> None:
    [found] = findings_of(LOOKUP % FULL.replace("customer: a", 'customer: "${visit}"'))
    assert found.code == "E302"
    url = "https://me:it@crm.example/?token=abcdefgh12"
    [found] = findings_of(f"call: {{ url: {url} }}\n" + BOTH)
    assert (found.code, "password" in found.message) == ("E506", True)
