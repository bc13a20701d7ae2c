"""An embedded run: nothing outside the workspace, logs where Airflow looks, a state, the failing task and its reason.

The pipeline fails here at its first stage, as the warehouse is not there; a whole run is the functional tests' matter.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.operators.embedded import environment, main
from warehouse_twin.workspace import Workspace

from .conftest import Project

MODULE = ["-m", "warehouse_twin.operators.embedded"]
METADATA = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from warehouse_twin.operators.embedded import environment
from warehouse_twin.workspace import Workspace
os.environ.update(environment(Workspace(Path(sys.argv[2]) / ".twin"), Path(sys.argv[2])))
from airflow.models.dagrun import DagRun
from airflow.models.pool import Pool
from airflow.utils.log.file_task_handler import FileTaskHandler
from airflow.utils.session import create_session
from sqlalchemy import select
with create_session() as session:
    runs = list(session.scalars(select(DagRun).order_by(DagRun.run_after)))
    tasks = {ti.task_id: ti for ti in runs[-1].get_task_instances(session=session)}
    lines, _ = FileTaskHandler(base_log_folder=os.environ["AIRFLOW__LOGGING__BASE_LOG_FOLDER"]).read(tasks["resolve"], try_number=1)
    print(json.dumps({
        "states": {name: ti.state for name, ti in tasks.items()},
        "runs": [str(run.state) for run in runs],
        "pools": {pool.pool: pool.slots for pool in session.scalars(select(Pool))},
        "log": "".join(str(line) for line in lines),
    }))
"""
ROOT_PLUGINS = Path(__file__).parents[2] / "plugins"


def test_a_run_that_fails(project: Project) -> None:
    project.write("shop")

    done = project.python([*MODULE, "shop"])

    assert done.returncode == 2
    first, second = done.stdout.splitlines()
    assert first == "resolve …"
    assert second.startswith("resolve: failed: warehouse prod: no file")
    assert done.stderr.startswith("shop: resolve failed: warehouse prod: no file")
    logs = Path(done.stderr.splitlines()[-1].removeprefix("logs: "))
    assert "AirflowFailException: warehouse prod: no file" in (logs / "task_id=resolve" / "attempt=1.log").read_text()

    kept = project.answer(METADATA, str(ROOT_PLUGINS), str(project.root))
    assert kept["runs"] == ["failed"]
    assert kept["states"]["resolve"] == "failed"
    assert {state for name, state in kept["states"].items() if name != "resolve"} == {"upstream_failed"}
    assert kept["pools"] == {"default_pool": 128, "twin_warehouse": 1, "twin_dbt": 1, "twin_dvc": 1}
    assert "no file" in kept["log"], "Airflow's pages do not find the log"

    assert sorted(path.name for path in project.root.iterdir()) == [".twin", "home", "tmp", "twins"]
    assert [path.name for folder in ("home", "tmp") for path in (project.root / folder).iterdir()] == []


def test_a_killed_run_is_failed_by_the_next(project: Project) -> None:
    """It waits for a lock that this test holds when it is killed; Airflow would call it running for ever."""
    project.write("shop")
    lock = Workspace(project.root / ".twin").lock("twin-shop")
    lock.parent.mkdir(parents=True)
    holder = subprocess.Popen(["flock", str(lock), "sleep", "300"], start_new_session=True)
    killed = subprocess.Popen(
        [sys.executable, *MODULE, "shop"], env=project.environment, cwd=project.root, stdout=subprocess.PIPE, text=True
    )
    try:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "resolve …\n"
        time.sleep(0.5)
    finally:
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        os.killpg(holder.pid, signal.SIGKILL)
        holder.wait()

    said = json.loads(project.python([*MODULE, "shop", "--json"]).stdout)

    assert (said["state"], said["failed_task"], said["verdict_failed"]) == ("failed", "resolve", False)
    assert said["reason"].startswith("warehouse prod: no file")
    assert project.answer(METADATA, str(ROOT_PLUGINS), str(project.root))["runs"] == ["failed", "failed"]


def test_faults_are_said_before_airflow_starts(project: Project) -> None:
    project.write("shop", "twin: shop\nseed: x\n")

    done = project.python([*MODULE, "shop"])

    assert done.returncode == 2
    assert "shop.yml:2:7: seed" in done.stderr
    assert not (project.root / ".twin" / "airflow" / "airflow.db").exists()


def test_every_path_of_the_environment_is_in_the_workspace(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "elsewhere")

    made = environment(workspace, tmp_path, given={"AIRFLOW__API__PORT": "18080"})

    paths = {name: value for name, value in made.items() if "HOME" in name or "FOLDER" in name or "PATH" in name or name.endswith("_CONN")}
    outside = {name for name, value in paths.items() if str(workspace.root) not in value}
    assert outside == {"AIRFLOW__CORE__DAGS_FOLDER", "PYTHONPATH"}
    assert made["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://localhost:18080/execution/"


def test_a_project_may_have_dags_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "digital_twins.py").write_text("")

    assert environment(Workspace(tmp_path / ".twin"), tmp_path)["AIRFLOW__CORE__DAGS_FOLDER"] == str(tmp_path / "dags")


def test_without_dags_it_says_where_they_should_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warehouse_twin.operators.embedded._CHECKOUT", tmp_path / "nothing")

    with pytest.raises(ConfigurationError, match=r"no dags/digital_twins\.py in"):
        environment(Workspace(tmp_path / ".twin"), tmp_path)


def test_a_wrong_setting_is_exit_status_two(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_LOCK_SECONDS", "soon")

    assert main(["shop"]) == 2
    assert "TWIN_LOCK_SECONDS" in capsys.readouterr().err
