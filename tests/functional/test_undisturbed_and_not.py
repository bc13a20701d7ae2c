"""The same release through the Airflow DAG, and with every stage killed on the way: the same data, the published twin whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from shop_project import Project

STAGES = ("resolve", "profile", "train", "synthesize", "materialize", "gate", "release", "publish")


def test_the_dag_makes_the_release_that_the_command_line_makes(first: Project, second: Project) -> None:
    command = [sys.executable, "-m", "warehouse_twin.operators.embedded", "shop"]
    done = subprocess.run(command, cwd=second.root, env=second.environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert second.digests() == {1: first.digests()[1]}
    assert second.published()[0] == 1


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_killed_in_the_middle_leaves_readers_the_published_twin(second: Project, stage: str) -> None:
    """Each stage of release 2 is killed once it has begun its work, then run to its end."""
    before = second.published()
    process = second.start(stage, "shop")
    assert process.stderr is not None
    for line in process.stderr:
        if f" {stage}" in line:
            break
    time.sleep(0.4 if stage in ("release", "publish") else 1.5)
    killed = process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    assert killed or stage in ("release", "publish"), f"{stage} ended before it could be killed"
    assert second.published() == before or (stage == "publish" and second.published()[0] == 2)
    second.twin(stage, "shop")


def test_the_killed_release_ended_as_an_undisturbed_one(first: Project, second: Project) -> None:
    assert second.published()[0] == 2
    assert second.digests()[2] == first.digests()[2]
    second.twin("audit", "shop@published")
    second.twin("gc", "shop")
    second.twin("audit", "shop@published")


def test_of_two_runs_at_once_the_second_waits_and_both_end_well(second: Project) -> None:
    one = second.start("run", "shop")
    assert one.stderr is not None
    one.stderr.readline()
    refused = second.twin("run", "shop", "--wait", "0.5", status=2)
    assert f"process {one.pid}" in refused.stderr
    two = second.start("run", "shop")
    _, waited = two.communicate(timeout=900)
    _, _ = one.communicate(timeout=900)
    assert (one.returncode, two.returncode) == (0, 0), waited
    assert "waiting, held by" in waited
    assert second.published()[0] == 4
