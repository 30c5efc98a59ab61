"""``horarium distribution status|why|report`` and ``subscriber status``: how far versions are, and
why not further."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.lists import lines_of, several
from horarium.cli.output import emit, safe
from horarium.cli.realm_objects import store_of
from horarium.kernel.duration import parse_duration
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.tiers.reports import COLUMNS, Filter, as_csv, as_table, report
from horarium.runtime.tiers.status import (
    status_document,
    status_lines,
    subscriber_lines,
    watch_list,
)
from horarium.runtime.tiers.why import why_not

WATCH_SECONDS = 1.0
# Nothing more comes of these by itself.
_RESTS = ("extracted", "superseded", "unsubscribed", "forward_only")

Document = dict[str, Any]
WATCH = click.option("--watch", is_flag=True, help="draw it anew each second until all have it")


def _told(
    invocation: Invocation, watch: bool, read: Callable[[Instant], Document],
    lines: Callable[[Document], Iterable[str]], nodes: Callable[[Document], list[Document]],
) -> Document:  # fmt: skip
    """Prints a document once, or each second as long as something is awaited. Where no terminal
    shows it, only what changed is printed again."""
    last = ""
    while True:
        document = read(invocation.clock.now())
        text = "\n".join(lines(document))
        if not watch or invocation.options.json:
            invocation.emit(document, text)
        elif text != last:
            home = "\x1b[H\x1b[2J" if sys.stdout.isatty() else ""
            print(home + safe(text), flush=True)
        last = text
        if not watch or all(node["state"] in _RESTS for node in nodes(document)):
            return document
        asyncio.run(invocation.clock.sleep(WATCH_SECONDS))


@click.command(
    "status",
    help="How far each expected receiver is with the newest versions, and why not further; silent "
    "ones too, and what the schedules wanted and did not get. Status 1 when there is no version."
    "\n\n\b\nExample:\n  horarium distribution status intranet --watch",
)
@click.argument("name")
@click.option("--versions", default=1, show_default=True, help="how many of the newest")
@WATCH
@pass_invocation
def status(invocation: Invocation, name: str, versions: int, watch: bool) -> int:
    """Print how far everybody is."""
    store, settings = store_of(invocation), invocation.settings

    def lines(found: Document) -> Iterable[str]:
        return list(status_lines(found)) or [f"{name}: no version"]

    document = _told(
        invocation, watch, lambda now: status_document(store, settings, name, versions, now), lines,
        lambda found: [node for one in found["versions"] for node in one["nodes"]],
    )  # fmt: skip
    return Exit.OK if document["versions"] else Exit.NO


@click.command(
    "status",
    help="How far subscribers, or the members of @GROUP, are with the newest version of everything "
    "they get.\n\n"
    "\b\nExamples:\n  horarium subscriber status s1\n"
    "  horarium subscriber status s1 @branches --file watched --watch",
)
@click.argument("names", metavar="[NAME|@GROUP]…", nargs=-1)
@click.option("--file", "file", type=click.Path(path_type=Path), help="names, one a line")
@WATCH
@pass_invocation
def subscriber_status(
    invocation: Invocation, names: tuple[str, ...], file: Path | None, watch: bool
) -> None:
    """Print how far they are."""
    wanted = several([*names, *(lines_of(file) if file is not None else ())])
    if not wanted:
        raise click.UsageError("name at least one subscriber, or --file")
    alone = len(wanted) == 1 and not wanted[0].startswith("@") and file is None
    store, settings = store_of(invocation), invocation.settings

    def read(now: Instant) -> Document:
        found = watch_list(store, settings, wanted, now)
        return dict(found[0]) if alone else {"subscribers": found}

    def listed(found: Document) -> list[Document]:
        return [found] if alone else found["subscribers"]

    _told(
        invocation, watch, read,
        lambda found: [line for one in listed(found) for line in subscriber_lines(one)],
        lambda found: [node for one in listed(found) for node in one["distributions"]],
    )  # fmt: skip


@click.command(
    "why",
    help="Why a subscriber does not have a version in use: one chain of causes up to where the "
    "next change lies, and when that is.\n\n"
    "\b\nExample:\n  horarium distribution why intranet s1",
)
@click.argument("name")
@click.argument("subscriber")
@click.option("--version", "number", type=click.IntRange(1), help="this one, not the newest")
@pass_invocation
def why(invocation: Invocation, name: str, subscriber: str, number: int | None) -> None:
    """Print the chain."""
    store, now = store_of(invocation), invocation.clock.now()
    found = why_not(store, invocation.settings, name, subscriber, now, number)
    invocation.emit(found, str(found["said"]))


@click.command(
    "report",
    help="detail: what was sent to whom, received and extracted. history: versions and their "
    "sizes. failures: builds that made no version. windows: those that were opened by hand. "
    "subscriber: everything that one node got; NAME is then a subscriber. late: who has not "
    "extracted, some time after the build.\n\n"
    "\b\nExample:\n  horarium distribution report intranet late --after 2d --format csv",
)
@click.argument("name")
@click.argument("kind", type=click.Choice(list(COLUMNS)))
@click.option("--format", "form", type=click.Choice(["text", "csv", "json"]), default="text")
@click.option("--from", "start", metavar="TIME", default=None, help="what was from then on")
@click.option("--to", "end", metavar="TIME", default=None, help="and before then")
@click.option("--newest", is_flag=True, help="the newest version only")
@click.option("--subscriber", "subscribers", metavar="NAME", multiple=True,
              help="these receivers only; may be repeated, or have commas")  # fmt: skip
@click.option("--after", metavar="DURATION", default="1d", show_default=True, help="what is late")
@pass_invocation
def distribution_report(
    invocation: Invocation, name: str, kind: str, form: str, start: str | None, end: str | None,
    newest: bool, subscribers: tuple[str, ...], after: str,
) -> int:  # fmt: skip
    """Print a report."""
    now = invocation.clock.now()
    first = invocation.moment("--from", start) if start is not None else Instant(0)
    last = invocation.moment("--to", end) if end is not None else Instant(now + 1)
    if first >= last:
        raise click.UsageError("--to: it lies after --from")
    chosen = Filter(
        Period(first, last), newest, frozenset(several(subscribers)), _seconds(after)
    )  # fmt: skip
    rows = report(store_of(invocation), invocation.settings, name, kind, chosen, now)
    if form == "json" or invocation.options.json:
        told = {"id": name, "report": kind, "rows": rows}
        emit(invocation.options._replace(json=True), told, "")
    elif form == "csv":
        print(safe(as_csv(kind, rows)))
    else:
        invocation.emit({}, as_table(kind, rows) if rows else "nothing")
    return Exit.OK if rows else Exit.NO


def _seconds(text: str) -> int:
    try:
        return parse_duration(text).exact
    except InvalidInput as error:
        raise click.UsageError(f"--after: {error}") from error
