"""The stage leaves everything a reader of the verdict needs, whatever the verdict is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tiny_projects import write_project
from warehouse_twin.gates.inputs import Part
from warehouse_twin.manifest.dbt_parity import DbtParity
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.metrics.score import Score
from warehouse_twin.profiling.rules.rule import Rule
from warehouse_twin.profiling.snapshot_parts import ENTITY, HOLDOUT
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.receipts import Receipt
from warehouse_twin.settings import Settings
from warehouse_twin.stages.context import StageContext
from warehouse_twin.stages.gate import STAGE
from warehouse_twin.workspace import Workspace, read_json, write_json

RULES = (Rule("null_implied", "km", ("fare",), ignored=True), Rule("order", "fare", ("km",)))
ACCEPTED = {"undecided": {"accept": True, "reason": "a table of a test"}}


def write(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


@pytest.fixture
def prepare(tmp_path: Path, expectations: Path, twin: ResolvedTwin, release):
    """A workspace with what the stages before the gate leave; returns the context."""

    def make(manifest: Manifest) -> StageContext:
        workspace = Workspace(tmp_path / "ws")
        settings = Settings(project=expectations.parent, workspace=workspace, mlflow_uri="", dvc_remote="")
        context = StageContext(settings=settings, manifest=manifest, manifest_file=tmp_path / "cabs.yml", release=1)
        write_json(context.run_folder / "resolved.json", twin.to_dict())
        rows = {}
        for name, parts in release.real.items():
            whole = [
                part.rows.append_column(ENTITY, pa.array(part.entities)).append_column(
                    HOLDOUT, pa.array([held] * len(part.rows), pa.bool_())
                )
                for held, part in zip((False, True), parts, strict=True)
            ]
            write(context.snapshot / f"{name}.parquet", pa.concat_tables(whole))
            rows[name] = sum(len(part.rows) for part in parts)
        built, drawn = (workspace.output("secure", "cabs", stage, "0") for stage in ("materialize", "synthesize"))
        profiled = workspace.output("internal", "cabs", "profile", "0")
        for table in twin.protected:
            rules = RULES if table.name == "trips" else ()
            write_json(profiled / f"{table.name}.json", TableProfile(table.name, 10, 0, 0, 0, 0, (), rules=rules).to_dict())
        for name, table in release.twin.items():
            write(built / "tables" / f"{name}.parquet", table)
        for name, table in release.floor.items():
            write(drawn / "floor" / f"{name}.parquet", table)
            write(drawn / "challengers" / name / "independent.parquet", table)
        for stage, folder in (("resolve", context.run_folder), ("profile", profiled), ("synthesize", drawn), ("materialize", built)):
            receipt = Receipt(stage, "0", workspace.relative(folder), {}, {}, {"rows": rows})
            receipt.write(context.receipt_file(stage))
        return context

    return make


def work(context: StageContext, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    return dict(STAGE.work(context, folder))


def test_a_passed_verdict_and_all_it_rests_on(prepare, make_manifest, tmp_path: Path) -> None:
    context = prepare(make_manifest())
    facts = work(context, tmp_path / "out")
    assert (facts["verdict"], facts["passed"], facts["failed"]) == ("pass", True, [])
    assert facts["expected"] == facts["evaluated"] == 62
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {"scores.json", "verdict.json", "report.json", "report.html", "data_docs"}
    scores = read_json(tmp_path / "out" / "scores.json")
    assert {Score.from_dict(score).table for score in scores["scores"]} == {"zones", "drivers", "trips"}
    assert set(scores["challengers"]["trips"]) == {"independent"}
    verdict = read_json(tmp_path / "out" / "verdict.json")
    assert (verdict["twin"], verdict["release"], verdict["passed"], verdict["attempt"]) == ("cabs", 1, True, 1)
    shown = [item for item in verdict["judged"] if item["status"] == "shown"]
    assert len(verdict["judged"]) - len(shown) == 56
    of_models = {"utility_worst", "detection", "detection_with_children", "hop_trend_1"}
    assert {item["score"]["measure"] for item in shown} == of_models | {"triple_trend", "tails", "mode_coverage", "near_duplicates"}
    assert facts["together"] == verdict["together"]
    assert verdict["together"]["scores"] * verdict["together"]["level"] == pytest.approx(0.025)
    assert {item["would"] for item in shown} <= {"pass", "undecided"}
    assert "trips" in (tmp_path / "out" / "report.html").read_text()


def test_a_failed_verdict_is_a_value_and_is_counted(prepare, make_manifest, release, tmp_path: Path) -> None:
    release.twin["trips"] = release.twin["trips"].slice(0, 200)
    context = prepare(make_manifest())
    facts = work(context, tmp_path / "one")
    assert (facts["verdict"], facts["passed"]) == ("fail", False)
    assert any(text.startswith("trips.row_count 0.0") and text.endswith("< 0.9") for text in facts["failed"])
    work(context, tmp_path / "two")
    assert read_json(tmp_path / "two" / "verdict.json")["attempt"] == 2
    assert len((context.run_folder / "attempts.jsonl").read_text().splitlines()) == 2


def test_a_broken_rule_fails_the_verdict(prepare, make_manifest, release, tmp_path: Path) -> None:
    trips = release.twin["trips"]
    wrong = trips.set_column(2, "km", pa.array(np.where(np.arange(len(trips)) < 9, 1e6, trips["km"].to_numpy())))
    release.twin["trips"] = wrong
    facts = work(prepare(make_manifest()), tmp_path / "out")
    assert facts["failed"][0].startswith("trips.broken_rules(")


def test_the_undecided_passes_only_when_it_is_accepted(prepare, make_manifest, release, tmp_path: Path) -> None:
    training, holdout = release.real["drivers"]
    more = Part(pa.concat_tables([training.rows, holdout.rows.slice(90)]), np.concatenate([training.entities, holdout.entities[90:]]))
    release.real["drivers"] = (more, Part(holdout.rows.slice(0, 90), holdout.entities[:90]))
    facts = work(prepare(make_manifest()), tmp_path / "one")
    assert (facts["verdict"], facts["passed"]) == ("undecided", False)
    assert "drivers.dcr_excess undecided: 90 rows, wanted 300" in facts["failed"]
    facts = work(prepare(make_manifest(drivers=ACCEPTED)), tmp_path / "two")
    assert (facts["verdict"], facts["passed"], facts["failed"]) == ("undecided-accepted", True, [])


def test_a_dbt_project_that_says_other_things_of_the_twin_fails_the_verdict(prepare, make_manifest, release, tmp_path: Path) -> None:
    """One trip at the candidate is of a kind that the source has not, too few to be seen by a score."""
    models = {"trips": "select * from {{ source('cabs', 'trips') }}"}
    schema = "  - name: trips\n    columns: [{name: kind, data_tests: [{accepted_values: {arguments: {values: [day, night, long]}}}]}]\n"
    sources = "version: 2\nsources: [{name: cabs, tables: [{name: trips}]}]\n"
    project = write_project(tmp_path / "reports", models, schema=schema, more={"models/sources.yml": sources})
    kinds = ["barge", *release.twin["trips"].column("kind").to_pylist()[1:]]
    release.twin["trips"] = release.twin["trips"].set_column(4, "kind", pa.array(kinds))
    manifest = make_manifest().model_copy(update={"dbt_parity": DbtParity(project=str(project))})
    facts = work(prepare(manifest), tmp_path / "out")
    test = "accepted_values_trips_kind__day__night__long"
    assert facts["verdict"] == "fail"
    assert facts["failed"] == [f"dbt_parity: {test}: passes on the source, not on the twin: rows fail it"]
    assert facts["parity"] == ["cabs@1 on reports: NO parity; tests 0 of 1, marts 1 of 1"]
    assert read_json(tmp_path / "out" / "parity.json")["tests"] == {test: {"source": "pass", "twin": "fail"}}
    assert read_json(tmp_path / "out" / "verdict.json")["problems"] == facts["failed"]


def test_the_dbt_project_is_in_the_key(prepare, make_manifest, tmp_path: Path) -> None:
    project = write_project(tmp_path / "reports", {"one": "select 1 as one"})
    context = prepare(make_manifest().model_copy(update={"dbt_parity": DbtParity(project=str(project))}))
    before = STAGE.parameters(context)
    (project / "models" / "one.sql").write_text("select 2 as one")
    assert STAGE.parameters(context) != before


def test_policy_and_gates_are_in_the_key(prepare, make_manifest) -> None:
    plain = STAGE.parameters(prepare(make_manifest()))
    assert plain == STAGE.parameters(prepare(make_manifest()))
    assert plain["policy"]
    assert plain != STAGE.parameters(prepare(make_manifest(drivers=ACCEPTED)))


def test_nothing_that_is_left_holds_a_real_value(prepare, make_manifest, release, tmp_path: Path) -> None:
    names = set(release.real["drivers"][0].rows.column("name").to_pylist()[:50])
    work(prepare(make_manifest()), tmp_path / "out")
    for path in (tmp_path / "out").glob("*.*"):
        text = path.read_text()
        assert not any(f'"{name}"' in text or f">{name}<" in text for name in names)
