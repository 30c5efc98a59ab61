"""A plan as text: kept while it is carried out, so that another process can end it."""

from __future__ import annotations

import json
from dataclasses import fields
from operator import attrgetter

from horarium.distribution.extraction import (
    Action,
    ChangeMode,
    Place,
    Plan,
    Remove,
    RemoveDirectory,
    Staged,
)
from horarium.distribution.installed import Installed, Kind, Seen
from horarium.distribution.manifest import Directory, File, Link
from horarium.kernel.errors import CorruptState

_FORMAT = 1
_ACTIONS = {"place": Place, "remove": Remove, "rmdir": RemoveDirectory, "mode": ChangeMode}
_ACTION_NAMES = {kind: name for name, kind in _ACTIONS.items()}
_ENTRIES = {"d": Directory, "f": File, "l": Link}
_ENTRY_NAMES = {kind: name for name, kind in _ENTRIES.items()}
_FIELDS = {
    kind: attrgetter(*(field.name for field in fields(kind)))
    for kind in (*_ENTRIES.values(), *_ACTIONS.values(), Installed, Seen)
}


def write_plan(plan: Plan) -> bytes:
    """A plan as one JSON document."""
    document = {
        "format": _FORMAT,
        "staged": [
            [item.place, item.kept, _ENTRY_NAMES[type(item.entry)], *_values(item.entry)]
            for item in plan.staged
        ],
        "actions": [[_ACTION_NAMES[type(action)], *_values(action)] for action in plan.actions],
        "put": [_values(row) for row in plan.put],
        "drop": plan.drop,
        "overwritten": plan.overwritten,
        "kept": plan.kept,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def read_plan(data: bytes) -> Plan:
    """A plan as it was written. CorruptState for anything else."""
    try:
        document = json.loads(data)
        if document["format"] != _FORMAT:
            raise ValueError("of another format")
        return Plan(
            tuple(Staged(place, _ENTRIES[name](*entry), kept)
                  for place, kept, name, *entry in document["staged"]),
            tuple(_action(name, values) for name, *values in document["actions"]),
            tuple(Installed(path, Kind(kind), *rest) for path, kind, *rest in document["put"]),
            tuple(document["drop"]),
            tuple(document["overwritten"]),
            tuple(document["kept"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptState("extraction", "plan", f"is not readable: {error}") from None


def _action(name: str, values: list[object]) -> Action:
    kind = _ACTIONS[name]
    if kind in (Place, Remove) and values[2] is not None:
        assert isinstance(values[2], list)
        seen_kind, *rest = values[2]
        values[2] = Seen(Kind(seen_kind), *rest)
    made = kind(*values)
    assert isinstance(made, Place | Remove | RemoveDirectory | ChangeMode)
    return made


def _values(value: object) -> list[object]:
    found = _FIELDS[type(value)](value)
    return [_values(part) if isinstance(part, Seen) else part for part in found]
