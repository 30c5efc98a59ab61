"""``horarium doctor``: how the service is, with a remedy for what is not well."""

import asyncio

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.runtime.directory import read_directory
from horarium.runtime.health import Finding, examine, round_trip
from horarium.runtime.questions import shown
from horarium.runtime.wiring import Store, open_store


@click.command(
    help="Say how the service is: store, daemon, mails, resources; a remedy beside what is not "
    "well. With --mail a question for free/busy goes through the mail system and back; nothing is "
    "booked.\n\n\b\nExample:\n  horarium doctor --mail --from calendar@example.com"
)
@click.option("--mail", is_flag=True, help="send a question round through the mail system")
@click.option("--from", "sender", metavar="ADDRESS", help="who asks; default mail.sender")
@click.option("--to", "resource", metavar="ID", help="who is asked; default the first resource")
@pass_invocation
def command(invocation: Invocation, mail: bool, sender: str | None, resource: str | None) -> int:
    """Print the findings; status 1 when something failed."""
    settings, site = invocation.settings, invocation.site
    store = open_store(site, settings, invocation.clock, create=False)
    findings = list(examine(site, settings, store, invocation.clock.now()))
    if mail:
        findings.append(_round(invocation, store, sender, resource))
    invocation.emit(
        {
            "findings": [
                {"part": f.part, "state": f.state, "found": f.found, "remedy": f.remedy or None}
                for f in findings
            ]
        },
        lambda: "\n".join(_line(finding) for finding in findings),
    )
    return Exit.NO if any(finding.state == "fail" for finding in findings) else Exit.OK


def _round(
    invocation: Invocation, store: Store, sender: str | None, resource: str | None
) -> Finding:
    settings = invocation.settings
    asker = sender or settings.mail.sender
    if asker is None:
        raise click.UsageError("--mail needs --from ADDRESS, or mail.sender")
    directory = store.read(lambda tx: read_directory(tx, settings))
    if resource is None and not directory.registered:
        return Finding("mail", "warn", "there is no resource to ask", "horarium apply")
    asked = resource or shown(directory.registered[0])
    return asyncio.run(round_trip(invocation.site, settings, store, invocation.clock, asker, asked))


def _line(finding: Finding) -> str:
    remedy = f"  -> {finding.remedy}" if finding.remedy else ""
    return f"{finding.state:<4} {finding.part:<11} {finding.found}{remedy}"
