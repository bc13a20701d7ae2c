"""Recording: what stands in MLflow after each stage, once and only once, and what never stands there."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from warehouse_twin.errors import ConfigurationError, IntegrityError, TransientError
from warehouse_twin.lineage.model_history import model_history
from warehouse_twin.lineage.reading import LineageRecord, reading, run_id
from warehouse_twin.lineage.tracking import connected, without_credentials
from warehouse_twin.manifest.resolved import ResolvedTable

SENTINEL = b"N77SENTINEL31"


def lineage(hangar: Any, release: int = 1) -> LineageRecord:
    with reading(hangar.settings, "hangar") as reader:
        return reader.release(release)


def contents(hangar: Any) -> list[tuple[Any, ...]]:
    """Every row of MLflow's database, and every file of its artefacts with the time it was written."""
    with sqlite3.connect(hangar.workspace.mlflow / "mlflow.db") as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        rows = [(name, *row) for name in names for row in database.execute(f'SELECT * FROM "{name}"')]
    database.close()
    files = [path for path in hangar.workspace.mlflow.rglob("*") if path.is_file() and path.suffix != ".db"]
    return rows + [(str(path), path.stat().st_mtime_ns) for path in sorted(files)]


def test_each_stage_stands_where_an_auditor_looks(hangar: Any) -> None:
    hangar.until_gate()
    record = lineage(hangar)
    (run,) = record.runs
    assert run.tags["twin.release"] == "hangar@1"
    assert run.params == {
        "seed": "11", "k": "10", "entity": "planes", "holdout": "0.2", "source": "prod/air", "target": "dev/air", "rows.carriers": "2"
    }  # fmt: skip
    assert [(source.name, source.digest) for source in run.sources] == [
        (f"air.{table}", run.tags[f"twin.source_digest.{table}"][:32]) for table in ("carriers", "flights", "planes")
    ]
    assert sorted(record.tables) == ["flights", "planes"]
    flights = record.tables["flights"]
    assert flights.params["synthesizer"] == "tree"
    assert flights.params["challenger.independent.parameter.leaf_rows"] == "50"
    assert {name: flights.metrics[name] for name in ("pair_trend", "pair_trend.floor", "pair_trend.ceiling")} == {
        "pair_trend": 0.97, "pair_trend.floor": 0.8, "pair_trend.ceiling": 0.99
    }  # fmt: skip
    assert flights.metrics["challenger.independent.pair_trend"] == 0.85
    assert "column_shape" not in flights.metrics, "scores of single columns stay in scores.json"
    assert run.metrics["carriers.row_count"] == 1.0
    assert run.tags["twin.verdict"] == "pass"
    assert run.tags["twin.materialize.dbt_invocation"] == "d-1"
    assert run_id(hangar.settings, "hangar", 1) == run.run_id


def test_losses_stand_by_epoch_and_models_have_a_history(hangar: Any) -> None:
    hangar.until_gate()
    run = lineage(hangar).tables["flights"]
    with connected(hangar.settings, create=False) as client:
        history = client.get_metric_history(run.run_id, "challenger.independent.loss")
    assert [(point.step, point.value) for point in history] == [(1, 3.0), (2, 2.0), (3, 1.5)]
    found = [(item.table, item.synthesizer, item.role, item.fidelity, item.front) for item in model_history(hangar.settings, "hangar")]
    assert found == [
        ("flights", "tree", "published", 0.97, True),
        ("flights", "independent", "challenger", 0.85, False),
        ("planes", "independent", "published", 0.98, True),
    ]


def test_artefacts_are_those_of_the_receipts(hangar: Any) -> None:
    hangar.record(hangar.resolve(), 1)
    profile, gate = hangar.profile(), hangar.gate()
    hangar.record(profile, 1)
    hangar.record(gate, 1)
    record = lineage(hangar)
    with reading(hangar.settings, "hangar") as reader:
        for name in ("scores.json", "verdict.json", "report.json", "report.html"):
            assert reader.artifact_digest(record.runs[0].run_id, f"gate/{name}") == gate.digests[name]
        assert reader.artifact_digest(record.tables["planes"].run_id, "profile/planes.json") == profile.digests["planes.json"]
        with pytest.raises(IntegrityError, match=r"other\.json"):
            reader.artifact_digest(record.runs[0].run_id, "gate/other.json")


def test_recording_the_same_receipts_again_changes_nothing(hangar: Any) -> None:
    hangar.until_gate()
    before = contents(hangar)
    hangar.until_gate()
    assert contents(hangar) == before


