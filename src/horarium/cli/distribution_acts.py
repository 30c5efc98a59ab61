"""``horarium distribution build`` and its like: what is done with versions."""

from __future__ import annotations

from pathlib import Path

import click

from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.realm_objects import DRY_RUN, store_of
from horarium.distribution.comparing import Changes
from horarium.runtime.building import Unchanged
from horarium.runtime.tiers.asking import (
    adopt_now,
    build_now,
    extract_now,
    foresee_build_now,
    foresee_rollback_now,
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
@DRY_RUN
@pass_invocation
def build(
    invocation: Invocation, name: str, rehash: bool, new_baseline: bool, dry_run: bool
) -> None:
    """Build."""
    options = Options(rehash=rehash, new_baseline=new_baseline)
    (_foresee_build if dry_run else _build)(invocation, name, options)


@click.command(
    "rollback",
    help="Make a new version with the content of an earlier one that is still kept.\n\n"
    "\b\nExample:\n  horarium distribution rollback intranet --to 41",
)
@click.argument("name")
@click.option("--to", "version", type=click.IntRange(1), required=True, help="the earlier version")
@DRY_RUN
@pass_invocation
def rollback(invocation: Invocation, name: str, version: int, dry_run: bool) -> None:
    """Go back."""
    (_foresee_build if dry_run else _build)(invocation, name, Options(rollback=version))


def _build(invocation: Invocation, name: str, options: Options) -> None:
    store = store_of(invocation)
    made = build_now(
        invocation.site, invocation.settings, store, invocation.clock, name, BY, options
    )
    document: dict[str, object] = {
        "distribution": name, "version": made.version, "changed": made.changed,
        "files": made.files, "bytes": made.size, "delta_bytes": made.delta, "dry_run": False,
    }  # fmt: skip
    delta = f", {made.delta} octets for who has the version before" if made.delta else ""
    said = (
        f"{name}: version {made.version}, {made.files} files, {made.size} octets{delta}"
        if made.changed
        else f"{name}: unchanged, no version"
    )
    invocation.emit(document, said)


def _foresee_build(invocation: Invocation, name: str, options: Options) -> None:
    store = store_of(invocation)
    found = foresee_build_now(
        invocation.site, invocation.settings, store, invocation.clock, name, options
    )
    if isinstance(found, Unchanged):
        document: dict[str, object] = {
            "distribution": name, "version": None, "changed": False, "files": 0, "bytes": 0,
            "paths": _paths(Changes((), (), ())), "dry_run": True,
        }  # fmt: skip
        invocation.emit(document, f"{name}: unchanged, there would be no version")
        return
    paths = _paths(found.changes)
    document = {
        "distribution": name, "version": found.number, "changed": True, "files": found.files,
        "bytes": found.size, "paths": paths, "dry_run": True,
    }  # fmt: skip
    lines = [f"{name}: would be version {found.number}, {found.files} files, {found.size} octets"]
    lines += [f"  {what}: {path}" for what, each in paths.items() for path in each]
    invocation.emit(document, "\n".join(lines))


def _paths(changes: Changes) -> dict[str, list[str]]:
    """What changed, by how."""
    return {
        "added": [entry.path for entry in changes.added],
        "changed": [entry.path for entry in changes.changed],
        "removed": [entry.path for entry in changes.removed],
    }


@click.command(
    "adopt",
    help="Go on counting behind a version that receivers have and this store never built, as after "
    "an older backup was restored.\n\n"
    "\b\nExample:\n  horarium distribution adopt intranet --version 41",
)
@click.argument("name")
@click.option("--version", type=click.IntRange(1), required=True, help="the highest they have")
@DRY_RUN
@pass_invocation
def adopt(invocation: Invocation, name: str, version: int, dry_run: bool) -> None:
    """Go on behind a version."""
    store = store_of(invocation)
    adopt_now(invocation.site, invocation.settings, store, name, version, dry_run=dry_run)
    goes = "would go" if dry_run else "goes"
    invocation.emit(
        {"id": name, "adopted": version, "dry_run": dry_run},
        f"{name}: {goes} on behind version {version}",
    )


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
@DRY_RUN
@pass_invocation
def refresh(invocation: Invocation, name: str, keys: Path | None, dry_run: bool) -> None:
    """Refresh."""
    store, now = store_of(invocation), invocation.clock.now()
    found = refresh_now(
        invocation.site, invocation.settings, store, name, now, keys, dry_run=dry_run
    )
    lost = {name: dict(nodes) for name, nodes in found.lost.items()}
    for distribution, nodes in lost.items():
        for node, reason in nodes.items():
            invocation.say(f"warning: {distribution} does not reach {node}: {reason}")
    said = []
    if found.edits:
        said.append(f"{'would be' if dry_run else 'is'} in effect now: {', '.join(found.edits)}")
    if found.changed:
        would = ["would publish", *found.published]
        said.append("\n  ".join(would) if dry_run else "published")
    document = {
        "id": name, "edits": list(found.edits), "changed": found.changed,
        "published": list(found.published), "unreachable": lost, "dry_run": dry_run,
    }  # fmt: skip
    invocation.emit(document, f"{name}: {'; '.join(said) or 'nothing has changed'}")


@click.command(
    "send",
    help="Open a window now, until what receivers lack is sent.\n\n"
    "\b\nExample:\n  horarium channel send night",
)
@click.argument("name")
@DRY_RUN
@pass_invocation
def send(invocation: Invocation, name: str, dry_run: bool) -> None:
    """Open an extra window."""
    store, now = store_of(invocation), invocation.clock.now()
    found = send_now(invocation.site, invocation.settings, store, name, BY, now, dry_run=dry_run)
    document = {
        "id": name, "opened": not dry_run, "dry_run": dry_run,
        "awaited": [
            {"distribution": one.distribution, "version": one.version,
             "receivers": list(one.receivers)} for one in found
        ],
    }  # fmt: skip
    lines = [f"{name}: {'would be ' if dry_run else ''}open until all is sent"]
    lines += [f"  {one.distribution} version {one.version}: {', '.join(one.receivers)}"
              for one in found]  # fmt: skip
    if not found:
        lines.append("  nothing is lacked now")
    invocation.emit(document, "\n".join(lines))


@click.command(
    "pause",
    help="Hold a channel with rings until it is resumed: no ring opens, transfers of what is being "
    "released stop, and what is built meanwhile waits.\n\n"
    "\b\nExample:\n  horarium channel pause night",
)
@click.argument("name")
@DRY_RUN
@pass_invocation
def pause(invocation: Invocation, name: str, dry_run: bool) -> None:
    """Hold a release."""
    store, now = store_of(invocation), invocation.clock.now()
    held = pause_now(
        invocation.site, invocation.settings, store, name, BY, now, dry_run=dry_run
    )  # fmt: skip
    would = "would be paused" if dry_run else "paused"
    invocation.emit(
        {"id": name, "paused": held, "dry_run": dry_run},
        f"{name}: {would} until it is resumed; versions held: {held}",
    )


@click.command(
    "resume",
    help="End the pause of a channel; releases go on where they were, also after a halt.\n\n"
    "\b\nExample:\n  horarium channel resume night",
)
@click.argument("name")
@DRY_RUN
@pass_invocation
def resume(invocation: Invocation, name: str, dry_run: bool) -> None:
    """Let a release go on."""
    store, now = store_of(invocation), invocation.clock.now()
    count = resume_now(
        invocation.site, invocation.settings, store, name, BY, now, dry_run=dry_run
    )  # fmt: skip
    would = "would go" if dry_run else "go"
    invocation.emit(
        {"id": name, "resumed": count, "dry_run": dry_run},
        f"{name}: versions that {would} on: {count}",
    )


@click.command(
    "rollback",
    help="Withdraw what a channel releases to its rings, and go back to the version before: at "
    "once in every ring it had reached.\n\n\b\nExample:\n  horarium channel rollback night",
)
@click.argument("name")
@DRY_RUN
@pass_invocation
def channel_rollback(invocation: Invocation, name: str, dry_run: bool) -> None:
    """Go back in a channel."""
    store = store_of(invocation)
    if dry_run:
        now = invocation.clock.now()
        found = foresee_rollback_now(invocation.site, invocation.settings, store, now, name, BY)
        returns = {one: {"withdrawn": it.withdrawn, "to": it.to} for one, it in found.items()}
        invocation.emit(
            {"id": name, "returns": returns, "dry_run": True},
            lambda: "\n".join(
                f"{one}: version {it.withdrawn} would be withdrawn, and a new one have the content "
                f"of version {it.to}"
                for one, it in found.items()
            ),
        )
        return
    made = rollback_now(invocation.site, invocation.settings, store, invocation.clock, name, BY)
    invocation.emit(
        {"id": name, "versions": made, "dry_run": False},
        lambda: "\n".join(f"{one}: back, as version {number}" for one, number in made.items()),
    )


@click.command(
    "extract",
    help="Unpack now what this node has received, whatever the schedule says. At the node itself."
    "\n\n\b\nExample:\n  horarium subscriber extract s1",
)
@click.argument("name")
@DRY_RUN
@pass_invocation
def extract(invocation: Invocation, name: str, dry_run: bool) -> None:
    """Ask for an extraction."""
    found = extract_now(invocation.site, store_of(invocation), name, dry_run=dry_run)
    document = {
        "id": name, "asked": not dry_run, "dry_run": dry_run,
        "versions": [{"distribution": one, "version": number} for one, number in found],
    }  # fmt: skip
    lines = [f"{name}: the daemon {'would unpack' if dry_run else 'unpacks'} what it has"]
    lines += [f"  {one} version {number}" for one, number in found] or ["  that is nothing now"]
    invocation.emit(document, "\n".join(lines))


@click.command(
    "revoke",
    help="End that a node's certificate counts, at its next contact with anybody.\n\n"
    "\b\nExample:\n  horarium subscriber revoke s1",
)
@click.argument("name")
@DRY_RUN
@pass_invocation
def revoke(invocation: Invocation, name: str, dry_run: bool) -> None:
    """Revoke."""
    store, now = store_of(invocation), invocation.clock.now()
    serial = revoke_now(invocation.site, invocation.settings, store, name, now, dry_run=dry_run)
    invocation.emit(
        {"id": name, "revoked": not dry_run, "serial": serial, "dry_run": dry_run},
        f"{name}: its certificate {serial} {'would count' if dry_run else 'counts'} no more",
    )


@click.command(
    "remove-content",
    help="Remove what a distribution installed at this node, which does not get it any more; what "
    "others installed stays. At the node itself.\n\n"
    "\b\nExample:\n  horarium subscriber remove-content intranet",
)
@click.argument("distribution")
@click.option("--force", is_flag=True, help="though this node knows of no end of its subscription")
@DRY_RUN
@pass_invocation
def remove_content(invocation: Invocation, distribution: str, force: bool, dry_run: bool) -> None:
    """Remove an installation."""
    store = store_of(invocation)
    found = remove_content_now(
        invocation.site, invocation.settings, store, invocation.clock, distribution, force=force,
        dry_run=dry_run,
    )  # fmt: skip
    document = {
        "id": distribution, "removed": found.done, "asked": not (found.done or dry_run),
        "paths": list(found.paths), "dry_run": dry_run,
    }  # fmt: skip
    said = "removed" if found.done else "the daemon removes it"
    if dry_run:
        said = "\n  ".join(["would be removed", *found.paths])
    invocation.emit(document, f"{distribution}: {said}")
