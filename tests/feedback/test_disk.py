"""Which disks are reached over a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.feedback.disk import is_network_disk

MOUNTS = r"""/dev/sda1 / ext4 rw 0 0
proc /proc proc rw 0 0
server:/home /mnt/home nfs4 rw 0 0
//server/share /mnt/my\040share cifs rw 0 0
/dev/sdb1 /mnt/home/local xfs rw 0 0
hf-mount /data fuse.hf-mount rw 0 0
first /mnt/twice ext4 rw 0 0
second /mnt/twice nfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/srv/podium/podium.db", False),
        ("/mnt/homestead/podium.db", False),
        ("/mnt/home/me/podium.db", True),
        ("/mnt/home/local/podium.db", False),
        ("/mnt/my share/podium.db", True),
        ("/data/podium.db", True),
        ("/data/../srv/podium.db", False),
        ("/mnt/twice/podium.db", True),
    ],
)
def test_the_innermost_mount_decides(path: str, expected: bool) -> None:
    assert is_network_disk(Path(path), MOUNTS) is expected


def test_a_system_without_a_list_of_mounts_has_local_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.feedback.disk.MOUNTS", tmp_path / "missing")
    assert not is_network_disk(tmp_path / "podium.db")


def test_this_machines_own_list_can_be_read(tmp_path: Path) -> None:
    assert is_network_disk(tmp_path) in (True, False)
