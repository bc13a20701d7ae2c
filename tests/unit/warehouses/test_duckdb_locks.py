"""A DuckDB file has one holder at a time: who waits for it, and what they are told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from warehouse_twin.errors import LockedError
from warehouse_twin.warehouses import Publication

FIRST = Publication(twin="shop", release=1, data_digest="d1", published_at="2025-01-02T03:04:05+00:00")


@contextmanager
def held(path: Path, *, read_only: bool = False, seconds: float = 60) -> Iterator[int]:
    """Another process holds the file; gives its process id."""
    code = (
        "import duckdb, sys, time\n"
        f"opened = duckdb.connect({str(path)!r}, read_only={read_only})\n"
        f"print('held', flush=True)\ntime.sleep({seconds})\nopened.close()\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder.pid
    finally:
        holder.kill()
        holder.communicate()


# ── locks ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_held_file_is_waited_for(shop: Any) -> None:
    with held(shop.path, seconds=0.7):
        assert shop.read("shop__r1", "orders").num_rows == 2


def test_who_holds_the_file_too_long_is_named(shop: Any) -> None:
    hurried = shop.hurried()
    with held(shop.path) as pid, pytest.raises(LockedError, match=rf"held by process {pid} .*waited 0\.3 s; try again"):
        hurried.read("shop__r1", "orders")


def test_readers_share_and_shut_writers_out(shop: Any) -> None:
    hurried = shop.hurried()
    with held(shop.path, read_only=True) as pid:
        assert hurried.read("shop__r1", "orders").num_rows == 2
        with pytest.raises(LockedError, match=str(pid)):
            hurried.publish(public="shop", private="shop__r1", tables=(), publication=FIRST)
    assert shop.published("shop") is None
