"""What lies in a DVC remote that is no folder: its objects, read as they are, for whoever checks them.

DVC verifies what it pulls, but what it finds in its cache it does not pull; an audit wants to see the remote itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

BLOCK = 1 << 20


def remote_blocks(registry: Path) -> Callable[[str], Iterator[bytes]]:
    """A function from an object's md5 to its bytes in the registry's default remote, block by block."""

    def blocks(md5: str) -> Iterator[bytes]:
        from dvc.repo import Repo

        repository = Repo(str(registry))
        try:
            store = repository.cloud.get_remote_odb()
            with store.fs.open(store.oid_to_path(md5), "rb") as stream:
                while block := stream.read(BLOCK):
                    yield block
        finally:
            repository.close()

    return blocks
