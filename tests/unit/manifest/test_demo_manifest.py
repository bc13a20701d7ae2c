from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from warehouse_twin.errors import ManifestError
from warehouse_twin.manifest.checking import resolve_manifest
from warehouse_twin.manifest.loading import load
from warehouse_twin.warehouses.catalog import Column, Table

FLIGHTS = Path(__file__).parents[3] / "twins" / "flights.yml"


def _flights_catalog() -> tuple[Table, ...]:
    def made(name: str, /, **columns: str) -> Table:
        return Table(name, tuple(Column(column, sql_type, nullable=True) for column, sql_type in columns.items()))

    text, time = "VARCHAR", "TIMESTAMP WITH TIME ZONE"
    return (
        made("airlines", carrier=text, name=text),
        made("airports", faa=text, name=text, lat="DOUBLE"),
        made("flights", carrier=text, tailnum=text, origin=text, dest=text, time_hour=time),
        made("planes", tailnum=text, seats="INTEGER"),
        made("weather", origin=text, temp="DOUBLE", time_hour=time),
    )


def test_the_demo_resolves() -> None:
    twin = resolve_manifest(load(FLIGHTS), _flights_catalog(), synthesizers=("tree", "gaussian_copula"), goals=())
    assert [table.name for table in twin.tables] == ["airlines", "airports", "planes", "weather", "flights"]
    assert [table.name for table in twin.protected] == ["planes", "weather", "flights"]
    assert twin.entity == "planes"
    assert twin["flights"].table.primary_key == ()
    assert len(twin["flights"].table.foreign_keys) == 5
    assert twin["weather"].table.primary_key == ("origin", "time_hour")
    assert twin["planes"].challengers == (("gaussian_copula", {}),)


def test_the_demo_against_another_source_names_every_difference() -> None:
    catalog = tuple(
        replace(table, columns=tuple(column for column in table.columns if column.name != "time_hour")) for table in _flights_catalog()
    )
    with pytest.raises(ManifestError) as caught:
        resolve_manifest(load(FLIGHTS), catalog, synthesizers=("tree",), goals=())
    assert [fault.path for fault in caught.value.faults] == [
        "tables.planes.challengers[0]",
        "tables.weather.primary_key[1]",
        "tables.flights.foreign_keys[4].columns[1]",
    ]
