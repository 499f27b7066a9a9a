"""How many slips of the hand are found: `python -m bench.slips`, with `-v` the others one by one.

One slip is made in a shipped definition, which then is a mutant. Those that mean the same as
before are left out, and so are slips in free text: titles, notes, descriptions, reasons, results,
comments and text literals. Warnings count as found, notes do not.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator

from bench.slip_makers import MAKERS, Mutant, read_source
from extask.definition import bodies
from extask.definition.catalogue import FILE_NAME, read_catalogue
from extask.definition.checker import check
from extask.definition.compiler import compile_definition
from extask.definition.loader import load
from extask.definition.schema import schema

SEED = 20_261_121
"""Fixed before the checker was tuned by this."""
EACH = 200
"""Mutants of one file and kind at most."""
DEFINITIONS = Path("definitions")
Finder = Callable[[Mutant], bool]


def main() -> None:
    """Make the mutants, look who finds them, and print shares and survivors by kind."""
    mutants = list(made())
    finders = _finders()
    found = {name: {m for m in mutants if finder(m)} for name, finder in finders.items()}
    print(f"{'slip':<20} {'mutants':>8}" + "".join(f"{name:>20}" for name in finders))
    for kind in (*MAKERS, "all"):
        these = {mutant for mutant in mutants if kind in (mutant.kind, "all")}
        shares = "".join(f"{_share(these & found[name], these):>20}" for name in finders)
        print(f"{kind:<20} {len(these):>8}{shares}")
    if "-v" in sys.argv:
        best = list(found.values())[-1]
        for mutant in mutants:
            if mutant not in best:
                print(f"{mutant.kind}: {mutant.file} {mutant.slip}")


def _share(found: set[Mutant], among: set[Mutant]) -> str:
    return f"{100 * len(found) / len(among):.1f} %" if among else "-"


def made() -> Iterator[Mutant]:
    """Make the mutants of all shipped definitions, the same ones each time."""
    for path in sorted(DEFINITIONS.glob("*.workflow.yaml")):
        source, meant = read_source(path.name, path.read_text("utf-8")), _meaning(path.read_text())
        for kind, maker in MAKERS.items():
            chance = random.Random(f"{SEED} {path.name} {kind}")  # noqa: S311 - no secret
            mutants = list({mutant.text: mutant for mutant in maker(source)}.values())
            for mutant in chance.sample(mutants, min(EACH, len(mutants))):
                if _meaning(mutant.text) != meant:
                    yield mutant


def _meaning(text: str) -> Any:  # noqa: ANN401 - None, or a plan without its words
    """Give what a definition does, or nothing where it is refused."""
    plan = compile_definition(text, "mutant").plan
    return _without_words(plan.model_dump(exclude={"digest"})) if plan else None


def _without_words(value: Any) -> Any:  # noqa: ANN401 - any part of a plan
    """Leave out what tells people only, and where it stands in the file."""
    if isinstance(value, dict):
        worded = ("title", "note", "description", "line", "reason", "result")
        return {name: _without_words(each) for name, each in value.items() if name not in worded}
    return [_without_words(each) for each in value] if isinstance(value, list) else value


def _finders() -> dict[str, Finder]:
    """Name who looks for slips, each finding what the one before finds and more."""
    catalogue, findings = read_catalogue((DEFINITIONS / FILE_NAME).read_text("utf-8"), FILE_NAME)
    assert not findings
    validator = Draft7Validator(schema())
    return {
        "YAML alone": _no_yaml,
        "schema": lambda mutant: _misfits(validator, mutant),
        "checker": lambda mutant: bool(check(mutant.text, mutant.file)),
        "with the catalogue": lambda mutant: bool(check(mutant.text, mutant.file, catalogue)),
    }


def _no_yaml(mutant: Mutant) -> bool:
    try:
        yaml.load(mutant.text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return True
    return False


def _misfits(validator: Draft7Validator, mutant: Mutant) -> bool:
    """Tell whether an editor with the schema underlines something; double keys it does, too."""
    document, findings = load(mutant.text, mutant.file)
    return document is None or bool(findings) or not validator.is_valid(bodies.plain(document.root))


if __name__ == "__main__":
    main()
