from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse_twin.manifest.ordering import cut, cycles, ordered


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


def test_a_cycle_is_cut_at_its_lowest_edge_and_one_without_any_is_left() -> None:
    parents = {"a": ["b", "x"], "b": ["a"], "c": ["d"], "d": ["c"], "x": []}
    left, found = cut(parents, {("a", "b"): 2, ("b", "a"): 1, ("a", "x"): 0})
    assert left == {"a": ["b", "x"], "b": [], "c": ["d"], "d": ["c"], "x": []}
    assert found == [("c", "d")]


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


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3), max_size=6), st.integers(0, 6))
def test_every_cycle_is_cut_where_all_edges_may_be(graph: dict[str, list[str]], stiff: int) -> None:
    parents = {name: [parent for parent in found if parent in graph] for name, found in graph.items()}
    edges = {(child, parent): 0 for child, above in parents.items() for parent in above if NAMES.index(child) >= stiff}
    left, found = cut(parents, edges)
    assert ordered(left)[1] == [] or found
    assert all(child in NAMES[:stiff] for cycle in found for child in cycle)
    assert all(set(parents[child]) - set(left[child]) == set() or NAMES.index(child) >= stiff for child in parents)
