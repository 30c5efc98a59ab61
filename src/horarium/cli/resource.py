"""``horarium resource``: the resources and their preferences."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence

import click

from horarium.booking.diagram import data_of, question_of, resource_diagram
from horarium.booking.preferences import Layer
from horarium.cli.diagrams import drawn_as
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.resource_find import resource_find
from horarium.runtime.changing import add_resource, remove_resource, set_preference
from horarium.runtime.directory import Registered, read_directory
from horarium.runtime.questions import find_object, shown
from horarium.runtime.wiring import Store, open_store


@click.group(help="The resources and their preferences.")
def command() -> None:
    """The group itself does nothing."""


command.add_command(resource_find)


def _store(invocation: Invocation) -> Store:
    return open_store(invocation.site, invocation.settings, invocation.clock, create=False)


@command.command("list", help="All resources.\n\n\b\nExample:\n  horarium resource list")
@pass_invocation
def resource_list(invocation: Invocation) -> None:
    """List the resources in the order of their addresses."""
    directory = _store(invocation).read(lambda tx: read_directory(tx, invocation.settings))
    documents = [
        {
            "id": shown(user),
            "name": user.resource.preferences.name or None,
            "zone": user.resource.zone.name,
            "fault": user.resource.fault or None,
        }
        for user in directory.registered
    ]
    invocation.emit(
        {"resources": documents},
        lambda: "\n".join(_line(user) for user in directory.registered) or "no resources",
    )


def _line(user: Registered) -> str:
    name = user.resource.preferences.name
    fault = f"  out of order: {user.resource.fault}" if user.resource.fault else ""
    return f"{shown(user)}  {name or ''}  {user.resource.zone.name}{fault}"


@command.command(
    "show",
    help="The preferences of a resource, and where each value comes from.\n\n"
    "\b\nExample:\n  horarium resource show resource-room-confroom@example.com",
)
@click.argument("name", metavar="ID")
@pass_invocation
def resource_show(invocation: Invocation, name: str) -> None:
    """Print every preference with its layer."""
    user = _store(invocation).read(lambda tx: find_object(tx, invocation.settings, name))
    preferences = user.resource.preferences
    rows = {
        key: {"value": preferences.written[key], "layer": layer.value}
        for key, layer in preferences.layers.items()
    }
    invocation.emit(
        {
            "id": shown(user),
            "kind": user.kind,
            "declared_in": user.declared_in,
            "fault": user.resource.fault or None,
            "preferences": rows,
        },
        lambda: "\n".join(_preference_lines(user)),
    )


def _preference_lines(user: Registered) -> list[str]:
    preferences = user.resource.preferences
    lines = [f"{shown(user)}  declared in {user.declared_in}"]
    if user.resource.fault:
        lines.append(f"  out of order: {user.resource.fault}")
    for key, layer in preferences.layers.items():
        value = preferences.written[key]
        if layer is not Layer.DEFAULT or value is not None:
            shown_value = json.dumps(value, ensure_ascii=False, default=str)
            lines.append(f"  {layer.value:<8} {key} = {shown_value}")
    return lines


@command.command(
    "explain",
    help="How a resource decides: its functions in order, what each asks and looks at; with --svg "
    "or --dot as a diagram.\n\n"
    "\b\nExample:\n  horarium resource explain room@example.com --svg > room.svg",
)
@click.argument("name", metavar="ID")
@click.option("--svg", "form", flag_value="svg", help="print a diagram for a browser")
@click.option("--dot", "form", flag_value="dot", help="print it for Graphviz")
@pass_invocation
def resource_explain(invocation: Invocation, name: str, form: str | None) -> None:
    """Print the chain of functions."""
    user = _store(invocation).read(lambda tx: find_object(tx, invocation.settings, name))
    resource = user.resource
    if form is not None:
        drawn = drawn_as(form, resource_diagram(resource, f"{resource.name}, {shown(user)}"))
        invocation.emit({"id": shown(user), form: drawn}, drawn.rstrip())
        return
    functions = [
        {
            "call": str(call),
            "question": question_of(call, resource).question.replace("\n", " ") or None,
            "data": data_of(call, resource).replace("\n", " ") or None,
        }
        for call in resource.preferences.scheduling_function
    ]
    invocation.emit(
        {"id": shown(user), "fault": resource.fault or None, "functions": functions},
        lambda: "\n".join([shown(user), *_function_lines(functions)]),
    )


def _function_lines(functions: Sequence[Mapping[str, str | None]]) -> Iterator[str]:
    for number, function in enumerate(functions, start=1):
        looks = f"  looks at: {function['data']}" if function["data"] else ""
        yield f"  {number} {function['call']}  {function['question'] or 'decides nothing'}{looks}"


@command.command(
    "add",
    help="Make a resource without a file.\n\n"
    "\b\nExample:\n  horarium resource add room-2@example.com",
)
@click.argument("address")
@pass_invocation
def resource_add(invocation: Invocation, address: str) -> None:
    """Declare a resource by command."""
    store = open_store(invocation.site, invocation.settings, invocation.clock)
    added = add_resource(store, address, invocation.clock.now())
    invocation.emit({"id": address, "added": added}, "added" if added else "is there already")


@command.command(
    "set",
    help="Set a preference; its value is an argument or, for several lines, standard input. It "
    "stands until the object file's value changes.\n\n"
    "\b\nExample:\n  horarium resource set room@example.com max_duration PT4H",
)
@click.argument("name", metavar="ID")
@click.argument("preference")
@click.argument("value", required=False)
@pass_invocation
def resource_set(invocation: Invocation, name: str, preference: str, value: str | None) -> None:
    """Set one preference by command."""
    text = sys.stdin.read().rstrip("\n") if value is None else value
    _change(invocation, name, preference, text)


@command.command(
    "unset",
    help="Take a preference's own value away.\n\n"
    "\b\nExample:\n  horarium resource unset room@example.com max_duration",
)
@click.argument("name", metavar="ID")
@click.argument("preference")
@pass_invocation
def resource_unset(invocation: Invocation, name: str, preference: str) -> None:
    """Let a default hold again."""
    _change(invocation, name, preference, None)


def _change(invocation: Invocation, name: str, preference: str, value: str | None) -> None:
    store, now = _store(invocation), invocation.clock.now()
    before = set_preference(store, invocation.settings, name, preference, value, now)
    document = {"id": name, "preference": preference, "value": value, "before": before}
    invocation.emit(document, f"{preference} was {before!r}")


@command.command(
    "remove",
    help="Remove a resource; refused while it has bookings to come.\n\n"
    "\b\nExample:\n  horarium resource remove room-2@example.com",
)
@click.argument("name", metavar="ID")
@pass_invocation
def resource_remove(invocation: Invocation, name: str) -> int:
    """Remove a resource with all that it held."""
    remove_resource(_store(invocation), invocation.settings, name, invocation.clock.now())
    invocation.emit({"id": name, "removed": True}, "removed")
    return Exit.OK
