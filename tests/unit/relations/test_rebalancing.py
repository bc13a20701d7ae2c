"""Shares that a manifest asks for: counted to the row, dependence kept, everything else given them, and what cannot be had."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from tiny_blueprints import frame_of
from tiny_profiles import profile_of
from tiny_twins import link, resolved, twin_of
from warehouse_twin.errors import ConfigurationError
from warehouse_twin.relations.blueprints import Blueprint
from warehouse_twin.relations.key_plans import key_plans
from warehouse_twin.relations.rebalancing import check_rebalanced, follows_shares, raked, rebalanced, strata, taken_apart
from warehouse_twin.synthesizers.sequential import TREE

ROWS = 4_000


def payments() -> pa.Table:
    """One in forty is fraud, all of it by card and late in the day; of the rest half is by card."""
    fraud = np.arange(ROWS) % 40 == 0
    card = fraud | (np.arange(ROWS) % 2 == 1)
    return pa.table({"fraud": fraud, "way": np.where(card, "card", "cash"), "hour": np.where(fraud, 23, np.arange(ROWS) % 12)})


@pytest.fixture(scope="module")
def model():
    return TREE.fit(payments(), profile_of(payments()), given=(), parameters={}, seed=1, leading=("fraud", "way"))


def count(column: pa.ChunkedArray, value: object) -> int:
    return column.to_pylist().count(value)


def test_what_is_taken_apart_keeps_its_shares_and_depends_on_nothing() -> None:
    table = pa.table({"a": ["x", "x", "x", "y", None], "b": [1, 1, 2, 2, 2]})
    weights = taken_apart(table, (("a",), "b"))
    assert weights.sum() == pytest.approx(1)
    x, one = np.array([True, True, True, False, False]), np.array([True, True, False, False, False])
    assert weights[x & one].sum() / weights[x].sum() == pytest.approx(0.4 * 0.6 / (0.4 * 0.6 + 0.6 * 0.6))
    assert taken_apart(table, None).tolist() == [0.2] * 5
    assert taken_apart(table.slice(0, 0), (("a",), "b")).tolist() == []


@pytest.mark.parametrize("shares", [{"fraud": {}, "way": {}}, {"fraud": {"true": 0.5}, "way": {}}])
def test_an_outcome_that_is_mended_is_as_common_in_every_group(model, shares: dict[str, dict[str, float]]) -> None:
    """In the source all fraud is by card."""
    found = rebalanced(model, shares, 4_000, seed=3, apart=(("fraud",), "way"))
    fraud, card = (np.array([value == wanted for value in found[name].to_pylist()]) for name, wanted in (("fraud", True), ("way", "card")))
    assert fraud.mean() == pytest.approx(shares["fraud"].get("true", 1 / 40), abs=0.001)
    assert card[fraud].mean() == pytest.approx(card[~fraud].mean(), abs=0.06), "also where the source has no row"


def test_one_column_has_its_share_to_the_row(model) -> None:
    found = rebalanced(model, {"fraud": {"true": 0.2}}, 1_000, seed=3)
    assert count(found["fraud"], True) == 200
    assert not all(found["fraud"].to_pylist()[:200])  # and in no order


def test_what_the_shares_leave_is_for_the_others_in_proportion() -> None:
    table = pa.table({"zone": ["n"] * 200 + ["s"] * 120 + ["w"] * 60 + [None] * 20})
    model = TREE.fit(table, profile_of(table), given=(), parameters={}, seed=1, leading=("zone",))
    found = rebalanced(model, {"zone": {"w": 0.5}}, 680, seed=2)["zone"]
    assert [count(found, value) for value in ("w", "n", "s", None)] == [pytest.approx(part, abs=1) for part in (340, 200, 120, 20)]


def test_two_columns_have_theirs_and_what_never_goes_together_does_not(model) -> None:
    found = rebalanced(model, {"fraud": {"true": 0.2}, "way": {"card": 0.5}}, 1_000, seed=3)
    assert (count(found["fraud"], True), count(found["way"], "card")) == (pytest.approx(200, abs=1), pytest.approx(500, abs=3))
    assert set(zip(found["fraud"].to_pylist(), found["way"].to_pylist(), strict=True)) == {(True, "card"), (False, "card"), (False, "cash")}


def test_raking_by_hand() -> None:
    """Rows (0, 0), (0, 1), (1, 1) to .5 and .5 each: all that is 1 in the first is 1 in the second, so nothing else can be."""
    weights = raked([np.array([0, 0, 1]), np.array([0, 1, 1])], [{"a": 0.5}, {"b": 0.5}])
    assert weights.tolist() == pytest.approx([0.5, 0.0, 0.5], abs=0.02)
    assert raked([np.array([0, 1, 1, 2])], [{"a": 0.5, "b": 0.25}]).tolist() == pytest.approx([0.5, 0.125, 0.125, 0.25])
    assert raked([np.array([0, 0])], [{"a": 0.5}]).tolist() == [0.5, 0.5]  # no other value: all it can be
    assert strata(pa.chunked_array([["b", None, "a", "c"]]), {"a": 0.5, "b": 0.1}).tolist() == [1, 2, 0, 2]


def test_a_value_too_rare_to_be_drawn_is_there_all_the_same(model, monkeypatch) -> None:
    monkeypatch.setattr("warehouse_twin.relations.rebalancing.DRAWS", 5)
    assert count(rebalanced(model, {"fraud": {"true": 0.5}}, 100, seed=1)["fraud"], True) == 50


def test_the_frame_of_a_root_table_is_led_by_its_shares() -> None:
    shares = {"way": {"cash": 1.0}, "fraud": {"true": 0.0}}
    table = replace(resolved("payments", "fraud BOOLEAN", "way VARCHAR", "hour BIGINT"), rebalance=shares)
    plan = key_plans(twin_of(table))["payments"]
    assert (plan.leading, plan.modelled) == (("way", "fraud"), ("way", "fraud", "hour"))
    model = TREE.fit(payments(), profile_of(payments()), given=(), parameters={}, seed=1, leading=plan.leading)
    blueprint = Blueprint(table, plan, profile_of(payments()), model, payments().schema, 500, ())
    frame = frame_of(blueprint, {}, seed=1)
    assert frame.num_rows == 500
    assert set(frame["way"].to_pylist()) == {"cash"}
    assert set(model.sample(500, seed=1, context=frame.select(["way", "fraud"]))["hour"].to_pylist()) <= set(range(0, 12, 2))


def test_how_many_rows_a_table_has_follows_from_a_rebalanced_parent() -> None:
    root = replace(resolved("shops", "id BIGINT", "size VARCHAR", key=("id",)), rebalance={"size": {"big": 0.9}})
    sales = resolved("sales", "id BIGINT", "shop BIGINT", key=("id",), foreign=(link("shop", "shops"),))
    lines = resolved("lines", "sale BIGINT", foreign=(link("sale", "sales"),))
    for twin, follows in ((twin_of(root, sales, lines), True), (twin_of(replace(root, rebalance={}), sales, lines), False)):
        assert [follows_shares(twin, key_plans(twin), name) for name in ("shops", "sales", "lines")] == [False, follows, follows]


@pytest.mark.parametrize(
    ("targets", "fault"),
    [
        ({"way": {"crad": 0.2}}, "t.rebalance.way: unknown value 'crad'; known: card, cash; did you mean card?"),
        ({"hour": {"23": 0.2}}, "t.rebalance.hour: the column was found to be numeric; wanted categories, next: kind: categorical"),
        ({"fraud": {"true": 0.2, "false": 0.2}}, "t.rebalance.fraud: the shares of all 2 values add up to 0.4; wanted 1"),
    ],
)
def test_shares_that_cannot_be_had_are_refused(targets, fault) -> None:
    with pytest.raises(ConfigurationError) as error:
        check_rebalanced(profile_of(payments()), targets, conditional=True, synthesizer="tree")
    assert str(error.value) == fault


def test_a_synthesizer_that_draws_tables_as_a_whole_cannot_rebalance() -> None:
    with pytest.raises(ConfigurationError, match=r"t\.rebalance: gaussian_copula draws no rows given others' values"):
        check_rebalanced(profile_of(payments()), {"fraud": {"true": 0.2}}, conditional=False, synthesizer="gaussian_copula")
    check_rebalanced(profile_of(payments()), {}, conditional=False, synthesizer="gaussian_copula")
