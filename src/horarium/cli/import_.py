"""``horarium import``: existing bookings are taken over from files."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from horarium.booking.importing import Imported, event_lines, read_exports
from horarium.cli.exits import Exit
from horarium.cli.import_exchange import import_exchange
from horarium.cli.import_imip_agent import import_agent
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.kernel.errors import InvalidInput, LimitReached
from horarium.runtime.importing import import_into
from horarium.runtime.wiring import open_store


@click.group(help="Take existing bookings and policies over.")
def command() -> None:
    """The group itself does nothing."""


command.add_command(import_exchange)
command.add_command(import_agent)


@command.command(
    "ics",
    help="Take the bookings of RESOURCE over from iCalendar files. Every event keeps its UID, so "
    "that later updates apply; nothing is judged and no mail leaves. Overlaps are listed.\n\n"
    "\b\nExample:\n  horarium import ics room@example.com export.ics",
)
@click.argument("resource")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="say what would be taken over, and change nothing")
@pass_invocation
def import_ics(
    invocation: Invocation, resource: str, files: tuple[Path, ...], dry_run: bool
) -> int:
    """Import the files; status 65 when something in them could not be taken over."""
    store = open_store(invocation.site, invocation.settings, invocation.clock)
    now = invocation.clock.now()
    results: list[tuple[Path, Imported]] = []
    lines: dict[Path, dict[str, int]] = {}
    for path in files:
        data = path.read_bytes()
        try:
            events = list(read_exports(data))
        except (InvalidInput, LimitReached) as error:
            results.append((path, Imported("", problem=str(error))))
            continue
        found = import_into(store, invocation.settings, resource, events, now, dry_run=dry_run)
        results.extend((path, item) for item in found)
        if any(item.problem for item in found):
            lines[path] = event_lines(data)
    _print(invocation, results, lines, dry_run)
    return Exit.DATA if any(item.problem for _, item in results) else Exit.OK


def _print(
    invocation: Invocation,
    results: list[tuple[Path, Imported]],
    lines: Mapping[Path, Mapping[str, int]],
    dry_run: bool,
) -> None:
    taken = [item for _, item in results if item.change is not None]
    document = {
        "dry_run": dry_run,
        "imported": [
            {"uid": item.uid, "periods": _periods(item), "overlaps": item.overlaps}
            for item in taken
        ],
        "known": [item.uid for _, item in results if item.known],
        "problems": [
            {
                "file": str(path),
                "line": lines.get(path, {}).get(item.uid),
                "uid": item.uid or None,
                "message": item.problem,
            }
            for path, item in results
            if item.problem
        ],
    }
    invocation.emit(document, lambda: "\n".join(_lines(results, lines)))


def _periods(item: Imported) -> int:
    return len(item.change.reservations) if item.change is not None else 0


def _lines(
    results: list[tuple[Path, Imported]], lines: Mapping[Path, Mapping[str, int]]
) -> Iterator[str]:
    taken = known = 0
    for path, item in results:
        if item.problem:
            line = lines.get(path, {}).get(item.uid)
            place = f"{path}:{line}" if line is not None else f"{path}"
            yield f"{place}: {item.uid or 'calendar'}: {item.problem}"
        known += item.known
        if item.change is not None:
            taken += 1
            for start in item.overlaps:
                yield f"{item.uid}: above the capacity at {start}, kept"
    yield f"taken over {taken}, known already {known}"
