"""Rules that meet in a column drawn last: every one of them holds, where trees that tell nothing would break most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from tiny_rules import broken, learned
from warehouse_twin.profiling.rules.rule import Rule
from warehouse_twin.synthesizers.implied import chains_of
from warehouse_twin.synthesizers.sequential import TREE

ROWS = 2_000


def columns() -> dict[str, pa.Array]:
    """Nulls of `a` inside those of `b`, `c` and `d`; `low` < `middle` <= `high`; `total` of two that may be missing, and its `flag`."""
    draw = np.random.default_rng(1)
    share, low = draw.random(ROWS), draw.integers(0, 100, ROWS)
    shares = {"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.4}
    found = {name: pa.array(draw.integers(0, 50, ROWS), mask=share < least) for name, least in shares.items()}
    middle = low + draw.integers(1, 30, ROWS)
    found |= {"low": pa.array(low), "middle": pa.array(middle), "high": pa.array(low + draw.integers(40, 60, ROWS))}
    found["some"] = pa.array(middle, mask=draw.random(ROWS) < 0.3)
    no_net, no_tax = draw.random((2, ROWS)) < 0.2
    net, tax = draw.integers(0, 100, (2, ROWS))
    found |= {"net": pa.array(net, mask=no_net), "tax": pa.array(tax, mask=no_tax)}
    found |= {"total": pa.array(net + tax, mask=no_net | no_tax), "flag": pa.array(draw.integers(0, 5, ROWS), mask=no_net | no_tax)}
    return found


@pytest.mark.parametrize(
    ("names", "leading"),
    [
        ("a b c d", "a c"),
        ("a b c d", "d a"),
        ("a b c d", "b d"),
        ("low middle high", "high"),
        ("low middle high", "middle"),
        ("low some high", "high low"),
        ("low some high", "high"),
        ("net tax total flag", ""),
        ("net tax total flag", "flag"),
        ("net tax total flag", "flag net"),
    ],
)
def test_rules_hold_whatever_is_drawn_first(names: str, leading: str) -> None:
    found, first = columns(), leading.split()
    table = pa.table({name: found[name] for name in names.split()})
    profile = learned(table, fixed=first)
    assert len(profile.rules) >= 2
    model = TREE.fit(table, profile, given=(), leading=first, parameters={"leaf_rows": ROWS}, seed=3)
    assert broken(profile.rules, model.sample(ROWS, seed=3)) == {}


def test_an_order_that_drawing_could_not_keep_is_no_rule() -> None:
    draw = np.random.default_rng(2)
    net, tax = draw.integers(0, 100, (2, ROWS))
    table = pa.table({"least": net + tax - draw.integers(0, 60, ROWS), "net": net, "tax": tax, "total": net + tax})
    assert [rule.text for rule in learned(table).rules] == ["total = net + tax", "least <= total"]
    assert [rule.text for rule in learned(table, fixed=["least"]).rules] == ["total = net + tax"]


def chained(name: str, known: Sequence[str], *rules: Rule) -> set[str]:
    return {rule.text for rule in chains_of(rules).rules(name, known)}


def test_what_follows_goes_by_way_of_columns_that_are_not_known() -> None:
    nulls = Rule("null_implied", "b", ("a",)), Rule("null_equal", "c", ("b",))
    assert chained("a", ["c"], *nulls) == {"null(a) <= null(c)"}
    assert chained("c", ["a", "b"], *nulls) == {"null(b) <= null(c)", "null(c) <= null(b)"}
    strict = {"strict": True}
    orders = Rule("order", "b", ("a",)), Rule("order", "c", ("b",), strict)
    assert chained("c", ["a"], *orders) == {"a < c"}
    assert chained("c", ["a"], orders[0], Rule("order", "c", ("b",), {"nullable": ["b"]})) == set()


def test_a_source_is_null_where_nothing_else_can_make_the_computed_column_so() -> None:
    total = Rule("linear", "total", ("net", "tax"), {"total": True, "factors": [1, 1], "nullable": ["net", "tax", "total"]})
    chains = chains_of([total, Rule("null_equal", "flag", ("total",))])
    flag, net = pa.chunked_array([[None, None, 1]]), pa.chunked_array([[None, 3, 3]])
    assert chains.forced("tax", {"flag": flag}) is None
    forced = chains.forced("tax", {"flag": flag, "net": net})
    assert forced is not None
    assert forced.tolist() == [False, True, False]
