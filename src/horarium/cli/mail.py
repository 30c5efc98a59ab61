"""``horarium mail``: what came, and the lines that make a mail system hand its mail over."""

import click

from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.mail_log import mail_log, quarantine
from horarium.runtime.mail_snippets import SYSTEMS, snippet
from horarium.runtime.objects import read_objects


@click.group(help="What came by mail, what is kept, and lines for the mail system.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "snippet",
    help="Print the lines that hand the mail of the declared resources over, and name the files "
    "to put them in.\n\n\b\nExample:\n  horarium mail snippet postfix",
)
@click.argument("system", type=click.Choice(SYSTEMS))
@pass_invocation
def mail_snippet(invocation: Invocation, system: str) -> None:
    """Print the configuration of ``system`` for the declared resources."""
    settings, site = invocation.settings, invocation.site
    declared = read_objects([site.objects]) if site.objects.is_dir() else None
    addresses = sorted(declared.spellings.values()) if declared else []
    parts = snippet(system, settings.mail.lmtp, addresses, str(site.root))
    invocation.emit(
        {"system": system, "files": [{"file": file, "text": text} for file, text in parts]},
        "\n".join(f"### {file}\n{text}" for file, text in parts),
    )


command.add_command(mail_log)
command.add_command(quarantine)
