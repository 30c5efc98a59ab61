"""``horarium reload``: a running daemon reads its settings and its control file anew."""

import asyncio
import os
import signal

import click

from horarium.cli.directives_input import faults_of, strict_settings
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.runtime.daemon import running
from horarium.runtime.taking_over import Outcome, has_taken, look_at_control_file
from horarium.runtime.wiring import open_store

# The daemon reads what it was told to within a second, when it has nothing else in hand.
PATIENCE_SECONDS = 20
LOOK_AGAIN_SECONDS = 0.1


@click.command(
    help="Let the running daemon read its settings and the control file anew. Wrong settings are "
    "reported here and the old stay in force. With --wait until the control file has taken effect; "
    "status 65, with its errors, when it is refused and the earlier one stays.\n\n"
    "\b\nExample:\n  horarium reload --wait"
)
@click.option("--wait", is_flag=True, help="until the control file is in force, or refused")
@pass_invocation
def command(invocation: Invocation, wait: bool) -> int:
    """Check the settings, then send SIGHUP; with --wait see what becomes of the control file."""
    _ = strict_settings(invocation) if wait else invocation.settings
    process = running(invocation.site)
    if process is None:
        invocation.say(f"nothing serves {invocation.site.root}")
        invocation.emit({"reloaded": False, "process": None}, "")
        return Exit.UNAVAILABLE
    os.kill(process, signal.SIGHUP)
    if wait:
        return asyncio.run(_wait(invocation, process))
    invocation.emit({"reloaded": True, "process": process}, f"told process {process}")
    return Exit.OK


async def _wait(invocation: Invocation, process: int) -> int:
    """Waits until the daemon has taken the control file, or refused it."""
    settings, clock = invocation.settings, invocation.clock
    wanted = look_at_control_file(invocation.site, settings)
    store = open_store(invocation.site, settings, clock, create=False)
    deadline = clock.monotonic() + PATIENCE_SECONDS
    outcome = has_taken(store, wanted)
    while outcome is Outcome.OPEN and clock.monotonic() < deadline:
        await clock.sleep(LOOK_AGAIN_SECONDS)
        outcome = has_taken(store, wanted)
    store.close()
    if outcome is Outcome.REFUSED:
        raise faults_of(wanted.path, wanted.problems)
    if outcome is Outcome.OPEN:
        invocation.say(f"process {process} has not taken {wanted.path} yet; does it run directives")
        invocation.emit({"reloaded": False, "process": process}, "")
        return Exit.TRY_AGAIN
    invocation.emit({"reloaded": True, "process": process}, f"{wanted.path} is in force")
    return Exit.OK
