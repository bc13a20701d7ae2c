"""Schemas in a DuckDB file, and the proposals and manifests made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from warehouse_twin.manifest.loading import parse
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.scaffolding.schema_scaffold import Scaffold, scaffold
from warehouse_twin.warehouses.duckdb_warehouse import DuckDBWarehouse

Scaffolded = Callable[[str], Scaffold]


@pytest.fixture
def source(tmp_path: Path) -> Callable[[str], DuckDBWarehouse]:
    """A warehouse `prod` with a schema `shop`, made by statements."""

    def made(statements: str) -> DuckDBWarehouse:
        path = tmp_path / "prod.duckdb"
        path.unlink(missing_ok=True)
        with duckdb.connect(str(path)) as connection:
            connection.execute("CREATE SCHEMA shop; USE shop;")
            connection.execute(statements)
        return DuckDBWarehouse("prod", path)

    return made


@pytest.fixture
def scaffolded(source: Callable[[str], DuckDBWarehouse], tmp_path: Path) -> Scaffolded:
    """The scaffold of a schema made by statements."""

    def made(statements: str) -> Scaffold:
        return scaffold(source(statements), schema="shop", twin="shop", target=("dev", "shop"), file=tmp_path / "shop.yml")

    return made


@pytest.fixture
def manifest_of(scaffolded: Scaffolded, tmp_path: Path) -> Callable[[str], Manifest]:
    """The manifest in the scaffold of a schema."""
    return lambda statements: parse(scaffolded(statements).text.encode(), tmp_path / "shop.yml").manifest
