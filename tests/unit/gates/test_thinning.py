"""Rebalanced tables are compared with real rows thinned to their shares, tables below them with what hangs on those that stay."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from warehouse_twin.gates.inputs import Part
from warehouse_twin.gates.scoring import score_twin
from warehouse_twin.gates.thinning import Thinning


def share(rows: pa.Table, zone: str) -> float:
    return float(np.mean([value == zone for value in rows.column("zone").to_pylist()]))


@pytest.fixture
def thinning(release, with_table) -> Thinning:
    return Thinning(with_table("drivers", rebalance={"zone": {"w": 0.6}}), release.inputs.real, seed=1)


def test_real_rows_are_thinned_to_the_shares(release, thinning) -> None:
    whole = release.real["drivers"][0].rows
    training, holdout = thinning.real("drivers")
    assert [share(part.rows, "w") for part in (training, holdout)] == [pytest.approx(0.6, abs=0.03), pytest.approx(0.6, abs=0.08)]
    assert pc.all(pc.is_in(training.rows["id"], value_set=whole["id"])).as_py()
    assert training.rows["id"].to_pylist() == training.entities.tolist()
    assert share(training.rows, "n") / share(training.rows, "s") == pytest.approx(5 / 3, rel=0.25)  # the others in proportion
    rare = [part.filter(pc.equal(part["zone"], "w")).num_rows for part in (whole, training.rows)]
    assert rare[0] == rare[1]  # of the group there is too little of, all stay


def test_below_it_rows_of_parents_that_stay_stay(release, thinning) -> None:
    stay = set(pa.concat_tables([part.rows for part in thinning.real("drivers")])["id"].to_pylist())
    for part, whole in zip(thinning.real("trips"), release.real["trips"], strict=True):
        drivers = whole.rows["driver"].to_pylist()
        assert part.rows["driver"].to_pylist() == [driver for driver in drivers if driver in stay]
        assert len(part.rows) == len(part.entities) < len(whole.rows)


def test_what_nobody_rebalances_is_as_it_was(release, twin, thinning) -> None:
    assert thinning.real("zones") is release.real["zones"]
    assert Thinning(twin, release.inputs.real, seed=1).real("trips") is release.real["trips"]


def test_an_empty_holdout_stays_empty(release, with_table) -> None:
    release.real["drivers"] = (release.real["drivers"][0], Part(release.real["drivers"][1].rows.slice(0, 0), np.arange(0)))
    twin = with_table("drivers", rebalance={"zone": {"w": 0.6}})
    assert len(Thinning(twin, release.inputs.real, seed=1).real("drivers")[1].rows) == 0


def test_a_twin_that_was_rebalanced_scores_as_well_as_one_that_was_not(release, twin, with_table) -> None:
    """A perfect twin thinned itself: fair against thinned rows, off against all of them."""
    twins = {name: (Part(rows, np.arange(len(rows))),) * 2 for name, rows in release.twin.items()}
    asked = with_table("drivers", rebalance={"zone": {"w": 0.6}})
    thinned = Thinning(asked, twins.__getitem__, seed=2)
    release.twin |= {name: thinned.real(name)[0].rows for name in ("drivers", "trips")}

    def shape(which) -> float:
        scores = score_twin(which, release.inputs, seed=5).scores
        return next(score.value for score in scores if score.measure == "column_shape" and score.columns == ("zone",))

    assert shape(asked) > 0.85  # of some 130 rows, as many as the thinned holdout has
    assert shape(twin) < 0.7
