"""Where a file really lies: on this machine, or on a disk that others reach over a network.

Owns the reading of the system's list of mounts. SQLite's write-ahead log shares memory between the
processes that use a database, and that does not reach across a network.
Source: https://www.sqlite.org/wal.html, "WAL does not work over a network filesystem".
"""

from __future__ import annotations

import re
from pathlib import Path

MOUNTS = Path("/proc/mounts")

_NETWORK = re.compile(r"nfs\d?|cifs|smb\w*|ncpfs|9p|afs|ceph|glusterfs|lustre|gpfs|beegfs|virtiofs|fuse.*")


def is_network_disk(path: Path, mounts: str | None = None) -> bool:
    """Say whether a path lies on a network file system, or on one through FUSE, as mounted buckets are.

    Args:
        mounts: a list of mounts as Linux writes it; default: the system's own. A system without one
            is taken to have local disks.
    """
    if mounts is None:
        mounts = MOUNTS.read_text(errors="replace") if MOUNTS.exists() else ""
    place = path.absolute().resolve()
    kind, depth = "", -1
    for line in mounts.splitlines():
        _, point, found, *_ = line.split(" ")
        folder = Path(_unescaped(point))
        if len(folder.parts) >= depth and place.is_relative_to(folder):  # the last of equals hides the others
            kind, depth = found, len(folder.parts)
    return _NETWORK.fullmatch(kind) is not None


def _unescaped(point: str) -> str:
    """Undo the octal escapes of space, tab, line feed and backslash in a mount point."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), point)
