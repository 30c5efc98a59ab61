"""``horarium quota``: limits, groups and delegates of quotas, and what was used of them."""

import sys

import click

from horarium.booking.quota import quota_name
from horarium.booking.quota_table import Row, Table, TableKind, format_table
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.quota_use import quota_expire, quota_journal, quota_list, quota_usage
from horarium.kernel.errors import InvalidInput
from horarium.runtime.directory import read_directory
from horarium.runtime.quota_answers import find_quota
from horarium.runtime.quota_input import LONGEST, read_table
from horarium.runtime.quotas import change_table, declared_groups, foresee_change, table_of
from horarium.runtime.wiring import Store, open_store

_COLUMNS = {
    TableKind.LIMITS: ("identity", "limit"),
    TableKind.GROUPS: ("identity", "group"),
    TableKind.DELEGATES: ("delegate",),
}
_MEANING = {
    TableKind.LIMITS: "How much each user or group may use of a quota: lines of an identity and a "
    'duration, or "*" for no limit; the identity "*" is everybody who is not named, each alone.',
    TableKind.GROUPS: "Which users share their use of a quota: lines of an identity and a group; "
    'the identity "*" is everybody who is not named, a declared group its members.',
    TableKind.DELEGATES: "Which resources stand in for each other: one a line, in the order in "
    "which they are asked.",
}
_EXAMPLE = {
    TableKind.LIMITS: "cat <<EOF | horarium quota limits cars\n"
    "  mailto:vincent.vole@example.com PT10H\n  * PT5H\n  EOF",
    TableKind.GROUPS: "cat <<EOF | horarium quota groups cars\n"
    "  mailto:vincent.vole@example.com developers\n  * others\n  EOF",
    TableKind.DELEGATES: "cat <<EOF | horarium quota delegates cars\n"
    "  mailto:resource-car-cadillac@example.com\n"
    "  mailto:resource-car-pontiac@example.com\n  EOF",
}


@click.group(help="Quotas: limits, groups and delegates, and what was used of them.")
def command() -> None:
    """The group itself does nothing."""


def _table_command(kind: TableKind) -> click.Command:
    """The command that prints or replaces one table."""

    @click.argument("name", metavar="QUOTA")
    @click.option("--show", is_flag=True, help="print the table, as at a terminal")
    @click.option("--merge", is_flag=True, help="add and replace lines, keep the others")
    @click.option("--clear", is_flag=True, help="empty the table")
    @click.option("--dry-run", is_flag=True, help="print what would change, and change nothing")
    @pass_invocation
    def run(
        invocation: Invocation, name: str, show: bool, merge: bool, clear: bool, dry_run: bool
    ) -> int:
        """Print a table, or make it what standard input says."""
        if show + merge + clear > 1:
            raise click.UsageError("--show, --merge and --clear exclude each other")
        if show or (not clear and (sys.stdin is None or sys.stdin.isatty())):
            return _show(invocation, kind, name)
        return _change(invocation, kind, name, merge=merge, clear=clear, dry_run=dry_run)

    text = (
        f"{_MEANING[kind]} Standard input replaces the table, all of it or nothing; at a "
        f"terminal it is printed.\n\n\b\nExample:\n  {_EXAMPLE[kind]}"
    )
    return click.command(kind.value, help=text)(run)


def _show(invocation: Invocation, kind: TableKind, name: str) -> int:
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    found = store.read(lambda tx: find_quota(tx, invocation.settings, name))
    table = store.read(lambda tx: table_of(tx, found, kind))
    invocation.emit(
        {"quota": found, kind.value: _rows(kind, table)}, format_table(table).rstrip("\n")
    )
    return Exit.OK


def _change(
    invocation: Invocation, kind: TableKind, name: str, *, merge: bool, clear: bool, dry_run: bool
) -> int:
    if not name.strip() or not name.isprintable():
        raise InvalidInput("a quota's name is text on one line", part="quota", value=name)
    store = open_store(invocation.site, invocation.settings, invocation.clock)
    if clear:
        table: Table = ()
        name = store.read(lambda tx: find_quota(tx, invocation.settings, name))
    else:
        data = sys.stdin.buffer.read(LONGEST + 1)
        table = read_table(kind, data, store.read(declared_groups))
        name = quota_name(name)
    if dry_run:
        change = store.read(lambda tx: foresee_change(tx, name, kind, table, merge=merge))
    else:
        change = change_table(store, name, kind, table, invocation.clock.now(), merge=merge)
    if kind is TableKind.DELEGATES:
        _warn_of_strangers(invocation, store, change.after)
    store.close()
    invocation.emit(
        {
            "quota": name,
            kind.value: _rows(kind, change.after),
            "before": _rows(kind, change.before),
            "changed": change.before != change.after,
            "dry_run": dry_run,
        },
        lambda: _difference(change.before, change.after) or "nothing to change",
    )
    return Exit.OK


def _warn_of_strangers(invocation: Invocation, store: Store, delegates: Table) -> None:
    directory = store.read(lambda tx: read_directory(tx, invocation.settings))
    for (uri,) in delegates:
        if directory.find(uri) is None:
            invocation.say(f"warning: {uri} is no resource here; it is never chosen")


def _rows(kind: TableKind, table: Table) -> list[dict[str, str]] | list[str]:
    if kind is TableKind.DELEGATES:
        return [row[0] for row in table]
    return [dict(zip(_COLUMNS[kind], row, strict=True)) for row in table]


def _difference(before: Table, after: Table) -> str:
    """The lines that go and come; where only the order changed, the whole table anew."""
    gone = [row for row in before if row not in after]
    come = [row for row in after if row not in before]
    if not gone and not come and before != after:
        come = list(after)
    return "\n".join([*(_signed("-", row) for row in gone), *(_signed("+", row) for row in come)])


def _signed(sign: str, row: Row) -> str:
    return f"{sign} {format_table([row]).rstrip()}"


for _kind in TableKind:
    command.add_command(_table_command(_kind))
for _command in (quota_journal, quota_usage, quota_expire, quota_list):
    command.add_command(_command)
