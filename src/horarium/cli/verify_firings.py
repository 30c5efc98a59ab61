"""``horarium verify-firings``: whether what ran is what was demanded, over real evidence."""

from collections.abc import Iterable
from pathlib import Path

import click

from horarium.cli.directives_input import moment_of, zone_of_site
from horarium.cli.directives_output import clock, shown, task_number
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.directives.verify import Verdict
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.zone import Zone
from horarium.runtime.evidence import Witnessed, gather, judge, read_testimony
from horarium.runtime.standing import Timer
from horarium.runtime.wiring import open_store


@click.command(
    help="Whether every moment had its run, in time and once, as the schedules demanded while "
    "their tasks were up and free; by the ledger, or by what programs wrote of their own runs. "
    "Status 1 when anything was wrong.\n\n"
    "An evidence file has a line for each beginning, RUN_ID ENTRY START - PID BOOT_ID, and one for "
    "each end, RUN_ID ENTRY START END PID BOOT_ID, with times in seconds since 1970 or RFC 3339; "
    "RUN_ID and ENTRY are HORARIUM_RUN_ID and HORARIUM_ENTRY of the program's environment. It "
    "counts in place of the ledger for the entries it names.\n\n"
    "\b\nExample:\n  horarium verify-firings --since -7d"
)
@click.option("--kind", type=click.Choice(["directives"]), default="directives", show_default=True)
@click.option("--since", metavar="TIME", default="-1d", show_default=True)
@click.option(
    "--evidence", metavar="FILE", multiple=True, type=click.Path(path_type=Path),
    help="what programs wrote of their runs",
)  # fmt: skip
@click.option(
    "--epsilon", type=click.FloatRange(0, 3_600), default=1.0, show_default=True, metavar="SECONDS",
    help="how late a run may begin; a second at least, as that is how the ledger counts",
)  # fmt: skip
@pass_invocation
def command(
    invocation: Invocation, kind: str, since: str, evidence: tuple[Path, ...], epsilon: float
) -> int:
    """Print the verdicts."""
    now = invocation.clock.now()
    first = moment_of(invocation, "--since", since)
    if first >= now:
        raise click.UsageError("--since must lie before now")
    witnessed = [one for file in evidence for one in _witnessed(file)]
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    record = gather(store, first, now)
    found = judge(
        record, invocation.settings, first, now, epsilon=epsilon, witnessed=witnessed
    )  # fmt: skip
    zone = zone_of_site(invocation)
    runs = sum(1 for row in record.runs if row.started is not None and row.started >= first)
    invocation.emit(
        {
            "kind": kind,
            "since": format_instant(first),
            "until": format_instant(now),
            "entries": len(record.timers),
            "runs": runs,
            "verdicts": [verdict_document(v, record.timers) for v in found],
        },
        lambda: "\n".join(
            [verdict_line(v, record.timers, zone) for v in found]
            + [f"{len(record.timers)} entries, {runs} runs, {len(found)} wrong"]
        ),
    )
    return Exit.NO if found else Exit.OK


def _witnessed(file: Path) -> list[Witnessed]:
    with file.open(encoding="utf-8", errors="replace") as lines:
        return read_testimony(lines, str(file))


def verdict_document(verdict: Verdict, timers: Iterable[Timer]) -> dict[str, object]:
    """A verdict in JSON, with the entry it is about."""
    timer = _timer(verdict, timers)
    return {
        "verdict": verdict.kind.value,
        "at": format_instant(Instant(int(verdict.at))),
        "key": verdict.entry,
        "run": verdict.run or None,
        "line": timer.line if timer is not None else None,
        "name": timer.name if timer is not None else None,
        "task": task_number(timer.task) if timer is not None else None,
        "text": timer.text if timer is not None else None,
        "detail": verdict.detail,
    }


def verdict_line(verdict: Verdict, timers: Iterable[Timer], zone: Zone) -> str:
    """A verdict for people."""
    timer = _timer(verdict, timers)
    who = verdict.entry[:12]
    if timer is not None:
        who = f"{shown(timer.line, timer.name)}  {timer.text}"
    run = f" (run {verdict.run})" if verdict.run else ""
    at = clock(Instant(int(verdict.at)), zone)
    return f"{at}  {verdict.kind.value}  {who}: {verdict.detail}{run}"


def _timer(verdict: Verdict, timers: Iterable[Timer]) -> Timer | None:
    """The newest timer of the entry."""
    found = None
    for timer in timers:
        if timer.entry == verdict.entry:
            found = timer
    return found
