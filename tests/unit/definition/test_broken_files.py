"""Broken files: each is told with its line, its column and what to type."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest

from extask.definition.checker import check
from extask.definition.compiler import compile_definition
from extask.definition.loader import DEEPEST, LARGEST, MOST_NODES

HEAD = "workflow: broken\nversion: 1\n"
PARAMS = """\
params:
  product: { type: text }
  tries: { type: integer, default: 3 }
  share: { type: number, default: 0.5 }
  urgent: { type: boolean }
  pause: { type: duration, default: 5m }
  since: { type: time }
  tier: { type: choice, values: [gold, base] }
  team: { type: list, default: [anna] }
steps:
  begin:
"""
"""Ten lines; with the head, what follows begins on line 14."""


@dataclass(frozen=True)
class Broken:
    """A file, and the first finding it must give."""

    name: str
    text: str
    code: str
    line: int
    column: int
    help: str


CONSEQUENT = {"E203", "W701"}
"""What the bare snippets below may be told besides: nothing leads on from them."""


def whole(name: str, text: str, code: str, place: tuple[int, int], words: str) -> Broken:
    return Broken(name, text, code, *place, words)


def rest(name: str, text: str, code: str, place: tuple[int, int], words: str) -> Broken:
    return Broken(name, HEAD + text, code, *place, words)


def step(name: str, text: str, code: str, place: tuple[int, int], words: str) -> Broken:
    """Break the step `begin`, whose body starts at column 5 of line 14."""
    body = "".join(f"    {line}\n" for line in text.splitlines())
    return Broken(name, HEAD + PARAMS + body, code, *place, words)


END = "steps: { a: { end: } }\n"

FORM = [
    whole("empty", "", "E105", (1, 1), "workflow: NAME"),
    whole("only a comment", "# nothing\n", "E105", (1, 1), "workflow: NAME"),
    whole("a list", "- a\n- b\n", "E105", (1, 1), "workflow: NAME"),
    whole("no head", END, "E106", (1, 1), "workflow: NAME"),
    whole("no version", f"workflow: x\n{END}", "E106", (1, 1), "version: 1"),
    whole("no steps", "workflow: x\nversion: 1\n", "E106", (1, 1), "at least one step"),
    rest("empty steps", "steps: {}\n", "E106", (3, 8), "add one"),
    rest("steps are a list", "steps:\n  - a\n", "E105", (4, 3), "NAME: { KIND"),
    rest("unclosed quote", "title: 'x\n" + END, "E101", (3, 8), "close the quote"),
    rest("text after a quote", "title: 'it's'\n" + END, "E101", (3, 12), "write ''"),
    rest("unclosed bracket", "steps: { a: { end: }\n", "E101", (3, 21), "add"),
    rest("unclosed list", "params: [a, b\n", "E101", (3, 14), "']'"),
    rest("bracket below", "params: [a,\n b\ntitle: x\n", "E101", (3, 9), "add ']'"),
    rest("comma", "steps: { a: { end: x y: z } }\n", "E101", (3, 23), "add ','"),
    rest("colon before a comma", "steps: { a: { queue:, then: b } }\n", "E101", (3, 20), "': '"),
    rest("no entry", "title:\n  - a\n  b: c\n", "E101", (5, 3), "'- '"),
    rest("a tab", "steps:\n\ta:\n", "E101", (4, 1), "spaces"),
    rest("a tab below", "steps:\n  a:\n  \tdelay: 5m\n", "E101", (5, 3), "spaces"),
    rest("two colons", "title: a: b\n" + END, "E101", (3, 9), "double quotes"),
    rest("text over two lines", "steps:\n  a: b c\n   d: e\n", "E101", (5, 5), "indent the line"),
    rest("no colon", "steps:\n  a:\n    queue x\n\n    then: b\n", "E101", (5, 5), "'queue: x'"),
    rest("no space", "steps:\n  a:\n    queue:x \n    then: b\n", "E101", (5, 5), "'queue: x'"),
    rest("only a name", "steps:\n\n  a\n\n    delay: 5m\n", "E101", (5, 3), "'a:'"),
    whole("first of all", "\n\na: b: c\n", "E101", (3, 5), "double quotes"),
    rest("a note", "note:\n  some words\n  then: b\n", "E101", (5, 7), "indent the line"),
    rest("case", "a:\n  - if visits > 3\n    then: b\n", "E101", (4, 5), "'if: visits > 3'"),
    rest("no braces", "a:\n  queue: x, wait: 5m\n", "E101", (4, 17), "braces"),
    rest("ways", "a:\n  then: done: x\n", "E101", (4, 13), "braces"),
    rest("at sign", "title: @home\n" + END, "E101", (3, 8), "double quotes"),
    rest("escape", 'title: "a\\q"\n' + END, "E101", (3, 10), "backslash"),
    rest("key without colon", "title\nsteps:\n", "E101", (3, 1), "name: value"),
    rest("word below", "steps:\n  a: { end: }\n b\n", "E101", (5, 2), "indent the line"),
    rest("unquoted braces", PARAMS + "    {cancel: ${params.tier}}\n", "E101", (14, 14), '"${…}"'),
    rest("directive", "%X\n", "E101", (3, 3), "look at quotes"),
    rest("second document", END + "---\na: b\n", "E101", (4, 1), "'---'"),
    rest("no such anchor", "title: *x\n" + END, "E101", (3, 8), "quote it"),
    rest("list as key", "? [a]\n: b\n", "E101", (3, 3), "plain name"),
    rest("alias as key", "a: &x [1]\n? *x\n: b\n", "E101", (3, 4), "plain name"),
    rest("anchor in itself", "a: &x [*x]\n", "E101", (3, 8), "quote it"),
    rest(
        "anchors that grow",
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in pairwise("abcdefg")
        ),
        "E101",
        (7, 12),
        "write less",
    ),
    rest(
        "anchors that nest",
        "a: &a [[[[[[[[[x]]]]]]]]]\nb: &b [[[[[[[[[*a]]]]]]]]]\nc: [[*b]]\n",
        "E101",
        (5, 6),
        "write less",
    ),
    rest("map as key", "{{a: b}: c}\n", "E101", (3, 1), "name: value"),
    rest("control character", "title: a\x01b\n" + END, "E101", (3, 9), "UTF-8"),
    rest("half a character", "title: a\ud800b\n" + END, "E101", (3, 9), "UTF-8"),
    rest("too deep", "steps: " + "[" * (DEEPEST + 1), "E101", (3, 8 + DEEPEST - 1), "fewer levels"),
    whole("too large", "#" * (LARGEST + 1), "E101", (1, 1), "split it"),
    rest("too many", f"x: [{'1,' * MOST_NODES}]", "E101", (3, 39_991), "split"),
    rest("double key", "version: 2\n" + END, "E102", (3, 1), "delete one"),
    rest("tag", "title: !x y\n" + END, "E103", (3, 8), '"!x'),
    rest("double tag", "title: !!str y\n" + END, "E103", (3, 8), '"!!str'),
    rest("tagged map", "steps: !x { a: { end: } }\n", "E103", (3, 8), '"!x'),
    rest("unknown key", "stepps: 1\n" + END, "E104", (3, 1), "'steps'"),
    rest("quite unknown key", "colour: 1\n" + END, "E104", (3, 1), "write one of: workflow"),
    rest("language", "language: extask/2\n" + END, "E105", (3, 11), "extask/1"),
    rest("title as a list", "title: [a]\n" + END, "E105", (3, 8), "write a text"),
    rest("long title", f"title: {'x' * 5121}\n" + END, "E105", (3, 8), "5120"),
    rest("no lifetime", "lifetime: 0s\n" + END, "E105", (3, 11), "8h"),
    rest("lifetime in months", "lifetime: 2 months\n" + END, "E108", (3, 11), "'2m'"),
    rest("lifetime a bare number", "lifetime: 90\n" + END, "E108", (3, 11), "'90s'"),
    rest("lifetime a word", "lifetime: long\n" + END, "E108", (3, 11), "such as 30s"),
    rest("lifetime too long", "lifetime: 99999d\n" + END, "E108", (3, 11), "such as 30s"),
    rest("nothing as lifetime", "lifetime:\n" + END, "E105", (3, 10), "such as 30s"),
    whole("bad version", f"workflow: x\nversion: 1.5\n{END}", "E105", (2, 10), "whole number"),
    whole("octal version", f"workflow: x\nversion: 010\n{END}", "E105", (2, 10), "whole number"),
    whole("list version", f"workflow: x\nversion: [1]\n{END}", "E105", (2, 10), "whole number"),
    whole("bad name", f"workflow: My Flow\nversion: 1\n{END}", "E109", (1, 11), "'my_flow'"),
    whole("hopeless name", f"workflow: ÄÖ\nversion: 1\n{END}", "E109", (1, 11), "'a_name'"),
    whole("list as name", f"workflow: [x]\nversion: 1\n{END}", "E105", (1, 11), "small letters"),
    whole("invalid UTF-8", "", "E105", (1, 1), "workflow"),
    rest("start nowhere", "start: b\n" + END, "E201", (3, 8), "write the name"),
    rest("start at the end", "start: end\n" + END, "E201", (3, 8), "write the name"),
    rest("empty start", "start:\n" + END, "E105", (3, 7), "name of a step"),
    rest("when a list", END + "when: [a]\n", "E105", (4, 7), "{ expired: STEP }"),
    rest("unknown event", END + "when: { expird: a }\n", "E104", (4, 9), "'expired'"),
    rest("handler nowhere", END + "when: { expired: b }\n", "E201", (4, 18), "write the name"),
    rest("empty handler", END + "when: { expired: }\n", "E105", (4, 18), "name of a step"),
]

PARAMETERS = [
    rest("params a list", "params: [a]\n" + END, "E105", (3, 9), "NAME: { type"),
    rest("param a word", "params: { a: text }\n" + END, "E105", (3, 14), "a: { type: text }"),
    rest("param name", "params: { A: { type: text } }\n" + END, "E109", (3, 11), "'a'"),
    rest(
        "param without type",
        "params: { a: { required: true } }\n" + END,
        "E106",
        (3, 11),
        "type: …",
    ),
    rest("second key", "params: { a: { type: text, typ: x } }\n" + END, "E104", (3, 28), "'type'"),
    rest("param type", "params: { a: { type: txt } }\n" + END, "E105", (3, 22), "'text'"),
    rest(
        "required is a word",
        "params: { a: { type: text, required: maybe } }\n" + END,
        "E105",
        (3, 38),
        "true or false",
    ),
    rest(
        "choice without values",
        "params: { a: { type: choice } }\n" + END,
        "E106",
        (3, 11),
        "[A, B]",
    ),
    rest(
        "values are no list",
        "params: { a: { type: choice, values: x } }\n" + END,
        "E105",
        (3, 38),
        "[A, B]",
    ),
    rest(
        "a value twice",
        "params: { a: { type: choice, values: [x, x] } }\n" + END,
        "E102",
        (3, 42),
        "delete it",
    ),
    rest(
        "an empty value",
        "params: { a: { type: choice, values: [[x], y] } }\n" + END,
        "E105",
        (3, 39),
        "write a text",
    ),
    rest(
        "values of a text",
        "params: { a: { type: text, values: [x] } }\n" + END,
        "E104",
        (3, 28),
        "type: choice",
    ),
    rest(
        "default not of its type",
        "params: { a: { type: integer, default: x } }\n" + END,
        "E105",
        (3, 40),
        "whole number",
    ),
    rest(
        "default an expression",
        'params: { a: { type: integer, default: "${1}" } }\n' + END,
        "E105",
        (3, 40),
        "'set' step",
    ),
    rest(
        "default not of the choice",
        "params: { a: { type: choice, values: [one, two], default: tow } }\n" + END,
        "E105",
        (3, 59),
        "'two'",
    ),
    rest(
        "description a list",
        "params: { a: { type: text, description: [] } }\n" + END,
        "E105",
        (3, 41),
        "write a text",
    ),
    rest(
        "too many values",
        f"params: {{ a: {{ type: choice, values: [{', '.join(map(str, range(101)))}] }} }}\n" + END,
        "E105",
        (3, 429),
        "type 'text'",
    ),
    rest(
        "too many",
        "params:\n" + "".join(f"  p{n}: {{ type: text }}\n" for n in range(51)) + END,
        "E105",
        (54, 3),
        "several values",
    ),
]

STEPS = [
    rest("step a word", "steps: { a: delay }\n", "E105", (3, 13), "write a kind"),
    rest("step name", "steps: { A: { end: } }\n", "E109", (3, 10), "'a'"),
    rest("step named end", "steps: { end: { cancel: x } }\n", "E109", (3, 10), "'finish'"),
    rest("kind beside", "steps:\n  queue: support\n", "E105", (4, 3), "indent it by two more"),
    rest("map beside", "steps: { queue: { service: a, wait: 5m } }\n", "E105", (3, 10), "indent"),
    rest("way beside", "steps: { then: { timeout: end } }\n", "E105", (3, 10), "indent it"),
    rest("end beside", "steps: { end: }\n", "E105", (3, 10), "indent it"),
    rest("title beside", "steps: { title: x }\n", "E105", (3, 10), "indent it"),
    rest("step of that name", "steps: { note: { delay: } }\n", "E106", (3, 18), "for: …"),
    rest("step like a kind", "steps: { wait: { delay: } }\n", "E106", (3, 18), "for: …"),
    rest("empty step", "steps: { wait: {} }\n", "E106", (3, 10), "write a kind"),
    step("no kind", "title: x", "E106", (13, 3), "write a kind"),
    step("unknown kind", "dely: 5m", "E104", (14, 5), "'delay'"),
    step("call a word", "call: x", "E105", (14, 11), "call: { flow: … }"),
    step("two kinds", "delay: 5m\nwait: 5m", "E107", (15, 5), "step of its own"),
    step("kind beside", "queue: x\nwait: 5m", "E107", (15, 5), "inside: queue: { wait"),
    step("unknown step key", "delay: 5m\nthan: end", "E104", (15, 5), "'then'"),
    step(
        "property beside", "queue: x\npriority: low", "E104", (15, 5), "inside: queue: { priority"
    ),
    step("key inside", "queue: { then: end }", "E104", (14, 14), "one level up"),
    step("unknown property", "queue: { colour: x }", "E104", (14, 14), "write one of: service"),
    step("no property taken", "leave_queue: { x: y }", "E104", (14, 20), "nothing"),
    step("no shorthand", "leave_queue: x", "E105", (14, 18), "nothing after it"),
    step("missing property", "move: { wait: 5m }\nthen: end", "E106", (14, 5), "service: …"),
    step("neither", "delay:\nthen: end", "E106", (14, 5), "for: …"),
    step(
        "both", "delay: { for: 5m, until: 2026-01-01T00:00Z }\nthen: end", "E105", (14, 23), "until"
    ),
    step("list for duration", "delay: [5m]\nthen: end", "E105", (14, 12), "such as 30s"),
    step("not a duration", "delay: 5 min\nthen: end", "E108", (14, 12), "'5m'"),
    step("not a time", "delay: { until: tomorrow }\nthen: end", "E105", (14, 21), "offset"),
    step("no offset", "delay: { until: 2026-01-01T00:00 }\nthen: end", "E105", (14, 21), "offset"),
    step("empty time", "delay: { until: }\nthen: end", "E105", (14, 21), "offset"),
    step("service name", "queue: My Service", "E109", (14, 12), "'my_service'"),
    step("priority", "queue: { priority: hihg }", "E105", (14, 24), "'high'"),
    step("distribution", "queue: { distribution: x }", "E105", (14, 28), "direct, broadcast"),
    step("boolean", "queue: { block_agent: 1 }", "E105", (14, 27), "true or false"),
    step("empty boolean", "queue: { block_agent: }", "E105", (14, 27), "true or false"),
    step("level", "reprioritize: { by: 9 }", "E105", (14, 25), "from 1 to 6"),
    step("preferred no list", "queue: { preferred: anna }", "E105", (14, 25), "[anna]"),
    step("preferred a map", "queue: { preferred: { a: b } }", "E105", (14, 25), "[A, B]"),
    step(
        "preferred too many",
        f"queue: {{ preferred: [{', '.join('abcdefghijk')}] }}",
        "E105",
        (14, 56),
        "at most 10",
    ),
    step("preferred empty", "queue: { preferred: [[]] }", "E105", (14, 26), "write a name"),
    step("preferred key", "queue: { preferred: [{ agnt: x }] }", "E104", (14, 28), "'agent'"),
    step(
        "preferred without agent",
        "queue: { preferred: [{ priority: 1 }] }",
        "E106",
        (14, 26),
        "NAME",
    ),
    step(
        "preferred priority",
        "queue: { preferred: [{ agent: x, priority: 100 }] }",
        "E105",
        (14, 48),
        "from 1 to 99",
    ),
    step(
        "preferred priority of an expression",
        'queue: { preferred: [{ agent: x, priority: "${params.tier}" }] }',
        "E303",
        (14, 51),
        "a whole number",
    ),
    step("skills a word", "queue: { skills: x }", "E105", (14, 22), "NAME: LEVEL"),
    step(
        "skills an expression",
        'queue: { skills: "${params.team}" }',
        "E105",
        (14, 22),
        "NAME: LEVEL",
    ),
    step("skill level", "queue: { skills: { a: high } }", "E105", (14, 27), "whole number"),
    step("set nothing", "set: {}", "E106", (14, 10), "PARAMETER: VALUE"),
    step("set a word", "set: x", "E105", (14, 10), "PARAMETER: VALUE"),
    step("set unknown", "set: { tires: 1 }", "E104", (14, 12), "'tries'"),
    step("set far unknown", "set: { zzz: 1 }", "E104", (14, 12), "declare 'zzz'"),
    step("set choice", "set: { tier: silver }", "E105", (14, 18), "gold, base"),
    step("set number", "set: { share: much }", "E105", (14, 19), "0.5"),
    step("set empty number", "set: { share: }", "E105", (14, 19), "0.5"),
    step("set list", "set: { team: anna }", "E105", (14, 18), "[anna]"),
    step("set text a map", "set: { product: { a: b } }", "E105", (14, 21), "write a text"),
    step("save where nothing is", "delay: 5m\nsave: { tries: 1 }", "E104", (15, 5), "'set' step"),
    step("wait for nothing", "wait_for: { for: 5m }\nthen: end", "E106", (14, 5), "parameter: …"),
    step("wait for both", "wait_for: { parameter: tier, event: x }", "E105", (14, 34), "delete"),
    step("wait for unknown", "wait_for: { parameter: teir }", "E104", (14, 28), "'tier'"),
    step("wait for far unknown", "wait_for: { parameter: zzz }", "E104", (14, 28), "declare 'zzz'"),
    step("wait for a list", "wait_for: { parameter: [tier] }", "E105", (14, 28), "a parameter"),
    step(
        "wait for an expression",
        'wait_for: { parameter: "${params.tier}" }',
        "E105",
        (14, 28),
        "the name itself",
    ),
    step("event name", "wait_for: { event: My Event }", "E109", (14, 24), "'my_event'"),
    step(
        "event an expression", 'wait_for: { event: "${task.id}" }', "E105", (14, 24), "name itself"
    ),
    step(
        "save of a parameter",
        "wait_for: { parameter: tier, save: { tries: 1 } }",
        "E105",
        (14, 34),
        "delete 'save'",
    ),
    step("save beside", "call: { flow: x }\nsave: { tries: 1 }", "E104", (15, 5), "inside: call"),
    step(
        "save of an unknown",
        "call: { flow: x, save: { tires: 1 } }",
        "E104",
        (14, 30),
        "'tries'",
    ),
    step(
        "save wrong",
        'call: { flow: x, save: { tries: "${response.boddy}" } }',
        "E302",
        (14, 40),
        "'response.body'",
    ),
    step(
        "answer outside of save",
        'call: { flow: x, body: { a: "${response.status}" } }',
        "E302",
        (14, 36),
        "'save' of a 'call'",
    ),
    step("event outside of save", 'cancel: "${event.body}"', "E302", (14, 16), "of a 'wait_for'"),
    step(
        "status is a number",
        'call: { flow: x, save: { product: "${response.status + 1.5}" } }',
        "E303",
        (14, 58),
        "point",
    ),
    step("calendar name", "check_hours: The Office", "E109", (14, 18), "'the_office'"),
    step("no calendar", "check_hours:", "E106", (14, 5), "calendar: …"),
    step("no service", "check_service: {}", "E106", (14, 5), "service: …"),
    step("prolong by nothing", "prolong: {}\nthen: end", "E106", (14, 5), "by: …"),
    step("prolong wrong", "prolong: ever\nthen: end", "E108", (14, 14), "such as 30s"),
    step("call nobody", "call: { body: 1 }", "E106", (14, 5), "flow: …"),
    step("call both", "call: { flow: x, url: https://a.b }", "E105", (14, 22), "delete 'url'"),
    step("call a bad name", "call: { flow: My Flow }", "E109", (14, 19), "'my_flow'"),
    step("call an expression", 'call: { flow: "${task.id}" }', "E105", (14, 19), "name itself"),
    step("method", "call: { flow: x, method: post }", "E105", (14, 30), "GET, POST"),
    step(
        "method an expression",
        'call: { flow: x, method: "${task.id}" }',
        "E105",
        (14, 30),
        "name itself",
    ),
    step("no time", "call: { flow: x, timeout: 0s }", "E105", (14, 31), "from 1s to 5m"),
    step("much time", "call: { flow: x, timeout: 1h }", "E105", (14, 31), "from 1s to 5m"),
    step("bad time", "call: { flow: x, timeout: soon }", "E108", (14, 31), "such as 30s"),
    step("attempts", "call: { flow: x, attempts: 11 }", "E105", (14, 32), "from 1 to 10"),
    step("accept no list", "call: { flow: x, accept: 404 }", "E105", (14, 30), "[404]"),
    step("accept no status", "call: { flow: x, accept: [44] }", "E105", (14, 31), "200 to 599"),
    step("address a list", "call: { url: [x] }", "E105", (14, 18), "https://HOST"),
    step("address a word", "call: { url: crm }", "E105", (14, 18), "https://HOST"),
    step(
        "host an expression",
        'call: { url: "https://${task.id}/x" }',
        "E105",
        (14, 18),
        "https://HOST/PATH/${…}",
    ),
    step(
        "only an expression", 'call: { url: "${params.product}" }', "E105", (14, 18), "https://HOST"
    ),
    step(
        "private with an expression",
        'call: { url: "https://10.1.2.3/${task.id}" }',
        "E505",
        (14, 18),
        "public name",
    ),
    step("climbing", "call: { url: https://a.b/../c }", "E105", (14, 18), "without '..'"),
    step("far from ASCII", "call: { url: https://a.b/ü }", "E105", (14, 18), "%20"),
    step("not encrypted", "call: { url: http://a.b/ }", "E105", (14, 18), "https://HOST"),
    step("with a fragment", "call: { url: https://a.b/#c }", "E105", (14, 18), "delete it"),
    step("a password", "call: { url: https://me:it@a.b/ }", "E506", (14, 18), "call a flow of the"),
    step(
        "body in it wrong",
        'call: { flow: x, body: { a: ["${visit}"] } }',
        "E302",
        (14, 37),
        "'visits'",
    ),
    step(
        "body list too long",
        f"call: {{ flow: x, body: [{', '.join('x' * 101)}] }}",
        "E105",
        (14, 329),
        "at most 100",
    ),
    step(
        "body map too large",
        "call:\n  flow: x\n  body:\n" + "".join(f"    k{n}: 1\n" for n in range(101)),
        "E105",
        (117, 9),
        "at most 100",
    ),
    step(
        "body text too long",
        f"call: {{ flow: x, body: {'x' * 5121} }}",
        "E105",
        (14, 28),
        "at most 5120",
    ),
    step(
        "template too long",
        f'cancel: "{"x" * 5121} ${{task.id}}"',
        "E105",
        (14, 13),
        "at most 5120",
    ),
    step(
        "name too long",
        f"queue: {{ exclude: [{'x' * 5121}] }}",
        "E105",
        (14, 24),
        "at most 5120",
    ),
    step(
        "skills too many",
        f"queue: {{ skills: {{ {', '.join(f's{n}: 1' for n in range(101))} }} }}",
        "E105",
        (14, 22),
        "at most 100",
    ),
    step("cases a word", "check: x", "E105", (14, 12), "a list of"),
    step("cases missing", "check:", "E105", (14, 5), "a list of"),
    step("cases empty", "check: []", "E105", (14, 12), "a list of"),
    step("case a word", "check:\n  - x", "E105", (15, 9), "a list of"),
    step("case key", "check:\n  - iff: x\n    then: end", "E104", (15, 9), "'if'"),
    step("case without if", "check:\n  - then: end", "E106", (15, 9), "a list of"),
    step("case without then", "check:\n  - if: visits > 1", "E106", (15, 9), "add 'then"),
    step("empty if", "check:\n  - if:\n    then: end", "E105", (15, 12), "visits > 3"),
    step(
        "case then a list", "check:\n  - if: visits > 1\n    then: []", "E105", (16, 15), "name of"
    ),
    step(
        "else with if", "check:\n  - if: visits > 1\n    else: end", "E105", (15, 9), "the last one"
    ),
    step(
        "else not last",
        "check:\n  - else: end\n  - if: visits > 1\n    then: end",
        "E105",
        (15, 9),
        "last",
    ),
    step("no else", "check:\n  - if: visits > 1\n    then: end", "E203", (14, 5), "- else: STEP"),
    step("then a list", "delay: 5m\nthen: [end]", "E105", (15, 11), "name of a step"),
    step("then nothing", "delay: 5m\nthen:", "E105", (15, 10), "name of a step"),
    step("unknown outcome", "delay: 5m\nthen: { dun: end }", "E204", (15, 13), "done"),
    step("outcome close by", "delay: 5m\nthen: { don: end }", "E204", (15, 13), "'done'"),
    step("then after cases", "check:\n  - else: end\nthen: end", "E204", (16, 5), "into each"),
    step("then after the end", "end:\nthen: end", "E204", (15, 5), "delete 'then'"),
    step("then of transfer", "transfer: x\nthen: end", "E204", (15, 5), "{ rejected: STEP }"),
    step(
        "other of queue", "queue: x\nthen: { done: end }", "E204", (15, 13), "accepted, completed"
    ),
    step("timeout without wait", "queue: x\nthen: end", "E204", (15, 5), "wait: 10m"),
    step("nowhere", "delay: 5m", "E203", (14, 5), "then: end"),
    step("rejected nowhere", "transfer: x", "E203", (14, 5), "error: STEP"),
    step("no such step", "delay: 5m\nthen: begn", "E201", (15, 11), "'begin'"),
]

EXPRESSIONS = [
    step("unclosed expression", 'cancel: "a ${params.tier"', "E101", (14, 16), "'}'"),
    step(
        "if with braces", "check:\n  - if: ${visits > 1}\n    then: end", "E110", (15, 13), "visits"
    ),
    step(
        "braces in if",
        "check:\n  - if: ${visits} > 1\n    then: end",
        "E110",
        (15, 13),
        "visits > 1",
    ),
    step("empty expression", 'cancel: "${}"', "E301", (14, 16), "what should follow"),
    step(
        "whole number beside a point",
        "check:\n  - if: visits < 2 && 4 < params.share\n    then: end",
        "E303",
        (15, 29),
        "with a point: 4.0",
    ),
    step(
        "whole number beside none",
        "check:\n  - if: params.share > visits\n    then: end",
        "E303",
        (15, 26),
        "double(",
    ),
    step("one equals sign", "check:\n  - if: visits = 1\n    then: end", "E301", (15, 20), "'=='"),
    step("and", "check:\n  - if: visits > 1 and true\n    then: end", "E301", (15, 24), "'&&'"),
    step("three signs", "check:\n  - if: 3 === visits\n    then: end", "E301", (15, 15), "'=='"),
    step("turned", "check:\n  - if: visits => 1\n    then: end", "E301", (15, 20), "'>='"),
    step("one for and", "check:\n  - if: true & true\n    then: end", "E301", (15, 18), "'&&'"),
    step("not", "check:\n  - if: not (visits > 1)\n    then: end", "E302", (15, 13), "'!'"),
    step("or in a text", "check:\n  - if: size('or') ; 1\n    then: end", "E301", (15, 24), "brac"),
    step("strange sign", "check:\n  - if: visits ; 1\n    then: end", "E301", (15, 20), "brackets"),
    step("long", f'cancel: "${{{"1+" * 250}1}}"', "E301", (14, 16), "several cases"),
    step("deep", f'cancel: "${{{"(" * 99}1{")" * 99}}}"', "E301", (14, 16), "several cases"),
    step("unknown name", "check:\n  - if: visit > 1\n    then: end", "E302", (15, 13), "'visits'"),
    step("unknown param", 'cancel: "a ${params.prodct}"', "E302", (14, 18), "'params.product'"),
    step("its space", 'cancel: "a ${param.product}"', "E302", (14, 18), "'params.product'"),
    step("no such space", 'cancel: "a ${zzz.yyyyyyyyy}"', "E302", (14, 18), "in quotes"),
    step("undeclared", 'cancel: "${params.zzzzzzzz}"', "E302", (14, 16), "declare 'zzzzzzzz'"),
    step(
        "bare word", "check:\n  - if: params.tier == qwx\n    then: end", "E302", (15, 28), "quotes"
    ),
    step("now", "check:\n  - if: now > params.since\n    then: end", "E302", (15, 13), "task.age"),
    step(
        "place", "check:\n  - if: position > 3\n    then: end", "E302", (15, 13), "check_position"
    ),
    step(
        "number and whole",
        "check:\n  - if: params.share > 3\n    then: end",
        "E303",
        (15, 26),
        "3.0",
    ),
    step("text and whole", 'cancel: "${params.tries + params.tier}"', "E303", (14, 29), "string("),
    step(
        "time and text",
        "check:\n  - if: params.since > '1'\n    then: end",
        "E303",
        (15, 26),
        "timest",
    ),
    step("two ways", 'cancel: "${visits > 1 ? 1 : params.tier}"', "E303", (14, 27), "same type"),
    step(
        "not a text", "check:\n  - if: visits in 3\n    then: end", "E303", (15, 20), "after 'in'"
    ),
    step(
        "deny a number",
        "check:\n  - if: '!visits'\n    then: end",
        "E303",
        (15, 14),
        "another type",
    ),
    step("text for duration", 'delay: "${params.tier}"\nthen: end', "E303", (14, 15), "a duration"),
    step("map for text list", 'set: { team: "${ {1: 2} }" }', "E303", (14, 21), "a list"),
    step("mixed", 'delay: "${params.pause}s"\nthen: end', "E105", (14, 12), "alone"),
    step("unknown in a list", 'queue: { exclude: ["${x}"] }', "E302", (14, 27), "quotes"),
    step("service of a text", 'queue: "${params.product}"', "E105", (14, 12), "type: choice"),
    step("service of two", 'queue: "${params.tier}${params.tier}"', "E105", (14, 12), "choice"),
    step("priority of a tier", 'queue: { priority: "${params.tier}" }', "E105", (14, 24), "strict"),
    step(
        "number as condition",
        "check:\n  - if: params.share\n    then: end",
        "E304",
        (15, 13),
        "> 0.0",
    ),
    step(
        "time as condition",
        "check:\n  - if: params.since\n    then: end",
        "E304",
        (15, 13),
        "A == B",
    ),
    step(
        "days",
        "check:\n  - if: task.age > duration('2d')\n    then: end",
        "E108",
        (15, 34),
        "'48h'",
    ),
    step(
        "no days",
        "check:\n  - if: task.age > duration('soon')\n    then: end",
        "E108",
        (15, 34),
        "1h30",
    ),
    step(
        "not a moment",
        "check:\n  - if: params.since > timestamp('2026')\n    then: end",
        "E105",
        (15, 39),
        "offset",
    ),
    step(
        "not a moment at all",
        "check:\n  - if: params.since > timestamp('soon')\n    then: end",
        "E105",
        (15, 39),
        "offset",
    ),
    step("empty block", "check:\n  - if: >\n\n    then: end", "E301", (15, 13), "what should"),
    step(
        "in a block",
        "cancel: |\n  sorry,\n  ${params.nope_at_all} is out",
        "E302",
        (16, 9),
        "declare",
    ),
    step("in a folded plain text", "cancel: sorry,\n  ${nopeatall}", "E302", (14, 13), "quotes"),
    step(
        "among",
        "check:\n  - if: params.tier in ['base', 'goldd']\n    then: end\n  - else: end",
        "W305",
        (15, 38),
        "'gold'",
    ),
    step(
        "turned round",
        "check:\n  - if: \"'zzz' != params.tier\"\n    then: end\n  - else: end",
        "W305",
        (15, 15),
        "gold, base",
    ),
    step(
        "of the task",
        "check:\n  - if: task.priority == 'hihg'\n    then: end\n  - else: end",
        "W305",
        (15, 31),
        "'high'",
    ),
    rest(
        "a choice of bad names",
        "params: { s: { type: choice, values: [Ä, b] } }\n"
        'steps: { a: { queue: "${params.s}", then: { rejected: end } } }\n',
        "E105",
        (4, 22),
        "small letters",
    ),
]

ALL = [*FORM, *PARAMETERS, *STEPS, *EXPRESSIONS]


@pytest.mark.parametrize("broken", ALL, ids=lambda broken: broken.name)
def test_a_broken_file_is_told_with_line_column_and_help(broken: Broken) -> None:
    found = check(broken.text, "broken.yaml")
    told = [each for each in found if each.code == broken.code]
    assert {(each.line, each.column) for each in told} == {(broken.line, broken.column)}, found
    assert broken.help in told[0].help
    assert told[0].end_column > told[0].column
    assert {each.code for each in found} - {broken.code} <= CONSEQUENT
    if broken.code.startswith("E"):
        assert compile_definition(broken.text, "broken.yaml").plan is None
