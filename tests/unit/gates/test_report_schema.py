"""The graph of a schema: parents left of their children, no box on another, and a line for every pair of tables with a key."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from warehouse_twin.gates.report_schema import BOX, LINE, Box, Graph, graph_of
from warehouse_twin.gates.report_tables import table_views

Keys = dict[str, list[str]]
TPCH: Keys = {
    "region": [], "nation": ["region"], "supplier": ["nation"], "part": [], "partsupp": ["part", "supplier"], "customer": ["nation"],
    "orders": ["customer"], "lineitem": ["orders", "partsupp"],
}  # fmt: skip
STAR: Keys = {**{f"dimension_{place}": [] for place in range(19)}, "facts": [f"dimension_{place}" for place in range(19)]}
CHAIN: Keys = {f"t{place}": [f"t{place - 1}"] if place else [] for place in range(20)}
WEB: Keys = {
    f"t{place}": sorted({f"t{place * 7 % place}", f"t{place * 5 % place}", f"t{place // 2}"}) if place else [] for place in range(20)
}


def graph(keys: Keys, **resolved: Any) -> Graph:
    tables = [
        {
            "table": {
                "name": name,
                "columns": [],
                "foreign_keys": [{"columns": [f"{parent}_id"], "references": parent, "references_columns": ["id"]} for parent in parents],
            },
            "keep_real": name == "region",
        }
        for name, parents in keys.items()
    ]
    document = {"resolved": {"tables": tables, **resolved}, "facts": {"rows": dict.fromkeys(keys, 25)}}
    found = graph_of(document["resolved"], table_views(document, []))
    assert found is not None
    return found


def boxes(found: Graph) -> dict[str, Box]:
    return {box.full: box for box in found.boxes}


@pytest.mark.parametrize("keys", [{"only": []}, TPCH, STAR, CHAIN, WEB, {f"t{place}": [] for place in range(20)}])
def test_every_table_has_a_place_of_its_own(keys: Keys) -> None:
    found = graph(keys)
    assert set(boxes(found)) == set(keys)
    assert len(found.edges) == sum(map(len, keys.values()))
    for one, other in itertools.combinations(found.boxes, 2):
        assert abs(one.x - other.x) >= BOX or abs(one.y - other.y) >= LINE + 8
    assert all(0 <= box.x <= found.width - BOX and 0 <= box.y <= found.height - LINE for box in found.boxes)
    assert found == graph(keys)


@pytest.mark.parametrize("keys", [TPCH, STAR, CHAIN, WEB])
def test_parents_stand_left_of_their_children(keys: Keys) -> None:
    found = boxes(graph(keys))
    for child, parents in keys.items():
        assert all(found[parent].x + BOX < found[child].x for parent in parents)


def test_a_table_without_a_parent_stands_beside_its_first_child() -> None:
    found = boxes(graph(TPCH))
    assert found["part"].x == found["supplier"].x == found["customer"].x
    assert found["nation"].x - found["region"].x == found["lineitem"].x - found["orders"].x


def test_what_a_box_says() -> None:
    found = boxes(graph(TPCH, entity="customer"))
    assert found["customer"].detail == "25 rows · entity"
    assert (found["region"].detail, found["region"].kept) == ("25 rows · kept real", True)
    assert boxes(graph({"a_name_that_is_far_too_long": []}))["a_name_that_is_far_too_long"].name == "a_name_that_is_…"


def test_a_circle_and_a_table_that_refers_to_itself_are_drawn() -> None:
    found = graph({"teams": ["people"], "people": ["teams", "people"]})
    assert {edge.text for edge in found.edges} == {
        "teams (people_id) refers to people",
        "people (teams_id) refers to teams",
        "people (people_id) refers to people",
    }
    assert boxes(found)["teams"].x < boxes(found)["people"].x
    assert graph({"a": ["a"]}).description == "a (a_id) refers to a."


def test_two_keys_to_one_parent_are_one_line() -> None:
    [edge] = graph({"airports": [], "flights": ["airports", "airports"]}).edges
    assert edge.text == "flights (airports_id; airports_id) refers to airports"


def test_no_lines_cross_where_none_need_to() -> None:
    """Two trees: the second's tables come between the first's in the order of the manifest."""
    found = boxes(graph({"a": [], "b": [], "c": ["b"], "d": ["a"], "e": ["a"], "f": ["b"]}))
    assert (found["a"].y < found["b"].y) == (max(found["d"].y, found["e"].y) < min(found["c"].y, found["f"].y))


def test_without_a_declared_table_there_is_no_graph() -> None:
    assert graph_of({}, []) is None
    assert graph({"alone": []}).description == "No table refers to another."
