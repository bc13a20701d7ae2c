"""The second model: `tree` says nothing of its canaries, a synthesizer that keeps rows gives them away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.manifest.traits import Traits
from warehouse_twin.metrics.score import Score
from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.relations.training import TrainingView
from warehouse_twin.stages import canaries
from warehouse_twin.warehouses.catalog import Column, Table

ROWS = 2_000
TRIPS = ResolvedTable(Table("trips", (Column("x", "DOUBLE", True), Column("y", "DOUBLE", True))), False, "tree", canaries=True)


class Parrot:
    """A synthesizer, and a model, that says what it was told."""

    conditional = False
    traits = Traits()
    told: pa.Table

    def fit(
        self, training: pa.Table, profile: TableProfile, *, given: Sequence[str], parameters: Mapping[str, Any], seed: int,
        leading: Sequence[str] = (),
    ) -> Parrot:
        self.told = training
        return self

    def sample(self, rows: int, *, seed: int) -> pa.Table:
        return self.told.slice(0, rows)


@pytest.fixture(scope="module")
def view() -> TrainingView:
    draw = np.random.default_rng(4)
    kind = draw.integers(0, 3, ROWS)
    x = kind * 1_000.0 + draw.integers(0, 800, ROWS)
    rows = pa.table({"bus.kind": [f"k{place}" for place in kind], "x": x, "y": x * 2 + draw.integers(0, 200, ROWS)})
    columns = [profile_column(ColumnTask(name, ""), rows.column(name), np.arange(ROWS), k=10) for name in rows.column_names]
    return TrainingView(rows, TableProfile("trips", 10, ROWS, 0, ROWS, 0, tuple(columns)), ("bus.kind",))


def score(view: TrainingView, *, seed: int = 3) -> Score:
    return Score.from_dict(canaries.canaries_of(TRIPS, view, seed=seed)[canaries.FACT])


def test_trees_hardly_know_their_canaries(view: TrainingView) -> None:
    found = score(view)
    assert (found.measure, found.table, found.n) == ("canaries", "trips", 300)
    assert found.low < 0.6  # the goal, on a table where who breaks the rule stands out
    assert found == score(view)


def test_a_parrot_does(view: TrainingView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canaries, "find_synthesizer", lambda name: Parrot())
    assert score(view).low > 0.9


def test_of_many_rows_some_are_learned(view: TrainingView, monkeypatch: pytest.MonkeyPatch) -> None:
    parrot = Parrot()
    monkeypatch.setattr(canaries, "find_synthesizer", lambda name: parrot)
    monkeypatch.setattr(canaries, "ROWS", 800)
    assert score(view).n == 200
    assert len(parrot.told) == 800


def test_no_second_model_where_none_is_wanted(view: TrainingView) -> None:
    assert canaries.canaries_of(replace(TRIPS, canaries=False), view, seed=3) == {}
