"""``horarium distribution``: sets of files with their versions, and the whole realm around them."""

from __future__ import annotations

from pathlib import Path

import click

from horarium.cli.distribution_acts import adopt, build, rollback
from horarium.cli.distribution_lint import distribution_check, distribution_simulate
from horarium.cli.distribution_told import distribution_report, status, why
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.realm_objects import DRY_RUN, object_commands, store_of, tell
from horarium.cli.realm_preview import preview_command
from horarium.runtime.applying import apply_objects
from horarium.runtime.exporting import as_toml, export_objects
from horarium.runtime.objects import DISTRIBUTED, read_objects


@click.group(help="Distributions: sets of files with versions, built, sent and extracted.")
def command() -> None:
    """The group itself does nothing."""


object_commands(command, "distribution")
command.add_command(distribution_check)
command.add_command(distribution_simulate)
command.add_command(preview_command("distribution"))
for act in (adopt, build, rollback, status, why, distribution_report):
    command.add_command(act)


@command.command(
    "export",
    help="All objects of distribution as TOML; importing what is printed changes nothing.\n\n"
    "Example: horarium distribution export > realm.toml",
)
@pass_invocation
def distribution_export(invocation: Invocation) -> None:
    """Print the realm."""
    found = export_objects(store_of(invocation), None, None)
    realm = {kind: found[kind] for kind in DISTRIBUTED}
    invocation.emit(realm, lambda: as_toml(realm).rstrip())


@command.command(
    "import",
    help="Take objects of distribution from files, all or none; as apply, which takes every kind "
    "of object.\n\nExample: horarium distribution import realm.toml --dry-run",
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@DRY_RUN
@pass_invocation
def distribution_import(invocation: Invocation, paths: tuple[Path, ...], dry_run: bool) -> None:
    """Apply files of the realm."""
    declared = read_objects(paths)
    for warning in declared.warnings:
        invocation.say(f"warning: {warning}")
    strange = sorted({kind for kind, _, _ in declared.digests} - set(DISTRIBUTED))
    if strange:
        raise click.UsageError(f"objects of the kind {', '.join(strange)}: use horarium apply")
    store, now = store_of(invocation, create=True), invocation.clock.now()
    changes = apply_objects(store, declared, now, prune=False, dry_run=dry_run)
    tell(invocation, "realm", changes, dry_run=dry_run)
