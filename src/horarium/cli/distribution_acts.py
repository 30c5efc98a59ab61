"""``horarium distribution build`` and its like: what is done with versions."""

from __future__ import annotations

from pathlib import Path

import click

from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.realm_objects import store_of
from horarium.runtime.tiers.asking import (
    adopt_now,
    build_now,
    extract_now,
    pause_now,
    refresh_now,
    remove_content_now,
    resume_now,
    revoke_now,
    rollback_now,
    send_now,
)
from horarium.runtime.tiers.making import Options

BY = "command line"


@click.command(
    "build",
    help="Build a version now, by the definition as it is declared, whatever the schedule says.\n\n"
    "\b\nExample:\n  horarium distribution build intranet",
)
@click.argument("name")
@click.option("--rehash", is_flag=True, help="read every file, whatever its times say")
@click.option("--new-baseline", is_flag=True, help="a whole version that builds on none")
@pass_invocation
def build(invocation: Invocation, name: str, rehash: bool, new_baseline: bool) -> None:
    """Build."""
    _build(invocation, name, Options(rehash=rehash, new_baseline=new_baseline))


@click.command(
    "rollback",
    help="Make a new version with the content of an earlier one that is still kept.\n\n"
    "\b\nExample:\n  horarium distribution rollback intranet --to 41",
)
@click.argument("name")
@click.option("--to", "version", type=click.IntRange(1), required=True, help="the earlier version")
@pass_invocation
def rollback(invocation: Invocation, name: str, version: int) -> None:
    """Go back."""
    _build(invocation, name, Options(rollback=version))


def _build(invocation: Invocation, name: str, options: Options) -> None:
    store = store_of(invocation)
    made = build_now(
        invocation.site, invocation.settings, store, invocation.clock, name, BY, options
    )
    document: dict[str, object] = {
        "distribution": name, "version": made.version, "changed": made.changed,
        "files": made.files, "bytes": made.size, "delta_bytes": made.delta,
    }  # fmt: skip
    delta = f", {made.delta} octets for who has the version before" if made.delta else ""
    said = (
        f"{name}: version {made.version}, {made.files} files, {made.size} octets{delta}"
        if made.changed
        else f"{name}: unchanged, no version"
    )
    invocation.emit(document, said)


@click.command(
    "adopt",
    help="Go on counting behind a version that receivers have and this store never built, as after "
    "an older backup was restored.\n\n"
    "\b\nExample:\n  horarium distribution adopt intranet --version 41",
)
@click.argument("name")
@click.option("--version", type=click.IntRange(1), required=True, help="the highest they have")
@pass_invocation
def adopt(invocation: Invocation, name: str, version: int) -> None:
    """Go on behind a version."""
    adopt_now(invocation.site, invocation.settings, store_of(invocation), name, version)
    invocation.emit({"id": name, "adopted": version}, f"{name}: goes on behind version {version}")


@click.command(
    "refresh",
    help="Put what was edited into effect now, and publish what follows.\n\n"
    "\b\nExample:\n  horarium distributor refresh hq",
)
@click.argument("name")
@click.option(
    "--keys", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="a folder with keys that are kept elsewhere",
)  # fmt: skip
@pass_invocation
def refresh(invocation: Invocation, name: str, keys: Path | None) -> None:
    """Refresh."""
    store, now = store_of(invocation), invocation.clock.now()
    found = refresh_now(invocation.site, invocation.settings, store, name, now, keys)
    lost = {name: dict(nodes) for name, nodes in found.plan.lost.items()}
    for distribution, nodes in lost.items():
        for node, reason in nodes.items():
            invocation.say(f"warning: {distribution} does not reach {node}: {reason}")
    said = "published" if found.changed else "nothing has changed"
    invocation.emit({"id": name, "changed": found.changed, "unreachable": lost}, f"{name}: {said}")


