"""The gate before an honest twin, four broken ones and real rows, by the functions of `make bench CASE=gate` and `CASE=null`, in short."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from benchmarks.broken import BROKEN, NAMED
from benchmarks.gate import judged, show
from benchmarks.gated import CASES, Case, Made, made
from benchmarks.null import halves, run


@pytest.fixture(scope="module")
def shop() -> Case:
    """A third of the shop: 2,000 customers with their orders."""
    whole = CASES["shop"](Path())
    customers = whole.tables["customers"].slice(0, 2_000)
    orders = whole.tables["orders"].filter(pc.is_in(whole.tables["orders"]["customer_id"], customers["id"])).combine_chunks()
    return replace(whole, tables={**whole.tables, "customers": customers, "orders": orders})


@pytest.fixture(scope="module")
def honest(shop: Case, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(shop, tmp_path_factory.mktemp("shop"), seed=1)


def line(case: Case, twin: str, honest: Made) -> dict[str, object]:
    tables = honest.drawn if twin == "default" else BROKEN[twin](honest, np.random.default_rng(1))
    return judged(case, {"case": "shop", "seed": 1, "twin": twin, "scores": [score.to_dict() for score in honest.scores(tables)]})


def test_an_honest_twin_passes_and_each_broken_one_is_rejected_by_a_right_score(
    shop: Case, honest: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [line(shop, twin, honest) for twin in ("default", *BROKEN)]
    assert found[0]["failing"] == [], found[0]["why"]
    for item in found[1:]:
        assert item["status"] == "fail"
        assert set(item["failing"]) & NAMED[item["twin"]], item
    assert show(found)
    assert not show([{**found[0], "status": "fail"}])
    assert "shop | bootstrap | 1 | 0 | 1 | " in capsys.readouterr().out


def test_broken_twins_keep_their_keys_and_what_they_are_made_of(shop: Case, honest: Made) -> None:
    drawn = {name: change(honest, np.random.default_rng(2)) for name, change in BROKEN.items()}
    for tables in drawn.values():
        for name, keys in (("customers", ["id"]), ("orders", ["id", "customer_id"])):
            assert tables[name].select(keys).equals(honest.drawn[name].select(keys))
            assert tables[name].schema.equals(honest.drawn[name].schema)
    moved, whole = drawn["untimely"]["orders"], honest.drawn["orders"]
    assert not moved["placed"].equals(whole["placed"])
    assert sorted(moved["placed"].to_pylist()) == sorted(whole["placed"].to_pylist())
    assert moved["total"].equals(whole["total"])
    assert len(drawn["collapsed"]["customers"].drop_columns(["id"]).group_by(["credit", "joined"]).aggregate([])) <= 40
    learned = set(honest.real["orders"][0].rows["placed"].to_pylist())
    assert set(drawn["bootstrap"]["orders"]["placed"].to_pylist()) <= learned


def test_halves_are_whole_and_share_nobody(shop: Case) -> None:
    one, other = halves(shop, seed=1)
    ids = [set(half["customers"]["id"].to_pylist()) for half in (one, other)]
    assert not ids[0] & ids[1]
    assert len(ids[0] | ids[1]) == 2_000
    assert len(one["orders"]) + len(other["orders"]) == len(shop.tables["orders"])
    for half, known in zip((one, other), ids, strict=True):
        assert set(half["orders"]["customer_id"].to_pylist()) <= known


def test_a_real_half_is_not_failed(shop: Case) -> None:
    found = judged(shop, run(shop, seed=1))
    assert found["failing"] == [], found["why"]
