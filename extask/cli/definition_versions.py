"""`extask definition`: publish versions, choose among them, compare them, leave them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from extask.cli.confirming import confirm
from extask.cli.connection import Api, Data, Rejected
from extask.cli.definition_files import compiled, source_of
from extask.cli.definitions import COLUMNS
from extask.cli.output import note
from extask.cli.shared import Call, online
from extask.definition.changes import breaking
from extask.definition.compiler import compile_definition
from extask.definition.diff import Difference, diff, render
from extask.definition.finding import Finding
from extask.definition.plan import Plan
from extask.definition.render import render_all
from extask.errors import DefinitionRejected, Misconfigured, NotFound

VERSIONS = ("version", "state", "current", "canary", "running", "published_at", "published_by")
STAYING = ("task_id", "step", "message")
_Files = Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Workflow files.")]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the workflow.")]
_Version = Annotated[int, typer.Argument(metavar="VERSION", min=1, help="Number of the version.")]
_Breaking = Annotated[
    bool, typer.Option("--breaking", help="It is meant if this breaks who sends tasks.")
]


@online
def publish(
    call: Call,
    *,
    files: _Files = None,
    draft: Annotated[str | None, typer.Option(help="Publish the draft of this workflow.")] = None,
    breaks: _Breaking = False,
    aside: Annotated[
        bool, typer.Option("--not-current", help="New tasks go on taking what they take now.")
    ] = False,
) -> None:
    """Publish definitions; each becomes the current version of its workflow."""
    if bool(files) == bool(draft):
        raise Misconfigured("name the files to publish, or a workflow by --draft NAME")
    for file in files or ():
        compiled(file)
    api = call.connection.api("workflow_admin")
    how = ({"breaking": True} if breaks else {}) | ({"current": False} if aside else {})
    if draft:
        published = [_publish_draft(api, draft, how)]
    else:
        published = [_publish(api, file, how) for file in files or ()]
    call.output.rows(published, COLUMNS)


def _publish(api: Api, file: Path, how: Data) -> Data:
    source = source_of(file)
    body = {"source": source, "file": str(file), **how}
    return _accepted(api, "/definitions", body, source, f"{file} has errors")


def _publish_draft(api: Api, name: str, how: Data) -> Data:
    path = f"/definitions/{name}/draft"
    source = str(api.get(path)["source"])
    return _accepted(api, f"{path}/publish", how, source, f"the draft of '{name}' has errors")


def _accepted(api: Api, path: str, body: Data, source: str, refused: str) -> Data:
    """Publish, and tell what the server's checker says, whether it accepts or not."""
    try:
        answer = api.post(path, body)
    except Rejected as error:
        note(render_all(error.findings, source))
        raise DefinitionRejected(refused) from error
    if answer["findings"]:
        note(render_all((Finding(**each) for each in answer["findings"]), source))
    return answer


@online
def draft(
    call: Call,
    *,
    what: Annotated[str, typer.Argument(metavar="FILE|NAME", help="File to save, or workflow.")],
    drop: Annotated[bool, typer.Option("--drop", help="Drop the workflow's draft.")] = False,
) -> None:
    """Save a file as its workflow's draft, errors and all; or show a workflow's draft."""
    api = call.connection.api("workflow_admin")
    if drop:
        api.call("DELETE", f"/definitions/{what}/draft")
        note(f"'{what}' has no draft any more")
    elif _is_file(what):
        _save(call, api, Path(what))
    else:
        found = api.get(f"/definitions/{what}/draft")
        call.output.text(str(found["source"]).rstrip("\n"), found)


def _save(call: Call, api: Api, file: Path) -> None:
    source = source_of(file)
    plan = compile_definition(source, str(file)).plan
    name = plan.workflow if plan else file.name.partition(".")[0]
    body = {"source": source, "file": str(file)}
    saved = api.call("PUT", f"/definitions/{name}/draft", body=body)
    findings = [Finding(**each) for each in saved["findings"]]
    call.output.text(render_all(findings, source), saved)
    note(f"saved as the draft of '{name}'; publish it by: extask definition publish --draft {name}")


@online
def versions(call: Call, *, name: _Name) -> None:
    """List the versions of a workflow, and how many tasks run on each."""
    found = call.connection.api("workflow_admin").get(f"/definitions/{name}/versions")
    call.output.rows(found["value"], VERSIONS)
    if found["draft"]:
        note(f"there is a draft beside them: extask definition draft {name}")


@online
def current(call: Call, *, name: _Name, version: _Version) -> None:
    """Let new tasks take a published version from now on; also back to an earlier one."""
    api = call.connection.api("workflow_admin")
    chosen = api.call("PUT", f"/definitions/{name}/current", body={"version": version})
    call.output.rows([chosen], COLUMNS)


