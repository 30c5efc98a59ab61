"""``horarium booking replay``: what was decided, decided again under today's policies."""

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import MAX_INSTANT, MIN_INSTANT, format_instant
from horarium.runtime.replaying import Replayed, kept_at_most, replay
from horarium.runtime.wiring import Store, open_store

# More messages than this take longer than somebody waits who only asked for a reason.
MOST_UNASKED = 500


@click.command(
    "replay",
    help="Decide again what was decided, in its order and with today's policies, and list what "
    "would end in another way. Nothing is changed and nothing is sent. Status 1 when something "
    "differs.\n\n"
    "\b\nExample:\n  horarium booking replay --resource room@example.com --since -30d",
)
@click.option("--resource", metavar="ID", help="only decisions of this resource")
@click.option("--since", metavar="TIME", help="only decisions from then on")
@click.option("--until", metavar="TIME", help="only what came before")
@pass_invocation
def booking_replay(
    invocation: Invocation, resource: str | None, since: str | None, until: str | None
) -> int:
    """Print the differences."""
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    found = replay(
        store,
        invocation.settings,
        resource=resource,
        since=invocation.moment("--since", since) if since else MIN_INSTANT,
        until=invocation.moment("--until", until) if until else MAX_INSTANT,
    )
    differing = [item for item in found if item.differs]
    invocation.emit(
        {"decisions": len(found), "differences": [_document(item) for item in differing]},
        lambda: "\n".join(
            [
                *(_line(invocation, item) for item in differing),
                f"decided again {len(found)}, differing {len(differing)}",
            ]
        ),
    )
    return Exit.NO if differing else Exit.OK


def replayed(invocation: Invocation, store: Store, uid: str, *, asked: bool) -> list[Replayed]:
    """The decisions on an event made again; none where nothing is kept, or, unless it was
    ``asked`` for, where there is so much that it takes long."""
    if not asked and not kept_at_most(store, MOST_UNASKED):
        return []
    try:
        found = replay(store, invocation.settings)
    except NotFound:
        return []
    return [item for item in found if item.then.uid == uid]


def verdict_document(item: Replayed | None) -> dict[str, object] | None:
    """What a replay said of a decision, as its JSON object."""
    if item is None:
        return None
    return {
        "same": not item.differs,
        "same_policy": item.same_policy,
        "outcome": item.now.outcome if item.now else None,
        "reason": (item.now.reason or None) if item.now else None,
    }


def verdict_text(item: Replayed | None) -> str:
    """The same for people."""
    if item is None:
        return "  not decided again: its message is not kept, or many are (--replay)"
    if not item.differs:
        return "  decided again: the same"
    why = "the policy was changed" if not item.same_policy else "though the policy is the same"
    return f"  decided again: {_ended(item)}, {why}"


def _ended(item: Replayed) -> str:
    if item.now is None:
        return "not at all"
    return " ".join(word for word in (item.now.outcome, item.now.reason) if word)


def _document(item: Replayed) -> dict[str, object]:
    then = item.then
    return {
        "uid": then.uid,
        "resource": then.resource.removeprefix("mailto:"),
        "decided": format_instant(then.decided),
        "method": then.method,
        "then": {"outcome": then.outcome, "reason": then.reason or None},
        "now": {"outcome": item.now.outcome, "reason": item.now.reason or None}
        if item.now
        else None,
        "same_policy": item.same_policy,
    }


def _line(invocation: Invocation, item: Replayed) -> str:
    then = item.then
    was = " ".join(word for word in (then.outcome, then.reason) if word)
    where = then.resource.removeprefix("mailto:")
    note = "" if not item.same_policy else "  (the policy is the same)"
    at = invocation.local(then.decided)
    return f"{at}  {where}  {then.uid}  {was} -> {_ended(item)}{note}"
