"""Each look on what is well, and each fault found once, with what mends it and without a secret."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse_twin.cli.main import main
from warehouse_twin.doctor import machine, packages
from warehouse_twin.doctor.examination import LOOKS, examine
from warehouse_twin.doctor.finding import Finding
from warehouse_twin.settings import Settings, from_environment

MANIFEST = """\
twin: shop
source: {warehouse: prod, schema: shop}
target: {warehouse: dev, schema: shop_twin}
seed: 7
tables:
  items: {primary_key: id}
"""
PROFILE = """\
warehouse_twin:
  target: dev
  outputs:
    prod: {type: duckdb, path: "{{ env_var('TWIN_WORKSPACE') }}/warehouses/prod.duckdb"}
    dev: {type: duckdb, path: "{{ env_var('TWIN_WORKSPACE') }}/warehouses/dev.duckdb"}
"""
CHECKOUT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AIRFLOW_HOME", "TWIN_WORKSPACE", "TWIN_MLFLOW_URI", "TWIN_DVC_REMOTE", "TWIN_SPARK_MASTER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TWIN_PROJECT", str(tmp_path))
    (tmp_path / "twins").mkdir()
    (tmp_path / "twins" / "shop.yml").write_text(MANIFEST)
    shutil.copytree(CHECKOUT / "expectations", tmp_path / "expectations")
    shutil.copytree(CHECKOUT / "dbt_project", tmp_path / "dbt_project")
    (tmp_path / "dbt_project" / "profiles.yml").write_text(PROFILE)
    (tmp_path / ".twin" / "warehouses").mkdir(parents=True)
    with duckdb.connect(str(tmp_path / ".twin" / "warehouses" / "prod.duckdb")) as connection:
        connection.execute("CREATE SCHEMA shop; CREATE TABLE shop.items (id INTEGER)")
    return tmp_path


def settings(project: Path, **more: str) -> Settings:
    return from_environment({"TWIN_PROJECT": str(project), **more})


def found(project: Path, name: str, **more: str) -> list[Finding]:
    return [finding for finding in examine(settings(project, **more), deep=False) if finding.name == name]


def only(findings: list[Finding]) -> tuple[str, str, str]:
    assert len(findings) == 1
    return findings[0].status, findings[0].what, findings[0].mend


def test_all_is_well_and_nothing_is_written(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(project.rglob("*"))

    assert main(["doctor"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line[:4].strip() for line in lines[:-1]] == ["ok"] * (len(LOOKS) + 1), lines
    assert lines[-1] == "a run can begin"
    assert any("warehouse prod" in line and "1 tables in schema shop" in line for line in lines)
    assert any("warehouse dev" in line and "nothing published yet" in line for line in lines)
    assert sorted(project.rglob("*")) == before


def test_a_fault_is_exit_status_one_and_one_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "twins" / "bad.yml").write_text("twin: bad\nseed: x\n")

    assert main(["doctor", "--json"]) == 1

    answer = json.loads(capsys.readouterr().out)
    failed = [item for item in answer["findings"] if item["status"] == "fail"]
    assert answer["ok"] is False
    assert [(item["name"], item["mend"]) for item in failed] == [("manifests", "twin manifest check --offline")]
    assert "1 of 2 have faults" in failed[0]["what"]


@pytest.mark.parametrize("connection", ["duckdb:///nowhere/prod.duckdb", "nonsense://reader:pa55word@host/db", "pa55word"])
def test_a_warehouse_that_cannot_be_read_hides_no_other(project: Path, monkeypatch: pytest.MonkeyPatch, connection: str) -> None:
    (project / "dbt_project" / "profiles.yml").write_text("warehouse_twin: {outputs: {}}\n")
    monkeypatch.setenv("TWIN_WAREHOUSE_PROD", connection)
    monkeypatch.setenv("TWIN_WAREHOUSE_DEV", f"duckdb://{project}/dev.duckdb")

    findings = list(examine(settings(project), deep=False))

    by_name = {finding.name: finding for finding in findings}
    assert (by_name["warehouse prod"].status, by_name["warehouse dev"].status) == ("fail", "ok")
    assert "docs/operations.md#connections" in by_name["warehouse prod"].mend
    assert not any("pa55word" in finding.line(0) for finding in findings)


def test_a_warehouse_that_somebody_writes_to_is_a_warning(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB refuses a second process; in the same process it takes another connection, so the error is made by hand."""
    from warehouse_twin.doctor import project as looks
    from warehouse_twin.errors import LockedError

    def held(*_: Any, **__: Any) -> Any:
        raise LockedError("warehouse prod: /data/prod.duckdb is held by process 7")

    monkeypatch.setattr(looks, "open_warehouse", held)

    mend = "wait until it has ended, and ask again"
    assert only(found(project, "warehouse prod")) == ("warn", "/data/prod.duckdb is held by process 7", mend)


def test_an_empty_project_is_told_where_to_begin(project: Path) -> None:
    (project / "twins" / "shop.yml").unlink()

    status, _, mend = only(found(project, "manifests"))

    assert (status, mend) == ("warn", "write twins/<twin>.yml, see docs/manifest.md")


