"""Locks: one holder, many sharers, freed by death, the holder named."""

import subprocess
import sys
import time

import pytest

from warehouse_twin.errors import LockedError, TransientError
from warehouse_twin.locking import exclusive

HOLD = """
import sys, time
from pathlib import Path
from warehouse_twin.locking import exclusive
with exclusive(Path(sys.argv[1]), wait_seconds=0):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "twin.lock")], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_holder_is_told_who_has_it(tmp_path, holder) -> None:
    told = []
    with pytest.raises(LockedError, match=f"process {holder.pid}") as caught, exclusive(
        tmp_path / "twin.lock", wait_seconds=0.3, on_wait=told.append
    ):
        pass
    assert isinstance(caught.value, TransientError)
    assert len(told) == 1


def test_a_killed_holder_frees_it(tmp_path, holder) -> None:
    holder.kill()
    holder.wait()
    started = time.monotonic()
    with exclusive(tmp_path / "twin.lock", wait_seconds=5):
        assert time.monotonic() - started < 5


def test_sharers_do_not_shut_each_other_out(tmp_path) -> None:
    lock = tmp_path / "twin.lock"
    with (
        exclusive(lock, wait_seconds=0, shared=True),
        exclusive(lock, wait_seconds=0, shared=True),
        pytest.raises(LockedError),
        exclusive(lock, wait_seconds=0),
    ):
        pass
