"""Whole schemas from noisy counts: structure, one account, and what one entity can change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.privacy.accounting import Promise
from warehouse_twin.synthesizers.marginal import MARGINAL
from warehouse_twin.synthesizers.marginal_models import MarginalModel
from warehouse_twin.synthesizers.marginal_schemas import Counted, allowed, bounded_rows, fit_schema
from warehouse_twin.synthesizers.registry import find_synthesizer

ALL = 0.0
GENEROUS = Promise(200.0, 1e-4)
PEOPLE = 1_500


def schema(seed: int = 1) -> dict[str, Counted]:
    """People of two kinds with 0 to 3 orders, more of them in gold; what an order costs follows from the kind."""
    draw = np.random.default_rng(seed)
    gold = draw.random(PEOPLE) < 0.3
    orders = np.where(gold, draw.integers(2, 4, PEOPLE), draw.integers(0, 2, PEOPLE))
    link = np.repeat(np.arange(PEOPLE), orders)
    people = pa.table({"kind": np.where(gold, "gold", "plain"), "age": pa.array(draw.integers(18, 90, PEOPLE))})
    cost = np.where(gold[link], draw.integers(500, 600, len(link)), draw.integers(10, 60, len(link)))
    return {
        "people": Counted(people, np.arange(PEOPLE, dtype=np.int64)),
        "orders": Counted(pa.table({"cost": cost}), link.astype(np.int64), 3, ("owner", "people"), link.astype(np.int64)),
        "notes": Counted(pa.table({"words": pa.array([5] * 200 + [9] * 200)}), np.arange(400), others=(("about", "people"),)),
    }


@pytest.fixture(scope="module")
def model() -> MarginalModel:
    return fit_schema(schema(), promise=GENEROUS, held_out=ALL, seed=3)


def test_one_promise_covers_tables_their_sizes_and_what_joins_them(model: MarginalModel) -> None:
    drawn = model.sample_schema({}, seed=4)
    (people, _), (orders, links), (notes, about) = (drawn[name] for name in ("people", "orders", "notes"))
    gold = np.asarray(people.column("kind").to_pylist()) == "gold"
    counts = np.bincount(links["owner"], minlength=len(people))
    cost = orders.column("cost").to_numpy()
    assert abs(len(people) - PEOPLE) < 20
    assert abs(len(notes) - 400) < 20
    assert gold.mean() == pytest.approx(0.3, abs=0.03)
    assert counts[gold].mean() == pytest.approx(2.5, abs=0.15)
    assert counts[~gold].mean() == pytest.approx(0.5, abs=0.15)
    assert (cost[gold[links["owner"]]] > 400).mean() > 0.95
    assert about["about"].max() < len(people)
    assert model.account.total.rho <= allowed(GENEROUS).rho * (1 + 1e-9)
    assert model.account.total.epsilon(GENEROUS.delta) <= GENEROUS.epsilon * (1 + 1e-9)
    assert model.account.total.rho > 0.5 * allowed(GENEROUS).rho  # nothing is left lying about


def test_sampling_is_a_function_of_the_seed_and_of_what_is_stored(model: MarginalModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    again = find_synthesizer("marginal").load(tmp_path)
    assert isinstance(again, MarginalModel)
    first, second, other = model.sample_schema({}, seed=4), again.sample_schema({}, seed=4), model.sample_schema({}, seed=5)
    for name, (rows, links) in first.items():
        assert second[name][0].equals(rows)
        assert all(np.array_equal(second[name][1][key], link) for key, link in links.items())
    assert not other["people"][0].equals(first["people"][0])
    assert again.account == model.account


def test_sizes_are_post_processing(model: MarginalModel) -> None:
    drawn = model.sample_schema({"people": (3_000, 1.0), "notes": (None, 0.5)}, seed=4)
    assert len(drawn["people"][0]) == 3_000
    assert abs(len(drawn["notes"][0]) - 200) < 20
    assert len(drawn["orders"][0]) == pytest.approx(3_000 * 1.1, rel=0.1)


def test_noise_is_the_system_s_and_no_seed_s() -> None:
    first, second = (fit_schema(schema(), promise=Promise(1.0, 1e-6), held_out=ALL, seed=3) for _ in range(2))
    one, other = (model.tables["people"].fitted.measured.counts[0].counts for model in (first, second))
    assert one.tolist() != other.tolist()


@pytest.mark.parametrize("gone", [0, 700])
def test_leaving_out_an_entity_changes_no_row_that_is_counted_of_another(gone: int) -> None:
    tables = schema()
    orders = replace(tables["orders"], at_most=1)
    whole = bounded_rows({**tables, "orders": orders}, seed=9)["orders"]
    stay = orders.entities != gone
    assert orders.link is not None
    people, others = tables["people"], tables["people"].entities != gone
    link = orders.link[stay] - (orders.link[stay] > gone)
    without = {
        "people": replace(people, rows=people.rows.filter(pa.array(others)), entities=people.entities[others]),
        "orders": replace(orders, rows=orders.rows.filter(pa.array(stay)), entities=orders.entities[stay], link=link),
    }
    found = bounded_rows(without, seed=9)["orders"]
    assert np.bincount(whole.entities).max() == 1
    assert found.rows.equals(whole.rows.filter(pa.array(whole.entities != gone)))


def test_rows_whose_parent_is_left_out_are_left_out() -> None:
    people = Counted(pa.table({"x": pa.array([1, 2, 3])}), np.asarray([7, 7, 8]), 1)
    orders = Counted(pa.table({"y": pa.array([1, 2, 3, 4])}), np.asarray([7, 7, 8, 8]), 2, ("k", "people"), np.asarray([0, 1, 2, -1]))
    found = bounded_rows({"people": people, "orders": orders}, seed=1)
    assert found["people"].entities.tolist() == [7, 8]
    assert len(found["orders"].rows) == 2
    assert found["orders"].link is not None
    assert sorted(found["orders"].link.tolist()) == [0, 1]


def test_a_table_of_keys_alone_has_a_number_of_rows() -> None:
    bridge = Counted(pa.table({}), np.arange(300), others=(("a", "people"), ("b", "people")))
    found = fit_schema({"people": schema()["people"], "bridge": bridge}, promise=GENEROUS, held_out=ALL, seed=3).sample_schema({}, seed=1)
    rows, links = found["bridge"]
    assert rows.num_columns == 0
    assert abs(len(links["a"]) - 300) < 20
    assert len(links["b"]) == len(links["a"])


def test_those_held_out_are_drawn_too(model: MarginalModel) -> None:
    assert len(replace(model, held_out=0.25).sample_schema({}, seed=4)["people"][0]) == pytest.approx(PEOPLE / 0.75, abs=20)


def test_it_draws_schemas_alone(model: MarginalModel) -> None:
    with pytest.raises(ConfigurationError, match="no single table"):
        model.sample(10, seed=1)
    with pytest.raises(ConfigurationError, match="parameter epsilon"):
        MARGINAL.fit_schema({}, promise=GENEROUS, held_out=ALL, parameters={"epsilon": 3}, seed=1)
