"""Which bundles a node lets go of, that keeps no more than it is given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from horarium.kernel.instant import Instant
from horarium.runtime.tiers.collecting import beyond
from horarium.store.holdings import Holding
from horarium.transport.content import ContentStore


class Cache:
    """Four bundles of a thousand octets, by the order in which they were needed last: 3 1 4 2."""

    def __init__(self, folder: Path) -> None:
        self.contents = ContentStore(folder)
        self.holdings = [self.held(number) for number in (1, 2, 3, 4)]
        for at, number in enumerate((3, 1, 4, 2)):
            os.utime(self.contents.path(self.digest(number)), (1_000 + at, 1_000 + at))

    def held(self, number: int) -> Holding:
        digest = self.contents.put([bytes([number]) * 1_000]).digest
        return Holding("docs", number, number - 1, digest, Instant(number))

    def digest(self, number: int) -> str:
        return self.holdings[number - 1].digest

    def beyond(self, most: int | None, *needed: int, lacking: int = 0) -> list[int]:
        kept = {self.digest(number) for number in needed}
        found = beyond(self.contents, self.holdings, kept, most, lacking)
        return [holding.version for holding in found]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path)


def test_without_a_limit_all_stay(cache: Cache) -> None:
    assert cache.beyond(None) == []
    assert cache.beyond(4_000) == []


def test_those_go_first_that_were_needed_longest_ago(cache: Cache) -> None:
    assert cache.beyond(3_999) == [3]
    assert cache.beyond(2_000) == [3, 1]
    assert cache.beyond(0) == [3, 1, 4, 2]


def test_what_somebody_waits_for_never_goes(cache: Cache) -> None:
    assert cache.beyond(2_000, 3) == [1, 4]
    assert cache.beyond(0, 1, 2, 3, 4) == []


def test_a_disk_that_fills_up_takes_them_too(cache: Cache) -> None:
    assert cache.beyond(None, lacking=1_001) == [3, 1]
    assert cache.beyond(3_000, lacking=-5) == [3]
    assert cache.beyond(None, 3, lacking=1_001) == [1, 4]


def test_one_that_is_gone_already_counts_for_nothing(cache: Cache) -> None:
    cache.contents.drop(cache.digest(3))
    assert cache.beyond(3_000) == []
    assert cache.beyond(2_999) == [1]
