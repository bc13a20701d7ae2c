"""Rows that are numbered within their parent: found where every family is numbered without a gap, and numbered so in the twin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tiny_twins import Learned, Tables, broken_promises, learn, link, resolved, twin_of
from warehouse_twin.profiling.rules.positions import misplaced, position_rule, positions
from warehouse_twin.profiling.rules.rule import Rule
from warehouse_twin.relations.key_plans import key_plans
from warehouse_twin.relations.ruling import broken_rows

ORDERS = resolved("orders", "id BIGINT", "batch VARCHAR!", key=("id",))
LINES = resolved("lines", "order BIGINT", "line SMALLINT", "price BIGINT", key=("order", "line"), foreign=(link("order", "orders"),))
TWIN = twin_of(ORDERS, LINES, entity="orders", k=5)
RULE = "line numbers (order) from 1"


def books(*, gaps: int = 0) -> Tables:
    """Line 1 is the dearest. `gaps` orders have no line 1."""
    draw = np.random.default_rng(3)
    counts = draw.integers(1, 8, 400)
    owner = np.repeat(np.arange(400), counts)
    line = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts) + 1 + (owner < gaps)
    price = 900 // line + draw.integers(0, 30, len(owner))
    lines = {"order": owner + 1, "line": line.astype(np.int16), "price": price}
    return {"orders": pa.table({"id": np.arange(400) + 1, "batch": draw.choice(["a", "b"], 400)}), "lines": pa.table(lines)}


def texts(learned: Learned) -> set[str]:
    return {rule.text for rule in learned.profiles["lines"].rules if rule.kind == "position"}


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Learned:
    return learn(TWIN, books(), tmp_path_factory.mktemp("books"))


def test_lines_are_numbered_without_a_gap(learned: Learned) -> None:
    assert texts(learned) == {RULE}
    twin = learned.draw(seed=4)
    assert broken_promises(TWIN, twin, books()) == []
    lines = twin["lines"]
    counts = np.bincount(lines.column("order").to_numpy())
    expected = [(order, line + 1) for order, count in enumerate(counts) for line in range(count)]
    assert sorted(zip(lines.column("order").to_pylist(), lines.column("line").to_pylist(), strict=True)) == expected
    price, line = lines.column("price").to_numpy(), lines.column("line").to_numpy()
    assert price[line == 1].mean() > 1.5 * price[line == 2].mean()
    assert broken_rows(learned.profiles["lines"], key_plans(TWIN)["lines"], twin)[RULE] == 0
    later = {**twin, "lines": lines.set_column(1, "line", pa.array(line + 1))}
    assert broken_rows(learned.profiles["lines"], key_plans(TWIN)["lines"], later)[RULE] == len(line)


def test_a_gap_is_enough(tmp_path: Path) -> None:
    assert texts(learn(TWIN, books(gaps=9), tmp_path)) == set()


def test_a_rule_that_the_manifest_ignores_is_not_kept(tmp_path: Path) -> None:
    twin = twin_of(ORDERS, replace(LINES, ignored_rules=(RULE,)), entity="orders", k=5)
    lines = learn(twin, books(), tmp_path).draw(seed=4)["lines"]
    line, order = lines.column("line").to_numpy(), lines.column("order").to_numpy()
    assert (np.unique(order[line == 1]).size) < np.unique(order).size


def column(*values: int | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, type=pa.int16())])


def test_positions_by_hand() -> None:
    family, drawn = column(7, 8, 7, 7, None), column(5, 3, 2, 5, 9)
    assert positions(drawn, [family], first=1).to_pylist() == [2, 1, 1, 3, 9]
    assert positions(drawn, [family], first=0).to_pylist() == [1, 0, 0, 2, 9]
    rule = Rule("position", "line", ("order",), {"first": 1})
    assert misplaced(rule, column(2, 1, 1, 2, 9), [family]).tolist() == [False, False, False, True, False]
    assert positions(column(), [column()], first=1).to_pylist() == []


@pytest.mark.parametrize(("lines", "first"), [((1, 2, 1), 1), ((0, 1, 0), 0), ((1, 3, 1), None), ((2, 3, 2), None), ((1, 1, 1), None)])
def test_what_is_a_numbering(lines: tuple[int, ...], first: int | None) -> None:
    rule = position_rule("line", ["order"], pa.table({"line": lines, "order": [4, 4, 5]}), least=1)
    assert (None if rule is None else rule.detail["first"]) == first


def test_one_row_a_parent_says_nothing() -> None:
    assert position_rule("line", ["order"], pa.table({"line": [1, 1], "order": [4, 5]}), least=1) is None
