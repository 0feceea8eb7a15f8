"""On which file system the state lies: by what Linux and macOS say is mounted."""

from __future__ import annotations

from pathlib import Path

import pytest

from omconsole.store.file_systems import UNKNOWN, FileSystem, deepest, file_system_of, of_linux, of_macos

LINUX = r"""
/dev/vda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
nas:/home /home nfs4 rw,vers=4.2 0 0
/dev/vdb1 /home/anna/local xfs rw 0 0
anna@host:/srv /home/anna/my\040share fuse.sshfs rw 0 0
//nas/team /mnt/team cifs rw 0 0
broken
"""
MACOS = """
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
devfs on /dev (devfs, local, nobrowse)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)
//anna@nas/team on /Volumes/Team on tour (smbfs, nodev, nosuid, mounted by anna)
"""


@pytest.mark.parametrize(
    ("directory", "kind", "is_network"),
    [
        ("/var/lib", "ext4", False),
        ("/home/anna/state", "nfs4", True),
        ("/home/anna/local/state", "xfs", False),
        ("/home/anna/localhost", "nfs4", True),
        ("/home/anna/my share/x", "fuse.sshfs", True),
        ("/mnt/team", "cifs", True),
    ],
)
def test_linux_says_it_in_proc(directory: str, kind: str, *, is_network: bool) -> None:
    found = deepest(of_linux(LINUX), Path(directory))
    assert (found.kind, found.is_network) == (kind, is_network)


def test_what_is_mounted_over_another_counts() -> None:
    assert deepest(of_linux("a /srv ext4 rw\nnas:/ /srv nfs rw\n"), Path("/srv/x")).is_network


@pytest.mark.parametrize(("directory", "kind"), [("/Users", "apfs"), ("/Volumes/Team on tour/state", "smbfs")])
def test_macos_says_it_by_mount(directory: str, kind: str) -> None:
    assert deepest(of_macos(MACOS), Path(directory)).kind == kind


def test_where_nothing_is_said_nothing_is_known(tmp_path: Path) -> None:
    assert deepest([], tmp_path) == UNKNOWN
    assert not UNKNOWN.is_network
    assert isinstance(file_system_of(tmp_path / "not there yet"), FileSystem)
