"""``horarium distribution build`` and its like: what is done with versions."""

from __future__ import annotations

import click

from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.realm_objects import store_of
from horarium.runtime.tiers.asking import (
    build_now,
    extract_now,
    refresh_now,
    revoke_now,
    send_now,
)

BY = "command line"


@click.command(
    "build",
    help="Build a version now, whatever the schedule says; a refresh comes first.\n\n"
    "\b\nExample:\n  horarium distribution build intranet",
)
@click.argument("name")
@pass_invocation
def build(invocation: Invocation, name: str) -> None:
    """Build."""
    store = store_of(invocation)
    made = build_now(invocation.site, invocation.settings, store, invocation.clock, name, BY)
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
    "refresh",
    help="Read the configuration anew now, and publish what follows.\n\n"
    "\b\nExample:\n  horarium distributor refresh hq",
)
@click.argument("name")
@pass_invocation
def refresh(invocation: Invocation, name: str) -> None:
    """Refresh."""
    store, now = store_of(invocation), invocation.clock.now()
    found = refresh_now(invocation.site, invocation.settings, store, name, now)
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
