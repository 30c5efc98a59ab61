"""A build that dies anywhere leaves nothing that is wrong, and the next one makes the version."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from horarium.distribution.bundle_reading import BundleReader
from horarium.distribution.content import ChunkList, digest_of
from horarium.runtime.building import Built
from horarium.runtime.crash import POINTS
from tests.crash.build_once import build_once

ROOT = Path(__file__).parents[2]


def killed_at(point: str, folder: Path) -> int:
    environ = {**os.environ, "HORARIUM_CRASH_AT": f"build:{point}"}
    command = [sys.executable, "-m", "tests.crash.build_once", str(folder)]
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode


@pytest.mark.parametrize("passes", [1, 3])
# What comes after is publishing, which has its own tests.
@pytest.mark.parametrize("point", POINTS["build"][:4])
def test_a_build_that_dies_is_built_again(point: str, passes: int, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    for number in range(5):
        (source / "deep" / f"{number}.txt").write_bytes(bytes([number]) * 300_000)
    once = point in ("scanned", "manifest-written")
    status = killed_at(point if once else f"{point}:{passes}", tmp_path)
    assert status == -signal.SIGKILL
    store, outcome = build_once(tmp_path)
    assert isinstance(outcome, Built)
    (bundle,) = outcome.version.bundles
    chunks = ChunkList.read(store.read(bundle.chunks.digest), bundle.content)
    assert chunks.fits(0, store.read(bundle.content.digest)[:262_144])
    with store.open(bundle.content.digest) as stream:
        reader = BundleReader(stream, store, None, outcome.version.manifest)
        found = {one.content.digest: b"".join(one.pieces) for one in reader.contents()}
    assert len(found) == 5
    for digest in store.digests():
        assert digest_of(store.read(digest)) == digest
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    source.rename(fresh / "source")
    _, again = build_once(fresh)
    assert isinstance(again, Built)
    assert again.version == outcome.version
