"""``horarium directives run``: the daemon of one task, one entry by hand, or a replay."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from horarium.cli.daemon_log import log_to_stderr
from horarium.cli.directives_input import (
    busy_of,
    present_only,
    read_file,
    span_of,
    strict_settings,
    valid,
    zone_of_site,
)
from horarium.cli.directives_output import (
    firing_document,
    foreseen_document,
    foreseen_line,
    row_words,
    timers_by_id,
)
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.directives.plan import replay
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import format_instant
from horarium.runtime.by_hand import ByHand
from horarium.runtime.naming import find_timers
from horarium.runtime.one_task import run_one_task
from horarium.runtime.standing import read_view
from horarium.runtime.wiring import open_store

# Of what a program wrote so much is shown; the ledger keeps more.
MOST_LINES = 20


@click.command(
    "run",
    help="Without WHAT: the daemon of one task, in this process, until it is told to stop or a "
    "line ends it; with --once until nothing is due. With the line, name or key of an entry: that "
    "entry once, now, by hand; its grid and next moment stay. With a FILE and --dry-run: replay a "
    "span on an imagined clock, as a daemon started at --from and occupied during --busy would "
    "have run it; executes nothing.\n\n"
    "\b\nExample:\n  horarium directives run 7\n  horarium directives run --task 2 --once\n"
    "  horarium directives run events.ctl --dry-run --from '2026-03-02 13:15' "
    "--to '2026-03-02 19:00'",
)
@click.argument("what", required=False)
@click.option("--task", type=click.IntRange(0, 255), metavar="N", help="default the Master")
@click.option("--once", is_flag=True, help="do what is due, and end")
@click.option("--from", "start", metavar="TIME", help="with --dry-run")
@click.option("--to", "end", metavar="TIME", help="with --dry-run")
@click.option("--dry-run", is_flag=True, help="only replay the file WHAT")
@click.option("--busy", metavar="FROM/TO", multiple=True, help="time taken by other work")
@click.option("--address", metavar="NODE", help="the main address of partial addresses")
@pass_invocation
def run_command(
    invocation: Invocation,
    what: str | None,
    task: int | None,
    once: bool,
    start: str | None,
    end: str | None,
    dry_run: bool,
    busy: tuple[str, ...],
    address: str | None,
) -> int:
    """Run a task, an entry, or a replay."""
    if dry_run:
        if what is None or start is None or end is None:
            raise click.UsageError("--dry-run replays a FILE with --from and --to")
        if once or task is not None:
            raise click.UsageError("--dry-run takes neither --task nor --once")
        return _replay(invocation, Path(what), start, end, busy, address)
    if start or end or busy or address:
        raise click.UsageError("--from, --to, --busy and --address belong to --dry-run")
    present_only(invocation, "directives run")
    if what is None:
        return _serve(invocation, task, once)
    if once:
        raise click.UsageError("--once serves a task; an entry is run once anyway")
    return _by_hand(invocation, what, task)


def _replay(
    invocation: Invocation, file: Path, start: str, end: str, busy: tuple[str, ...],
    address: str | None,
) -> int:  # fmt: skip
    found = valid(read_file(invocation, file, address))
    first, last = span_of(invocation, start, end)
    zone = zone_of_site(invocation)
    items = replay(found, zone, first, last, [busy_of(invocation, text) for text in busy])
    runs = [item for item in items if item.happens]
    invocation.emit(
        {
            "runs": [{**foreseen_document(item), "due": format_instant(item.due)} for item in runs],
            "skipped": [foreseen_document(item) for item in items if not item.happens],
        },
        lambda: "\n".join(foreseen_line(invocation, item, zone) for item in items) or "nothing",
    )
    return Exit.OK


def _serve(invocation: Invocation, task: int | None, once: bool) -> int:
    """The daemon of one task; the status of an Exit, else 0."""
    settings = strict_settings(invocation)
    number = settings.directives.master_task if task is None else task
    log_to_stderr()
    store = open_store(invocation.site, settings, invocation.clock)

    def ready() -> None:
        if not once:
            invocation.say(f"serving task {number} of {invocation.site.root}")

    try:
        return asyncio.run(
            run_one_task(
                invocation.site,
                lambda: strict_settings(invocation),
                invocation.clock,
                store,
                number,
                once=once,
                ready=ready,
            )
        )
    finally:
        store.close()


def _by_hand(invocation: Invocation, what: str, task: int | None) -> int:
    """One entry, now: 0 when it finished, 1 when it failed or can not be run."""
    settings = strict_settings(invocation)
    store = open_store(invocation.site, settings, invocation.clock, create=False)
    view = read_view(store, settings, invocation.clock.now())
    timers = find_timers(view, what, task)
    if len(timers) > 1:
        numbers = ", ".join(str(timer.task) for timer in timers)
        raise InvalidInput(
            f"{what} stands for tasks {numbers}: choose with --task", part="task", value=what
        )
    hand = ByHand(invocation.site, settings, invocation.clock, store)
    with _stopped_by_signals(hand):
        row = hand.run(timers[0])
    store.close()
    output = row.output.decode("utf-8", "replace")
    invocation.emit(
        {**firing_document(row, timers_by_id(view)), "output": output},
        lambda: "\n".join([_result(row.id, timers[0].text, row_words(row), row.status),
                           *output.splitlines()[:MOST_LINES]]),
    )  # fmt: skip
    return Exit.OK if row.state == "finished" else Exit.NO


@contextmanager
def _stopped_by_signals(hand: ByHand) -> Iterator[None]:
    """While this lasts, SIGTERM and SIGINT end the run in order."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {n: signal.signal(n, lambda *_: hand.stop.set()) for n in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _result(run: int, text: str, words: str, status: int | None) -> str:
    told = f", status {status}" if status is not None else ""
    return f"run {run}: {text}: {words}{told}"
