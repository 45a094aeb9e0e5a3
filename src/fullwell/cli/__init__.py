"""The command line: one module a command, loaded when it is called.

Results go to stdout, everything else to stderr. Exit codes: 0 done, 2 wrong usage or parameter, 3 an input is
unreadable or unfit, 4 the result was refused, 130 stopped by the user; 1 is a defect of Fullwell.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from fullwell import __version__
from fullwell.errors import FullwellError, did_you_mean

COMMANDS = {
    "make": "Bracketed photographs to HDR files and pictures.",
    "tonemap": "A radiance file to a picture.",
    "inspect": "What is known of each frame, before any work.",
    "response": "Find and save the camera's response.",
    "operators": "List the operators, or describe one.",
    "recipes": "List the named recipes, or print one.",
    "demo": "Make a bracket and everything from it.",
    "doctor": "What works on this machine.",
}


class Lazy(click.Group):
    """Names and help of the commands are here; their code is imported when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            ctx.fail(f"no command is called {cmd_name!r}; {did_you_mean(cmd_name, COMMANDS)}")
        command: click.Command = importlib.import_module(f"fullwell.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="fullwell")
def cli() -> None:
    """Fullwell: bracketed photographs in, a trustworthy HDR image and finished pictures out.

    fullwell make *.jpg -o scene.exr -o scene.jpg
    """


def main(args: list[str] | None = None) -> None:
    """Run a command; every expected error is one line on stderr and an exit code."""
    try:
        code = cli.main(args, prog_name="fullwell", standalone_mode=False)
        sys.stdout.flush()
    except FullwellError as e:
        code = tell(e)
    except click.ClickException as e:
        where = f" See: {e.ctx.command_path} --help" if isinstance(e, click.UsageError) and e.ctx else ""
        code = _tell(f"{e.format_message()}{where}", 2)
    except (KeyboardInterrupt, click.Abort):
        code = _tell("stopped.", 130)
    except BrokenPipeError:  # the reader of our output is gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except MemoryError:
        code = _tell(
            "there is not enough memory for frames of this size; close other programs or take fewer frames.", 3
        )
    except Exception as e:
        if os.environ.get("FULLWELL_DEBUG"):
            raise
        code = _tell(
            f"a defect of Fullwell, not of your files: {type(e).__name__}: {e}. "
            "Set FULLWELL_DEBUG=1 to see where, and report it.",
            1,
        )
    sys.exit(code if isinstance(code, int) else 0)


def tell(error: FullwellError, about: str = "") -> int:
    """One line on stderr, its table below it; returns the exit code."""
    _tell(f"{about}{error.args[0]}", error.exit_code)
    if error.table:
        click.echo(error.table, err=True)
    return error.exit_code


def _tell(message: str, code: int) -> int:
    click.echo(f"fullwell: {' '.join(message.split())}", err=True)
    return code


def as_json(value: Any) -> None:
    """Print plain data for machines."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
