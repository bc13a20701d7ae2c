"""A file system of its own for a test that fills it: a small tmpfs, where the tests may mount one (as root).

Elsewhere a limit on the size of files stands in for it. That shows less: every writer is told that a file has become too large,
and none that there is no room.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SIZE = "512m"
_LIMITED = """
import resource, runpy, sys
most, *sys.argv = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Disk:
    """A folder; `mounted` when it is a file system of its own. `told` is what its writers are told when it is full."""

    folder: Path
    mounted: bool

    @property
    def told(self) -> str:
        return "No space left on device" if self.mounted else "File too large"

    @contextmanager
    def full(self, command: Sequence[str], *, room: int) -> Iterator[list[str]]:
        """The command as it finds no more than so many bytes of room, as long as the block lasts."""
        if not self.mounted:
            python, _, module, *words = command
            yield [python, "-c", _LIMITED, str(room), module, *words]
            return
        filler = self.folder / "filler"
        with filler.open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, max(shutil.disk_usage(self.folder).free - room, 1))
        try:
            yield list(command)
        finally:
            filler.unlink()


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "twin-tests", str(folder)]
    mounted = os.geteuid() == 0 and sys.platform == "linux" and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield Disk(folder, mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)
