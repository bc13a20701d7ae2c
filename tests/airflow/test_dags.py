"""The DAG files: what Airflow makes of them, whatever the manifests look like, and what reading them costs."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import ROOT, Project

STAGES = ["resolve", "profile", "train", "synthesize", "materialize", "gate", "release", "publish"]
HEAVY = ["pyspark", "dbt", "great_expectations", "mlflow", "dvc", "sdv", "torch", "pandas", "sklearn", "numpy", "pyarrow", "duckdb"]

BAG = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
from pathlib import Path
folder = Path(sys.argv[1])
bag = DagBag(dag_folder=folder, bundle_path=folder)
def task(dag, item):
    operator = item.operator_class if item.is_mapped else type(item)
    arguments = item.partial_kwargs if item.is_mapped else vars(item)
    return {
        "mapped": item.is_mapped, "pool": item.pool, "retries": item.retries, "backoff": item.retry_exponential_backoff,
        "release": arguments.get("release"), "twin": arguments.get("twin"), "project": arguments.get("project"),
        "operator": operator.__name__, "downstream": sorted(item.downstream_task_ids),
        "over": item.expand_input.value if item.is_mapped else None,
        "map_index": arguments.get("map_index_template"), "outlets": [[o.name, o.uri] for o in item.outlets],
    }
print(json.dumps({
    "errors": bag.import_errors,
    "dags": {name: {
        "schedule": [item.name for item in dag.schedule] if isinstance(dag.schedule, list) else dag.schedule,
        "catchup": dag.catchup, "max_active_runs": dag.max_active_runs,
        "file": dag.relative_fileloc, "tags": sorted(dag.tags), "doc": dag.doc_md,
        "serialized": bool(DagSerialization.serialize_dag(dag)),
        "tasks": {item.task_id: task(dag, item) for item in dag.topological_sort()},
    } for name, dag in bag.dags.items()},
}, default=str))
"""
LOADED = """
import json, runpy, sys
runpy.run_path(sys.argv[1])
print(json.dumps([name for name in sys.argv[2:] if name in sys.modules]))
"""
WITHOUT_PROTECTED = """\
twin: static
source: {warehouse: prod, schema: shop}
target: {warehouse: dev, schema: static}
seed: 1
tables:
  countries: {keep: real, primary_key: code}
"""


def bag(project: Project) -> Any:
    return project.answer(BAG, str(ROOT / "dags"))


def test_a_manifest_is_a_dag_with_a_task_per_stage(project: Project) -> None:
    project.write("shop")
    project.write("static", WITHOUT_PROTECTED)

    found = bag(project)

    assert found["errors"] == {}
    assert sorted(found["dags"]) == ["shop", "static"]
    dag = found["dags"]["shop"]
    assert (dag["schedule"], dag["catchup"], dag["max_active_runs"], dag["file"]) == ("@daily", False, 1, "digital_twins.py")
    assert dag["serialized"]
    assert dag["tags"] == ["source:prod", "target:dev", "warehouse-twin"]
    assert "`countries`: kept real" in dag["doc"]
    assert "`orders`: synthetic" in dag["doc"]
    tasks = dag["tasks"]
    assert list(tasks) == STAGES
    assert [tasks[stage]["downstream"] for stage in STAGES] == [*([stage] for stage in STAGES[1:]), []]
    assert [tasks[stage]["operator"] for stage in STAGES] == [f"{stage.capitalize()}Operator" for stage in STAGES]
    assert {stage: tasks[stage]["pool"] for stage in STAGES if tasks[stage]["pool"] != "default_pool"} == {
        "resolve": "twin_warehouse",
        "materialize": "twin_dbt",
        "release": "twin_dvc",
        "publish": "twin_warehouse",
    }
    assert {(task["retries"], task["backoff"], task["twin"], task["project"]) for task in tasks.values()} == {
        (2, 2.0, "shop", str(project.root))
    }
    assert tasks["resolve"]["release"] is None
    assert {tasks[stage]["release"] for stage in STAGES[1:]} == {"{{ ti.xcom_pull(task_ids='resolve')['release'] }}"}
    assert tasks["train"]["mapped"]
    assert tasks["train"]["over"] == {"table": ["customers", "orders"]}
    assert tasks["train"]["map_index"] == "{{ task.table }}"
    assert tasks["publish"]["outlets"] == [["twin_shop", "twin://dev/shop_twin"]]


def test_a_twin_without_protected_tables_has_a_plain_train_task(project: Project) -> None:
    """Mapped over nothing it would be skipped, and everything after it."""
    project.write("static", WITHOUT_PROTECTED)

    dag = bag(project)["dags"]["static"]

    assert dag["schedule"] is None
    assert not dag["tasks"]["train"]["mapped"]
    assert list(dag["tasks"]) == STAGES


def test_broken_manifests_are_one_import_error_and_hide_no_other_twin(project: Project) -> None:
    project.write("shop")
    named = "twin: other\nsource: {warehouse: p, schema: s}\ntarget: {warehouse: d, schema: s}\nseed: 1\ntables: {t: }\n"
    broken = {
        "no_yaml": ("twin: no_yaml\nseed: [", "no_yaml.yml:2"),
        "wrong_type": ("twin: wrong_type\nseed: many\n", "wrong_type.yml:2:7: seed"),
        "empty": ("", "empty.yml:1:1"),
        "binary": ("twin: \x00\n", "binary.yml:1"),
        "misnamed": (named, "misnamed.yml:1:7"),
        "never": (named.replace("other", "never") + "schedule: at noon\n", "never.yml:6:11: schedule"),
    }
    for name, (text, _) in broken.items():
        project.write(name, text)

    found = bag(project)

    assert list(found["dags"]) == ["shop"]
    assert list(found["errors"]) == ["broken_manifests.py"], "an error of digital_twins.py would take every twin off the schedule"
    assert [said for _, said in broken.values() if said not in found["errors"]["broken_manifests.py"]] == []


def test_a_twin_after_others_waits_for_their_assets(project: Project) -> None:
    project.write("shop")
    project.write("static", WITHOUT_PROTECTED)
    project.write("last", WITHOUT_PROTECTED.replace("static", "last") + "schedule: {after: [shop, static]}\n")

    found = bag(project)

    assert found["errors"] == {}
    assert found["dags"]["last"]["schedule"] == ["twin_shop", "twin_static"]
    assert found["dags"]["last"]["serialized"]


def test_two_manifests_of_one_name_are_a_fault(project: Project) -> None:
    text = project.write("shop").read_text()
    (project.root / "twins" / "shop.yaml").write_text(text)

    found = bag(project)

    assert list(found["dags"]) == ["shop"]
    assert "another manifest of the folder is the twin shop" in found["errors"]["broken_manifests.py"]


@pytest.mark.parametrize("file", ["digital_twins.py", "broken_manifests.py"])
def test_reading_a_dag_file_loads_no_heavy_tool(project: Project, file: str) -> None:
    project.write("shop")

    assert project.answer(LOADED, str(ROOT / "dags" / file), *HEAVY, "airflow") == ["airflow"]
