"""A key that keeps orphans: no constraint in the DDL nor in the model, and no test that it leads somewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tiny_twins import link, resolved, twin_of
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.materializing.ddl import rebuilt_catalog, statements
from warehouse_twin.materializing.generating import generate

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("keeps", [False, True])
def test_a_key_that_keeps_orphans_is_neither_declared_nor_tested(tmp_path: Path, keeps: bool) -> None:
    key = replace(link("customer", "customers"), keeps_orphans=keeps)
    customers = resolved("customers", "id BIGINT", key=("id",))
    twin: ResolvedTwin = twin_of(customers, resolved("orders", "id BIGINT", "customer BIGINT", key=("id",), foreign=(key,)))
    assert any("FOREIGN KEY" in statement for statement in statements(twin, release=1)) is not keeps
    assert ("FOREIGN KEY" in {fact[0] for fact in rebuilt_catalog(twin, release=1)["orders"]}) is not keeps
    generate(twin, release=1, synthesized=tmp_path / "rows", project=CHECKOUT / "dbt_project", folder=tmp_path / "made")
    models = "".join(path.read_text() for path in sorted((tmp_path / "made").rglob("*.yml")))
    assert yaml.safe_load_all(models)
    assert ("valid_reference" in models) is not keeps
    assert ("foreign_key" in models) is not keeps
