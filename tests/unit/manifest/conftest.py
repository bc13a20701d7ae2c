"""A manifest and a source catalog that fit each other, small enough to change by hand."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from warehouse_twin.errors import Fault, ManifestError
from warehouse_twin.manifest.checking import resolve_manifest
from warehouse_twin.manifest.loading import load
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.warehouses.catalog import Column, ForeignKey, Table

SYNTHESIZERS = ("tree", "independent", "gaussian_copula")
GOALS = ("column_shape", "pair_trend")

HEAD = """\
twin: shop
source: {warehouse: prod, schema: shop}
target: {warehouse: dev, schema: shop}
seed: 7
"""


def table(name: str, *columns: str, key: tuple[str, ...] = (), foreign: tuple[ForeignKey, ...] = ()) -> Table:
    """A table of nullable columns, each written `name type`."""
    parts = [column.partition(" ") for column in columns]
    return Table(name, tuple(Column(column, sql_type, nullable=True) for column, _, sql_type in parts), key, foreign)


CATALOG = (
    table("countries", "code VARCHAR", "name VARCHAR"),
    table("customers", "id INTEGER", "mail VARCHAR", "age INTEGER", "country VARCHAR(2)", "boss INTEGER"),
    table("items", "order_id INTEGER", "line SMALLINT", "price DECIMAL(10,2)"),
    table("notes", "x VARCHAR", "of_order INTEGER"),
    table("orders", "id INTEGER", "customer INTEGER", "payer BIGINT", "note VARCHAR", key=("id",)),
    table("shipments", "order_id INTEGER", "line SMALLINT", foreign=(ForeignKey(("order_id",), "orders", ("id",)),)),
)


@pytest.fixture
def faults_of_text(tmp_path: Path) -> Callable[[str], tuple[Fault, ...]]:
    """The faults of a manifest of the twin `shop`."""

    def faults(text: str) -> tuple[Fault, ...]:
        path = tmp_path / "shop.yml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ManifestError) as caught:
            load(path)
        return caught.value.faults

    return faults


@pytest.fixture
def resolve(tmp_path: Path) -> Callable[..., ResolvedTwin]:
    """Resolve `HEAD` and more text against a catalog."""

    def resolved(
        text: str, catalog: tuple[Table, ...] = CATALOG, *, synthesizers: Collection[str] = SYNTHESIZERS, keys: str = "manifest"
    ) -> ResolvedTwin:
        path = tmp_path / "shop.yml"
        head = HEAD.replace("{warehouse: dev, schema: shop}", f"{{warehouse: dev, schema: shop, keys: {keys}}}")
        path.write_text(head + text, encoding="utf-8")
        return resolve_manifest(load(path), catalog, synthesizers=synthesizers, goals=GOALS)

    return resolved


@pytest.fixture
def catalog_faults(resolve: Callable[..., ResolvedTwin]) -> Callable[..., list[str]]:
    """The faults of `HEAD` and more text against a catalog, each as `line:column: path: message`, lines counted after `HEAD`."""

    def faults(text: str, catalog: tuple[Table, ...] = CATALOG, *, synthesizers: Collection[str] = SYNTHESIZERS) -> list[str]:
        with pytest.raises(ManifestError) as caught:
            resolve(text, catalog, synthesizers=synthesizers)
        head = HEAD.count("\n")
        return [f"{fault.line - head}:{fault.column}: {fault.path}: {fault.message}" for fault in caught.value.faults]

    return faults
