"""Changes of the objects of distribution by command, beside the object files."""

from __future__ import annotations

import contextlib
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from horarium.distribution.declared import CONTENT, KINDS, canonical, faults
from horarium.distribution.tree import entries_of
from horarium.distribution.values import NAME
from horarium.kernel.errors import Conflict, HorariumError, InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.nearest import nearest
from horarium.runtime.applying import Applied
from horarium.runtime.faults import BadObjects, Fault
from horarium.runtime.realm import check_realm, declared_realm, distributed_among, names_in_realm
from horarium.runtime.settings import Settings
from horarium.store.directory import Setting
from horarium.store.engine import Key
from horarium.store.store import Store, Transaction

BY_COMMAND = "command"

Wanted = Mapping[str, object]
"""The keys of an object that are to have other values; None takes a key away."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to become of one object."""

    kind: str
    name: str
    keys: Wanted
    new: bool = False


def read_value(kind: str, key: str, text: str) -> object:
    """A value as a command line has it: as in an object file, or without the quotes of a text, or
    as the items of a list with commas between. InvalidInput for what the key does not take."""
    read, first = KINDS[kind][key], None
    for value in _readings(text, literal_first=key in CONTENT):
        try:
            read(value)
        except HorariumError as error:
            first = first or error
        else:
            return value
    raise InvalidInput(f"{key}: {first}", part=key, value=text[:80])


def read_values(kind: str, key: str, texts: Sequence[str]) -> object:
    """The value of a key that is given once, or of a list whose items are given one by one.
    InvalidInput as `read_value`, and where a key that takes one value is given several."""
    if len(texts) == 1:
        return read_value(kind, key, texts[0])
    found = [read_value(kind, key, text) for text in texts]
    joined = [item for one in found for item in (one if isinstance(one, list) else [one])]
    try:
        KINDS[kind][key](joined)
    except HorariumError:
        told = f"{key}: takes one value, and has {len(texts)}"
        raise InvalidInput(told, part=key, value=texts[-1][:80]) from None
    return joined


def _readings(text: str, *, literal_first: bool) -> Iterator[object]:
    """``literal_first`` where every text would do, though it is not what is meant."""
    literal = []
    with contextlib.suppress(tomllib.TOMLDecodeError):
        literal.append(tomllib.loads(f"value = {text}")["value"])
    if literal_first:
        yield from literal
    yield text
    yield from literal
    yield [item.strip() for item in text.split(",")] if text.strip() else []
    yield [text]


def change_objects(
    store: Store, wishes: Sequence[Wish], now: Instant, *, dry_run: bool = False
) -> list[Applied]:
    """Makes all changes or none, and says what changed. NotFound for an object that is not there,
    Conflict for a new one that is, InvalidInput for a value that can not be or an object that would
    not fit to the others."""

    return _planned(store, [lambda tx: wishes], now, dry_run=dry_run)


def _planned(
    store: Store, plans: Sequence[Callable[[Transaction], Sequence[Wish]]], now: Instant, *,
    dry_run: bool,
) -> list[Applied]:  # fmt: skip
    """Carries plans out together, each of them made on what those before it have changed."""

    def work(tx: Transaction) -> list[Applied]:
        before = names_in_realm(tx)
        changed = [
            change
            for plan in plans
            for wish in plan(tx)
            for change in _change(tx, wish, before, now)
        ]
        if changed:
            check_realm(tx, before, {})
            tx.directory.raise_version()
        return changed

    return _run(store, work, dry_run=dry_run)


def _run(
    store: Store, work: Callable[[Transaction], list[Applied]], *, dry_run: bool
) -> list[Applied]:
    run = store.foresee if dry_run else store.transact
    return run([Key(store.tenant, "site", "objects")], work)


def _change(
    tx: Transaction, wish: Wish, before: frozenset[tuple[str, str]], now: Instant
) -> Iterator[Applied]:
    kind, name = wish.kind, wish.name
    there = (kind, name) in before
    if wish.new and NAME.fullmatch(name) is None:
        told = (Fault("command line", 0, 0, kind, message) for _, message in faults(kind, name, {}))
        raise BadObjects([next(told)])
    if wish.new and there:
        raise Conflict(f"there is a {kind} {name} already")
    if not wish.new and not there:
        raise NotFound(f"there is no {kind} {name}{nearest(name, _names(before, kind))}")
    owner = f"{kind}:{name}"
    stored = {s.name: s for s in tx.directory.settings() if s.owner == owner}
    old = {key: setting.read for key, setting in stored.items() if setting.value is not None}
    wanted = {**old, **wish.keys, **_switches(old, wish.keys)}
    found, _ = canonical(kind, {key: value for key, value in wanted.items() if value is not None})
    for key, message in faults(kind, name, found):
        raise InvalidInput(f"{kind} {name}: {key}: {message}" if key else message, part=key)
    # What is kept of an object are its keys: one without any would not be there.
    found = found or {"title": ""}
    if wish.new:
        yield Applied(kind, name, "added")
    for key in sorted({*old, *found}):
        value = found.get(key)
        if key in found and key in old and old[key] == value:
            continue
        _put(tx, owner, key, stored.get(key), value)
        tx.directory.audit(now, BY_COMMAND, f"set {key}", owner, old.get(key), value)
        yield Applied(kind, name, _said(key, value, old))


def _switches(old: Mapping[str, object], new: Wanted) -> dict[str, object]:
    """Where one of the two switches is written, the other one stays as it was."""
    before, after = old.get("use_policy"), new.get("use_policy")
    if not isinstance(after, dict) or before is None:
        return {}
    both = {"settings": before, "schedule": before} if isinstance(before, bool) else before
    return {"use_policy": {**both, **after}} if isinstance(both, dict) else {}