@pytest.mark.parametrize(("free", "status"), [(0.5e9, "fail"), (2e9, "warn"), (9e9, "ok")])
def test_a_full_disk(project: Path, monkeypatch: pytest.MonkeyPatch, free: float, status: str) -> None:
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(1, 1, int(free)))

    got, what, mend = only(found(project, "disk"))

    assert got == status
    assert f"{free / 1e9:.1f} GB free" in what
    assert ("twin gc" in mend) is (status != "ok")


def test_little_memory(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "GOOD_MEMORY", 1e18)

    assert only(found(project, "memory"))[0] == "warn"


def test_another_python(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "WANTED_PYTHON", (3, 99))

    assert only(found(project, "python"))[0] == "fail"


def test_neither_java_nor_git(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(project))

    assert only(found(project, "java"))[2] == "sudo apt-get install -y openjdk-17-jre-headless (Debian, Ubuntu)"
    assert only(found(project, "git"))[2] == "sudo apt-get install git"


def test_a_secret_that_others_may_read_is_a_warning(project: Path) -> None:
    secret = project / ".twin" / "secret.key"
    secret.write_text("ab" * 32)
    secret.chmod(0o644)

    findings = found(project, "workspace")

    assert [(finding.status, finding.mend) for finding in findings] == [("warn", f"chmod 600 {secret}"), ("ok", "")]


def test_packages_missing_and_out_of_range(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[project]\nname = "warehouse-twin"\ndependencies = ["numpy>=2.0", "duckdb>=99", "no-such-package>=1,<2"]\n'
    (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.setattr(packages, "_CHECKOUT", tmp_path)

    status, what, mend = only(found(project, "packages"))

    assert status == "fail"
    assert what.startswith("duckdb is ")
    assert "wanted >=99; no-such-package is missing; wanted <2,>=1" in what
    assert mend.startswith("pip install -c constraints.txt -e .")


def test_without_a_checkout_the_installed_package_says_what_it_wants(tmp_path: Path) -> None:
    assert packages.requirements(tmp_path / "pyproject.toml") == [text for text in packages.requirements(tmp_path) if "extra" not in text]


@pytest.mark.parametrize("damage", ["no file", "no dbt project", "no macro"])
def test_a_dbt_project_that_is_none(project: Path, damage: str) -> None:
    folder = project / "dbt_project"
    if damage == "no file":
        (folder / "dbt_project.yml").unlink()
    elif damage == "no dbt project":
        (folder / "dbt_project.yml").write_text("- [")
    else:
        (folder / "macros" / "twin_table.sql").unlink()

    status, _, mend = only(found(project, "dbt project"))

    assert (status, mend) == ("fail", "copy dbt_project/ from the checkout")


def test_policies_that_are_not_there(project: Path) -> None:
    for file in (project / "expectations").iterdir():
        file.unlink()

    assert only(found(project, "expectations"))[0] == "fail"


def test_mlflows_database_is_read_and_a_damaged_one_is_seen(project: Path) -> None:
    file = project / ".twin" / "mlflow" / "mlflow.db"
    file.parent.mkdir()
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE experiments (name TEXT)")
        database.execute("INSERT INTO experiments VALUES ('shop'), ('Default')")
    database.close()
    assert only(found(project, "mlflow")) == ("ok", f"{file}: 2 experiments", "")

    file.write_text("no database, and much more text than a header has")

    assert only(found(project, "mlflow")) == ("fail", f"{file} cannot be read (DatabaseError)", f"restore {file} from a backup")


@pytest.fixture
def server() -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Silence."""

    served = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield f"127.0.0.1:{served.server_port}"
    served.shutdown()
    thread.join()
    served.server_close()


def test_a_server_that_answers_and_one_that_does_not(project: Path, server: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{closed.getsockname()[1]}"
        up = only(found(project, "mlflow", TWIN_MLFLOW_URI=f"http://me:pa55word@{server}"))
        down = only(found(project, "mlflow", TWIN_MLFLOW_URI=f"http://me:pa55word@{nobody}"))
        spark_up = only(found(project, "spark", TWIN_SPARK_MASTER=f"spark://{server}"))
        spark_down = only(found(project, "spark", TWIN_SPARK_MASTER=f"spark://{nobody}"))

    assert up == ("ok", f"http://{server} answers (401)", "")
    assert down == ("fail", f"http://{nobody} does not answer (ConnectionRefusedError)", "start it, or set TWIN_MLFLOW_URI")
    assert spark_up[0] == "ok"
    assert (spark_down[0], spark_down[2]) == ("fail", "start it, or unset TWIN_SPARK_MASTER")


def test_a_dvc_remote_without_its_package(project: Path) -> None:
    status, what, mend = only(found(project, "dvc remote", TWIN_DVC_REMOTE="oss://bucket/twin"))

    assert (status, mend) == ("fail", "pip install dvc-oss")
    assert what == "oss://bucket/twin: dvc-oss is not installed"


def test_a_dvc_remote_that_is_a_file(project: Path) -> None:
    (project / "remote").write_text("no folder")

    assert only(found(project, "dvc remote", TWIN_DVC_REMOTE=str(project / "remote")))[0] == "fail"


def test_an_unforeseen_error_tells_its_kind_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(settings: Settings, deep: bool) -> Any:
        raise ValueError("pa55word")

    monkeypatch.setitem(LOOKS, "git", broken)

    assert only(found(project, "git")) == ("fail", "cannot be looked at: ValueError", "")
