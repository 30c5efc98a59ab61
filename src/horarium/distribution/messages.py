"""What nodes say to each other: messages of a parent to a child, and of a child to its parent.

Any of them may be lost, come twice, or in another order: each says how things stand, none what
changed since another one. Fields that are not known are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from horarium.distribution.content import Blob
from horarium.distribution.needing import Need
from horarium.distribution.records import (
    Document,
    as_table,
    blob_document,
    maybe_instant,
    read_blob,
    text,
    texts,
    whole,
)
from horarium.distribution.states import STAGES
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, instant

PROTOCOL = "1.0"
"""Nodes of one major number understand each other."""
MOST_ROWS = 10_000
MOST_NEEDS = 10_000


class Answer(StrEnum):
    """What a child says to an offer."""

    ACCEPT = "accept"
    ALREADY_HAVE = "already_have"
    REFUSE = "refuse"


# --- downwards -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stand:
    """How far the metadata at the parent are; a child that is behind asks for them.

    ``timestamp`` is its number; ``node`` that of the child's configuration; ``releases`` by
    distribution; ``revoked`` that of the list of revoked certificates.
    """

    timestamp: int
    node: int
    releases: Mapping[str, int] = field(default_factory=dict)
    revoked: int = 0


@dataclass(frozen=True, slots=True)
class Ask:
    """Do you have everything of these distributions? ``walk`` names the question."""

    walk: str
    distributions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """A content may be had now: with ``grant``, until an instant, None while nothing ends it."""

    distribution: str
    version: int
    content: Blob
    grant: str
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Grants that hold no more, and why."""

    grants: tuple[str, ...]
    reason: str
    until: Instant | None = None


Downward = Stand | Ask | Offer | Stop


# --- upwards -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """What a child and all behind it lack of a distribution, and how many there have it all."""

    needs: tuple[Need, ...] = ()
    complete: int = 0


