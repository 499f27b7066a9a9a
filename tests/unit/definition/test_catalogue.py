from __future__ import annotations

import pytest

from extask.definition.catalogue import FLOW_TYPES, Catalogue, read_catalogue, told_catalogue
from extask.definition.headings import PARAM_TYPES

WHOLE = """\
services: [support, sales]
calendars:
agents:
  - anna@example.com
flows:
  - crm_lookup: { inputs: { customer: text }, outputs: { tier: text, open: integer } }
  - notify
  - bare: {}
  - odd: { inputs: { a: [text] } }
urls: ["https://crm.example/api/"]
skills: [german, "first aid"]
events: [approve]
"""


def read(text: str) -> Catalogue:
    return read_catalogue(text, "extask.catalogue.yaml")[0]


def test_names_are_read_section_by_section() -> None:
    catalogue = read(WHOLE)
    assert catalogue.names("services") == ("support", "sales")
    assert catalogue.names("calendars") == ()
    assert catalogue.names("agents") == ("anna@example.com",)
    assert catalogue.names("flows") == ("crm_lookup", "notify", "bare", "odd")
    assert catalogue.names("skills") == ("german", "first aid")
    assert read("services: [a]\n").names("flows") is None


def test_flows_tell_the_types_of_what_goes_in_and_out() -> None:
    catalogue = read(WHOLE)
    assert catalogue.types("crm_lookup", "outputs") == {"tier": "text", "open": "integer"}
    assert catalogue.types("crm_lookup", "inputs") == {"customer": "text"}
    for unknown in ("notify", "bare", "nothing"):
        assert catalogue.types(unknown, "inputs") == {}
    assert catalogue.types("odd", "inputs") == {}
    assert Catalogue().types("crm_lookup", "inputs") == {}


def test_a_flow_takes_what_parameters_take_but_no_choice() -> None:
    assert {*FLOW_TYPES, "choice"} == set(PARAM_TYPES)


@pytest.mark.parametrize(
    ("text", "code", "place", "words"),
    [
        ("", "E105", (1, 1), "lists of names"),
        ("a: [", "E101", (1, 5), "add ','"),
        ("servces: [a]\n", "E104", (1, 1), "'services'"),
        ("services: support\n", "E105", (1, 11), "lists of names"),
        ("services: [a, a]\n", "E102", (1, 15), "delete one"),
        ("services: [Big Desk]\n", "E109", (1, 12), "big_desk"),
        ("services: [[a]]\n", "E105", (1, 12), "write a name"),
        ("services: ['', b]\n", "E109", (1, 12), "small letters"),
        ("services:\n  -\n  - b\n", "E105", (2, 4), "write a name"),
        ("urls: [crm]\n", "E105", (1, 8), "https://"),
        ("flows: [a: b]\n", "E105", (1, 12), "KEY: VALUE"),
        ("flows: [a: { in: {} }]\n", "E104", (1, 14), "inputs"),
        ("flows: [a: { inputs: x }]\n", "E105", (1, 22), "NAME: text"),
        ("flows: [a: { inputs: { b: txt } }]\n", "E105", (1, 27), "'text'"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(
    text: str, code: str, place: tuple[int, int], words: str
) -> None:
    _, findings = read_catalogue(text, "extask.catalogue.yaml")
    assert [(f.code, (f.line, f.column)) for f in findings] == [(code, place)]
    assert words in findings[0].help


def test_what_the_api_tells_is_taken_as_it_is() -> None:
    told = told_catalogue(
        {
            "services": [
                {
                    "name": "support",
                    "workflow": "help",
                    "requires": {"product": "text"},
                    "transfers": ["sales"],
                },
                {"name": "sales", "workflow": None, "requires": {}, "transfers": []},
            ],
            "calendars": None,
            "agents": ["anna@example.com"],
            "flows": [{"name": "crm_lookup", "inputs": {"customer": "text"}, "outputs": {}}],
            "urls": [],
            "more": ["of a later version"],
        }
    )
    assert tuple(told.sections) == ("services", "agents", "flows", "urls")
    assert told.names("services") == ("support", "sales")
    assert (told.workflow("support"), told.workflow("sales")) == ("help", "")
    assert told.requires("support") == {"product": "text"}
    assert (told.transfers("support"), told.transfers("sales")) == (("sales",), ())
    assert told.names("agents") == ("anna@example.com",)
    assert told.types("crm_lookup", "inputs") == {"customer": "text"}
    assert (told.names("urls"), told.names("calendars")) == ((), None)
