"""``horarium distributor keys``: the keys that sign for a realm, and new ones in their place."""

from __future__ import annotations

from pathlib import Path

import click

from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.realm_objects import DRY_RUN, store_of
from horarium.runtime.tiers.rotating import (
    RoleKeys,
    Turn,
    list_keys,
    make_key,
    public_of,
    read_added,
    rotate,
)

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.group("keys", help="The keys that sign for this realm.")
def keys() -> None:
    """The group itself does nothing."""


def _document(one: RoleKeys) -> dict[str, object]:
    return {
        "role": one.role, "threshold": one.threshold,
        "keys": [{"id": key, "here": key in one.here} for key in one.keys],
    }  # fmt: skip


def _line(one: RoleKeys) -> str:
    shown = ", ".join(f"{key[:12]}{'' if key in one.here else ' (elsewhere)'}" for key in one.keys)
    return f"{one.role}: {one.threshold} of {len(one.keys)}: {shown}"


@keys.command(
    "list",
    help="The keys of every role, how many of them have to sign, and which are here.\n\n"
    "\b\nExample:\n  horarium distributor keys list",
)
@pass_invocation
def keys_list(invocation: Invocation) -> None:
    """List them."""
    found = list_keys(invocation.site, invocation.settings, store_of(invocation))
    invocation.emit(
        {"roles": [_document(one) for one in found]}, lambda: "\n".join(map(_line, found))
    )


@keys.command(
    "rotate",
    help="Put a new key in the place of those of a role: root, targets, snapshot, timestamp, "
    "statements, or build.DISTRIBUTION. What the old ones signed is signed anew.\n\n"
    "\b\nExample:\n  horarium distributor keys rotate targets --keep --add kept.pem --threshold 2",
)
@click.argument("role")
@click.option("--add", "added", multiple=True, type=click.Path(path_type=Path),
              help="a file with the public half of a key that is kept elsewhere")  # fmt: skip
@click.option("--threshold", type=click.IntRange(1), help="how many keys have to sign")
@click.option("--keep", is_flag=True, help="make no key: those that the role has stay")
@click.option("--keys", "folder", type=FOLDER, help="a folder with keys that are kept elsewhere")
@DRY_RUN
@pass_invocation
def keys_rotate(
    invocation: Invocation, role: str, added: tuple[Path, ...], threshold: int | None,
    keep: bool, folder: Path | None, dry_run: bool,
) -> None:  # fmt: skip
    """Turn the keys of a role."""
    turn = Turn(role, read_added(added), threshold, keep)
    store, now = store_of(invocation), invocation.clock.now()
    after = rotate(
        invocation.site, invocation.settings, store, turn, now, folder, dry_run=dry_run
    )  # fmt: skip
    would = "would be " if dry_run else ""
    invocation.emit({**_document(after), "dry_run": dry_run}, lambda: would + _line(after))


@keys.command(
    "make",
    help="Make a key in a file of its own, to be kept elsewhere, and print its public half.\n\n"
    "\b\nExample:\n  horarium distributor keys make /media/stick/root-2.key",
)
@click.argument("file", type=click.Path(path_type=Path))
@DRY_RUN
@pass_invocation
def keys_make(invocation: Invocation, file: Path, dry_run: bool) -> None:
    """Make one."""
    public = make_key(file, dry_run=dry_run)
    invocation.emit(
        {"file": str(file), "public": public or None, "dry_run": dry_run},
        public.rstrip() or f"{file}: a key would be made",
    )


@keys.command(
    "export-public",
    help="Print the public halves of the keys of a role that are here.\n\n"
    "\b\nExample:\n  horarium distributor keys export-public root",
)
@click.argument("role")
@pass_invocation
def keys_public(invocation: Invocation, role: str) -> None:
    """Print them."""
    found = public_of(invocation.site, invocation.settings, store_of(invocation), role)
    invocation.emit({"role": role, "public": found}, lambda: "".join(found).rstrip())
