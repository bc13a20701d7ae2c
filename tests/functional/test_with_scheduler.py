"""Three manifests under a real scheduler: on schedule, after another twin, and through the death of a worker."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import duckdb
import pytest

from airflow_scheduler import Scheduler, scheduler
from shop_project import Project

RUN_SECONDS = 900
PLACE = "source: {{warehouse: prod, schema: shop}}\ntarget: {{warehouse: dev, schema: {0}}}\nseed: 3\n"
TOO_FEW = 'gates:\n  undecided: {accept: true, reason: "A table of a test: far too few rows for the attacks to tell."}\n'
MANIFESTS = {
    "people": 'schedule: "@yearly"\n' + TOO_FEW + "tables:\n  customers: {foreign_keys: []}\n",
    "places": "schedule: {after: people}\ntables:\n  countries: {keep: real}\n",
    "stock": 'schedule: "30 4 * * *"\n' + TOO_FEW + "tables:\n  items:\n",
}
SOURCE = """
CREATE SCHEMA shop;
CREATE TABLE shop.countries AS SELECT * FROM (VALUES ('DE', 'Germany'), ('FR', 'France'), ('JP', 'Japan')) t(code, name);
CREATE TABLE shop.customers AS
    SELECT i AS id, ['DE', 'FR', 'JP'][1 + (i * i) % 3] AS country, 20 + (i * 7) % 50 AS age FROM range(120) t(i);
CREATE TABLE shop.items AS SELECT i AS id, ['tea', 'rice'][1 + i % 2] AS kind, (i % 2) * 10 + (i * 3) % 7 AS price FROM range(120) t(i);
ALTER TABLE shop.countries ADD PRIMARY KEY (code);
ALTER TABLE shop.customers ADD PRIMARY KEY (id);
ALTER TABLE shop.items ADD PRIMARY KEY (id);
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("scheduled"))
    for folder in ("home", "twins", ".twin/warehouses"):
        (made.root / folder).mkdir(parents=True)
    for twin, text in MANIFESTS.items():
        (made.root / "twins" / f"{twin}.yml").write_text(f"twin: {twin}\n{PLACE.format(twin)}{text}")
    with duckdb.connect(str(made.workspace / "warehouses" / "prod.duckdb")) as connection:
        connection.execute(SOURCE)
    return made


def kill_in(stage: str, twin: str, airflow: Scheduler, project: Project) -> None:
    """Kill the process of a task, as the kernel does when memory runs out, while it is at work."""
    lock = project.workspace / "locks" / f"twin-{twin}.lock"

    def at_work() -> int | None:
        for run in airflow.runs().get(twin, []):
            for task in airflow.tasks(run):
                if task["task_id"] == stage and task["state"] == "running":
                    worker = airflow.worker_of(task)
                    return worker if f'"pid": {worker},' in lock.read_text() else None
        return None

    os.kill(airflow.until(f"{stage} of {twin} at work", at_work, seconds=RUN_SECONDS), signal.SIGKILL)


def published(project: Project) -> dict[str, tuple[str, int]]:
    with duckdb.connect(str(project.workspace / "warehouses" / "dev.duckdb"), read_only=True) as connection:
        return {twin: connection.execute(f"SELECT twin, release FROM {twin}._release").fetchall()[0] for twin in MANIFESTS}


def test_three_manifests_run_when_they_are_due_and_through_a_workers_death(project: Project) -> None:
    with scheduler(project.root, project.environment, home=project.workspace / "airflow") as airflow:
        airflow.until("the DAGs", lambda: {dag["dag_id"] for dag in airflow.ask("/api/v2/dags")["dags"]} == set(MANIFESTS), seconds=120)
        for twin in ("places", "people", "stock"):
            airflow.unpause(twin)
        kill_in("profile", "stock", airflow, project)

        def ended() -> bool:
            states = {dag: [run["state"] for run in runs] for dag, runs in airflow.runs().items()}
            assert "failed" not in [state for found in states.values() for state in found], airflow.diagnosis()
            return set(states) == set(MANIFESTS) and all("success" in found for found in states.values())

        airflow.until("a run of each twin", ended, seconds=RUN_SECONDS)
        runs = {dag: found[0] for dag, found in airflow.runs().items()}
        tries = {(task["task_id"], task["try_number"]) for task in airflow.tasks(runs["stock"]) if task["state"] == "success"}
        events = airflow.ask("/api/v2/assets/events?limit=10")["asset_events"]
        started = airflow.processes()
    assert {dag: run["run_type"] for dag, run in runs.items()} == {"people": "scheduled", "places": "asset_triggered", "stock": "scheduled"}
    assert ("profile", 2) in tries
    assert ("train", 1) in tries
    assert {event["name"]: event["extra"]["release"] for event in events} == {f"twin_{twin}": f"{twin}@1" for twin in MANIFESTS}
    assert len(started) > 4
    assert airflow.processes() == {}
    assert published(project) == {twin: (twin, 1) for twin in MANIFESTS}
    project.twin("audit", "stock@published")


def test_a_deep_look_finds_all_well(project: Project) -> None:
    """After the runs: Spark starts, MLflow and the DVC remote answer, and Airflow has the pools."""
    environment = project.environment | {"AIRFLOW_HOME": str(project.workspace / "airflow")}
    command = project.command("doctor", "--deep", "--json")
    done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True, timeout=300, check=False)

    findings = {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert done.returncode == 0, done.stdout
    assert {name for name, finding in findings.items() if finding["status"] != "ok"} == set()
    assert findings["spark"]["what"].endswith("a session counted to 3")
    assert findings["mlflow"]["what"].endswith(": 4 experiments")
    assert findings["airflow"]["what"].endswith("with all pools")
    assert findings["warehouse dev"]["what"] == "; ".join(f"schema {twin}: readers see {twin}@1" for twin in sorted(MANIFESTS))
