"""The summary: what a person reads when a release is done, from the few small files that stages leave."""

from pathlib import Path
from typing import Any

import pytest

from warehouse_twin.demo.summary import summary
from warehouse_twin.errors import ConfigurationError
from warehouse_twin.receipts import Receipt
from warehouse_twin.settings import Settings
from warehouse_twin.stages.runs import mark
from warehouse_twin.workspace import Workspace, write_json, write_text


def judged(table: str, measure: str, value: float, *columns: str, status: str = "pass", **more: Any) -> dict[str, Any]:
    score = {"table": table, "measure": measure, "columns": list(columns), "value": value, "floor": None, "ceiling": None}
    return {"score": score | {name: more.pop(name) for name in ("floor", "ceiling") if name in more}, "status": status, **more}


JUDGED = [
    judged("planes", "pair_trend", 0.9554, floor=0.8123, ceiling=0.98),
    judged("planes", "column_shape", 0.99, "seats"),
    judged("planes", "row_count", 1.0),
    judged("flights", "column_shape", 0.97),
    judged("flights", "child_counts", 0.96, "tailnum", ceiling=0.962),
    judged("flights", "detection", 0.512, floor=0.98, ceiling=0.505, status="shown", would="pass"),
    judged("flights", "dcr_excess", 0.01, status="undecided", accepted="too few rows to decide"),
]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return Settings(tmp_path, Workspace(tmp_path / ".twin"), f"sqlite:///{tmp_path}/.twin/mlflow/mlflow.db", "")


def leave(settings: Settings, release: int, *, passed: bool = True, published: bool = True, **facts: Any) -> None:
    """What a run has left when its gate is through."""
    workspace = settings.workspace
    run = workspace.run("flights", release)
    tables = [{"table": {"name": name}, "keep_real": name == "airlines"} for name in ("airlines", "planes", "flights")]
    write_json(run / "resolved.json", {"tables": tables, "target_warehouse": "dev", "target_schema": "air"})
    gate = f"internal/flights/gate/{release}"
    extra = [] if passed else [judged("flights", "pair_trend", 0.5, status="fail"), judged("flights", "row_count", 0.5, status="fail")]
    write_json(workspace.root / gate / "verdict.json", {"passed": passed, "evaluated": 9, "expected": 9, "judged": [*JUDGED, *extra]})
    rows = {"airlines": 16, "planes": 3_322, "flights": 336_776}
    lost = {"profile": {"lost": facts.pop("lost", {})}}
    facts = {"resolve": {"rows": rows, **facts}, **lost, "materialize": {"rows": rows | {"flights": 330_001}}, "gate": {}}
    if published:
        facts["publish"] = {}
    for stage, known in facts.items():
        Receipt(stage, "k", gate if stage == "gate" else "", {}, {}, known).write(run / "receipts" / f"{stage}.json")
    mark(workspace, "flights", release, "released" if passed else "rejected")


def test_rows_and_scores_by_table(settings: Settings) -> None:
    leave(settings, 1)
    lines = summary(settings, "flights")
    assert lines[0] == "flights@1: PASSED, 9 of 9 expectations evaluated"
    body = [line.split() for line in lines[3:9]]
    assert body[0][:3] == ["airlines", "16", "16"]
    assert lines[3].endswith("reference table, passed through as it is, not protected")
    assert body[1] == ["planes", "3,322", "3,322", "pair", "trend", "0.812", "‥", "0.955", "‥", "0.980", "pass"]
    assert body[2] == ["flights", "336,776", "330,001", "column", "shape", "–", "‥", "0.970", "‥", "–", "pass"]
    assert body[3] == ["child", "counts", "(tailnum)", "–", "‥", "0.960", "‥", "0.962", "pass"]
    assert body[4] == ["detection", "AUC", "0.980", "‥", "0.512", "‥", "0.505", "shown"]
    assert body[5] == ["DCR", "excess", "–", "‥", "0.010", "‥", "–", "undecided"]


def test_columns_stand_below_one_another_however_long_a_name_is(settings: Settings) -> None:
    leave(settings, 1)
    file = settings.workspace.run("flights", 1) / "resolved.json"
    file.write_text(file.read_text().replace('"planes"', '"a_table_with_quite_a_long_name"'))
    for stage in ("resolve", "materialize"):
        receipt = settings.workspace.run("flights", 1) / "receipts" / f"{stage}.json"
        receipt.write_text(receipt.read_text().replace('"planes"', '"a_table_with_quite_a_long_name"'))
    lines = summary(settings, "flights")
    assert {line.index(cell) + len(cell) for line, cell in zip(lines[2:5], ("source rows", " 16", "3,322"), strict=True)} == {45}
    assert lines[4].split()[:4] == ["a_table_with_quite_a_long_name", "3,322", "3,322", "no"]


def test_repairs_are_told_when_there_are_any(settings: Settings) -> None:
    leave(settings, 1, repairs={"flights.tailnum": 52_606, "flights.dest": 7_602})
    told = "  repaired in the twin (keys that do not hold in the source): flights.dest 7,602, flights.tailnum 52,606"
    assert told in summary(settings, "flights")
    leave(settings, 3, orphans={"flights.dest": 7_602})
    assert "  kept in the twin (orphans, at the source's rate): flights.dest 7,602" in summary(settings, "flights")
    leave(settings, 4)
    assert not any("repaired" in line for line in summary(settings, "flights"))


def test_columns_that_are_not_modelled_are_told(settings: Settings) -> None:
    leave(settings, 1, lost={"planes": {"outline": "every value is 'POINT EMPTY'"}})
    assert "  not modelled: planes.outline: every value is 'POINT EMPTY'" in summary(settings, "flights")


def test_where_everything_is_as_commands_that_can_be_pasted(settings: Settings) -> None:
    leave(settings, 2)
    write_text(settings.workspace.root / "internal/flights/gate/2/data_docs/local/index.html", "")
    write_text(Path(".venv/bin/twin"), "")
    lines = summary(settings, "flights")
    assert lines[-6:] == [
        "  twin       warehouse dev, schema air (this release: air__r2)",
        "  report     .twin/internal/flights/gate/2/report.html",
        "  Data Docs  .twin/internal/flights/gate/2/data_docs/local/index.html",
        "  MLflow     .venv/bin/mlflow server --backend-store-uri sqlite:///.twin/mlflow/mlflow.db --port 5000",
        "  Airflow    .venv/bin/python -m warehouse_twin.operators.embedded --serve",
        "  releases   .venv/bin/twin releases flights; .venv/bin/twin audit flights@published; .twin/registry is a git and DVC repository",
    ]


def test_a_failed_verdict_published_nothing(settings: Settings) -> None:
    leave(settings, 1)
    leave(settings, 2, passed=False, published=False)
    lines = summary(settings, "flights")
    assert lines[0] == "flights@2: NOT PASSED (2 scores), 9 of 9 expectations evaluated; nothing was published"
    assert not any("this release" in line for line in lines)


def test_what_passed_and_was_not_published_is_not_called_so(settings: Settings) -> None:
    leave(settings, 1, published=False)
    assert not any("this release" in line for line in summary(settings, "flights"))


def test_a_run_without_a_verdict_does_not_count(settings: Settings) -> None:
    leave(settings, 1)
    mark(settings.workspace, "flights", 2, "open")
    assert summary(settings, "flights")[0].startswith("flights@1: ")


def test_without_any_verdict_there_is_nothing_to_tell(settings: Settings) -> None:
    mark(settings.workspace, "flights", 1, "open")
    with pytest.raises(ConfigurationError, match="flights: no run has a verdict; next: twin run flights"):
        summary(settings, "flights")
