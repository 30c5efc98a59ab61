"""What is in force, as object files that `apply` would read without a change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from horarium.booking.quota import quota_name
from horarium.kernel.errors import NotFound
from horarium.runtime.declared import directives_among
from horarium.runtime.objects import DISTRIBUTED, OFFERED, USERS
from horarium.runtime.offers import offered_among
from horarium.runtime.quotas import objects_among
from horarium.runtime.realm import distributed_among
from horarium.store.directory import DEFAULTS, PERSON_DEFAULTS
from horarium.store.store import Store, Transaction

KINDS = (
    "defaults", "group", "resource", "person", "quota", "directive", *OFFERED, *DISTRIBUTED,
)  # fmt: skip
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def export_objects(
    store: Store, kind: str | None, name: str | None
) -> dict[str, dict[str, dict[str, object]]]:
    """The objects in force by kind and identity; NotFound for an unknown identity."""

    def work(tx: Transaction) -> dict[str, dict[str, dict[str, object]]]:
        own: dict[str, dict[str, object]] = {}
        settings = tx.directory.settings()
        for setting in settings:
            if setting.value is not None:
                own.setdefault(setting.owner, {})[setting.name] = setting.read
        users: dict[str, dict[str, dict[str, object]]] = {kind: {} for kind in USERS}
        for user in tx.directory.users():
            users[user.kind][user.uri.removeprefix("mailto:")] = own.get(user.uri, {})
        groups = {
            group: {"members": list(members)} for group, members in tx.directory.groups().items()
        }
        owners = {"resource": DEFAULTS, "person": PERSON_DEFAULTS}
        defaults = {kind: own[owner] for kind, owner in owners.items() if own.get(owner)}
        return {
            "defaults": defaults,
            "group": groups,  # type: ignore[dict-item]
            **users,
            "quota": objects_among(settings),
            "directive": directives_among(settings),
            **offered_among(settings),
            **distributed_among(settings),
        }

    found = store.read(work)
    chosen = {k: v for k, v in found.items() if kind in (None, k)}
    if name is not None:
        chosen = {
            k: {i: o for i, o in objects.items() if _means(k, name, i)}
            for k, objects in chosen.items()
        }
        if not any(chosen.values()):
            raise NotFound(f"there is no {kind or 'object'} {name}")
    return chosen


def _means(kind: str, name: str, identity: str) -> bool:
    """Whether `name` names the object `identity`; case tells directives and quotas apart."""
    if kind == "quota":
        return quota_name(name) == identity
    if kind == "directive" or kind in OFFERED or kind in DISTRIBUTED:
        return name == identity
    return name.removeprefix("mailto:").lower() == identity.lower()


def as_toml(objects: Mapping[str, Mapping[str, Mapping[str, object]]]) -> str:
    """The objects as TOML."""
    return "\n".join(_tables(objects))


def _tables(objects: Mapping[str, Mapping[str, Mapping[str, object]]]) -> Iterator[str]:
    for kind, found in objects.items():
        for identity, keys in found.items():
            name = identity if kind == "defaults" else json.dumps(identity, ensure_ascii=False)
            yield f"[{kind}.{name}]"
            for key, value in keys.items():
                yield f"{key} = {_value(value)}"
            yield ""


def _value(value: object) -> str:
    """A value as TOML: texts of several lines stay readable, all else is on one."""
    if isinstance(value, str) and "\n" in value and '"""' not in value and "\\" not in value:
        return f'"""\n{value}"""'
    return _inline(value)


def _inline(value: object) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {_inline(item)}" for key, item in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return _text(value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
