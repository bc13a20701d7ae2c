"""Names that dbt cannot build are refused before any row is read."""

from pathlib import Path

import duckdb
import pytest

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.loading import load
from warehouse_twin.settings import Settings
from warehouse_twin.stages.context import StageContext
from warehouse_twin.stages.snapshots import take_snapshot
from warehouse_twin.workspace import Workspace

CHECKOUT = Path(__file__).resolve().parents[3]
MANIFEST = "twin: hangar\nsource: {warehouse: prod, schema: air}\ntarget: {warehouse: dev, schema: air}\nseed: 1\ntables:\n  planes:\n"


def test_a_name_with_a_quote_is_refused_by_resolve(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    workspace.warehouses.mkdir(parents=True)
    with duckdb.connect(str(workspace.warehouses / "prod.duckdb")) as opened:
        opened.execute('CREATE SCHEMA air; CREATE TABLE air.planes (id INTEGER PRIMARY KEY, "wing""span" INTEGER)')
    file = tmp_path / "hangar.yml"
    file.write_text(MANIFEST)
    settings = Settings(project=CHECKOUT, workspace=workspace, mlflow_uri="", dvc_remote="")
    context = StageContext(settings=settings, manifest=load(file).manifest, manifest_file=file, release=1)
    with pytest.raises(ConfigurationError, match=r"planes.*double quote"):
        take_snapshot(context)
    assert not context.snapshot.exists()
