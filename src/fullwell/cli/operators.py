"""fullwell operators [ID]: what there is, from the declarations."""

from __future__ import annotations

from typing import Any

import click

from fullwell.cli import as_json
from fullwell.errors import UsageError, did_you_mean
from fullwell.params import FAMILIES, Operator, find, ids, operators


@click.command("operators", short_help="List the operators, or describe one.")
@click.argument("name", required=False, metavar="[ID]")
@click.option("--json", "machine", is_flag=True, help="Print as JSON.")
def command(name: str | None, machine: bool) -> None:
    """List the operators of every family, or describe one with its parameters."""
    if name is None:
        if machine:
            as_json([op.schema() for op in operators()])
            return
        for family in FAMILIES:
            click.echo(f"{family}:")
            for op in (find(family, i) for i in ids(family)):
                click.echo(f"  {op.id:<14}{op.summary()}")
        return
    found = _named(name)
    if machine:
        as_json([op.schema() for op in found])
        return
    for op in found:
        click.echo(_described(op.schema()))


def _named(name: str) -> list[type[Operator]]:
    """Operators of this id or short name in every family: `debevec97` is a response and a merge."""
    short = name.lower()
    known = {family: ids(family) for family in FAMILIES}
    found = [find(family, i) for family, all_ in known.items() for i in all_ if short in (i, i.rstrip("0123456789"))]
    if not found:
        everything = sorted({i.rstrip("0123456789") for all_ in known.values() for i in all_})
        raise UsageError(f"no operator is called {name!r}; {did_you_mean(short, everything)}")
    return found


def _described(schema: dict[str, Any]) -> str:
    lines = [f"{schema['family']} / {schema['id']}: {schema['summary']}"]
    for p in schema["params"]:
        legal = ", ".join(p["choices"]) if p["choices"] else f"{_end(p['lo'])} to {_end(p['hi'])}"
        if p["type"] in ("bool", "str") and not p["choices"]:
            legal = "true or false" if p["type"] == "bool" else "text"
        unit = f" {p['unit']}" if p["unit"] else ""
        lines.append(f"  {p['name']} = {p['default']}{unit}   ({legal})")
        lines.append(f"      {p['help']}")
    return "\n".join(lines)


def _end(bound: float | None) -> str:
    return "any" if bound is None else f"{bound:g}"