@click.command(
    "send",
    help="Open a window now, until what receivers lack is sent.\n\n"
    "\b\nExample:\n  horarium channel send night",
)
@click.argument("name")
@pass_invocation
def send(invocation: Invocation, name: str) -> None:
    """Open an extra window."""
    store, now = store_of(invocation), invocation.clock.now()
    send_now(invocation.site, invocation.settings, store, name, BY, now)
    invocation.emit({"id": name, "opened": True}, f"{name}: open until all is sent")


@click.command(
    "pause",
    help="Hold what a channel is releasing to its rings: no ring opens, transfers of it stop.\n\n"
    "\b\nExample:\n  horarium channel pause night",
)
@click.argument("name")
@pass_invocation
def pause(invocation: Invocation, name: str) -> None:
    """Hold a release."""
    store, now = store_of(invocation), invocation.clock.now()
    held = pause_now(invocation.site, invocation.settings, store, name, BY, now)
    invocation.emit({"id": name, "paused": held}, f"{name}: versions held: {held}")


@click.command(
    "resume",
    help="Let a release go on where it was, after a pause or a halt.\n\n"
    "\b\nExample:\n  horarium channel resume night",
)
@click.argument("name")
@pass_invocation
def resume(invocation: Invocation, name: str) -> None:
    """Let a release go on."""
    store, now = store_of(invocation), invocation.clock.now()
    count = resume_now(invocation.site, invocation.settings, store, name, BY, now)
    invocation.emit({"id": name, "resumed": count}, f"{name}: versions that go on: {count}")


@click.command(
    "rollback",
    help="Withdraw what a channel releases to its rings, and go back to the version before: at "
    "once in every ring it had reached.\n\n\b\nExample:\n  horarium channel rollback night",
)
@click.argument("name")
@pass_invocation
def channel_rollback(invocation: Invocation, name: str) -> None:
    """Go back in a channel."""
    store = store_of(invocation)
    made = rollback_now(invocation.site, invocation.settings, store, invocation.clock, name, BY)
    invocation.emit(
        {"id": name, "versions": made},
        lambda: "\n".join(f"{one}: back, as version {number}" for one, number in made.items()),
    )


@click.command(
    "extract",
    help="Unpack now what this node has received, whatever the schedule says. At the node itself."
    "\n\n\b\nExample:\n  horarium subscriber extract s1",
)
@click.argument("name")
@pass_invocation
def extract(invocation: Invocation, name: str) -> None:
    """Ask for an extraction."""
    extract_now(invocation.site, store_of(invocation), name)
    invocation.emit({"id": name, "asked": True}, f"{name}: the daemon unpacks what it has")


@click.command(
    "revoke",
    help="End that a node's certificate counts, at its next contact with anybody.\n\n"
    "\b\nExample:\n  horarium subscriber revoke s1",
)
@click.argument("name")
@pass_invocation
def revoke(invocation: Invocation, name: str) -> None:
    """Revoke."""
    store, now = store_of(invocation), invocation.clock.now()
    revoke_now(invocation.site, invocation.settings, store, name, now)
    invocation.emit({"id": name, "revoked": True}, f"{name}: its certificate counts no more")


@click.command(
    "remove-content",
    help="Remove what a distribution installed at this node, which does not get it any more; what "
    "others installed stays. At the node itself.\n\n"
    "\b\nExample:\n  horarium subscriber remove-content intranet",
)
@click.argument("distribution")
@click.option("--force", is_flag=True, help="though this node knows of no end of its subscription")
@pass_invocation
def remove_content(invocation: Invocation, distribution: str, force: bool) -> None:
    """Remove an installation."""
    store = store_of(invocation)
    removed = remove_content_now(
        invocation.site, invocation.settings, store, invocation.clock, distribution, force=force
    )
    invocation.emit(
        {"id": distribution, "removed": removed, "asked": not removed},
        f"{distribution}: {'removed' if removed else 'the daemon removes it'}",
    )