def test_a_record_that_was_killed_half_way_is_completed(hangar: Any) -> None:
    hangar.until_gate()
    whole = lineage(hangar)
    with connected(hangar.settings, create=False) as client:
        for record in (*whole.runs, *whole.tables.values()):
            for tag in record.tags:
                if tag.startswith(("twin.receipt.", "twin.verdict", "twin.model_version")):
                    client.delete_tag(record.run_id, tag)
    hangar.until_gate()
    assert lineage(hangar) == whole


def test_one_model_version_for_a_digest_however_many_releases_use_it(hangar: Any) -> None:
    hangar.until_gate(1)
    hangar.until_gate(2)
    versions = lineage(hangar, 2).versions
    assert [(version.name, version.version, version.tags["twin.releases"]) for version in versions] == [
        ("hangar.flights", "1", "hangar@1, hangar@2"),
        ("hangar.planes", "1", "hangar@1, hangar@2"),
    ]
    assert lineage(hangar, 2).tables["planes"].tags["twin.model_version"] == "1"


def test_no_value_of_the_secure_zone_is_anywhere_in_the_store(hangar: Any) -> None:
    hangar.until_gate()
    secure = [path for path in (hangar.workspace.root / "secure").rglob("*") if path.is_file()]
    assert any(SENTINEL in path.read_bytes() for path in secure), "the sentinel is there to be found"
    stored = [path for path in hangar.workspace.mlflow.rglob("*") if path.is_file()]
    assert [path for path in stored if SENTINEL in path.read_bytes()] == []
    assert [path for path in stored if path.suffix in {".pkl", ".pickle"}] == []


def test_a_file_of_the_secure_zone_is_refused(hangar: Any) -> None:
    hangar.record(hangar.resolve(), 1)
    train = hangar.train("flights")
    stolen = dataclasses.replace(train, stage="profile", digests={"flights.json": "0" * 64})
    with pytest.raises(IntegrityError, match="secure zone"):
        hangar.record(stolen, 1)


def test_a_file_that_is_not_the_receipts_is_refused(hangar: Any) -> None:
    hangar.record(hangar.resolve(), 1)
    gate = hangar.gate()
    (hangar.workspace.root / gate.output / "verdict.json").write_text("{}")
    with pytest.raises(IntegrityError, match=r"verdict\.json"):
        hangar.record(gate, 1)


def test_a_failed_verdict_ends_the_run_failed_and_keeps_verdict_and_report(hangar: Any) -> None:
    hangar.record(hangar.resolve(), 1)
    gate = hangar.gate(passed=False)
    hangar.record(gate, 1)
    record = lineage(hangar)
    (run,) = record.runs
    assert (run.status, run.tags["twin.verdict"], run.tags["twin.passed"]) == ("FAILED", "fail", "false")
    assert record.tables["flights"].tags["twin.verdict"] == "fail"
    assert record.tables["planes"].tags["twin.verdict"] == "pass"
    with reading(hangar.settings, "hangar") as reader:
        assert reader.artifact_digest(run.run_id, "gate/report.html") == gate.digests["report.html"]


def test_a_changed_source_supersedes_the_run(hangar: Any) -> None:
    first = hangar.resolve()
    hangar.record(first, 1)
    hangar.record(hangar.profile(), 1)
    old = run_id(hangar.settings, "hangar", 1)
    hangar.resolved = dataclasses.replace(hangar.resolved, seed=12)
    hangar.resolve()  # writes the changed resolved.json
    hangar.record(dataclasses.replace(first, key="another"), 1)
    (run,) = lineage(hangar).runs
    assert run.run_id != old
    assert run.params["seed"] == "12"
    with connected(hangar.settings, create=False) as client:
        assert client.get_run(old).info.status == "KILLED"
        assert client.get_run(old).data.tags["twin.superseded"] == "true"


def test_a_manifest_that_changed_over_the_same_source_supersedes_the_run(hangar: Any) -> None:
    resolve = hangar.resolve()
    hangar.record(resolve, 1)
    hangar.resolved = dataclasses.replace(hangar.resolved, seed=12)
    hangar.resolve()
    hangar.record(resolve, 1)  # seeds are no part of its receipt
    (run,) = lineage(hangar).runs
    assert run.params["seed"] == "12"


def test_a_parameter_that_changed_is_shown_beside_the_first(hangar: Any) -> None:
    hangar.record(hangar.resolve(), 1)
    train = hangar.train("flights")
    hangar.record(train, 1, table="flights")
    models = {name: {**facts, "parameters": {"leaf_rows": 80}} for name, facts in train.facts["models"].items()}
    hangar.record(dataclasses.replace(train, facts={"models": models}), 1, table="flights")
    flights = lineage(hangar).tables["flights"]
    assert (flights.params["parameter.leaf_rows"], flights.tags["twin.now.parameter.leaf_rows"]) == ("50", "80")


