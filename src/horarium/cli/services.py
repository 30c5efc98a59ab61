"""``horarium service``: the kinds of appointment that are offered."""

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.slots import open_desk, open_generators


@click.group(help="Services: the kinds of appointment that are offered.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "list", help="The services. Status 1 when there is none.\n\nExample: horarium service list"
)
@pass_invocation
def service_list(invocation: Invocation) -> int:
    """List them."""
    found = open_desk(invocation).services(invocation.clock.now(), published=False)
    invocation.emit(
        {"services": [{"id": s.id, "name": s.name, "by": s.by, "durations": list(s.durations),
                       "published": s.published} for s in found]},
        lambda: "\n".join(f"{s.id}  {s.title}  by {s.by}" for s in found) or "no service",
    )  # fmt: skip
    return Exit.OK if found else Exit.NO


@command.command(
    "show", help="A service as it was written.\n\nExample: horarium service show checkup"
)
@click.argument("name", metavar="ID")
@pass_invocation
def service_show(invocation: Invocation, name: str) -> None:
    """Print it."""

    def keys(site):  # type: ignore[no-untyped-def]
        site.offers.service(name)
        return dict(site.offers.keys("service", name))

    found = open_generators(invocation).survey(invocation.clock.now(), keys)
    invocation.emit(
        {"id": name, **found}, lambda: "\n".join(f"{key}: {value}" for key, value in found.items())
    )
