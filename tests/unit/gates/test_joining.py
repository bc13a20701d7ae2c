"""Rows beside what is below them, on tables of which every figure is known by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from warehouse_twin.gates.inputs import Part
from warehouse_twin.gates.joining import children_keys, with_children
from warehouse_twin.gates.sampling import families
from warehouse_twin.manifest.resolved import ResolvedTwin

DRIVERS = pa.table({"id": [1, 2, 3], "name": ["a", "b", "c"], "age": [30.0, 40.0, 50.0], "zone": ["n", "n", "s"]})
TRIPS = pa.table(
    {
        "id": [1, 2, 3, 4],
        "driver": pa.array([1, 1, 3, None]),
        "km": [10.0, 20.0, None, 7.0],
        "fare": [5.0, 6.0, 9.0, 1.0],
        "kind": ["day", "long", "day", "day"],
    }
)


def test_who_has_children_is_known_from_keys_alone(twin: ResolvedTwin) -> None:
    assert [(child.name, key.columns) for child, key in children_keys(twin, twin["drivers"])] == [("trips", ("driver",))]
    assert children_keys(twin, twin["trips"]) == []


def test_a_parent_stands_beside_the_number_and_the_means_of_its_children(twin: ResolvedTwin) -> None:
    part = Part(DRIVERS, np.asarray([7, 8, 9]))
    found = with_children(part, twin, twin["drivers"], {"trips": TRIPS}.__getitem__)
    added = {name: found.rows.column(name).to_pylist() for name in found.rows.column_names[4:]}
    assert added == {
        "trips(driver) rows": [2.0, 0.0, 1.0],
        "trips(driver) mean of km": [15.0, None, None],
        "trips(driver) mean of fare": [5.5, None, 9.0],
    }
    assert found.entities.tolist() == [7, 8, 9]


def test_rows_drawn_for_one_parent_are_of_one_family(twin: ResolvedTwin) -> None:
    [key] = twin["trips"].table.foreign_keys
    one, two, three, alone = families(TRIPS, key).tolist()
    assert one == two
    assert len({one, three, alone}) == 3
    assert families(TRIPS, None).tolist() == [0, 1, 2, 3]
    assert families(TRIPS.slice(0, 0), key).tolist() == []