@online
def canary(
    call: Call,
    *,
    name: _Name,
    version: Annotated[int | None, typer.Argument(metavar="[VERSION]", min=1)] = None,
    percent: Annotated[
        int, typer.Option(min=1, max=99, help="Its share of new tasks, in percent.")
    ] = 10,
    drop: Annotated[bool, typer.Option("--drop", help="End the canary.")] = False,
) -> None:
    """Let a share of new tasks take another version; promote it by `current`."""
    if drop == (version is not None):
        raise Misconfigured("name the version to try out, or say --drop to end the canary")
    api = call.connection.api("workflow_admin")
    if drop:
        api.call("DELETE", f"/definitions/{name}/canary")
        note(f"every new task of '{name}' takes the current version")
        return
    body = {"version": version, "percent": percent}
    chosen = api.call("PUT", f"/definitions/{name}/canary", body=body)
    call.output.rows([chosen], (*COLUMNS, "canary"))


@online
def deprecate(call: Call, *, name: _Name, version: _Version) -> None:
    """Let no more tasks be put on a version; those on it go on."""
    _turn(call, name, version, "deprecate")


@online
def retire(call: Call, *, name: _Name, version: _Version) -> None:
    """Take a version out of use for ever; refused while tasks run on it."""
    _turn(call, name, version, "retire")


def _turn(call: Call, name: str, version: int, verb: str) -> None:
    api = call.connection.api("workflow_admin")
    call.output.rows([api.post(f"/definitions/{name}/versions/{version}/{verb}", {})], COLUMNS)


@online
def differences(
    call: Call,
    *,
    what: Annotated[str, typer.Argument(metavar="NAME|FILE", help="Workflow, or older file.")],
    newer: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Newer file.")] = None,
    old: Annotated[int | None, typer.Option("--from", min=1, help="Older version.")] = None,
    new: Annotated[int | None, typer.Option("--to", min=1, help="Newer version.")] = None,
) -> None:
    """Tell in steps how two versions differ; a file alone is compared with the current version."""
    if newer is not None:
        told = _compared(compiled(Path(what)), compiled(newer))
    elif _is_file(what):
        plan = compiled(Path(what))
        told = _compared(_published(call, plan.workflow, old), plan)
    else:
        query = {"from": _text(old), "to": _text(new)}
        told = call.connection.api("workflow_admin").get(f"/definitions/{what}/diff", **query)
    found = [Difference(**each) for each in told["differences"]]
    if not found:
        note("there is no difference")
    warnings = [f"breaking: {message}" for message in told["breaking"]]
    call.output.text("\n".join([*filter(None, [render(found)]), *warnings]), told)


def _published(call: Call, workflow: str, version: int | None) -> Plan:
    api = call.connection.api("workflow_admin")
    found = api.get(f"/definitions/{workflow}", version=_text(version))
    compiled = compile_definition(found["source"], f"{workflow} as published")
    if compiled.plan is None:
        raise DefinitionRejected(f"this program cannot read '{workflow}' as it is published")
    return compiled.plan


def _compared(old: Plan, new: Plan) -> Data:
    return {
        "workflow": new.workflow,
        "from": old.version,
        "to": new.version,
        "differences": [asdict(each) for each in diff(old, new)],
        "breaking": [change.message for change in breaking(old, new)],
    }


@online
def migrate(
    call: Call,
    *,
    name: _Name,
    old: Annotated[int, typer.Option("--from", min=1, help="The version that they are on.")],
    new: Annotated[int, typer.Option("--to", min=1, help="The version to go on with.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Let running tasks go on with another version, from the step in which they are."""
    api = call.connection.api("workflow_admin")
    which = {"from": old, "to": new}
    seen = api.post(f"/definitions/{name}/migrate/preview", which)
    note(f"{seen['count']} tasks run on version {old}: {seen['movable']} may go on with {new}")
    if dry_run:
        call.output.rows(seen["staying"], STAYING)
        return
    if not seen["count"]:
        raise NotFound(f"no task runs on version {old} of '{name}'")
    confirm("Migrate them?", yes=yes)
    body = {**which, "reason": reason}
    job = api.post(f"/definitions/{name}/migrate", body, Idempotency_Key=uuid4().hex)
    call.output.record(job)
    note(f"it goes on by itself; follow it by: extask job show {job['id']}")


def _is_file(what: str) -> bool:
    return what.endswith((".yaml", ".yml")) or Path(what).is_file()


def _text(version: int | None) -> str | None:
    return None if version is None else str(version)