def test_a_table_name_that_mlflow_would_refuse(hangar: Any) -> None:
    odd = dataclasses.replace(hangar.resolved["flights"].table, name="o'dd/näme")
    hangar.resolved = dataclasses.replace(hangar.resolved, tables=(ResolvedTable(odd, keep_real=False, synthesizer="tree"),))
    resolve = hangar.resolve()
    hangar.record(dataclasses.replace(resolve, digests={"source/o'dd/näme": "a" * 64}), 1)
    train = hangar.train("flights")
    for _ in range(2):
        hangar.record(train, 1, table="o'dd/näme")
    record = lineage(hangar)
    assert list(record.tables) == ["o'dd/näme"]
    assert [(version.name, version.table) for version in record.versions] == [("hangar.o%27dd%2Fn%C3%A4me", "o'dd/näme")]


RECORDER = """
import sys
from pathlib import Path
from warehouse_twin.lineage.recording import record
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.receipts import Receipt
from warehouse_twin.settings import from_environment
from warehouse_twin.workspace import read_json
run_folder, table = Path(sys.argv[1]), sys.argv[2]
settings = from_environment()
receipt = Receipt.read(run_folder / "receipts" / "train" / f"{table}.json")
resolved = ResolvedTwin.from_dict(read_json(run_folder / "resolved.json"))
record("train", settings=settings, resolved=resolved, release=1, receipt=receipt,
       folder=settings.workspace.root / receipt.output, table=table, run_folder=run_folder)
"""


def test_three_processes_at_once_make_one_database_and_one_run(hangar: Any, tmp_path: Path) -> None:
    (hangar.workspace.mlflow / "mlflow.db").unlink()
    hangar.resolve()
    for table in ("planes", "flights"):
        hangar.train(table)
    environment = {**os.environ, "TWIN_WORKSPACE": str(hangar.workspace.root), "PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RECORDER, str(hangar.run_folder(1)), table],
            env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for table in ("planes", "flights", "planes")
    ]  # fmt: skip
    for process in processes:
        assert process.communicate(timeout=80) == (b"", b""), "not a word on stdout or stderr"
        assert process.returncode == 0
    record = lineage(hangar)
    assert len(record.runs) == 1
    assert sorted(record.tables) == ["flights", "planes"]
    assert [version.version for version in record.versions] == ["1", "1"]
    assert [path.name for path in tmp_path.iterdir()] == [".twin"], "nothing is written to the working directory"
    assert [path.name for path in hangar.workspace.mlflow.iterdir() if path.name.startswith(".work-")] == []


def test_an_unreachable_server_is_worth_another_try_and_its_password_is_not_told(hangar: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    hangar.settings = dataclasses.replace(hangar.settings, mlflow_uri="http://anna:s3cret@127.0.0.1:9/mlflow?token=t0ken")
    with pytest.raises(TransientError, match=r"MLflow at http://127\.0\.0\.1:9/mlflow: cannot be used") as caught:
        hangar.record(hangar.resolve(), 1)
    assert not {"anna", "s3cret", "t0ken"} & set(str(caught.value).replace("/", " ").replace("@", " ").replace(":", " ").split())
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql://u:p@host:5432/db?password=x", "postgresql://host:5432/db"),
        ("https://host/mlflow", "https://host/mlflow"),
        ("sqlite:////data/mlflow.db", "sqlite:////data/mlflow.db"),
    ],
)
def test_a_uri_is_shown_without_credentials(uri: str, shown: str) -> None:
    assert without_credentials(uri) == shown


def test_a_missing_database_is_not_made_by_a_reader(hangar: Any) -> None:
    database = hangar.workspace.mlflow / "mlflow.db"
    database.unlink()
    with pytest.raises(IntegrityError, match="missing"), reading(hangar.settings, "hangar"):
        pass
    assert not database.exists()


def test_a_damaged_database_is_an_integrity_error(hangar: Any) -> None:
    (hangar.workspace.mlflow / "mlflow.db").write_bytes(b"no database at all, but long enough to be read as a header" * 20)
    with pytest.raises(IntegrityError, match="damaged"):
        lineage(hangar)


def test_a_release_that_was_never_recorded(hangar: Any) -> None:
    assert lineage(hangar) == LineageRecord((), {}, (), ())
    with pytest.raises(IntegrityError, match="hangar@1: no run in MLflow"):
        run_id(hangar.settings, "hangar", 1)


def test_a_deleted_experiment_is_named_with_the_way_back(hangar: Any) -> None:
    hangar.record(hangar.resolve(), 1)
    with connected(hangar.settings, create=False) as client:
        client.delete_experiment(client.get_experiment_by_name("hangar").experiment_id)
    with pytest.raises(ConfigurationError, match="mlflow experiments restore --experiment-id"):
        hangar.record(hangar.profile(), 1)
