"""Clean twins and leaks before the privacy policy, by the functions of `make bench CASE=controls`, in short."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from benchmarks import gate
from benchmarks.controls import CONTROLS, HALF, HALVED, runs, with_towns
from benchmarks.gated import CASES, Case
from benchmarks.null import only


@pytest.fixture(scope="module")
def shop() -> Case:
    """A third of the shop: 2,000 customers with their orders, in towns."""
    whole = CASES["shop"](Path())
    customers = whole.tables["customers"].slice(0, 2_000)
    orders = whole.tables["orders"].filter(pc.is_in(whole.tables["orders"]["customer_id"], customers["id"])).combine_chunks()
    return with_towns(replace(whole, tables={**whole.tables, "customers": customers, "orders": orders}))


def test_clean_twins_pass_and_leaks_are_blocked_by_a_right_score(shop: Case, capsys: pytest.CaptureFixture[str]) -> None:
    twins = ["default", "independent", "bootstrap", "copied", "planted", "rare_values"]
    found = [gate.judged(shop, line, CONTROLS) for line in runs(CONTROLS, shop, [*twins, HALF], seed=1)]
    assert [item["twin"] for item in found] == twins
    for item in found:
        clean = item["twin"] in CONTROLS.clean
        assert (item["failing"] == []) is clean, item["why"]
        assert item["named"], item
    assert gate.show(found, CONTROLS)
    assert "shop | copied | 1 | 0 | 1 | 1.000, 0.207 to 1.000 | " in capsys.readouterr().out
    assert not gate.show([{**found[0], "status": "fail"}], CONTROLS)


def test_a_real_half_is_let_through(shop: Case) -> None:
    halved = replace(only(shop, ("customers", "orders"), most=2_000), name=f"{shop.name}{HALVED}")
    (line,) = runs(CONTROLS, halved, ["default", HALF], seed=1)
    assert gate.judged(halved, line, CONTROLS)["failing"] == []


def test_some_towns_are_large_and_many_are_small(shop: Case) -> None:
    towns = np.unique(shop.tables["customers"]["town"].to_numpy(zero_copy_only=False), return_counts=True)[1]
    assert sorted(towns)[-12] > 50
    assert (towns < 10).sum() > 200
    assert [column.name for column in shop.twin["customers"].table.columns][-1] == "town"


def test_what_was_run_is_not_run_again(shop: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run(study: gate.Study, case: Case, twins: list[str], *, seed: int):
        asked.append(list(twins))
        yield from ({"case": case.name, "seed": seed, "twin": twin, "cpu_s": 0.0, "scores": []} for twin in twins[:1])

    monkeypatch.setenv("SEEDS", "1")
    monkeypatch.setenv("TWINS", "default,copied")
    for _ in range(3):
        gate.kept_runs(CONTROLS, [shop], tmp_path / "lines.jsonl", run)
    assert asked == [["default", "copied"], ["copied"]]
