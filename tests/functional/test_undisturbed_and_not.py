"""The same release through the Airflow DAG, and with every stage killed on the way: the same data, the published twin whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from shop_project import Project

from .conftest import Undisturbed

DELAYS = {"resolve": 0.2, "profile": 2.0, "train": 0.5, "synthesize": 3.0, "materialize": 2.0, "gate": 1.5, "release": 0.2, "publish": 0.1}
"""Seconds from a stage's first word to its death."""


@pytest.fixture(scope="module")
def forgetful(second: Project) -> Project:
    """The project without what release 1 learned, which would serve release 2 as well: so everything is done anew."""
    for learned in ("internal/shop/profile", "secure/shop/train"):
        shutil.rmtree(second.workspace / learned)
    return second


def test_the_dag_makes_the_release_that_the_command_line_makes(undisturbed: Undisturbed, second: Project) -> None:
    command = [sys.executable, "-m", "warehouse_twin.operators.embedded", "shop"]
    done = subprocess.run(command, cwd=second.root, env=second.environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert second.digests() == {1: undisturbed.releases[1]}
    assert second.published()[0] == 1


@pytest.mark.parametrize("stage", DELAYS)
def test_a_stage_killed_in_the_middle_leaves_readers_the_published_twin(forgetful: Project, stage: str) -> None:
    """Each stage of release 2 is killed once it has begun its work, then run to its end."""
    before = forgetful.published()
    process = forgetful.start(stage, "shop")
    assert process.stderr is not None
    for line in process.stderr:
        if f" {stage}" in line:
            break
    time.sleep(DELAYS[stage])
    killed = process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert killed, f"{stage} ended before it could be killed"
    assert forgetful.published() == before or (stage == "publish" and forgetful.published()[0] == 2)
    forgetful.twin(stage, "shop")


def test_the_killed_release_ended_as_an_undisturbed_one(undisturbed: Undisturbed, second: Project) -> None:
    assert second.published()[0] == 2
    assert second.digests() == undisturbed.releases
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
