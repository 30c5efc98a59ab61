"""The lint rests on what builds took and made before."""

from __future__ import annotations

from pathlib import Path

from tests.distribution.realms import FILES, small
from tests.office import NOW, Office

from horarium.kernel.instant import Instant
from horarium.runtime.realm_lint import kept_history, size_of, with_estimates
from horarium.store.store import Transaction


def test_the_last_builds_are_the_history(tmp_path: Path) -> None:
    office, realm = Office(), small()

    def builds(tx: Transaction) -> None:
        for number in range(1, 31):
            started = Instant(NOW + number * 1_000)
            build = tx.versions.begin_build("intranet", "schedule", started)
            changed = number % 2 == 0
            tx.versions.end_build(
                build, "built" if changed else "unchanged", Instant(started + number),
                version=number if changed else None, size=10_000_000, delta=number * 100,
            )  # fmt: skip

    office.store.transact([], builds)
    past = office.store.read(lambda tx: kept_history(tx, realm))
    # Of the last twenty, 11 to 30: the ten that made a version, and all that took time.
    assert (past.octets, past.seconds) == ({"intranet": 3_000}, {"intranet": 29})
    assert with_estimates(realm, past) == past


def test_a_source_on_this_machine_is_measured(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "one").write_bytes(bytes(700))
    (tmp_path / "a" / "b" / "two").write_bytes(bytes(300))
    (tmp_path / "a" / "link").symlink_to("/")
    keys = {**FILES, "source": [str(tmp_path / "a" / "b"), str(tmp_path / "a" / "one")]}
    realm = small(distribution={"intranet": keys})
    office = Office()
    past = with_estimates(realm, office.store.read(lambda tx: kept_history(tx, realm)))
    assert (past.octets, past.estimated) == ({"intranet": 1_000}, frozenset({"intranet"}))
    assert size_of(tmp_path / "nowhere") is None
