"""Peers by name: capped ones of SDV, and engines behind a command."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pytest
from benchmarks import peers

from tiny_profiles import profile_of
from warehouse_twin.errors import ConfigurationError

TABLE = pa.table({"age": pa.array([30, 40, 50], type=pa.int32()), "kind": ["a", "b", "a"]})
ECHO = """
import json, shutil, sys
shutil.copyfile(sys.argv[1], sys.argv[2])
print("learning")
print(json.dumps({"fit_cpu_s": 1.5, "sample_cpu_s": float(sys.argv[3]) + float(sys.argv[4])}))
"""


def test_a_cap_stands_in_the_name() -> None:
    assert peers.find_engine("tvae").name == "tvae (30 epochs)"
    assert peers.find_engine("ctgan").name == "ctgan (10 epochs)"


def test_only_the_peers_that_are_asked_for_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PEERS", raising=False)
    assert peers.asked() == ()
    monkeypatch.setenv("PEERS", "ctgan,tvae")
    assert peers.asked() == ("ctgan", "tvae")


def test_an_engine_of_another_environment_is_run_by_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "draw.py"
    script.write_text(ECHO)
    monkeypatch.setenv("PEER_OTHER", f"{sys.executable} {script}")
    drawn = peers.find_engine("other").draw(TABLE, profile_of(TABLE), seed=4)
    assert drawn.rows == TABLE
    assert (drawn.fit_cpu_s, drawn.sample_cpu_s) == (1.5, 7.0)


def test_our_own_engine_is_timed_in_this_process() -> None:
    drawn = peers.find_engine("independent").draw(TABLE, profile_of(TABLE, k=1), seed=1)
    assert drawn.rows.schema.equals(TABLE.schema)
    assert drawn.rows.num_rows == 3
    assert drawn.fit_cpu_s >= 0


def test_a_peer_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"no peer 'tabnine'.*ctgan, tvae.*PEER_TABNINE"):
        peers.find_engine("tabnine")
