"""The definition of a distribution as it is signed: what receivers go by."""

from __future__ import annotations

from collections.abc import Mapping

from horarium.distribution.content import digest_of
from horarium.distribution.packages import told
from horarium.distribution.realm import Action, Distribution, Priority
from horarium.distribution.records import Document, as_table, text, texts, whole
from horarium.kernel.errors import InvalidInput

MOST_ACTIONS = 100


def definition_document(distribution: Distribution) -> Document:
    """What is signed of a distribution."""
    return {
        "type": distribution.kind,
        "owner": distribution.distributor,
        "target": distribution.target,
        "priority": distribution.priority.value,
        "sequential": distribution.sequential,
        "catch_up_versions": distribution.catch_up_versions,
        "revisions": distribution.revisions,
        "delete_previous_first": distribution.delete_previous_first,
        "apply": distribution.apply,
        "locked": distribution.locked,
        "local_changes": distribution.local_changes,
        "rollback": distribution.rollback,
        "pre": [_action(action) for action in distribution.pre],
        "post": [_action(action) for action in distribution.post],
        "content": _content(distribution),
    }


def read_definition(name: str, document: object) -> Distribution:
    """A distribution as receivers know it. InvalidInput for what is none."""
    table = as_table(document)
    revisions = table.get("revisions")
    return Distribution(
        name=name,
        distributor=text(table, "owner"),
        kind=text(table, "type"),
        content=dict(as_table(table.get("content", {}))),
        target=text(table, "target"),
        priority=Priority(text(table, "priority")),
        sequential=table.get("sequential") is True,
        catch_up_versions=text(table, "catch_up_versions"),
        revisions=None if revisions is None else whole(table, "revisions", 1),
        delete_previous_first=table.get("delete_previous_first") is True,
        apply=text(table, "apply"),
        locked=text(table, "locked"),
        local_changes=text(table, "local_changes"),
        rollback=table.get("rollback") is True,
        pre=_actions(table.get("pre", [])),
        post=_actions(table.get("post", [])),
    )


def digest_of_definition(distribution: Distribution) -> str:
    """What tells one definition from another: a build under way goes on while this stays."""
    parts = (distribution.kind, sorted(distribution.content.items()), distribution.target,
             distribution.pre, distribution.post, distribution.distributor)  # fmt: skip
    return digest_of(repr(parts).encode())


def _content(distribution: Distribution) -> Document:
    """What receivers need to know of the content; where it comes from is the distributor's own
    business, passwords and all."""
    if distribution.kind == "package":
        return told(distribution.content)
    return {}


def _action(action: Action) -> Document:
    return {
        "kind": action.kind, "argv": list(action.argv), "timeout": action.timeout,
        "strict": action.strict,
    }  # fmt: skip


def _actions(value: object) -> tuple[Action, ...]:
    if not isinstance(value, list) or len(value) > MOST_ACTIONS:
        raise InvalidInput(f"expected a list of at most {MOST_ACTIONS} actions")
    return tuple(_read_action(as_table(item)) for item in value)


def _read_action(table: Mapping[str, object]) -> Action:
    argv = texts(table, "argv", 256)
    return Action(
        text(table, "kind"), argv, whole(table, "timeout", 1), table.get("strict") is True
    )
