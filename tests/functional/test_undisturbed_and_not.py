"""The same release through the Airflow DAG, and with every stage killed and short of room on the way: the same data, the published
twin whole. And two twins at once, one of them by synthesizers that are seldom wanted."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import duckdb
import pytest

from shop_project import Project
from small_disk import Disk
from warehouse_twin.workspace import leftovers

from .conftest import Undisturbed

DELAYS = {"resolve": 0.2, "profile": 2.0, "train": 0.5, "synthesize": 3.0, "materialize": 2.0, "gate": 1.5, "release": 0.2, "publish": 0.1}
"""Seconds from a stage's first word to its death."""
ROOM = {"resolve": 0, "synthesize": 64, "materialize": 400, "gate": 400, "release": 64, "publish": 64}
"""Kilobytes that a stage finds free, which is enough to begin with: stages that write by Spark, dbt, Great Expectations, DVC, DuckDB."""
PATIENTS, WARDS = 300, 40
CLINIC = f"""
CREATE SCHEMA clinic;
CREATE TABLE clinic.wards (code VARCHAR PRIMARY KEY, name VARCHAR NOT NULL, beds INTEGER);
CREATE TABLE clinic.patients (id INTEGER PRIMARY KEY, tier VARCHAR NOT NULL, born DATE NOT NULL);
INSERT INTO clinic.patients SELECT i, 't' || hash(i) % 3, DATE '1950-01-01' + (hash(i, 2) % 15000)::INT FROM range({PATIENTS}) r(i);
CREATE TABLE clinic.visits (
    id INTEGER PRIMARY KEY, patient INTEGER NOT NULL REFERENCES clinic.patients (id), seen TIMESTAMP NOT NULL, cost DOUBLE NOT NULL,
    kind VARCHAR NOT NULL, ward VARCHAR REFERENCES clinic.wards (code)
);
INSERT INTO clinic.visits
SELECT row_number() OVER (), p, TIMESTAMP '2024-01-01' + to_hours(((hash(p) % 2000) + 30 * k)::INT), (hash(p, k) % 1000) / 10.0,
    'k' || hash(k, p, 1) % 3, NULL FROM range({PATIENTS}) r(p), range(6) s(k) WHERE k <= hash(p, 7) % 6;
"""
CLINIC_TWIN = """\
twin: clinic
source: {warehouse: prod, schema: clinic}
target: {warehouse: dev, schema: clinic_twin}
seed: 3
entity: patients
k: 5
holdout: 0.3
synthesizer: independent
gates:
  undecided: {accept: true, reason: "Three hundred patients: attacks on them say nothing."}
  goals:
    column_shape: {goal: 1.0, reason: "One epoch learns next to nothing."}
    column_shape_each: {goal: 1.0, reason: "One epoch learns next to nothing."}
    pair_trend_way: {goal: -100.0, reason: "One epoch learns next to nothing."}
    pair_trend_min: {goal: 1.0, reason: "One epoch learns next to nothing."}
    pair_trend: {goal: 1.0, reason: "One epoch learns next to nothing."}
tables:
  wards: {synthesizer: {name: day_z, parameters: {rows: 40}}}
  patients:
  visits: {order_by: seen, synthesizer: {name: par, parameters: {epochs: 1}}}
"""


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
def test_a_stage_short_of_room_or_killed_leaves_readers_the_published_twin(forgetful: Project, disk: Disk, stage: str) -> None:
    """Each stage of release 2 finds too little room, then is killed once it has begun its work, then is run to its end."""
    before = forgetful.published()
    if stage in ROOM:
        with disk.full(forgetful.command(stage, "shop"), room=1024 * ROOM[stage]) as command:
            told = [line for line in forgetful.ended(command, status=2).stderr.splitlines() if not line.startswith("shop@2 ")]
        assert len(told) == 1, told
        assert disk.told in told[0]
        assert forgetful.published() == before
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
    assert second.json("gc", "shop") == {"shop": {"paths": [], "bytes": 0, "schemas": []}}
    assert leftovers(second.workspace) == []


def test_of_two_runs_at_once_the_second_waits_beside_another_twin_and_all_end_well(second: Project) -> None:
    """The other twin waits for nobody: one of its tables is drawn as sequences by `par`, one from its declaration alone by `day_z`."""
    with duckdb.connect(str(second.workspace / "warehouses" / "prod.duckdb")) as connection:
        connection.execute(CLINIC)
    (second.root / "twins" / "clinic.yml").write_text(CLINIC_TWIN)
    other = second.start("run", "clinic")
    one = second.start("run", "shop")
    assert one.stderr is not None
    one.stderr.readline()
    refused = second.twin("run", "shop", "--wait", "0.5", status=2)
    assert f"process {one.pid}" in refused.stderr
    two = second.start("run", "shop")
    _, waited = two.communicate(timeout=900)
    _, said = one.communicate(timeout=900)
    _, told = other.communicate(timeout=900)
    assert (one.returncode, two.returncode, other.returncode) == (0, 0, 0), said + waited + told
    assert "waiting, held by" in waited
    assert "waiting, held by" not in told
    assert second.published()[0] == 4
    second.twin("audit", "clinic@published")


def test_the_other_twin_is_whole(second: Project) -> None:
    """Wards nobody has seen, so no visit is in one; visits of a patient one after the other."""
    with duckdb.connect(str(second.workspace / "warehouses" / "dev.duckdb"), read_only=True) as connection:
        [counts] = connection.execute(
            "SELECT (SELECT count(*) FROM clinic_twin.wards), (SELECT count(*) FROM clinic_twin.patients), "
            "(SELECT count(ward) FROM clinic_twin.visits), (SELECT release FROM clinic_twin._release)"
        ).fetchall()
        [(visits, alone, moments)] = connection.execute(
            "SELECT count(*), count(*) FILTER (patient NOT IN (SELECT id FROM clinic_twin.patients)), count(DISTINCT (patient, seen)) "
            "FROM clinic_twin.visits"
        ).fetchall()
    assert counts == (WARDS, PATIENTS, 0, 1)
    assert visits > 2 * PATIENTS
    assert (alone, moments) == (0, visits)
