"""``horarium import exchange``: booking policies of Exchange as preferences."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from horarium.booking.exchange import Translation, translate
from horarium.booking.format_list import read_format_list
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.kernel.errors import InvalidInput
from horarium.runtime.exporting import as_toml
from horarium.runtime.faults import BadObjects, Fault

UNKNOWN = "ADDRESS"


@click.command(
    "exchange",
    help="Print, as an object file, the preferences that the booking policies of Exchange mean. "
    "FILE is what Get-CalendarProcessing NAME | Format-List prints; Get-Mailbox and "
    "Get-MailboxCalendarConfiguration may be printed into it too. Nothing is changed, and what has "
    "no counterpart is listed. Status 65 when a value cannot be read.\n\n"
    "\b\nExample:\n  horarium import exchange rooms.txt --resource room@example.com > room.toml",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--resource", metavar="ADDRESS", help="whose they are, where the text does not say")
@pass_invocation
def import_exchange(invocation: Invocation, file: Path, resource: str | None) -> int:
    """Translate the file."""
    try:
        objects = read_format_list(_decoded(file.read_bytes()))
    except InvalidInput as error:
        line = error.part.removeprefix("line ")
        number = int(line) if line.isdigit() else 0
        raise BadObjects([Fault(str(file), number, 1, "", str(error))]) from error
    found = [translate(given) for given in objects]
    if resource is not None and len(found) == 1:
        found[0].address = resource.removeprefix("mailto:")
    elif resource is not None:
        raise click.UsageError(f"--resource names one, and {file} has {len(found)}")
    document = {"resources": [_document(item) for item in found]}
    invocation.emit(document, lambda: "\n".join(_text(file, found)).rstrip())
    wrong = [
        f"{file}:{left.written.line}: {left.written.name}: {left.why}"
        for item in found
        for left in item.left
        if left.wrong
    ]
    for sentence in wrong:
        invocation.say(sentence)
    return Exit.DATA if wrong else Exit.OK


def _decoded(data: bytes) -> str:
    # PowerShell's `>` writes UTF-16 with its mark.
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8-sig", "replace")


def _document(item: Translation) -> dict[str, object]:
    return {
        "id": item.address or None,
        "preferences": item.preferences,
        "not_available": item.unavailable,
        "left": [
            {
                "name": left.written.name,
                "value": left.written.value,
                "line": left.written.line,
                "message": left.why,
            }
            for left in item.left
        ],
    }


def _text(file: Path, found: list[Translation]) -> Iterator[str]:
    for item in found:
        if not item.address:
            yield f"# {file} does not say whose this is: put its address for {UNKNOWN}"
        table = {"resource": {item.address or UNKNOWN: item.preferences}}
        yield as_toml(table).rstrip()
        yield from _comments(item.unavailable)
        for left in item.left:
            value = " ".join(left.written.value.split())[:120]
            yield f"# line {left.written.line}: {left.written.name} : {value} - {left.why}"
        yield ""


def _comments(unavailable: Mapping[str, object]) -> Iterator[str]:
    for name, value in unavailable.items():
        yield f"# not available in this version: {name} = {json.dumps(value, ensure_ascii=False)}"
