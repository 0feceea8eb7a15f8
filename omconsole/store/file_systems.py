"""On which file system a directory lies: on a network's, the kernel does not tell of other hosts' changes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

NETWORK: Final = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "afpfs", "webdav", "9p", "ceph", "glusterfs", "lustre"),
        *("fuse.sshfs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "macfuse", "osxfuse"),
    )
)
"""File systems whose changes by other hosts the kernel does not tell."""
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")
_MOUNT_LINE: Final = re.compile(r"^.* on (?P<point>/.*) \((?P<kind>[^,()]+)[,)]")
"""A line of `mount` on macOS: `//anna@nas/team on /Volumes/team (smbfs, nodev, nosuid)`."""
_ASKED_FOR_S: Final = 2.0


class FileSystem(NamedTuple):
    """A file system: its kind as the system calls it (empty where it does not say), and where it is mounted."""

    kind: str
    point: str

    @property
    def is_network(self) -> bool:
        return self.kind in NETWORK


UNKNOWN: Final = FileSystem("", "/")


def file_system_of(directory: Path) -> FileSystem:
    """Return the file system that a directory lies on, or would; `UNKNOWN` where the system does not say."""
    return deepest(mounted(), directory.resolve())


def mounted() -> list[FileSystem]:
    """Return what is mounted, as far as the system says so."""
    if sys.platform == "linux":
        try:
            return of_linux(Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace"))
        except OSError:
            return []
    try:
        told = subprocess.run(["/sbin/mount"], capture_output=True, timeout=_ASKED_FOR_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return of_macos(told.stdout.decode("utf-8", "replace"))


def of_linux(mounts: str) -> list[FileSystem]:
    """Return what `/proc/self/mounts` lists, in its order: a later one lies over an earlier one."""
    rows = (line.split(" ") for line in mounts.splitlines())
    return [FileSystem(row[2], _ESCAPED.sub(lambda code: chr(int(code[1], 8)), row[1])) for row in rows if len(row) > 2]


def of_macos(mounts: str) -> list[FileSystem]:
    """Return what `mount` lists."""
    found = (_MOUNT_LINE.match(line) for line in mounts.splitlines())
    return [FileSystem(match["kind"].strip(), match["point"]) for match in found if match]


def deepest(mounts: list[FileSystem], directory: Path) -> FileSystem:
    """Return the one of these that holds a directory."""
    best = FileSystem("", "")
    for each in mounts:
        if len(each.point) >= len(best.point) and directory.is_relative_to(each.point):
            best = each
    return best if best.point else UNKNOWN
