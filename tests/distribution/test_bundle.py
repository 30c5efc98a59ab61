"""Bundles: what is written is read, and arrives as it was."""

import io
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horarium.distribution import bundle_format, bundle_plan
from horarium.distribution.bundle_codec import (
    FAST,
    PACKING,
    PATCHING,
    PLAIN,
    THOROUGH,
    Budget,
    compressed,
    smallest,
)
from horarium.distribution.bundle_manifest import pack_manifest, restored, squeezed
from horarium.distribution.bundle_reading import BasesDiffer, BundleReader
from horarium.distribution.bundle_writing import make_bundle
from horarium.distribution.content import Blob, blob_of
from horarium.distribution.manifest import Manifest
from horarium.distribution.manifest_text import write_manifest
from horarium.kernel.errors import CorruptState
from tests.distribution.manifests import Kept, tree

RNG = random.Random("bundle")
NOISE = RNG.randbytes(300_000)
TEXT = " ".join(
    RNG.choice(["alpha", "beta", "gamma", "delta", "7"]) for _ in range(60_000)
).encode()


def wanted(now: Manifest) -> Blob:
    return blob_of(write_manifest(now))


def bundle(before: Manifest | None, now: Manifest, kept: Kept, budget: int = FAST) -> bytes:
    return b"".join(make_bundle(before, now, kept, budget))


def unpack(data: bytes, bases: Kept, before: Manifest | None, now: Manifest) -> Kept:
    """Reads a bundle as a receiver would; what it produced."""
    reader = BundleReader(io.BytesIO(data), bases, before, wanted(now))
    assert reader.manifest == now
    found = Kept()
    for one in reader.contents():
        octets = b"".join(one.pieces)
        assert blob_of(octets) == one.content
        found.add(octets)
    return found


def kinds(data: bytes, before: Manifest | None, now: Manifest) -> str:
    """The kinds of the records of a bundle, in order."""
    stream = io.BytesIO(data)
    bundle_format.read_header(stream)
    from horarium.distribution.bundle_manifest import _unpacked

    base = b""
    first = stream.read(1)
    if before is not None:
        base, _ = squeezed(write_manifest(before))
    _unpacked(stream, base if first == b"D" else b"")
    sizes = tuple(blob.length for blob in bundle_plan.contents_of(before))
    found = ""
    while (record := bundle_format.read_record(stream, sizes)) is not None:
        found += record.kind.decode()
    return found


pieces = st.sampled_from([b"", b"a", TEXT[:500], TEXT[:5_000], NOISE[:3_000], NOISE[50:2_000]])
files = st.dictionaries(st.sampled_from("abcdefgh"), pieces, max_size=6)


@given(files, files, st.sampled_from([0, FAST, THOROUGH]))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read(old: dict[str, bytes], new: dict[str, bytes], budget: int) -> None:
    bases, kept = Kept(), Kept()
    before, now = tree(old, 1, bases), tree(new, 2, kept)
    kept.update(bases)
    data = bundle(before, now, kept, budget)
    found = unpack(data, bases, before, now)
    assert found.keys() == {blob_of(d).digest for d in new.values()} - bases.keys()
    assert data == bundle(before, now, kept, budget)
    whole = unpack(bundle(None, now, kept, budget), Kept(), None, now)
    assert whole.keys() == {blob_of(d).digest for d in new.values()}


def test_a_change_costs_little() -> None:
    bases = Kept()
    before = tree({"a": NOISE, "b": TEXT}, 1, bases)
    kept = Kept(bases)
    now = tree({"a": NOISE[:1_000] + b"!" + NOISE[1_000:], "b": TEXT + b"more"}, 2, kept)
    data = bundle(before, now, kept)
    assert len(data) < 1_200
    unpack(data, bases, before, now)


def test_a_file_that_moved_is_not_carried() -> None:
    bases = Kept()
    before = tree({"old/a.bin": NOISE}, 1, bases)
    now = tree({"new/a.bin": NOISE, "copy": NOISE}, 2, bases)
    data = bundle(before, now, bases)
    assert len(data) < 800
    assert unpack(data, bases, before, now) == {}