@dataclass(frozen=True, slots=True)
class Lacks:
    """The answer to a walk, said again whenever it changes: by distribution."""

    walk: str
    distributions: Mapping[str, Standing]


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to an offer. ``offset``: octets that are there already; ``reason`` of a refusal:
    signature, space, busy, type, expired or path."""

    grant: str
    answer: Answer
    offset: int = 0
    reason: str = ""


class Stage(NamedTuple):
    """When a receiver came to a stage of a version, and with how many octets."""

    state: str
    at: Instant
    octets: int


@dataclass(frozen=True, slots=True)
class Row:
    """How far one receiver is with one version. ``order`` grows with each row of a receiver;
    ``signature`` is that of the receiver over `signed_text`, in hexadecimal digits. ``stages`` are
    those before, each of which may have had no row of its own."""

    subscriber: str
    distribution: str
    version: int
    state: str
    at: Instant
    order: int
    reason: str = ""
    percent: int = 0
    octets: int = 0
    signature: str = ""
    stages: tuple[Stage, ...] = ()

    def signed_text(self) -> bytes:
        """What a receiver signs of it."""
        parts = (
            "horarium-row-1", self.subscriber, self.distribution, str(self.version), self.state,
            str(int(self.at)), str(self.order), self.reason, str(self.octets),
            *(f"{stage.state} {int(stage.at)} {stage.octets}" for stage in self.stages),
        )  # fmt: skip
        return "\0".join(parts).encode()


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the child and of those behind it."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """To whom a node is linked now, since when, and why it left the parent before. ``order`` and
    ``signature`` are as those of a row."""

    node: str
    parent: str
    since: Instant
    order: int
    reason: str = ""
    signature: str = ""

    def signed_text(self) -> bytes:
        """What a node signs of it."""
        parts = (
            "horarium-link-1", self.node, self.parent, str(int(self.since)), str(self.order),
            self.reason,
        )  # fmt: skip
        return "\0".join(parts).encode()


@dataclass(frozen=True, slots=True)
class Links:
    """The links of the child and of those behind it."""

    links: tuple[Link, ...]


Upward = Lacks | Response | Rows | Links


# --- writing -------------------------------------------------------------------


def message_document(message: Downward | Upward) -> Document:
    """A message as a table of JSON."""
    match message:
        case Stand():
            return {
                "type": "metadata", "timestamp": message.timestamp, "node": message.node,
                "releases": dict(message.releases), "revoked": message.revoked,
            }  # fmt: skip
        case Ask():
            return {
                "type": "ask", "walk": message.walk, "distributions": list(message.distributions),
            }  # fmt: skip
        case Offer():
            return {
                "type": "offer", "distribution": message.distribution,
                "version": message.version, "content": blob_document(message.content),
                "grant": message.grant, "until": _when(message.until),
            }  # fmt: skip
        case Stop():
            return {
                "type": "stop", "grants": list(message.grants), "reason": message.reason,
                "until": _when(message.until),
            }  # fmt: skip
        case Lacks():
            standing = {name: _standing(one) for name, one in message.distributions.items()}
            return {"type": "answer", "walk": message.walk, "distributions": standing}
        case Response():
            return {
                "type": "response", "grant": message.grant, "answer": message.answer.value,
                "offset": message.offset, "reason": message.reason,
            }  # fmt: skip
        case Rows():
            return {"type": "rows", "rows": [_row(row) for row in message.rows]}
        case Links():
            return {"type": "links", "links": [link_document(link) for link in message.links]}


def _when(at: Instant | None) -> int | None:
    return None if at is None else int(at)


def _standing(standing: Standing) -> Document:
    return {"complete": standing.complete, "needs": [_need(need) for need in standing.needs]}


def _need(need: Need) -> Document:
    return {
        "version": need.version,
        "content": blob_document(need.content),
        "chunks": blob_document(need.chunks) if need.chunks is not None else None,
        "base": need.base,
    }


def _row(row: Row) -> Document:
    return {
        "subscriber": row.subscriber, "distribution": row.distribution, "version": row.version,
        "state": row.state, "at": int(row.at), "order": row.order, "reason": row.reason,
        "percent": row.percent, "octets": row.octets, "signature": row.signature,
        "stages": [[stage.state, int(stage.at), stage.octets] for stage in row.stages],
    }  # fmt: skip


def link_document(link: Link) -> Document:
    """A link as a table of JSON."""
    return {
        "node": link.node, "parent": link.parent, "since": int(link.since), "order": link.order,
        "reason": link.reason, "signature": link.signature,
    }  # fmt: skip


# --- reading -------------------------------------------------------------------


def read_downward(document: object) -> Downward | None:
    """A message of a parent; None for a type that is not known. InvalidInput for a broken one."""
    table = as_table(document)
    match table.get("type"):
        case "metadata":
            releases = as_table(table.get("releases", {}))
            return Stand(
                whole(table, "timestamp"), whole(table, "node"),
                {name: whole(releases, name) for name in releases}, whole(table, "revoked"),
            )  # fmt: skip
        case "ask":
            return Ask(text(table, "walk"), texts(table, "distributions"))
        case "offer":
            return Offer(
                text(table, "distribution"), whole(table, "version"),
                read_blob(table.get("content")), text(table, "grant"),
                maybe_instant(table, "until"),
            )  # fmt: skip
        case "stop":
            return Stop(
                texts(table, "grants"), text(table, "reason"), maybe_instant(table, "until")
            )
    return None


def read_upward(document: object) -> Upward | None:
    """A message of a child; None for a type that is not known. InvalidInput for a broken one."""
    table = as_table(document)
    match table.get("type"):
        case "answer":
            distributions = as_table(table.get("distributions", {}))
            return Lacks(
                text(table, "walk"),
                {name: _read_standing(name, one) for name, one in distributions.items()},
            )
        case "response":
            return Response(
                text(table, "grant"), _answer(text(table, "answer")), whole(table, "offset"),
                text(table, "reason"),
            )  # fmt: skip
        case "rows":
            rows = table.get("rows")
            if not isinstance(rows, list) or len(rows) > MOST_ROWS:
                raise InvalidInput(f"rows: expected at most {MOST_ROWS}")
            return Rows(tuple(_read_row(as_table(row)) for row in rows))
        case "links":
            links = table.get("links")
            if not isinstance(links, list) or len(links) > MOST_ROWS:
                raise InvalidInput(f"links: expected at most {MOST_ROWS}")
            return Links(tuple(read_link(as_table(link)) for link in links))
    return None


def _answer(word: str) -> Answer:
    try:
        return Answer(word)
    except ValueError:
        raise InvalidInput(f"answer: {word[:40]!r} is none") from None


def _read_standing(distribution: str, document: object) -> Standing:
    table = as_table(document)
    needs = table.get("needs", [])
    if not isinstance(needs, list) or len(needs) > MOST_NEEDS:
        raise InvalidInput(f"needs: expected at most {MOST_NEEDS}")
    found = []
    for item in needs:
        one = as_table(item)
        chunks = one.get("chunks")
        found.append(
            Need(
                distribution,
                whole(one, "version"),
                read_blob(one.get("content")),
                read_blob(chunks) if chunks is not None else None,
                whole(one, "base"),
            )
        )
    return Standing(tuple(found), whole(table, "complete"))


def _read_row(table: Mapping[str, object]) -> Row:
    return Row(
        subscriber=text(table, "subscriber", 100),
        distribution=text(table, "distribution", 100),
        version=whole(table, "version"),
        state=text(table, "state", 40),
        at=instant(whole(table, "at")),
        order=whole(table, "order"),
        reason=text(table, "reason", 2_000),
        percent=whole(table, "percent"),
        octets=whole(table, "octets"),
        signature=text(table, "signature", 200),
        stages=_read_stages(table.get("stages", [])),
    )


def read_link(table: Mapping[str, object]) -> Link:
    """A link from its table. InvalidInput for anything that is none."""
    return Link(
        node=text(table, "node", 100),
        parent=text(table, "parent", 100),
        since=instant(whole(table, "since")),
        order=whole(table, "order"),
        reason=text(table, "reason", 2_000),
        signature=text(table, "signature", 200),
    )


def _read_stages(value: object) -> tuple[Stage, ...]:
    if not isinstance(value, list) or len(value) > len(STAGES):
        raise InvalidInput(f"stages: expected at most {len(STAGES)}")
    found = []
    for item in value:
        if not isinstance(item, list) or len(item) != 3 or item[0] not in STAGES:
            raise InvalidInput("stages: expected a stage, an instant and octets")
        told = {"at": item[1], "octets": item[2]}
        found.append(Stage(str(item[0]), instant(whole(told, "at")), whole(told, "octets")))
    return tuple(found)
