"""A content that arrives: verified chunk by chunk, taken up where it stood, never spliced."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from horarium.distribution.content import CHUNK, Blob, ChunkList, ChunkListing, blob_of
from horarium.kernel.errors import InvalidInput
from horarium.transport.arriving import Arrival, WrongChunk
from horarium.transport.content import ContentStore

DATA = b"".join(sha256(b"%d" % number).digest() * 1_000 for number in range(26))
BLOB = blob_of(DATA)
LISTING = ChunkListing()
assert b"".join(LISTING.passing([DATA])) == DATA
CHUNKS = LISTING.done()
assert BLOB.chunks == 4


def arrival(folder: Path, chunks: ChunkList | None = CHUNKS, content: Blob = BLOB) -> Arrival:
    return Arrival(ContentStore(folder), content, chunks)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 400_000), st.booleans()), max_size=12), st.data())
def test_any_pieces_with_deaths_between_make_the_content(
    tmp_path: Path, pieces: list[tuple[int, bool]], data: st.DataObject
) -> None:
    folder = tmp_path / str(data.draw(st.uuids()))
    one = arrival(folder)
    for length, dies in pieces:
        at = one.offset
        one.write(DATA[at : at + length])
        assert one.offset == min(len(DATA), at + length)
        assert one.edge == (one.offset if one.is_complete else one.offset // CHUNK * CHUNK)
        assert one.read(0, 1 << 30) == DATA[: one.edge]
        if dies:
            before = one.offset
            one.close()
            one = arrival(folder)
            assert one.offset == before
    one.write(DATA[one.offset :])
    one.finish()
    assert ContentStore(folder).read(BLOB.digest) == DATA
    assert not one.path.exists()


@pytest.mark.parametrize("at", [0, 5, CHUNK - 1, CHUNK, 3 * CHUNK, len(DATA) - 1])
def test_a_wrong_octet_costs_its_chunk_and_nothing_more(at: int, tmp_path: Path) -> None:
    one = arrival(tmp_path)
    wrong = DATA[:at] + bytes([DATA[at] ^ 128]) + DATA[at + 1 :]
    with pytest.raises(WrongChunk) as found:
        one.write(wrong)
    assert found.value.number == at // CHUNK
    assert one.offset == one.edge == at // CHUNK * CHUNK
    assert one.path.stat().st_size == one.offset
    one.write(DATA[one.offset :])
    one.finish()
    assert ContentStore(tmp_path).verify(BLOB.digest)


@pytest.mark.parametrize("chunks", [CHUNKS, None])
def test_one_octet_more_is_refused(chunks: ChunkList | None, tmp_path: Path) -> None:
    one = arrival(tmp_path, chunks)
    one.write(DATA[: CHUNK + 10])
    with pytest.raises(InvalidInput, match="more octets"):
        one.write(DATA[CHUNK + 10 :] + b"!")
    assert one.offset == one.edge
    one.write(DATA[one.offset :])
    one.finish()
    assert ContentStore(tmp_path).verify(BLOB.digest)


def test_what_is_cut_short_is_not_a_content(tmp_path: Path) -> None:
    one = arrival(tmp_path)
    one.write(DATA[:-1])
    assert not one.is_complete
    with pytest.raises(WrongChunk):
        one.finish()
    assert not ContentStore(tmp_path).has(BLOB.digest)


@pytest.mark.parametrize("left", ["altered", "longer", "of another content", "holes"])
def test_what_an_earlier_process_left_is_verified_before_it_counts(
    left: str, tmp_path: Path
) -> None:
    one = arrival(tmp_path)
    one.write(DATA[: 2 * CHUNK])
    one.close()
    octets, kept = {
        "altered": (DATA[: CHUNK + 7] + b"?" + DATA[CHUNK + 8 : 2 * CHUNK], CHUNK),
        "longer": (DATA + b"more", len(DATA)),
        "of another content": (b"\0" * (2 * CHUNK), 0),
        "holes": (DATA[:CHUNK] + b"\0" * CHUNK, CHUNK),
    }[left]
    one.path.write_bytes(octets)
    again = arrival(tmp_path)
    assert again.offset == kept
    assert again.path.stat().st_size == kept
    again.write(DATA[kept:])
    again.finish()
    assert ContentStore(tmp_path).verify(BLOB.digest)


def test_chunks_that_fit_are_nothing_when_the_whole_does_not(tmp_path: Path) -> None:
    other = Blob(f"sha256:{'0' * 64}", len(DATA))
    one = arrival(tmp_path, content=other)
    one.write(DATA)
    with pytest.raises(WrongChunk):
        one.finish()
    assert not one.path.exists()
    assert not ContentStore(tmp_path).has(other.digest)


def test_a_content_without_chunks_is_verified_at_its_end(tmp_path: Path) -> None:
    one = arrival(tmp_path, None)
    one.write(DATA[:5] + b"?" + DATA[6:])
    assert one.edge == 0
    with pytest.raises(WrongChunk):
        one.finish()
    again = arrival(tmp_path, None)
    assert again.offset == 0
    again.write(DATA)
    again.finish()


def test_durable_is_what_was_there_when_it_was_synced(tmp_path: Path) -> None:
    passed: list[str] = []
    one = Arrival(ContentStore(tmp_path), BLOB, CHUNKS, passed.append)
    one.write(DATA[: CHUNK + 100])
    assert one.synced == 0
    assert one.sync() == CHUNK + 100
    assert one.sync() == CHUNK + 100
    assert passed == ["chunk-received", "chunk-synced"]
