"""What is kept of one quota, as the files that imip-agent keeps of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from horarium.booking.imip_agent import Record
from horarium.booking.imip_agent_writing import (
    identity_uri,
    in_order,
    write_line,
    write_record,
    written_out,
)
from horarium.booking.quota_table import Groups, TableKind, kept_table
from horarium.kernel.errors import InvalidInput
from horarium.runtime.imip_agent_source import Finding, Weight
from horarium.runtime.imip_agent_tree import Outfile, file_of_lines
from horarium.store.store import Transaction

Part = Outfile | Finding


def table_files(name: str, tables: Mapping[TableKind, object], groups: Groups) -> Iterator[Part]:
    """The limits, groups and delegates of a quota, from what is kept."""
    for kind in TableKind:
        try:
            rows = kept_table(kind, tables.get(kind))
        except InvalidInput as error:
            yield Finding(Weight.FAULT, f"quota {name}", f"{error}; left out")
            continue
        members = groups if kind is TableKind.GROUPS else {}
        lines = map(write_line, written_out(rows, members))
        yield from file_of_lines(("journal", name, kind.value), lines)


def journal_files(tx: Transaction, name: str) -> Iterator[Part]:
    """What is charged to a quota, a file for each identity, and its free/busy, a file for each
    organizer. A charge that waits for an approver is told, and left out."""
    journal: dict[str, list[Record]] = {}
    pending = 0
    for item in tx.quotas.journal(name):
        charge = item.charge
        pending += charge.pending
        if not charge.pending:
            organizer = identity_uri(charge.organizer)
            row = Record(0, charge.event, item.uid, "OPAQUE", "", "", organizer, item.resource)
            journal.setdefault(identity_uri(charge.identity), []).append(row)
    if pending:
        said = f"{pending} charges of what waits for an approver; left out"
        yield Finding(Weight.DIFFERENCE, f"quota {name}", said)
    for identity, rows in journal.items():
        wide = (write_record(row, wide=True) for row in sorted(rows, key=in_order))
        yield from file_of_lines(("journal", name, "journal", identity), wide)
    for organizer, rows in _claims(tx, name).items():
        lines = map(write_record, sorted(rows, key=in_order))
        yield from file_of_lines(("journal", name, "freebusy-other", organizer), lines)


def _claims(tx: Transaction, name: str) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for resource, uid in tx.quotas.events(name):
        for claim in tx.quotas.claims_of_event(resource, uid):
            if claim.quota == name:
                organizer = identity_uri(claim.organizer)
                row = Record(0, claim.event, uid, "OPAQUE", "", "", organizer)
                found.setdefault(organizer, []).append(row)
    return found
