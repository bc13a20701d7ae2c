"""Draws given any columns: shares counted by hand, draws that do not depend on how they are split, evidence that cannot be."""

import datetime
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from tiny_profiles import profile_of
from warehouse_twin.errors import ConfigurationError
from warehouse_twin.synthesizers import conditional
from warehouse_twin.synthesizers.sequential import INDEPENDENT, TREE

ROWS = 8_000
PLACES = {"Ulm": 0.5, "Bonn": 0.3, "Trier": 0.2}
FRAUD = {"Ulm": 0.02, "Bonn": 0.1, "Trier": 0.4}


def shop() -> pa.Table:
    """Exactly these shares: fraud is a tenth in Bonn and so on; big only with fraud, and then in half of the rows."""
    place = np.repeat(list(PLACES), [int(ROWS * share) for share in PLACES.values()])
    within = np.concatenate([np.arange(int(ROWS * share)) / (ROWS * share) for share in PLACES.values()])
    fraud = within < np.array([FRAUD[name] for name in place])
    big = fraud & (np.arange(ROWS) % 2 == 0)
    day = [datetime.datetime(2024, 1, 1) + datetime.timedelta(days=int(flag) * 10 + row % 5, hours=9) for row, flag in enumerate(fraud)]
    order = np.random.default_rng(0).permutation(ROWS)
    return pa.table({"place": place, "fraud": fraud, "big": big, "day": pa.array(day, type=pa.timestamp("us"))}).take(order)


@pytest.fixture(scope="module")
def model():
    table = shop()
    leading = ("place", "fraud", "big", "day")  # an order known to the test
    fitted = TREE.fit(table, profile_of(table), given=(), parameters={}, seed=1, leading=leading)
    return replace(fitted, leading=0)  # and evidence that is checked


def shares(column: pa.ChunkedArray) -> dict:
    values = column.to_pylist()
    return {value: values.count(value) / len(values) for value in sorted(set(values))}


def test_evidence_that_comes_first_is_only_conditioned_on(model) -> None:
    drawn = model.sample(4_000, seed=3, context=pa.table({"place": ["Trier"] * 4_000}))
    assert shares(drawn["fraud"])[True] == pytest.approx(0.4, abs=0.03)


def test_evidence_that_comes_later_turns_the_columns_before_it_as_bayes_says(model) -> None:
    """P(place | fraud) = P(place) P(fraud | place) / P(fraud); by hand .01 / .12, .03 / .12, .08 / .12."""
    drawn = model.sample(4_000, seed=3, context=pa.table({"fraud": [True] * 4_000}))
    assert drawn.column_names == ["place", "fraud", "big", "day"]
    assert shares(drawn["fraud"]) == {True: 1.0}
    found = shares(drawn["place"])
    assert found == {name: pytest.approx(PLACES[name] * FRAUD[name] / 0.12, abs=0.03) for name in PLACES}
    assert shares(drawn["big"])[True] == pytest.approx(0.5, abs=0.03)


def test_evidence_on_both_ends_and_row_by_row(model) -> None:
    rows = 2_000
    context = pa.table({"place": ["Ulm", "Trier"] * rows, "big": [True] * rows + [False] * rows})
    drawn = model.sample(2 * rows, seed=4, context=context)
    assert drawn.select(["place", "big"]).equals(context)
    assert all(drawn["fraud"].to_pylist()[:rows])
    rest = drawn.slice(rows).to_pydict()
    by_place = {name: np.mean([f for f, p in zip(rest["fraud"], rest["place"], strict=True) if p == name]) for name in ("Ulm", "Trier")}
    assert by_place["Ulm"] == pytest.approx(0.01 / 0.99, abs=0.02)  # of fraud half is big
    assert by_place["Trier"] == pytest.approx(0.2 / 0.8, abs=0.04)


def test_a_time_is_evidence_in_both_its_parts(model) -> None:
    drawn = model.sample(500, seed=5, context=pa.table({"day": [datetime.datetime(2024, 1, 12, 9)] * 500}))
    assert all(drawn["fraud"].to_pylist())


def test_the_same_counter_gives_the_same_row(model, monkeypatch) -> None:
    context = pa.table({"fraud": [True, False] * 100})
    whole = model.sample(200, seed=6, counters=np.arange(200), context=context)
    parts = [model.sample(50, seed=6, counters=np.arange(at, at + 50), context=context.slice(at, 50)) for at in range(0, 200, 50)]
    assert pa.concat_tables(parts).equals(whole)
    monkeypatch.setattr(conditional, "BATCH", 300)
    assert model.sample(200, seed=6, counters=np.arange(200), context=context).equals(whole)


def test_where_no_candidate_is_accepted_one_is_taken_by_weight(model, monkeypatch) -> None:
    monkeypatch.setattr(conditional, "_most", lambda model, place, values: np.full(len(values[0]), 100.0))
    drawn = model.sample(1_000, seed=7, context=pa.table({"fraud": [True] * 1_000}))
    found = shares(drawn["place"])
    assert found == {name: pytest.approx(PLACES[name] * FRAUD[name] / 0.12, abs=0.06) for name in PLACES}


def test_columns_that_do_not_depend_are_drawn_as_ever() -> None:
    table = shop()
    floor = INDEPENDENT.fit(table, profile_of(table), given=(), parameters={}, seed=1)
    drawn = floor.sample(2_000, seed=1, context=pa.table({"day": [datetime.datetime(2024, 1, 12, 9)] * 2_000}))
    assert shares(drawn["fraud"])[True] == pytest.approx(0.12, abs=0.03)


def test_a_category_the_model_does_not_know_is_named_with_those_it_knows(model) -> None:
    with pytest.raises(ConfigurationError, match=r"column place: 1 rows of the context .* wanted one of Ulm, Bonn, Trier") as error:
        model.sample(2, seed=1, context=pa.table({"place": ["Ulm", "Koeln"]}))
    assert "Koeln" not in str(error.value)


def test_a_value_out_of_range_and_a_null_that_never_is_are_refused(model) -> None:
    with pytest.raises(ConfigurationError, match=r"column day: 1 rows .* wanted 2024-01-01 to 2024-01-15"):
        model.sample(1, seed=1, context=pa.table({"day": [datetime.datetime(1970, 1, 1)]}))
    with pytest.raises(ConfigurationError, match=r"1 rows of the context are impossible under the model: .* fraud"):
        model.sample(1, seed=1, context=pa.table({"fraud": pa.array([None], type=pa.bool_())}))


def test_values_that_never_occur_together_are_refused(model) -> None:
    with pytest.raises(ConfigurationError, match=r"2 rows of the context are impossible under the model: none of 4096 .* fraud, big;"):
        model.sample(2, seed=1, context=pa.table({"fraud": [False] * 2, "big": [True] * 2}))


def test_leading_columns_are_taken_as_they_are() -> None:
    table = shop()
    fitted = TREE.fit(table, profile_of(table), given=(), parameters={}, seed=1, leading=("place",))
    assert fitted.sample(3, seed=1, context=pa.table({"place": ["Koeln"] * 3}))["place"].to_pylist() == ["Koeln"] * 3
