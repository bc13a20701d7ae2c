from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse_twin.manifest.ordering import cycles, ordered


def test_parents_come_first_and_ties_keep_their_order() -> None:
    parents = {"items": ["orders"], "zebras": [], "orders": ["customers"], "customers": ["customers"], "apes": []}
    assert ordered(parents) == (["zebras", "customers", "orders", "items", "apes"], [])


def test_a_cycle_is_named_and_what_is_below_it_is_not() -> None:
    parents = {"below": ["a"], "a": ["b"], "b": ["c", "b"], "c": ["a"], "free": []}
    assert ordered(parents) == (["free"], ["below", "a", "b", "c"])
    assert cycles(parents) == [("a", "b", "c")]


def test_two_cycles_are_both_named() -> None:
    assert cycles({"a": ["b"], "b": ["a"], "c": ["d"], "d": ["c", "a"]}) == [("a", "b"), ("c", "d")]


def test_references_to_oneself_are_no_cycle() -> None:
    assert cycles({"a": ["a"]}) == []


NAMES = "abcdef"


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3), max_size=6))
def test_an_order_holds_or_a_cycle_is_found(graph: dict[str, list[str]]) -> None:
    parents = {name: [parent for parent in found if parent in graph] for name, found in graph.items()}
    placed, waiting = ordered(parents)
    assert sorted(placed + waiting) == sorted(parents)
    for index, name in enumerate(placed):
        assert set(parents[name]) - {name} <= set(placed[:index])
    found = cycles(parents)
    assert bool(found) == bool(waiting)
    for cycle in found:
        assert len(set(cycle)) == len(cycle) > 1
        assert all(parent in parents[child] for child, parent in zip(cycle, (*cycle[1:], cycle[0]), strict=True))
