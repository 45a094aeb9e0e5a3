"""fullwell recipes [NAME]: the named recipes, or the text of one."""

from __future__ import annotations

import click

from fullwell.errors import UsageError, did_you_mean


@click.command("recipes", short_help="List the named recipes, or print one.")
@click.argument("name", required=False, metavar="[NAME]")
def command(name: str | None) -> None:
    """The recipes that `fullwell make --recipe NAME` knows; with a NAME its text, to be saved and changed.

    fullwell recipes soft > mine.toml, then fullwell make *.jpg --recipe mine.toml
    """
    from fullwell.recipes import names, summary, text

    known = names()
    if name is None:
        width = max(map(len, known))
        for each in known:
            click.echo(f"{each:<{width}}  {summary(each)}")
        return
    if name not in known:
        raise UsageError(f"no recipe is called {name!r}; {did_you_mean(name, known)}")
    click.echo(text(name), nl=False)
