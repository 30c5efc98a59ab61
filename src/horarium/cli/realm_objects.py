"""The commands that every kind of object of distribution has: add, set, show, list, remove."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.lists import several
from horarium.distribution.declared import KINDS
from horarium.runtime.applying import Applied
from horarium.runtime.realm_changes import Wish, change_objects, read_values, remove_object
from horarium.runtime.realm_views import list_objects, show_object, waiting_edits
from horarium.runtime.wiring import Store, open_store

DRY_RUN = click.option("--dry-run", is_flag=True, help="print what would change, change nothing")

MOST_NAMED = 5
"""Objects that are named of those that wait for a refresh."""

# The schedule of a policy's that an object may go back to.
_TABS = {"refresh": "schedule", "extract": "schedule"}


def store_of(invocation: Invocation, *, create: bool = False) -> Store:
    """The store of the site."""
    return open_store(invocation.site, invocation.settings, invocation.clock, create=create)


def tell(invocation: Invocation, name: str, changes: Sequence[Applied], *, dry_run: bool) -> None:
    """Print what changed."""
    invocation.emit(
        {
            "id": name,
            "changes": [{"kind": c.kind, "id": c.id, "what": c.what} for c in changes],
            "dry_run": dry_run,
        },
        lambda: "\n".join(str(change) for change in changes) or "nothing to change",
    )
    if changes and not dry_run:
        say_waiting(invocation, store_of(invocation))


def say_waiting(invocation: Invocation, store: Store) -> None:
    """Says which edits wait for a refresh."""
    waiting, distributors = waiting_edits(store, invocation.settings)
    if not waiting:
        return
    shown = ", ".join(waiting[:MOST_NAMED])
    more = f" and {len(waiting) - MOST_NAMED} more" if len(waiting) > MOST_NAMED else ""
    at_once = f"; at once: horarium distributor refresh {distributors[0]}" if distributors else ""
    invocation.say(f"in effect from the next refresh on: {shown}{more}{at_once}")


def object_commands(group: click.Group, kind: str, *, also: str = "") -> None:
    """Adds the commands of a kind to its group; ``also`` is what it is called there."""
    what, words = also or kind, f"horarium {(also and 'subscriber ') or ''}{also or kind}"
    group.add_command(_change_command(kind, "add", f"Make a {what}.", words, new=True))
    group.add_command(
        _change_command(
            kind, "set",
            f"Change keys of a {what}. What a file says comes back when the file's value changes.",
            words, new=False,
        )
    )  # fmt: skip
    group.add_command(_show_command(kind, what))
    group.add_command(_list_command(kind, what))
    group.add_command(_remove_command(kind, what))


def _options(kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option for each key of a kind."""

    def add(run: Callable[..., Any]) -> Callable[..., Any]:
        for key in reversed(KINDS[kind]):
            name = f"--{key.replace('_', '-')}"
            run = click.option(name, f"key_{key}", metavar="VALUE", multiple=True)(run)
        return run

    return add


def _change_command(kind: str, verb: str, text: str, words: str, *, new: bool) -> click.Command:
    """``add`` or ``set``."""

    @click.argument("name")
    @_options(kind)
    @click.option("--unset", "gone", metavar="KEY", multiple=True, help="take a key away")
    @DRY_RUN
    @pass_invocation
    def run(
        invocation: Invocation,
        /,
        name: str,
        gone: tuple[str, ...],
        dry_run: bool,
        **given: tuple[str, ...],
    ) -> None:
        """Change one object."""
        keys = _wanted(kind, given, gone)
        store = store_of(invocation, create=True)
        wishes = [Wish(kind, name, keys, new)]
        changes = change_objects(store, wishes, invocation.clock.now(), dry_run=dry_run)
        tell(invocation, name, changes, dry_run=dry_run)
        if not dry_run and kind in ("distributor", "subscriber"):
            _warn_of_silence(invocation, store, kind, name)

    example = _EXAMPLES[kind]
    return click.command(
        verb,
        help=f"{text} Values are those of an object file; a list may have commas, "
        "or its option be repeated.\n\n"
        f"\b\nExample:\n  {words} {verb} {example}",
    )(run)


_EXAMPLES = {
    "distributor": 'hq --refresh "daily start 18:00"',
    "distribution": "intranet --distributor hq --source /srv/intranet --build immediately",
    "channel": 'night --send "daily MO-FR window 22:00-02:00 random window zone receiver"',
    "subscriber": "s1 --parents p1 --extract immediately",
    "subscriber_group": "branches --members s1,s2",
    "policy": 'branches --applies-to @branches --extract "daily window 02:00-04:00"',
}


def _wanted(
    kind: str, given: Mapping[str, Sequence[str]], gone: Sequence[str]
) -> dict[str, object]:
    keys: dict[str, object] = {}
    for option, texts in given.items():
        key = option.removeprefix("key_")
        if list(texts) == ["policy"] and key in _TABS and kind != "policy":
            keys["use_policy"] = {"schedule": True}
        elif texts:
            keys[key] = read_values(kind, key, texts)
    for key in several(gone):
        plain = key.replace("-", "_")
        if plain not in KINDS[kind]:
            raise click.UsageError(f"--unset: a {kind} has no key {key}")
        keys[plain] = None
    return keys


