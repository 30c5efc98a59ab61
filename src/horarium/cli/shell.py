"""The click group: finds a command by name and imports only its module."""

import importlib
import os
import sys

import click

from horarium import __version__
from horarium.cli.commands import COMMANDS
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation
from horarium.cli.options import Options
from horarium.cli.output import report

_OPTIONS = """\b
Every command takes, before or after its name:
  --site DIR     the installation; else $HORARIUM_SITE, ./site, /var/lib/horarium
  --json         one JSON document on standard output
  --now INSTANT  run as if this were the present
  --quiet        no notices
  --version, --help"""


class Commands(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute or "command")
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table and without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=Commands,
    help="Keeps the timetable of rooms, cars and instruments and answers for them.",
    epilog=_OPTIONS,
    context_settings={"help_option_names": ["--help"], "max_content_width": 100},
)
@click.version_option(__version__, "--version", prog_name="horarium")
def horarium() -> None:
    """The group itself does nothing."""


def run(options: Options, arguments: list[str]) -> int:
    """Run one command and return the exit status; every error becomes one sentence."""
    try:
        answer = horarium.main(
            args=arguments or ["--help"],
            prog_name="horarium",
            standalone_mode=False,
            obj=Invocation(options),
        )
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        return int(ended.exit_code)
    except (BrokenPipeError, SystemExit):
        # click turns a broken pipe into SystemExit, and nothing else here does. Whoever read
        # the answer has seen enough; nothing more can be said to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.IO
    except (Exception, KeyboardInterrupt) as error:
        if os.environ.get("HORARIUM_TEST_TRACEBACK"):
            raise
        return report(options, error)
    return int(answer) if isinstance(answer, int) else Exit.OK
