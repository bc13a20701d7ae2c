"""Locks that die with their holder: `flock` on a file that says who holds it."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from warehouse_twin.errors import LockedError

POLL_SECONDS = 0.2


def _holder() -> str:
    return json.dumps(
        {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:200],
        }
    )


def holder_of(path: Path) -> str:
    """Who last took the lock, in words."""
    try:
        who = json.loads(path.read_text())
        return f"process {who['pid']} on {who['host']} since {who['since']} ({who['command']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


@contextmanager
def exclusive(
    path: Path,
    *,
    wait_seconds: float,
    shared: bool = False,
    on_wait: Callable[[str], None] = lambda holder: None,
) -> Iterator[None]:
    """Hold the lock for the length of the block; the kernel frees it if the process dies.

    `shared` lets other shared holders in (mapped tasks of one run). `on_wait` is called once, with the holder.
    Raises LockedError, naming the holder, after `wait_seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
    deadline, told = time.monotonic() + wait_seconds, False
    with path.open("a+") as stream:
        while True:
            try:
                fcntl.flock(stream, mode)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise LockedError(
                        f"{path.stem} is held by {holder_of(path)}; waited {wait_seconds:.0f} s; "
                        "try again when it has ended, or pass a longer --wait"
                    ) from None
                if not told:
                    on_wait(holder_of(path))
                    told = True
                time.sleep(POLL_SECONDS)
        if not shared:
            stream.seek(0)
            stream.truncate()
            stream.write(_holder())
            stream.flush()
        yield
