"""Dear fixtures, made once for all workers of a run: each worker is a process, and has session fixtures of its own."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name`, filled by the first worker that asks for it while others wait. Nobody may alter it afterwards."""
    run = factory.getbasetemp()
    shared = run.parent if run.name.startswith("popen-") else run  # a worker's own folder is in that of the run
    folder, done = shared / name, shared / f"{name}.done"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # half made, where the first to ask failed: then say why once more
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
