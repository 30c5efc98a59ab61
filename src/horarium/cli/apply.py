"""``horarium apply``: what object files declare takes effect, all of it or nothing."""

from pathlib import Path

import click

from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.realm_objects import say_waiting
from horarium.runtime.applying import apply_objects
from horarium.runtime.declared import review_directives
from horarium.runtime.faults import BadObjects
from horarium.runtime.holidays import lay_down_declared
from horarium.runtime.objects import read_objects
from horarium.runtime.review import review
from horarium.runtime.wiring import open_store


@click.command(
    help="Make declared objects take effect: all or nothing, again without change. Prints what "
    "changed; running daemons see it at once, distribution at its next refresh.\n\n"
    "\b\nExample:\n  horarium apply objects/"
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="print what would change, and change nothing")
@click.option("--prune", is_flag=True, help="remove what no file declares any more")
@pass_invocation
def command(invocation: Invocation, paths: tuple[Path, ...], dry_run: bool, prune: bool) -> None:
    """Apply the files, and folders of files, named by ``paths``."""
    declared = read_objects(paths)
    wrong, odd = review(declared)
    if wrong:
        raise BadObjects(wrong)
    now = invocation.clock.now()
    laid, wrong = lay_down_declared(declared, invocation.site.root, now)
    if wrong:
        raise BadObjects(wrong)
    odd += review_directives(declared, invocation.settings, now)
    for warning in (*declared.warnings, *(str(fault) for fault in odd)):
        invocation.say(f"warning: {warning}")
    store = open_store(invocation.site, invocation.settings, invocation.clock)
    changes = apply_objects(store, declared, now, prune=prune, dry_run=dry_run, laid=laid)
    invocation.emit(
        {
            "changes": [{"kind": c.kind, "id": c.id, "what": c.what} for c in changes],
            "dry_run": dry_run,
        },
        lambda: "\n".join(str(change) for change in changes) or "nothing to change",
    )
    if changes and not dry_run:
        say_waiting(invocation, store)
    store.close()
