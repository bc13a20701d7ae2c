"""The stage as the pipeline calls it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from warehouse_twin.digests import digest_folder
from warehouse_twin.errors import TerminalError
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.resolved import Column, ResolvedTwin, Table
from warehouse_twin.receipts import Receipt
from warehouse_twin.settings import Settings
from warehouse_twin.stages.context import StageContext
from warehouse_twin.stages.materialize import STAGE
from warehouse_twin.workspace import Workspace, write_json

MANIFEST = {"twin": "hostile", "source": {"warehouse": "p", "schema": "raw"}, "target": {"warehouse": "d", "schema": "x"}, "seed": 1}


@pytest.fixture
def context(make_twin: Callable[..., ResolvedTwin], write_rows: Callable[..., Path], dbt_project: Path, tmp_path: Path) -> StageContext:
    twin = make_twin(Table("t", (Column("x", "INTEGER", nullable=False),), primary_key=("x",)))
    settings = Settings(project=dbt_project.parent, workspace=Workspace(tmp_path), mlflow_uri="", dvc_remote="")
    found = StageContext(settings, Manifest.model_validate({**MANIFEST, "tables": {"t": None}}), tmp_path / "hostile.yml", release=5)
    output = settings.workspace.output("secure", "hostile", "synthesize", "k" * 64)
    write_rows(output / "twin", twin, {"t": "VALUES (2), (1)"})
    write_json(found.run_folder / "resolved.json", twin.to_dict())
    Receipt("synthesize", "k" * 64, settings.workspace.relative(output), {}, digest_folder(output)).write(found.receipt_file("synthesize"))
    return found


def test_the_stage_leaves_the_contracted_files_and_facts(context: StageContext, tmp_path: Path) -> None:
    folder = tmp_path / "secure/hostile/materialize/work"
    folder.mkdir(parents=True)
    facts = STAGE.work(context, folder)
    assert facts["schema"] == "hostile__r5"
    assert facts["rows"] == {"t": 2}
    assert facts["tests"] == {"pass": 2}
    assert set(facts) == {"schema", "rows", "tests", "dbt_invocation", "data_digest", "left_out", "table_digests"}
    assert sorted(path.name for path in folder.iterdir()) == ["candidate.duckdb", "dbt", "schema.json", "tables"]
    with duckdb.connect(str(folder / "candidate.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT sum(x) FROM hostile__r5.t").fetchall() == [(3,)]


def test_release_number_and_macros_are_part_of_the_key(context: StageContext) -> None:
    parameters = STAGE.parameters(context)
    assert STAGE.needs == ("resolve", "synthesize")
    later = replace(context, release=6)
    write_json(later.run_folder / "resolved.json", context.resolved.to_dict())
    assert {**STAGE.parameters(later), "schema": "hostile__r5"} == parameters
    assert STAGE.parameters(later)["schema"] == "hostile__r6"
    assert {"dbt_project.yml", "macros/twin_table.sql"} <= set(parameters["dbt_project"])


def test_without_a_file_nothing_is_built(context: StageContext, tmp_path: Path) -> None:
    (context.folder("synthesize") / "twin/t.parquet").unlink()
    with pytest.raises(TerminalError, match=r"table 't': got no file 't.parquet'"):
        STAGE.work(context, tmp_path / "out")
    assert not (tmp_path / "out").exists()
