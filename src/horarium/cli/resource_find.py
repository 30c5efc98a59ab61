"""``horarium resource find``: which resources are free, and what speaks against the others."""

import click

from horarium.booking.finding import Finding, Wish
from horarium.booking.preference_table import feature_key
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.ical.address import Address, parse_address
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.period import Period
from horarium.runtime.documents import finding_document, step_facts
from horarium.runtime.finding import find_resources
from horarium.runtime.wiring import open_store

HOUR = 3_600


@click.command(
    "find",
    help="Which resources are free for a time, the smallest that is large enough first, and what "
    "speaks against each of the others. Who asks counts only with --organizer. Status 1 when none "
    "is free.\n\n"
    "\b\nExample:\n  horarium resource find --from 'tomorrow 9:00' --to 'tomorrow 10:30' "
    "--capacity 8 --feature projector",
)
@click.option("--from", "start", metavar="TIME", default="now", show_default=True)
@click.option("--to", "end", metavar="TIME", help="an hour after --from unless told otherwise")
@click.option("--capacity", metavar="PEOPLE", type=click.IntRange(1), help="so many people")
@click.option("--feature", "features", metavar="WORD", multiple=True, help="may be repeated")
@click.option("--location", metavar="TEXT", default="", help="part of where it is")
@click.option("--organizer", metavar="ADDRESS", help="who would invite it")
@pass_invocation
def resource_find(
    invocation: Invocation,
    start: str,
    end: str | None,
    capacity: int | None,
    features: tuple[str, ...],
    location: str,
    organizer: str | None,
) -> int:
    """Print the free resources and the others with their reasons."""
    first = invocation.moment("--from", start)
    last = invocation.moment("--to", end) if end else Instant(first + HOUR)
    if last <= first:
        raise click.UsageError("--to must lie after --from")
    wish = Wish(
        time=Period(first, last),
        now=invocation.clock.now(),
        people=capacity,
        features=frozenset(feature_key(word) for word in features if word.strip()),
        location=location.strip(),
        organizer=_address(organizer) if organizer is not None else None,
    )
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    found = find_resources(store, invocation.settings, wish)
    free = [finding for finding in found if finding.free]
    others = [finding for finding in found if not finding.free]
    document = {
        "start": format_instant(first),
        "end": format_instant(last),
        "free": [finding_document(finding) for finding in free],
        "others": [finding_document(finding) for finding in others],
    }
    invocation.emit(document, lambda: "\n".join(_lines(free, others)))
    return Exit.OK if free else Exit.NO


def _address(written: str) -> Address:
    try:
        return parse_address(written.removeprefix("mailto:"))
    except InvalidInput as error:
        raise click.UsageError(f"--organizer: {error}: {written}") from error


def _lines(free: list[Finding], others: list[Finding]) -> list[str]:
    lines = [f"{len(free)} free"]
    lines += [f"  {_described(finding)}" for finding in free]
    if others:
        lines.append(f"{len(others)} not")
    for finding in others:
        reasons = "; ".join(
            " ".join((step.reason or step.verdict, *_told(step_facts(step))))
            for step in finding.against
        )
        lines.append(f"  {finding.resource.address.text}  {reasons}")
    return lines


def _told(facts: list[str]) -> list[str]:
    return [f"({', '.join(facts)})"] if facts else []


def _described(finding: Finding) -> str:
    preferences = finding.resource.preferences
    seats = f"{preferences.seats} seats" if preferences.seats is not None else ""
    features = ", ".join(sorted(preferences.features))
    unasked = f"not asked: {', '.join(finding.unasked)}" if finding.unasked else ""
    asks = "asks a person" if finding.asking else ""
    parts = (preferences.name, seats, features, preferences.location, unasked, asks)
    return "  ".join((finding.resource.address.text, *(part for part in parts if part)))