def test_a_file_that_moved_and_changed_is_a_patch_of_what_it_was() -> None:
    bases = Kept()
    before = tree({"one/x.bin": NOISE, "one/y.bin": TEXT}, 1, bases)
    kept = Kept(bases)
    now = tree({"two/x.bin": NOISE + b"!", "one/y.bin": TEXT}, 2, kept)
    data = bundle(before, now, kept)
    assert len(data) < 1_000
    unpack(data, bases, before, now)


@pytest.fixture
def _small_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds so low that a few kilobytes come in parts."""
    for module, name, value in (
        (bundle_plan, "MOST_TARGET", 10_000),
        (bundle_plan, "MOST_INPUT", 30_000),
        (bundle_plan, "GROUP", 8_000),
        (bundle_plan, "MARGIN", 3_000),
    ):
        monkeypatch.setattr(module, name, value)


@pytest.mark.usefixtures("_small_records")
def test_a_long_file_comes_in_parts() -> None:
    bases = Kept()
    before = tree({"a": b"x", "big": NOISE[:95_000], "c": b"y"}, 1, bases)
    kept = Kept(bases)
    new = NOISE[:41_000] + b"inserted" + NOISE[41_000:80_000]
    now = tree({"a": b"x2", "big": new, "c": b"y2"}, 2, kept)
    data = bundle(before, now, kept)
    assert kinds(data, before, now)[1:5] == "CCCC"
    assert "P" in kinds(data, before, now)
    assert len(data) < 3_000
    unpack(data, bases, before, now)
    whole = bundle(None, now, kept)
    assert kinds(whole, None, now).count("W") == len(kinds(whole, None, now)) > 8
    unpack(whole, Kept(), None, now)


@pytest.mark.usefixtures("_small_records")
def test_a_long_file_that_lost_a_part_is_told_as_lost() -> None:
    """It is found out when half of it was given: the rest arrives, and what is lost is named."""
    bases = Kept()
    before = tree({"big": TEXT[:60_000], "c": b"y"}, 1, bases)
    kept = Kept(bases)
    now = tree({"big": TEXT[:60_000].replace(b"7", b"8"), "c": b"y2"}, 2, kept)
    data = bundle(before, now, kept)
    digest = blob_of(TEXT[:60_000]).digest
    bases[digest] = TEXT[:40_000] + b"?" + TEXT[40_001:60_000]
    reader = BundleReader(io.BytesIO(data), bases, before, wanted(now))
    whole, broken = [], []

    def read() -> None:
        for one in reader.contents():
            try:
                whole.append(b"".join(one.pieces))
            except BasesDiffer as lost:
                broken.append(lost.contents)

    with pytest.raises(BasesDiffer) as told:
        read()
    assert whole == [b"y2"]
    assert broken == [(blob_of(TEXT[:60_000].replace(b"7", b"8")),)]
    assert told.value.contents == broken[0]
    assert told.value.bases == (blob_of(TEXT[:60_000]),)


def edited(monkeypatch: pytest.MonkeyPatch) -> tuple[Kept, Kept, Manifest, Manifest, bytes]:
    """A bundle of three files in records of their own, and the base of one changed."""
    monkeypatch.setattr(bundle_plan, "GROUP", 1_000)
    bases = Kept()
    old = {name: TEXT[at : at + 9_000] for at, name in enumerate("abc")}
    before = tree(old, 1, bases)
    kept = Kept(bases)
    now = tree({name: data + b"new" for name, data in old.items()}, 2, kept)
    data = bundle(before, now, kept)
    return bases, kept, before, now, data


@pytest.mark.parametrize("how", ["edited", "gone", "short"])
def test_only_what_a_lost_base_carries_is_lost(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bases, kept, before, now, data = edited(monkeypatch)
    lost = blob_of(TEXT[1:9_001])
    if how == "gone":
        del bases[lost.digest]
    else:
        bases[lost.digest] = b"edited by hand" + (TEXT[15:9_001] if how == "edited" else b"")
    reader = BundleReader(io.BytesIO(data), bases, before, wanted(now))
    produced = Kept()
    with pytest.raises(BasesDiffer) as told:
        produced.update((one.content.digest, b"".join(one.pieces)) for one in reader.contents())
    assert len(produced) == 2
    assert told.value.bases == (lost,)
    assert told.value.contents == (blob_of(TEXT[1:9_001] + b"new"),)
    # With the base fetched, only what is missing is read again.
    bases[lost.digest] = kept[lost.digest]
    again = BundleReader(io.BytesIO(data), bases, before, wanted(now))
    found = [b"".join(one.pieces) for one in again.contents(skip=produced.has)]
    assert found == [TEXT[1:9_001] + b"new"]


def test_what_is_not_used_up_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    bases, _, before, now, data = edited(monkeypatch)
    reader = BundleReader(io.BytesIO(data), bases, before, wanted(now))
    assert [one.content.length for one in reader.contents()] == [9_003] * 3


def test_a_record_is_no_longer_than_the_whole_file() -> None:
    for target in (NOISE[:100_000], TEXT[:100_000], b"\0" * 100_000, b"x"):
        for base in (NOISE[100_000:250_000], TEXT[120_000:], b"\0" * 50_000):
            bases = Kept()
            before = tree({"a": base}, 1, bases)
            kept = Kept(bases)
            now = tree({"a": target}, 2, kept)
            head = len(pack_manifest(before, now))
            record = len(bundle(before, now, kept)) - head
            without = tree({}, 1)
            alone = len(bundle(without, now, kept)) - len(pack_manifest(without, now))
            assert record <= alone + 64


def test_what_shrinks_beyond_all_measure_is_padded() -> None:
    """A receiver refuses what promises two hundred times what it brings; zeros would."""
    kept = Kept()
    now = tree({"zeros": bytes(20 << 20)}, 1, kept)
    data = bundle(None, now, kept)
    assert 90_000 < len(data) < 110_000
    assert unpack(data, Kept(), None, now).keys() == kept.keys()


def test_the_budget_counts_work_and_not_time() -> None:
    budget = Budget(10)
    budget.grant(1_000)
    assert budget.spend(9_000)
    assert not budget.spend(2_000)
    assert budget.spend(2_000, must=True)
    assert not budget.spend(1)
    small = smallest(TEXT, TEXT + b"x", Budget(0))
    assert len(smallest(TEXT, TEXT + b"x", Budget(0, 1 << 40))) <= len(small)
    assert smallest(b"", TEXT, Budget(0)) == compressed(b"", TEXT, PLAIN)


def test_a_content_that_is_not_what_it_is_called_is_not_carried() -> None:
    kept = Kept()
    now = tree({"a": TEXT}, 1, kept)
    kept[blob_of(TEXT).digest] = TEXT[:-1] + b"?"
    with pytest.raises(CorruptState):
        bundle(None, now, kept)


def test_something_is_done_between_records(monkeypatch: pytest.MonkeyPatch) -> None:
    _bases, kept, before, now, _ = edited(monkeypatch)
    calls: list[int] = []
    list(make_bundle(before, now, kept, FAST, lambda: calls.append(1)))
    assert len(calls) == 3


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=5))
def test_digests_stand_aside_and_come_back(digests: list[bytes]) -> None:
    text = b"{}\n" + b"".join(b'["f","a","sha256:%s"]\n' % d.hex().encode() for d in digests)
    short, found = squeezed(text)
    assert found == b"".join(digests)
    assert restored(short, found) == text


def test_the_page_of_the_format_names_what_the_code_bounds() -> None:
    page = (Path(__file__).parents[2] / "docs" / "formats" / "bundle.md").read_text("utf-8")
    for number in (
        bundle_format.MOST_TARGET,
        bundle_format.MOST_INPUT,
        bundle_format.LONGEST_HEADER,
        bundle_format.MOST_INPUTS,
    ):
        assert f"{number:,}" in page
    for recipe in (*PATCHING, *PACKING):
        assert f"`{recipe.name}`" in page
