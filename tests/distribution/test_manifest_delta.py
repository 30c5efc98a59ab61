"""From one manifest to the next, and what changed on the way."""

from dataclasses import replace

import pytest
from hypothesis import given

from horarium.distribution.comparing import changes, settled
from horarium.distribution.content import digest_of
from horarium.distribution.manifest import Directory, Entry, File, Link, Removal
from horarium.distribution.manifest_delta import OtherManifest, apply_delta, write_delta
from horarium.distribution.manifest_text import write_manifest
from horarium.kernel.errors import InvalidInput
from tests.distribution.manifests import entries, manifest

HEX = "0" * 64
A = File("a", 0o644, 3, 100, f"sha256:{HEX}")


@given(entries(), entries())
def test_a_delta_leads_to_the_manifest(one: tuple[Entry, ...], other: tuple[Entry, ...]) -> None:
    before, now = manifest(one, 3), manifest(other, 4)
    delta = write_delta(before, now)
    assert apply_delta(before, delta, digest_of(write_manifest(now))) == now


@given(entries(), entries())
def test_only_what_differs_is_a_line(one: tuple[Entry, ...], other: tuple[Entry, ...]) -> None:
    delta = write_delta(manifest(one, 3), manifest(other, 4))
    assert delta.count(b"\n") - 2 == len({entry.path for entry in set(one) ^ set(other)})


BEFORE = manifest([A, Directory("d", 0o755), Link("l", "a")], 1)
NOW = manifest([replace(A, size=4), Directory("e", 0o755), Link("l", "a")], 2)
DELTA = write_delta(BEFORE, NOW).decode()
WANTED = digest_of(write_manifest(NOW))


def test_the_text_of_the_format() -> None:
    assert (
        f'{{"format":"horarium-manifest-delta-1","from":1,"manifest":"{WANTED}","lines":3}}\n'
        '{"format":"horarium-manifest-1","distribution":"docs","version":2,"type":"file",'
        '"root":"%DEST_VOLUME%/www","sequential":true,"entries":3}\n'
        f'~["f","a","0644",4,100,"sha256:{HEX}"]\n'
        '-"d"\n'
        '+["d","e","0755"]\n'
    ) == DELTA


BROKEN = {
    "from another version": ('"from":1', '"from":2', OtherManifest),
    "to another": (WANTED, f"sha256:{HEX}", OtherManifest),
    "another result": ('"0755"', '"0700"', OtherManifest),
    "gone already": ('-"d"', '-"dd"', OtherManifest),
    "there already": ('+["d","e"', '+["d","l"', OtherManifest),
    "changed what is not there": ('~["f","a"', '~["f","aa"', OtherManifest),
    "no sign": ('-"d"', '"d"', InvalidInput),
    "other sign": ('-"d"', '!"d"', InvalidInput),
    "more lines": ('"lines":3', '"lines":4', InvalidInput),
    "out of order": ('-"d"\n+["d","e","0755"]\n', '+["d","e","0755"]\n-"d"\n', InvalidInput),
    "no end": ('"0755"]\n', '"0755"]', InvalidInput),
    "blank": ('-"d"', '- "d"', InvalidInput),
}


@pytest.mark.parametrize("name", BROKEN)
def test_anything_else_is_refused(name: str) -> None:
    old, new, kind = BROKEN[name]
    assert old in DELTA
    with pytest.raises(kind):
        apply_delta(BEFORE, DELTA.replace(old, new, 1).encode(), WANTED)


def test_a_delta_from_another_manifest_of_that_number_is_refused() -> None:
    other = manifest([A, Directory("d", 0o700), Link("l", "b")], 1)
    with pytest.raises(OtherManifest):
        apply_delta(other, DELTA.encode(), WANTED)


def test_what_counts_as_a_change() -> None:
    for changed in (
        replace(A, size=4),
        replace(A, mode=0o600),
        replace(A, digest=f"sha256:{'1' * 64}"),
        Directory("a", 0o644),
        Link("a", "b"),
        Removal("a"),
    ):
        assert changes([A], [changed]).changed == (changed,)
    assert changes([Link("l", "a")], [Link("l", "b")]).changed == (Link("l", "b"),)
    assert not changes([A], [replace(A, modified=999)])
    assert changes([A], []).removed == (A,)
    assert changes([], [A]).added == (A,)


@given(entries(), entries())
def test_what_did_not_change_stays_as_it_was(
    one: tuple[Entry, ...], other: tuple[Entry, ...]
) -> None:
    found = settled(one, other)
    assert not changes(found, other)
    assert [entry.path for entry in found] == sorted(entry.path for entry in other)
    touched = [replace(e, modified=7) if isinstance(e, File) else e for e in one]
    assert settled(one, touched) == tuple(sorted(one, key=lambda entry: entry.path))