def _said(key: str, value: object, old: Mapping[str, object]) -> str:
    was = f" (was {json.dumps(old[key], ensure_ascii=False)})" if key in old else ""
    if value is None:
        return f"{key} is no longer set{was}"
    return f"{key} = {json.dumps(value, ensure_ascii=False)}{was}"


def _put(tx: Transaction, owner: str, key: str, old: Setting | None, value: object) -> None:
    text = None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
    if old is not None and old.place:
        tx.directory.put(Setting(owner, key, text, old.applied, old.place))
    elif text is not None:
        tx.directory.put(Setting(owner, key, text, None, ""))
    elif old is not None:
        tx.directory.drop(old)


def remove_object(
    store: Store, kind: str, name: str, now: Instant, *, dry_run: bool = False
) -> list[Applied]:
    """Removes an object. NotFound when it is not there, Conflict when others need it."""

    def work(tx: Transaction) -> list[Applied]:
        before = names_in_realm(tx)
        if (kind, name) not in before:
            raise NotFound(f"there is no {kind} {name}{nearest(name, _names(before, kind))}")
        for setting in tx.directory.settings():
            if setting.owner == f"{kind}:{name}":
                tx.directory.drop(setting)
        check_realm(tx, before, {})
        tx.directory.audit(now, BY_COMMAND, "remove", f"{kind}:{name}", None, None)
        tx.directory.raise_version()
        return [Applied(kind, name, "removed")]

    return _run(store, work, dry_run=dry_run)


def _names(before: frozenset[tuple[str, str]], kind: str) -> list[str]:
    return [name for of, name in before if of == kind]


def list_distribution(
    store: Store, channel: str, distributions: Iterable[str], now: Instant, *,
    listed: bool, dry_run: bool = False,
) -> list[Applied]:  # fmt: skip
    """Lists distributions in a channel, or no more."""

    def plan(distribution: str, tx: Transaction) -> list[Wish]:
        written = distributed_among(tx.directory.settings())["channel"].get(channel, {})
        kept = [name for name in _list(written, "distributions") if name != distribution]
        wanted = [*kept, distribution] if listed else kept
        if listed and distribution in _list(written, "distributions"):
            return []
        if not listed and len(kept) == len(_list(written, "distributions")):
            raise NotFound(
                f"{distribution} is not listed in {channel}{nearest(distribution, kept)}"
            )
        return [Wish("channel", channel, {"distributions": wanted})]

    return _planned(store, [partial(plan, one) for one in distributions], now, dry_run=dry_run)


# --- subscriptions -------------------------------------------------------------


def subscribe(
    store: Store, settings: Settings, channel: str, receivers: Iterable[str], now: Instant, *,
    active: bool = True, known: bool = False, dry_run: bool = False,
) -> list[Applied]:  # fmt: skip
    """Subscribes subscribers, or ``@GROUP``, to a channel, active or not; who is subscribed
    already, on either side, becomes so. With ``known`` NotFound for one who is not subscribed
    yet."""

    def plan(receiver: str, tx: Transaction) -> list[Wish]:
        stated = _entries(tx, settings, channel)
        written = distributed_among(tx.directory.settings())
        own = written["channel"][channel]
        listed, idle = _list(own, "subscribers"), _list(own, "inactive")
        if receiver not in stated:
            if known:
                raise NotFound(f"{receiver} is not subscribed to {channel}")
            listed.append(receiver)
        idle = [entry for entry in idle if entry != receiver] + ([] if active else [receiver])
        wishes = [Wish("channel", channel, {"subscribers": listed, "inactive": idle or None})]
        kind, name = _side(receiver)
        other = _list(written[kind].get(name, {}), "inactive")
        if active and channel in other:
            other.remove(channel)
            wishes.append(Wish(kind, name, {"inactive": other or None}))
        return wishes

    return _planned(store, [partial(plan, one) for one in receivers], now, dry_run=dry_run)


def unsubscribe(
    store: Store, settings: Settings, channel: str, receivers: Iterable[str], now: Instant, *,
    dry_run: bool = False,
) -> list[Applied]:  # fmt: skip
    """Ends subscriptions on both sides; NotFound when there is none. What is installed stays."""

    def plan(receiver: str, tx: Transaction) -> list[Wish]:
        stated = _entries(tx, settings, channel)
        if receiver not in stated:
            near = nearest(receiver, stated)
            raise NotFound(f"{receiver} is not subscribed to {channel}{near}")
        written = distributed_among(tx.directory.settings())
        kind, name = _side(receiver)
        return [
            Wish("channel", channel, _without(written["channel"][channel], receiver)),
            Wish(kind, name, _without(written[kind].get(name, {}), channel)),
        ]

    return _planned(store, [partial(plan, one) for one in receivers], now, dry_run=dry_run)


def _entries(tx: Transaction, settings: Settings, channel: str) -> Mapping[str, bool]:
    realm = declared_realm(tx, settings)
    if channel not in realm.channels:
        raise NotFound(f"there is no channel {channel}{nearest(channel, realm.channels)}")
    return entries_of(realm, realm.channels[channel])


def _without(written: Mapping[str, object], other: str) -> dict[str, object]:
    """The lists of an object that name another one, without it."""
    keys = ("subscribers", "channels", "inactive")
    return {
        key: [entry for entry in _list(written, key) if entry != other]
        for key in keys
        if other in _list(written, key)
    }


def _side(receiver: str) -> tuple[str, str]:
    if receiver.startswith("@"):
        return "subscriber_group", receiver[1:]
    return "subscriber", receiver


def _list(written: Mapping[str, object], key: str) -> list[str]:
    found = written.get(key, [])
    return [str(entry) for entry in found] if isinstance(found, list) else []