def _warn_of_silence(invocation: Invocation, store: Store, kind: str, name: str) -> None:
    schedule = "refresh" if kind == "distributor" else "extract"
    fields = show_object(store, invocation.settings, kind, name)["fields"]
    if fields[schedule]["value"] is None:
        invocation.say(f"warning: {name} has no {schedule} schedule: it behaves as never")


def _show_command(kind: str, what: str) -> click.Command:
    @click.command("show", help=f"A {what}: as it is written, and as it holds.")
    @click.argument("name")
    @click.option("--origin", is_flag=True, help="say where each value comes from")
    @pass_invocation
    def show(invocation: Invocation, name: str, origin: bool) -> None:
        """Print one object."""
        found = show_object(store_of(invocation), invocation.settings, kind, name)
        invocation.emit(found, lambda: "\n".join(_lines(found, origin=origin)))

    return show


def _lines(found: Mapping[str, Any], *, origin: bool) -> list[str]:
    lines = [f"{found['kind']} {found['id']}" + (f": {found['title']}" if found["title"] else "")]
    fields = found.get("fields", {})
    lines += [
        f"  {key} = {_value(value)}{_drift(found, key)}{_waits(found, key)}"
        for key, value in found["keys"].items()
        if key not in ("title", "variables", "use_policy") and key not in fields
    ]
    lines += [
        _field(name, held, origin=origin) + _waits(found, name) for name, held in fields.items()
    ]
    lines += [
        f"  {key}{_waits(found, key)}"
        for key in found["not_in_effect"]
        if key not in found["keys"] and key not in fields
    ]
    lines += [_field(f"%{k}%", held, origin=origin) for k, held in _variables(found).items()]
    if "use_policy" in found:
        tabs = ", ".join(f"{t} {'on' if on else 'off'}" for t, on in found["use_policy"].items())
        lines.append(f"  use_policy ({found['policy']}): {tabs}")
    for entry, active in found.get("entries", {}).items():
        lines.append(f"  gets it: {entry}{'' if active else ' (inactive)'}")
    for receiver, channels in found.get("receivers", {}).items():
        lines.append(f"  receiver: {receiver} by {', '.join(channels)}")
    if found.get("waiting"):
        lines.append(f"  waits for the next refresh: {', '.join(found['waiting'])}")
    return lines


def _variables(found: Mapping[str, Any]) -> Mapping[str, Any]:
    variables: Mapping[str, Any] = found.get("variables", {})
    return variables


def _field(name: str, held: Mapping[str, Any], *, origin: bool) -> str:
    value = "none" if held["value"] is None else held["value"]
    line = f"  {name} = {_value(value)}"
    if origin:
        line += f"  ({held['origin']})"
        if held.get("dormant") is not None:
            line += f", dormant: {_value(held['dormant'])}"
    return line


def _drift(found: Mapping[str, Any], key: str) -> str:
    return "  (changed by command)" if key in found["drifts"] else ""


def _waits(found: Mapping[str, Any], key: str) -> str:
    waits = found["not_in_effect"]
    if key not in waits:
        return ""
    held = "nothing" if waits[key] is None else _value(waits[key])
    return f"  (from the next refresh on; until then {held})"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(_value(item) for item in value) or "nothing"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + " }"
    return str(value)


def _list_command(kind: str, what: str) -> click.Command:
    plural = {"subscriber_group": "groups", "policy": "policies"}.get(kind, f"{kind}s")

    @click.command("list", help=f"Every {what}, in a line. Status 1 when there is none.")
    @pass_invocation
    def list_(invocation: Invocation) -> int:
        """List them."""
        found = list_objects(store_of(invocation), invocation.settings, kind)
        invocation.emit(
            {plural: found},
            lambda: "\n".join(_line(one) for one in found) or f"there is no {what}",
        )
        return Exit.OK if found else Exit.NO

    return list_


def _line(one: Mapping[str, Any]) -> str:
    facts = (f"{key} {_value(value)}" for key, value in one.items()
             if key not in ("id", "title") and value not in (None, [], True))  # fmt: skip
    return "  ".join(part for part in (one["id"], one["title"], *facts) if part)


def _remove_command(kind: str, what: str) -> click.Command:
    @click.command("remove", help=f"Remove a {what}; refused with all that needs it.")
    @click.argument("name")
    @DRY_RUN
    @pass_invocation
    def remove(invocation: Invocation, name: str, dry_run: bool) -> None:
        """Remove one object."""
        now = invocation.clock.now()
        changes = remove_object(store_of(invocation), kind, name, now, dry_run=dry_run)
        tell(invocation, name, changes, dry_run=dry_run)

    return remove
