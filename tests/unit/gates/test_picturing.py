"""Pictures show what scores say, and no value, extreme or cell of fewer than k entities."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.gates.inputs import Inputs, Part
from warehouse_twin.gates.scoring import score_twin
from warehouse_twin.metrics.binning import Holders
from warehouse_twin.metrics.histograms import distribution, joint, season, shown


def pictures(twin: Any, inputs: Inputs) -> dict[str, Any]:
    return score_twin(twin, inputs, seed=5).pictures


def words(value: Any) -> Iterator[str]:
    """Every text in JSON."""
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from words(part)


def test_every_protected_table_is_drawn_and_always_alike(release, twin) -> None:
    found = pictures(twin, release.inputs)
    assert set(found) == {"drivers", "trips"}
    assert json.dumps(found) == json.dumps(pictures(twin, release.inputs))
    trips = {one["column"]: one for one in found["trips"]["distributions"]}
    assert set(trips) == {"km", "fare", "kind"}
    assert set(trips["kind"]["labels"]) == {"long", "day", "night"}
    assert sum(trips["kind"]["real"]) == pytest.approx(1.0, abs=1e-4)
    assert trips["fare"]["missing"]["real"] == pytest.approx(0.05, abs=0.01)
    [children] = found["trips"]["children"]
    assert children["columns"] == ["driver"]
    assert children["labels"][:2] == ["0", "1"]
    assert found["trips"]["membership"]["low"] < 0.5 < found["trips"]["membership"]["high"]


def test_what_few_hold_is_not_drawn(release, twin) -> None:
    """One driver's trips are of a kind, a length and a fare that nobody else's are; a name of nine drivers goes with the others."""
    training, holdout = release.real["trips"]
    odd = training.entities == 7
    kinds = np.where(odd, "barge", np.where(np.isin(training.entities, np.arange(20, 29)), "canoe", training.rows["kind"].to_numpy()))
    km = np.where(odd, 987_654.25, training.rows["km"].to_numpy())
    rows = training.rows.set_column(4, "kind", pa.array(kinds)).set_column(2, "km", pa.array(km))
    release.real["trips"] = (Part(rows, training.entities), holdout)
    found = pictures(twin, release.inputs)["trips"]
    text = " ".join(words(found))
    assert not [value for value in ("barge", "canoe", "987", "654") if value in text]
    assert "all others" in text, "they are ten in all"
    assert "or more" in text
    [kind] = [one for one in found["distributions"] if one["column"] == "kind"]
    assert kind["labels"][-1] == "all others"
    assert kind["real"][-1] > 0


@pytest.mark.parametrize("rows", [0, 1, 12])
def test_tables_of_hardly_a_row_are_drawn_too(release, twin, rows: int) -> None:
    training, holdout = release.real["trips"]
    release.real["trips"] = (
        Part(training.rows.slice(0, rows), training.entities[:rows]),
        Part(holdout.rows.slice(0, 0), holdout.entities[:0]),
    )
    release.twin["trips"] = release.twin["trips"].slice(0, rows)
    release.floor["trips"] = release.floor["trips"].slice(0, rows)
    found = pictures(twin, release.inputs)["trips"]
    assert found["membership"] is None
    assert all(not one["labels"] or min(share for share in one["real"]) >= 0 for one in found["distributions"])


# ── figures known by hand ────────────────────────────────────────────────────────────────────────────────────────────


def both(real: pa.Table, twin: pa.Table, *, k: int = 5, entities: np.ndarray | None = None) -> Any:
    return shown(real, twin, Holders(np.arange(len(real)) if entities is None else entities, k), kinds={})


def test_the_missing_are_told_unless_they_are_few_or_the_others_are() -> None:
    def missing(count: int) -> Any:
        table = pa.table({"a": pa.array([None] * count + [1] * (20 - count), pa.int64())})
        return distribution("a", both(table, table))["missing"]

    assert missing(0) == {"real": 0.0, "twin": 0.0}
    assert missing(5) == {"real": 0.25, "twin": 0.25}
    assert missing(2) == {"real": None, "twin": 0.1}
    assert missing(18) == {"real": None, "twin": 0.9}


def test_cells_of_two_columns_are_rounded_and_left_out_where_few_are() -> None:
    one = pa.table({"a": np.repeat(["x", "y"], [60, 40]), "b": np.repeat(["p", "q", "p", "q"], [57, 3, 18, 22])})
    other = pa.table({"a": np.repeat(["x", "y"], 50), "b": np.repeat(["p", "q", "r"], [50, 49, 1])})
    found = joint("a", "b", both(one, other))
    assert found is not None
    assert (found["rows"], found["across"]) == (["x", "y"], ["p", "q", "all others"]), "the twin has an r"
    assert found["real"] == [[0.55, None, None], [0.2, 0.2, None]]
    assert found["twin"] == [[0.5, 0.0, 0.0], [0.0, 0.49, 0.01]]
    assert joint("a", "c", both(one.append_column("c", pa.array([b""] * 100)), other.append_column("c", pa.array([b""] * 100)))) is None


def test_a_season_of_few_is_left_out_with_enough_others() -> None:
    days = np.concatenate([np.repeat(np.datetime64("2024-01-01") + np.arange(7), 10), np.repeat(np.datetime64("2024-01-02"), 10)])
    people = np.concatenate([np.arange(60), np.full(10, 99), np.arange(100, 110)])  # one person has all Sundays
    table = pa.table({"at": pa.array(days)})
    found = season("at", "weekday", table, table.slice(0, 35), Holders(people, 5))
    assert found["labels"][0] == "Mon"
    assert found["real"] == [None, 0.25, 0.125, 0.125, 0.125, 0.125, None]
    assert found["twin"][:4] == [0.28571, 0.28571, 0.28571, 0.14286]
    assert season("at", "month", table, table, Holders(np.zeros(80, dtype=np.int64), 5))["labels"] == []


def test_a_k_of_one_shows_all(release, twin) -> None:
    names = replace(twin, k=1)
    assert pictures(names, release.inputs)["drivers"]["distributions"]
