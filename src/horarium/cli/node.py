"""``horarium node``: how a machine becomes one of a realm, and how it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.lists import lines_of, several
from horarium.cli.realm_objects import DRY_RUN, store_of
from horarium.kernel.errors import Unavailable
from horarium.runtime.tiers.asking import join_realm, make_tokens, node_status
from horarium.runtime.tiers.checking import Checked, check_node
from horarium.runtime.tiers.mending import Mended


@click.group(help="This machine in a realm: tokens, joining, its state.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "token",
    help="Make tokens by which subscribers join: each for one node, once, within a day. At the "
    "distributor.\n\n\b\nExample:\n  horarium node token s1\n  horarium node token --file names",
)
@click.argument("names", nargs=-1)
@click.option("--file", "file", type=click.Path(path_type=Path), help="names, one a line")
@DRY_RUN
@pass_invocation
def node_token(
    invocation: Invocation, names: tuple[str, ...], file: Path | None, dry_run: bool
) -> None:
    """Print tokens."""
    wanted = several([*names, *(lines_of(file) if file is not None else ())])
    if not wanted:
        raise click.UsageError("name at least one subscriber, or --file")
    store = store_of(invocation)
    now = invocation.clock.now()
    tokens = make_tokens(
        invocation.site, invocation.settings, store, wanted, now, dry_run=dry_run
    )  # fmt: skip
    if dry_run:
        would = f"a token would be made for {', '.join(tokens)}"
        invocation.emit({"names": list(tokens), "dry_run": True}, would)
        return
    if len(tokens) == 1 and file is None:
        [token] = tokens.values()
        invocation.emit({"token": token}, token)
        return
    lines = [{"name": name, "token": token} for name, token in tokens.items()]
    invocation.emit(
        {"tokens": lines}, lambda: "\n".join(f"{name} {token}" for name, token in tokens.items())
    )


@command.command(
    "join",
    help="Join a realm by the node at URL, the parent of this one: makes a key that never leaves "
    "this machine, and fetches the root that the token tells of. Status 69 when nobody answers "
    "there.\n\n\b\nExample:\n  horarium node join https://hq.example.com:8443 --token TOKEN",
)
@click.argument("url")
@click.option("--token", required=True, help="what `horarium node token` printed")
@click.option("--again", is_flag=True, help="though this node has joined already")
@DRY_RUN
@pass_invocation
def node_join(invocation: Invocation, url: str, token: str, again: bool, dry_run: bool) -> int:
    """Join."""
    store, now = store_of(invocation, create=True), invocation.clock.now()
    try:
        joined = asyncio.run(
            join_realm(
                invocation.site,
                invocation.settings,
                store,
                url,
                token,
                now,
                again=again,
                dry_run=dry_run,
            )
        )
    except Unavailable as error:
        document: dict[str, object] = {
            "joined": None, "reason": str(error), "dry_run": dry_run,
        }  # fmt: skip
        invocation.emit(document, f"not joined: {error}")
        return Exit.UNAVAILABLE
    document = {
        "joined": joined.name, "parent": joined.parent, "url": joined.url, "dry_run": dry_run,
    }  # fmt: skip
    would = "would join" if dry_run else "joined"
    invocation.emit(document, f"{would} as {joined.name}, by {joined.parent} at {joined.url}")
    return Exit.OK


@command.command(
    "run",
    help="Serve distribution alone, until told to stop; as `horarium serve --only distribution`."
    "\n\n\b\nExample:\n  horarium node run",
)
@click.pass_context
def node_run(context: click.Context) -> int:
    """Serve."""
    from horarium.cli.serve import command as serve

    answer: int = context.invoke(serve, only="distribution")
    return answer


@command.command(
    "status",
    help="Who this node is, whom it believes, and what it holds.\n\n"
    "\b\nExample:\n  horarium node status",
)
@pass_invocation
def node_status_command(invocation: Invocation) -> None:
    """Print the state of this node."""
    store, now = store_of(invocation), invocation.clock.now()
    document = node_status(invocation.site, invocation.settings, store, now)
    invocation.emit(document, lambda: "\n".join(f"{k}: {v}" for k, v in document.items()))


@command.command(
    "fsck",
    help="Hash every content and every installed file anew. A content that is not what it was is "
    "dropped and fetched again, or made anew where it was built; an installed file is put back "
    "as it was, with its permissions, unless local changes are kept. Status 1 when something was "
    "found.\n\n"
    "\b\nExample:\n  horarium node fsck",
)
@DRY_RUN
@pass_invocation
def node_fsck(invocation: Invocation, dry_run: bool) -> int:
    """Check what is here."""
    found = check_node(
        invocation.site, invocation.settings, store_of(invocation), invocation.clock.now(),
        dry_run=dry_run,
    )  # fmt: skip
    document = {**_checked(found), "dry_run": dry_run}
    invocation.emit(document, lambda: "\n".join(_told(found, dry_run=dry_run)))
    return Exit.OK if found.is_well else Exit.NO


_FOUND = {"missing": "missing", "changed": "changed", "mode": "other permissions"}
_REPAIRS = {
    "overwrite": "put back by the daemon",
    "keep": "kept, as its distribution says",
    "fail": "left, for its distribution forbids changes",
}


_WOULD = _REPAIRS | {"overwrite": "would be put back by the daemon"}


def _checked(found: Checked) -> dict[str, object]:
    mended = {name: one for name, one in found.mended.items() if one != Mended()}
    return {
        "checked": found.checked,
        "damaged": list(found.damaged),
        "missing": list(found.missing),
        "made": sorted({digest for one in mended.values() for digest in one.made}),
        "published_anew": {name: list(one.changed) for name, one in mended.items() if one.changed},
        "lost": {name: list(one.lost) for name, one in mended.items() if one.lost},
        "installed": [
            {
                "distribution": one.distribution,
                "path": one.path,
                "found": one.found.value,
                "local_changes": one.policy.value,
            }
            for one in found.changed
        ],
    }


def _told(found: Checked, *, dry_run: bool) -> Iterator[str]:
    repairs = _WOULD if dry_run else _REPAIRS
    damaged = "damaged, would be dropped" if dry_run else "damaged, dropped"
    made = {digest for one in found.mended.values() for digest in one.made}
    yield f"{found.checked} contents checked"
    for word, digests in ((damaged, found.damaged), ("missing", found.missing)):
        for digest in digests:
            yield f"{word}{', made anew' if digest in made else ''}: {digest}"
    for changed in found.changed:
        word = _FOUND[changed.found.value]
        yield f"{changed.distribution}: {word}, {repairs[changed.policy.value]}: {changed.path}"
    for name, one in found.mended.items():
        for number in one.changed:
            yield f"{name}: version {number} is published anew, with what there is"
        for number in one.lost:
            yield (
                f"{name}: nothing can carry version {number} any more; "
                f"horarium distribution build {name} makes a whole one in its place"
            )
