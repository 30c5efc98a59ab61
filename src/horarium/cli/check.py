"""``horarium check``: what is wrong, or looks wrong, with settings and declared objects."""

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.output import safe
from horarium.runtime.declared import review_directives
from horarium.runtime.drifting import drifts
from horarium.runtime.faults import BadObjects, BadSettings, Fault
from horarium.runtime.holidays import lay_down_declared
from horarium.runtime.objects import read_objects
from horarium.runtime.realm import review_realm
from horarium.runtime.review import review
from horarium.runtime.settings import default_settings, load_settings


@click.command(
    help="Say what is wrong with the settings and the declared objects, with file and line. "
    "Executes and contacts nothing.\n\n\b\nExample:\n  horarium check --strict"
)
@click.option("--strict", is_flag=True, help="end with status 1 when there are warnings")
@pass_invocation
def command(invocation: Invocation, strict: bool) -> int:
    """Review the site; the status is that of the worst finding."""
    import os

    errors: list[Fault] = []
    warnings: list[str] = []
    status = Exit.OK
    settings = default_settings()
    try:
        settings = load_settings(invocation.site, os.environ)
        warnings.extend(settings.warnings)
    except BadSettings as found:
        errors.extend(found.faults)
        status = Exit.SETTINGS
    try:
        objects = invocation.site.objects
        declared = read_objects([objects] if objects.is_dir() else [])
        warnings.extend(declared.warnings)
        found_wrong, found_odd = review(declared)
        now = invocation.clock.now()
        found_wrong += lay_down_declared(declared, invocation.site.root, now)[1]
        found_odd += review_directives(declared, settings, now)
        found_wrong += review_realm(declared, settings)
        warnings.extend(drifts(invocation.site, settings, invocation.clock))
        errors.extend(found_wrong)
        warnings.extend(str(fault) for fault in found_odd)
        if declared.persons and settings.mail.local_delivery is None:
            warnings.append("mail.local_delivery is not set: the mail of persons is kept here")
        if found_wrong:
            status = status or Exit.DATA
    except BadObjects as found:
        errors.extend(found.faults)
        status = status or Exit.DATA
    _print(invocation, errors, warnings)
    if status is Exit.OK and warnings and strict:
        return Exit.NO
    return status


def _print(invocation: Invocation, errors: list[Fault], warnings: list[str]) -> None:
    for fault in errors:
        click.echo(safe(str(fault)), err=True)
    if not invocation.options.json:
        for warning in warnings:
            click.echo(safe(f"warning: {warning}"), err=True)
    clean = not errors and not warnings
    invocation.emit(
        {
            "errors": [
                {
                    "file": fault.file,
                    "line": fault.line or None,
                    "column": fault.column or None,
                    "path": fault.path or None,
                    "message": fault.message,
                }
                for fault in errors
            ],
            "warnings": warnings,
        },
        "nothing is wrong" if clean and not invocation.options.quiet else "",
    )
