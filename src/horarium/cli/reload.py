"""``horarium reload``: a running daemon reads its settings anew."""

import os
import signal

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.runtime.daemon import running


@click.command(
    help="Let the running daemon read its settings anew. Wrong settings are reported here and "
    "the old stay in force.\n\n\b\nExample:\n  horarium reload"
)
@pass_invocation
def command(invocation: Invocation) -> int:
    """Check the settings, then send SIGHUP."""
    _ = invocation.settings
    process = running(invocation.site)
    if process is None:
        invocation.say(f"nothing serves {invocation.site.root}")
        invocation.emit({"reloaded": False, "process": None}, "")
        return Exit.UNAVAILABLE
    os.kill(process, signal.SIGHUP)
    invocation.emit({"reloaded": True, "process": process}, f"told process {process}")
    return Exit.OK
