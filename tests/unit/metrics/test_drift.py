"""How far profiles, and rows, of two releases are apart, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from tiny_profiles import profile_of
from warehouse_twin.metrics.binning import Binned, binned, fit_bins
from warehouse_twin.metrics.drift import source_drift, twin_drift
from warehouse_twin.metrics.replicates import row_groups
from warehouse_twin.metrics.samples import Samples
from warehouse_twin.profiling.table_profile import ColumnProfile, Part, TableProfile

KIND = Part("category", values=("a", "b"), rows=(60, 30), protected=10)
SIZE = Part("number", cells=((0.0, 10.0, 50), (20.0, 20.0, 50)))


def profile(*parts: Part, nulls: int = 0, kind: str = "numeric", sql_type: str = "DOUBLE") -> TableProfile:
    columns = tuple(
        ColumnProfile(f"c{place}", sql_type, "categorical" if part.kind == "category" else kind, 100, nulls, 9, (part,))
        for place, part in enumerate(parts)
    )
    return TableProfile("t", 10, 100, 20, 100, 0, columns)


@pytest.mark.parametrize(
    ("before", "now", "apart"),
    [
        (KIND, KIND, 0),
        (KIND, replace(KIND, rows=(30, 60)), 0.3),
        (KIND, Part("category", values=("a", "c"), rows=(60, 30), protected=10), 0.3),
        (KIND, Part("category", values=("a",), rows=(60,), protected=40), 0.3),
        (SIZE, SIZE, 0),
        (SIZE, Part("number", cells=((0.0, 10.0, 80), (20.0, 20.0, 20))), 0.3),
        (SIZE, Part("number", cells=((0.0, 10.0, 50), (30.0, 30.0, 50))), 0.5),
        (SIZE, Part("number", cells=((5.0, 15.0, 50), (20.0, 20.0, 50))), 0.25),
        (Part("number", cells=((20.0, 20.0, 100),)), Part("number", cells=((19.0, 21.0, 100),)), 0.5),
        (SIZE, Part("number"), 1),
    ],
)
def test_distances_by_hand(before: Part, now: Part, apart: float) -> None:
    found = source_drift(profile(before), profile(now))
    assert found.value == pytest.approx(apart)
    assert found.low <= found.value <= found.high
    assert (found.n, found.columns, found.better) == (100, ("c0",), "lower")


def test_the_column_that_drifted_most_is_named() -> None:
    before, now = profile(SIZE, KIND, SIZE), profile(SIZE, replace(KIND, rows=(30, 60)), SIZE)
    assert source_drift(before, now).columns == ("c1",)


def test_missing_values_and_types_are_compared() -> None:
    assert source_drift(profile(SIZE), profile(SIZE, nulls=40)).value == 0.4
    assert source_drift(profile(SIZE), profile(SIZE, sql_type="BIGINT")).value == 1
    otherwise = profile(Part("number", cells=((90.0, 99.0, 100),)), kind="text")
    assert source_drift(profile(SIZE), otherwise).value == 0, "no longer modelled alike"


def test_without_an_earlier_release_or_a_common_column_nothing_is_said() -> None:
    assert source_drift(None, profile(SIZE)).n == 0
    other = replace(profile(SIZE), columns=(replace(profile(SIZE).columns[0], name="other"),))
    assert source_drift(other, profile(SIZE)).n == 0
    assert source_drift(replace(profile(SIZE), entities=0), profile(SIZE)).n == 0


def rows(shift: float, seed: int) -> pa.Table:
    draw = np.random.default_rng(seed)
    return pa.table({"size": draw.normal(shift, 1, 4_000), "kind": draw.choice(["a", "b"], 4_000)})


def drift_of_rows(before: pa.Table, now: pa.Table) -> tuple[float, tuple[str, ...], int]:
    bins = fit_bins(before, before.column_names)

    def inside(table: pa.Table) -> Binned:
        group, groups = row_groups(len(table), seed=1)
        return binned(table, bins, group=group, groups=groups)

    found = twin_drift(Samples("t", bins, inside(before), inside(now)))
    assert 0 <= found.low <= found.value <= found.high <= 1
    return found.value, found.columns, found.n


def test_profiles_say_nearly_what_rows_do() -> None:
    """A shift by half a standard deviation: 0.197 in truth."""
    before, now = rows(0, 1), rows(0.5, 2)
    assert source_drift(profile_of(before), profile_of(now)).value == pytest.approx(0.197, abs=0.04)
    assert drift_of_rows(before, now)[0] == pytest.approx(0.197, abs=0.04)
    assert drift_of_rows(before, now)[1:] == (("size",), 4_000)


def test_two_draws_of_one_source_have_not_drifted() -> None:
    assert source_drift(profile_of(rows(0, 1)), profile_of(rows(0, 2))).low == 0
    assert drift_of_rows(rows(0, 1), rows(0, 2))[0] < 0.05
    assert drift_of_rows(rows(0, 1), rows(0, 2).slice(0, 0))[2] == 0
    assert drift_of_rows(rows(0, 1).select([]), rows(0, 2).select([]))[2] == 0
