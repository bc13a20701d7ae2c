"""Columns of a parent that are its last or first child's: found, true in the twin, and not found where they only seem so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tiny_twins import Learned, Tables, broken_promises, learn, link, resolved, twin_of
from warehouse_twin.manifest.resolved import ForeignKey
from warehouse_twin.profiling.rules.rule import Rule
from warehouse_twin.relations.children import Family
from warehouse_twin.relations.key_plans import key_plans
from warehouse_twin.relations.latest import latest
from warehouse_twin.relations.ruling import broken_rows

TO_ORDER = link("order", "orders")
ORDERS = resolved("orders", "id BIGINT", "status VARCHAR", "opened VARCHAR", "balance BIGINT", "region VARCHAR!", key=("id",))
EVENT = ("id BIGINT", "order BIGINT!", "at TIMESTAMP!", "state VARCHAR!", "left BIGINT!", "place VARCHAR!")
EVENTS = resolved("events", *EVENT, key=("id",), foreign=(TO_ORDER,))
TWIN = twin_of(ORDERS, EVENTS, entity="orders", k=5)
FOUND = {"status = last(events.state by at)", "opened = first(events.state by at)", "balance = last(events.left by at)"}
ROWS = 900


def journal(*, wrong: int = 0) -> Tables:
    """Orders with nothing to five events; the state of the last and the first, what was left, and a region that all events repeat."""
    draw = np.random.default_rng(2)
    counts = draw.integers(0, 6, ROWS)
    owner = np.repeat(np.arange(ROWS), counts)
    minutes = draw.permutation(len(owner)) * 7
    state, left = draw.choice(["new", "paid", "sent", "back"], len(owner)), draw.integers(0, 99, len(owner))
    region = draw.choice(["N", "S"], ROWS)
    order = np.lexsort((minutes, owner))
    ends = np.cumsum(counts)
    last, first = order[np.maximum(ends - 1, 0)], order[np.minimum(ends - counts, len(owner) - 1)]
    none = counts == 0
    status = state[last]
    status[np.flatnonzero(~none)[:wrong]] = "lost"
    at = np.datetime64("2021-01-01", "us") + minutes * np.timedelta64(60_000_000, "us")
    return {
        "orders": pa.table(
            {
                "id": np.arange(ROWS),
                "status": pa.array(status, mask=none),
                "opened": pa.array(state[first], mask=none),
                "balance": pa.array(left[last], mask=none),
                "region": region,
            }
        ),
        "events": pa.table(
            {"id": np.arange(len(owner)), "order": owner, "at": at, "state": state, "left": left, "place": region[owner]}
        ),
    }


def aggregates(learned: Learned) -> set[str]:
    return {rule.text for rule in learned.profiles["orders"].rules if rule.kind == "aggregate"}


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Learned:
    return learn(TWIN, journal(), tmp_path_factory.mktemp("journal"))


def test_the_last_and_the_first_are_found_and_what_all_children_repeat_is_not(learned: Learned) -> None:
    assert aggregates(learned) == FOUND


def test_they_are_true_in_the_twin(learned: Learned) -> None:
    twin = learned.draw(seed=4)
    assert broken_promises(TWIN, twin, journal()) == []
    assert set(broken_rows(learned.profiles["orders"], key_plans(TWIN)["orders"], twin).values()) == {0}
    status, events = twin["orders"].column("status").to_pylist(), set(twin["events"].column("order").to_pylist())
    assert [state is None for state in status] == [key not in events for key in twin["orders"].column("id").to_pylist()]
    changed = {**twin, "orders": twin["orders"].set_column(1, "status", [["lost"] * len(status)])}
    counts = broken_rows(learned.profiles["orders"], key_plans(TWIN)["orders"], changed)
    assert counts["status = last(events.state by at)"] == len(events)


def test_two_parents_that_differ_are_enough(tmp_path: Path) -> None:
    assert aggregates(learn(TWIN, journal(wrong=2), tmp_path)) == FOUND - {"status = last(events.state by at)"}


def test_of_several_last_ones_the_greatest_value_counts() -> None:
    """Three parents: the last of two at once, one whose time is not known, and one without any."""
    columns = {
        "at": pa.chunked_array([[1, 5, 5, None]]),
        "state": pa.chunked_array([["z", "a", "b", "c"]]),
    }
    family = Family("events", ForeignKey(("order",), "orders", ("id",)), np.asarray([0, 0, 0, 1]), 3, columns.__getitem__)
    rule = Rule("aggregate", "status", (), {"function": "last", "of": ["state"], "by": "at"})
    assert latest(family, rule).to_pylist() == ["b", None, None]
    assert latest(family, Rule("aggregate", "s", (), {**rule.detail, "function": "first"})).to_pylist() == ["z", None, None]
