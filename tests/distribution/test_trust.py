"""What is signed is believed; whatever else is sent, what was believed before stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from securesystemslib.signer import CryptoSigner

from horarium.distribution.content import blob_of
from horarium.distribution.signing import (
    TOP_ROLES,
    Holders,
    make_root,
    make_snapshot,
    make_statement,
    make_targets,
    make_timestamp,
    make_versions,
)
from horarium.distribution.trust import (
    STATEMENTS,
    Statement,
    Trusted,
    build_role,
    fingerprint,
    first_trust,
    remembered,
)
from horarium.distribution.untrusted import Doubt, Untrusted
from horarium.distribution.version import Bundle, Version
from horarium.kernel.instant import Instant, parse_instant

NOW = parse_instant("2026-11-21T08:00:00Z")
DAY = 86_400
ROLE = build_role("docs")


def version(number: int) -> Version:
    blob = blob_of(b"content %d" % number)
    return Version("docs", number, NOW, blob, (Bundle(number - 1, blob, blob, 10),), 1, 10)


@dataclass
class Signers:
    """A distributor that signs, and can be made to sign wrongly."""

    keys: dict[str, CryptoSigner] = field(
        default_factory=lambda: {
            name: CryptoSigner.generate_ed25519() for name in (*TOP_ROLES, STATEMENTS, ROLE)
        }
    )

    def holders(self, *roles: str) -> dict[str, Holders]:
        return {role: Holders((self.keys[role].public_key,)) for role in roles}

    def root(self, number: int = 1, *also: CryptoSigner, at: Instant = NOW) -> bytes:
        signers = [self.keys["root"], *also]
        return make_root(self.holders(*TOP_ROLES), signers, number, at)

    def everything(
        self, numbers: int = 1, versions: int = 1, at: Instant = NOW
    ) -> dict[str, bytes]:
        """Metadata of one publication; every role has the same number."""
        targets = make_targets(
            {"docs": {"type": "file"}}, self.holders(STATEMENTS, ROLE), [self.keys["targets"]],
            numbers, at,
        )  # fmt: skip
        found = [version(number) for number in range(1, versions + 1)]
        build = make_versions("docs", found, [self.keys[ROLE]], numbers, at)
        roles = {"targets": (numbers, targets), ROLE: (numbers, build)}
        snapshot = make_snapshot(roles, [self.keys["snapshot"]], numbers, at)
        stamp = make_timestamp((numbers, snapshot), [self.keys["timestamp"]], numbers, at)
        return {"timestamp": stamp, "snapshot": snapshot, "targets": targets, ROLE: build}


@pytest.fixture
def signers() -> Signers:
    return Signers()


def believed(trusted: Trusted, metadata: dict[str, bytes], at: Instant = NOW) -> Trusted:
    trusted = trusted.with_timestamp(metadata["timestamp"], at)
    trusted = trusted.with_snapshot(metadata["snapshot"], at)
    trusted = trusted.with_role("targets", metadata["targets"], at)
    return trusted.with_role(ROLE, metadata[ROLE], at)


def doubt(step: Callable[[], object]) -> Doubt:
    with pytest.raises(Untrusted) as refused:
        step()
    return refused.value.doubt


def test_what_the_keys_of_the_root_sign_is_believed(signers: Signers) -> None:
    trusted = believed(first_trust(signers.root()), signers.everything(versions=3))
    assert [v.number for v in trusted.versions("docs")] == [1, 2, 3]
    assert trusted.versions("docs")[0] == version(1)
    assert trusted.definition("docs") == {"type": "file"}
    assert remembered(trusted.octets).versions("docs") == trusted.versions("docs")


def test_another_root_than_the_one_the_token_tells_of_is_refused(signers: Signers) -> None:
    told = fingerprint(signers.root())
    assert first_trust(signers.root(), told).fingerprint == told
    assert doubt(lambda: first_trust(Signers().root(), told)) is Doubt.STRANGE_ROOT


@pytest.mark.parametrize("name", ["timestamp", "snapshot", "targets", ROLE])
def test_what_is_not_signed_or_signed_by_another_key_is_refused(
    signers: Signers, name: str
) -> None:
    metadata = signers.everything()
    stranger = Signers().everything()
    unsigned = json.loads(metadata[name])
    unsigned["signatures"] = []
    trusted = first_trust(signers.root())
    order = ["timestamp", "snapshot", "targets", ROLE]
    for before in order[: order.index(name)]:
        trusted = step(trusted, before, metadata[before])
    for forged in (stranger[name], json.dumps(unsigned).encode()):
        assert doubt(lambda data=forged: step(trusted, name, data)) is Doubt.SIGNATURE


def step(trusted: Trusted, name: str, data: bytes, at: Instant = NOW) -> Trusted:
    if name == "timestamp":
        return trusted.with_timestamp(data, at)
    if name == "snapshot":
        return trusted.with_snapshot(data, at)
    return trusted.with_role(name, data, at)


def test_fewer_keys_than_the_threshold_are_not_enough() -> None:
    keys = [CryptoSigner.generate_ed25519() for _ in range(3)]
    publics = tuple(key.public_key for key in keys)
    holders = {role: Holders(publics, 2) for role in TOP_ROLES}
    assert first_trust(make_root(holders, keys[:2], 1, NOW)).root.version == 1
    assert doubt(lambda: first_trust(make_root(holders, keys[:1], 1, NOW))) is Doubt.SIGNATURE


@pytest.mark.parametrize("name", ["timestamp", "snapshot", ROLE])
def test_an_older_number_is_refused_for_ever(signers: Signers, name: str) -> None:
    newer, older = signers.everything(5, 2), signers.everything(4, 1)
    trusted = believed(first_trust(signers.root()), newer)
    if name != "timestamp":
        # An honest, newer timestamp over an older snapshot: by a thief of the timestamp key.
        stamp = make_timestamp((5, older["snapshot"]), [signers.keys["timestamp"]], 6, NOW)
        trusted = trusted.with_timestamp(stamp, NOW)
        assert doubt(lambda: trusted.with_snapshot(older["snapshot"], NOW)) is Doubt.MIXED
        return
    assert doubt(lambda: trusted.with_timestamp(older["timestamp"], NOW)) is Doubt.ROLLBACK
    assert trusted.versions("docs")[-1].number == 2


def test_a_snapshot_that_takes_a_role_back_is_refused(signers: Signers) -> None:
    trusted = believed(first_trust(signers.root()), signers.everything(5, 2))
    older = signers.everything(4, 1)
    snapshot = make_snapshot(
        {"targets": (5, older["targets"]), ROLE: (4, older[ROLE])}, [signers.keys["snapshot"]], 6,
        NOW,
    )  # fmt: skip
    stamp = make_timestamp((6, snapshot), [signers.keys["timestamp"]], 6, NOW)
    trusted = trusted.with_timestamp(stamp, NOW)
    assert doubt(lambda: trusted.with_snapshot(snapshot, NOW)) is Doubt.ROLLBACK
    gone = make_snapshot({"targets": (6, b"x")}, [signers.keys["snapshot"]], 7, NOW)
    stamp = make_timestamp((7, gone), [signers.keys["timestamp"]], 7, NOW)
    trusted = trusted.with_timestamp(stamp, NOW)
    assert doubt(lambda: trusted.with_snapshot(gone, NOW)) is Doubt.ROLLBACK


@pytest.mark.parametrize(
    ("name", "days"), [("timestamp", 4), ("snapshot", 8), (ROLE, 31), ("targets", 366)]
)
def test_what_is_over_its_time_begins_nothing_new(signers: Signers, name: str, days: int) -> None:
    fresh = signers.everything(at=Instant(NOW + days * DAY - 60))
    old = signers.everything()
    at = Instant(NOW + days * DAY)
    trusted = first_trust(signers.root(at=Instant(NOW + days * DAY - 60)))
    metadata = {**fresh, name: old[name]}
    order = ["timestamp", "snapshot", "targets", ROLE]
    if name != "timestamp":
        roles = {"targets": (1, metadata["targets"]), ROLE: (1, metadata[ROLE])}
        if name != "snapshot":
            metadata["snapshot"] = make_snapshot(roles, [signers.keys["snapshot"]], 1, at)
        stamp = (1, metadata["snapshot"])
        metadata["timestamp"] = make_timestamp(stamp, [signers.keys["timestamp"]], 1, at)
    for before in order[: order.index(name)]:
        trusted = step(trusted, before, metadata[before], at)
    assert doubt(lambda: step(trusted, name, metadata[name], at)) is Doubt.EXPIRED


def test_what_was_believed_is_known_to_be_over_its_time(signers: Signers) -> None:
    trusted = believed(first_trust(signers.root()), signers.everything())
    assert trusted.expired(NOW) is None
    assert trusted.expired(Instant(NOW + 4 * DAY)) == "timestamp"
    assert remembered(trusted.octets).expired(Instant(NOW + 4 * DAY)) == "timestamp"


def test_parts_of_two_publications_do_not_fit_together(signers: Signers) -> None:
    one, two = signers.everything(1, 1), signers.everything(2, 2)
    trusted = first_trust(signers.root()).with_timestamp(two["timestamp"], NOW)
    assert doubt(lambda: trusted.with_snapshot(one["snapshot"], NOW)) is Doubt.MIXED
    trusted = trusted.with_snapshot(two["snapshot"], NOW)
    assert doubt(lambda: trusted.with_role("targets", one["targets"], NOW)) is Doubt.MIXED
    trusted = trusted.with_role("targets", two["targets"], NOW)
    assert doubt(lambda: trusted.with_role(ROLE, one[ROLE], NOW)) is Doubt.MIXED
    assert doubt(lambda: trusted.with_role("build.other", one[ROLE], NOW)) is Doubt.MIXED


def test_a_key_that_builds_can_not_change_a_definition_nor_an_online_key_a_version(
    signers: Signers,
) -> None:
    thief = Signers({**signers.keys, "targets": signers.keys[ROLE]})
    trusted = first_trust(signers.root())
    metadata = thief.everything()
    trusted = trusted.with_timestamp(metadata["timestamp"], NOW)
    trusted = trusted.with_snapshot(metadata["snapshot"], NOW)
    assert doubt(lambda: trusted.with_role("targets", metadata["targets"], NOW)) is Doubt.SIGNATURE
    online = Signers({**signers.keys, ROLE: signers.keys["snapshot"]})
    honest = signers.everything(2, 1)
    forged = make_versions("docs", [version(9)], [online.keys[ROLE]], 2, NOW)
    snapshot = make_snapshot(
        {"targets": (2, honest["targets"]), ROLE: (2, forged)}, [signers.keys["snapshot"]], 2, NOW
    )
    stamp = make_timestamp((2, snapshot), [signers.keys["timestamp"]], 2, NOW)
    trusted = first_trust(signers.root()).with_timestamp(stamp, NOW)
    trusted = trusted.with_snapshot(snapshot, NOW).with_role("targets", honest["targets"], NOW)
    assert doubt(lambda: trusted.with_role(ROLE, forged, NOW)) is Doubt.SIGNATURE


def test_a_huge_number_by_a_stolen_key_is_left_behind_by_another_root(signers: Signers) -> None:
    metadata, huge = signers.everything(), 2**63 - 1
    roles = {"targets": (1, metadata["targets"]), ROLE: (1, metadata[ROLE])}
    snapshot = make_snapshot(roles, [signers.keys["snapshot"]], huge, NOW)
    stamp = make_timestamp((huge, snapshot), [signers.keys["timestamp"]], huge, NOW)
    stolen = {**metadata, "snapshot": snapshot, "timestamp": stamp}
    trusted = believed(first_trust(signers.root()), stolen)
    after = Signers(
        {
            **signers.keys,
            "timestamp": CryptoSigner.generate_ed25519(),
            "snapshot": CryptoSigner.generate_ed25519(),
        }
    )
    honest = after.everything(3, 2)
    assert doubt(lambda: trusted.with_timestamp(honest["timestamp"], NOW)) is Doubt.SIGNATURE
    trusted = trusted.with_root(after.root(2))
    assert [v.number for v in believed(trusted, honest).versions("docs")] == [1, 2]


def test_another_root_is_believed_only_when_the_old_and_the_new_keys_signed_it(
    signers: Signers,
) -> None:
    trusted = first_trust(signers.root())
    after = Signers({**signers.keys, "root": CryptoSigner.generate_ed25519()})
    assert doubt(lambda: trusted.with_root(after.root(2))) is Doubt.SIGNATURE
    only_old = make_root(after.holders(*TOP_ROLES), [signers.keys["root"]], 2, NOW)
    assert doubt(lambda: trusted.with_root(only_old)) is Doubt.SIGNATURE
    both = after.root(2, signers.keys["root"])
    assert trusted.with_root(both).root.version == 2
    assert doubt(lambda: trusted.with_root(after.root(3, signers.keys["root"]))) is Doubt.ROLLBACK


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}" * 10, b"\xff" * 100, b"[" * 100_000])
def test_what_can_not_be_read_is_refused(signers: Signers, data: bytes) -> None:
    trusted = first_trust(signers.root())
    assert doubt(lambda: trusted.with_timestamp(data, NOW)) is Doubt.FORMAT
    assert doubt(lambda: first_trust(data)) is Doubt.FORMAT


def test_longer_metadata_than_there_can_be_are_not_read(signers: Signers) -> None:
    trusted = first_trust(signers.root())
    assert doubt(lambda: trusted.with_timestamp(b" " * 20_000, NOW)) is Doubt.FORMAT


def test_a_statement_counts_when_its_key_signed_it_and_it_is_not_older(signers: Signers) -> None:
    trusted = believed(first_trust(signers.root()), signers.everything())
    five = make_statement(Statement("node", "s1", 5, {"a": 1}), [signers.keys[STATEMENTS]], NOW)
    assert trusted.statement(five, NOW).body == {"a": 1}
    assert doubt(lambda: trusted.statement(five, NOW, before=6)) is Doubt.ROLLBACK
    assert doubt(lambda: trusted.statement(five, Instant(NOW + 31 * DAY))) is Doubt.EXPIRED
    forged = make_statement(Statement("node", "s1", 6, {}), [signers.keys[ROLE]], NOW)
    assert doubt(lambda: trusted.statement(forged, NOW)) is Doubt.SIGNATURE
    other = signers.everything()[ROLE]
    assert doubt(lambda: trusted.statement(other, NOW)) is Doubt.SIGNATURE


def test_every_root_that_led_here_is_kept_for_those_who_are_behind(signers: Signers) -> None:
    one = signers.root()
    two = make_root(signers.holders(*TOP_ROLES), [signers.keys["root"]], 2, NOW)
    trusted = remembered(believed(first_trust(one).with_root(two), signers.everything()).octets)
    assert (trusted.octets["root.1"], trusted.octets["root.2"]) == (one, two)
    assert trusted.octets["root"] == two
