"""``horarium serve``: the daemon."""

import asyncio
import os

import click

from horarium.cli.daemon_log import log_to_stderr
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.runtime.daemon import PARTS, Daemon, Face
from horarium.runtime.settings import Settings, load_settings


@click.command(
    help="Take mail, answer it, keep the timetable and show it on pages, until told to stop "
    "(SIGTERM drains, SIGHUP reads the settings anew).\n\n"
    "\b\nExample:\n  horarium serve --only mail,upkeep"
)
@click.option("--only", metavar="PARTS", help=f"run only these of: {', '.join(PARTS)}")
@pass_invocation
def command(invocation: Invocation, only: str | None) -> int:
    """Serve the site; ends with 0 after a drain, or with the status of a directive that ends it."""
    if invocation.options.now is not None:
        raise click.UsageError("serve keeps the real present; --now is for commands that look")
    parts = _parts(only)
    log_to_stderr()

    def load() -> Settings:
        return load_settings(invocation.site, os.environ, strict=True)

    daemon = Daemon(invocation.site, load(), invocation.clock, parts, load, _faces(parts))

    def ready(addresses: list[str]) -> None:
        invocation.say(f"serving {invocation.site.root}")
        for address in addresses:
            invocation.say(f"  {address}")

    return asyncio.run(daemon.run(ready))


def _faces(parts: frozenset[str]) -> dict[str, Face]:
    if "web" not in parts:
        return {}
    # Only who serves pages pays for loading what they need.
    from horarium.web.application import web_part

    return {"web": web_part}


def _parts(only: str | None) -> frozenset[str]:
    if only is None:
        return frozenset(PARTS)
    chosen = frozenset(part.strip() for part in only.split(",") if part.strip())
    for part in sorted(chosen - frozenset(PARTS)):
        raise click.UsageError(f"--only: there is no part {part}; there are {', '.join(PARTS)}")
    if not chosen:
        raise click.UsageError(f"--only: name at least one of {', '.join(PARTS)}")
    return chosen
