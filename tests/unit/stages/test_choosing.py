"""The trial: who is published among candidates, and that only the training part decides it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.gates.policy import load_policy
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.pareto import Figures
from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.relations.training import TrainingView
from warehouse_twin.stages.choosing import Tried, choice_of, choose
from warehouse_twin.warehouses.catalog import Column, Table

ROWS = 600


POLICY = load_policy(Path(__file__).resolve().parents[3] / "expectations")


def tried(
    name: str, fidelity: float | None, privacy: float | None, cost: float, *, safe: bool = True, faithful: bool = True, lost: float = 0.0
) -> Tried:
    return Tried(name, Figures(fidelity, privacy, cost), safe, faithful, lost)


@pytest.mark.parametrize(
    ("candidates", "chosen"),
    [
        ([tried("tree", 0.95, 0.0, 1.0), tried("ctgan", 0.90, 0.0, 60.0)], "tree"),
        ([tried("tree", 0.90, 0.0, 1.0), tried("ctgan", 0.95, 0.0, 60.0)], "ctgan"),
        ([tried("ctgan", 0.952, 0.0, 60.0), tried("tree", 0.950, 0.0, 1.0)], "tree"),
        ([tried("tree", 0.95, 0.2, 1.0, safe=False), tried("ctgan", 0.90, 0.0, 60.0)], "ctgan"),
        ([tried("a", 0.95, 0.2, 1.0, safe=False), tried("b", 0.90, 0.1, 9.0, safe=False)], "b"),
        ([tried("a", 0.9, 0.0, 1.0), tried("b", 0.9, 0.0, 1.0)], "a"),
        ([tried("a", None, None, 1.0), tried("b", None, None, 2.0)], "a"),
        ([tried("tree", 0.94, 0.03, 1.0), tried("independent", 0.90, 0.0, 0.1)], "tree"),
        ([tried("tree", 0.953, 0.0, 1.0), tried("independent", 0.950, 0.0, 0.1, faithful=False)], "tree"),
        ([tried("tree", 0.953, 0.0, 1.0, lost=0.02), tried("independent", 0.950, 0.0, 0.1, lost=0.2)], "tree"),
        ([tried("tree", 0.93, 0.0, 1.0, faithful=False), tried("independent", 0.90, 0.0, 0.1, faithful=False)], "tree"),
        ([tried("tree", 0.99, 0.3, 1.0, safe=False), tried("independent", 0.90, 0.0, 0.1, faithful=False)], "independent"),
    ],
    ids=[
        *("beats", "better", "as good and cheaper", "too close", "nobody safe", "a tie", "nothing measured"),
        *("closer within the limits", "dependence lost", "one pair lost among many", "nobody faithful", "privacy before fidelity"),
    ],
)
def test_the_best_that_is_safe_is_published(candidates: list[Tried], chosen: str) -> None:
    assert choose(candidates) == chosen


@pytest.fixture(scope="module")
def trips() -> tuple[ResolvedTwin, TrainingView, np.ndarray]:
    """A table whose second column is twice its first, of a parent that decides both."""
    draw = np.random.default_rng(4)
    kind = draw.integers(0, 3, ROWS)
    x = kind * 10.0 + draw.integers(0, 8, ROWS)
    rows = pa.table({"bus.kind": [f"k{place}" for place in kind], "x": x, "y": x * 2 + draw.integers(0, 2, ROWS)})
    columns = [profile_column(ColumnTask(name, ""), rows.column(name), np.arange(ROWS), k=10) for name in rows.column_names]
    view = TrainingView(rows, TableProfile("trips", 10, ROWS, 0, ROWS, 0, tuple(columns)), ("bus.kind",))
    table = Table("trips", (Column("x", "DOUBLE", True), Column("y", "DOUBLE", True)))
    trips = ResolvedTable(table, False, "independent", challengers=(("tree", {"leaf_rows": 20}),), choose="pareto")
    return ResolvedTwin("t", "a", "s", "b", "s", 1, None, 10, 0.2, (trips,)), view, np.arange(ROWS) // 2


def test_a_trial_finds_the_better_synthesizer_and_finds_it_again(trips: tuple[ResolvedTwin, TrainingView, np.ndarray]) -> None:
    twin, view, entities = trips
    found = choice_of(twin, twin["trips"], view, entities, POLICY, seed=3)
    assert found == choice_of(twin, twin["trips"], view, entities, POLICY, seed=3)
    assert (found["trial"]["tree"]["faithful"], found["trial"]["independent"]["faithful"]) == (True, False)
    assert found["chosen"] == "tree"
    assert found["trial"]["tree"]["fidelity"] > found["trial"]["independent"]["fidelity"] + 0.05
    assert found["trial"]["independent"]["cost"] <= found["trial"]["tree"]["cost"]
    assert found["trial"]["tree"]["front"]
    published = twin.published_from({"trips": "tree"})["trips"]
    assert (published.synthesizer, published.parameters, published.challengers) == ("tree", {"leaf_rows": 20}, (("independent", {}),))
    assert twin.published_from({}) == twin
    assert ResolvedTwin.from_dict(twin.to_dict()) == twin


def test_a_table_without_rows_has_a_choice_too(trips: tuple[ResolvedTwin, TrainingView, np.ndarray]) -> None:
    twin, view, entities = trips
    empty = replace(view, training=view.training.slice(0, 0))
    assert choice_of(twin, twin["trips"], empty, entities[:0], POLICY, seed=3)["chosen"] == "independent"

