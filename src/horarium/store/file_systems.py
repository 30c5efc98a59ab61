"""On what kind of file system a path lies: what is far away can lose or mix up what was written."""

from __future__ import annotations

import os
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = frozenset({
    "9p", "afs", "ceph", "cifs", "coda", "davfs", "fuse", "glusterfs", "gpfs", "lustre", "ncpfs",
    "nfs", "nfs4", "ocfs2", "smb3", "smbfs",
})  # fmt: skip
_FUSE = frozenset({"sshfs", "glusterfs", "s3fs", "rclone", "davfs2", "ceph", "curlftpfs"})


def file_system(path: Path, mounts: Path = MOUNTS) -> str:
    """The kind of the file system that a path lies on, or would; empty where the system does not
    tell (proc(5), ``mountinfo``)."""
    real = os.path.realpath(path)
    longest, found = "", ""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.partition(" ")[0]
        place = fields[4].replace("\\040", " ") if len(fields) > 4 else ""
        under = real == place or real.startswith(f"{place.rstrip('/')}/")
        # Of two that lie over each other the later one is seen.
        if place and under and len(place) >= len(longest):
            longest, found = place, kind
    return found


def network_kind(path: Path, mounts: Path = MOUNTS) -> str:
    """The kind of the network file system that a path lies on, or would; empty for a local one."""
    found = file_system(path, mounts)
    fuse, _, name = found.partition(".")
    return found if found in NETWORK or (fuse == "fuse" and name in _FUSE) else ""
