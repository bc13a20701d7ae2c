"""Tables that refer to themselves: rows follow from the row above them, at whatever level."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tiny_twins import Learned, Tables, broken_promises, digest, learn, link, resolved, twin_of
from warehouse_twin.profiling.matching import columns_of, match_rows
from warehouse_twin.relations.ancestry import Ancestry, ancestral_context, rows_above, standing
from warehouse_twin.relations.descending import _nearest
from warehouse_twin.relations.self_keys import seated
from warehouse_twin.relations.training import training_view
from warehouse_twin.synthesizers.sequential import INDEPENDENT, TREE

ABOVE = link("above", "staff")
PLACES = resolved("places", "id BIGINT", "city VARCHAR", key=("id",))
COLUMNS = ("id BIGINT", "place BIGINT", "above BIGINT", "grade BIGINT", "pay DOUBLE")
STAFF = resolved("staff", *COLUMNS, key=("id",), foreign=(link("place", "places"), ABOVE))
TWIN = twin_of(PLACES, STAFF, k=5)


def firm(*, rows: int = 1500, heads: int = 80, places: int = 30, seed: int = 3) -> Tables:
    """Eighty heads, five below each row; grades rise by one from level to level, a row earns four fifths of the row above it, and two
    of three are where that one is."""
    draw = np.random.default_rng(seed)
    above = np.where(np.arange(rows) < heads, -1, (np.arange(rows) - heads) // 5)
    grade, pay, place = np.zeros(rows, dtype=np.int64), draw.choice([5_000.0, 9_000.0], rows), draw.integers(0, places, rows)
    for row in range(heads, rows):
        grade[row], pay[row] = grade[above[row]] + 1, 0.8 * pay[above[row]]
        place[row] = place[above[row]] if draw.random() < 2 / 3 else place[row]
    cities = np.array(["Bern", "Oslo", "Rom"])[draw.integers(0, 3, places)]
    staff = {"id": np.arange(rows) + 1, "place": place + 1, "above": pa.array(above + 1, mask=above < 0), "grade": grade, "pay": pay}
    return {"places": pa.table({"id": np.arange(places) + 1, "city": cities}), "staff": pa.table(staff)}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Learned, Tables, Tables]:
    source = firm()
    learned = learn(TWIN, source, tmp_path_factory.mktemp("firm"))
    return learned, source, learned.draw(seed=1)


def pairs(tables: Tables, column: str) -> tuple[np.ndarray, np.ndarray]:
    """The column of every row with a row above it, and of that row."""
    rows = tables["staff"]
    links = match_rows(columns_of(rows, ["above"]), columns_of(rows, ["id"]))
    values = rows.column(column).to_numpy()
    return values[links >= 0], values[links[links >= 0]]


def test_a_row_follows_the_row_above_it(drawn: tuple[Learned, Tables, Tables]) -> None:
    _, source, found = drawn
    assert broken_promises(TWIN, found, source) == []
    below, above = pairs(found, "grade")
    assert (below == above + 1).mean() >= 0.98
    below, above = pairs(found, "pay")
    assert abs(np.median(below / above) - 0.8) < 0.02
    assert np.corrcoef(below, above)[0, 1] >= 0.95


def test_it_is_learned_by_one_tree_that_sees_the_level_unless_the_manifest_says_otherwise(drawn: tuple[Learned, Tables, Tables]) -> None:
    learned, _, _ = drawn
    ancestry = learned.links("staff").ancestry
    view = training_view(STAFF, learned.plans, learned.profiles, learned.training, learned.read, ancestry=ancestry).in_context()
    assert view.parameters({"leaf_rows": 60}, TREE.traits) == {"trees": 1, "leaf_rows": 60}
    assert view.parameters({"trees": 5}, TREE.traits) == {"trees": 5}
    assert view.parameters({}, INDEPENDENT.traits) == view.alone().parameters({}, TREE.traits) == {}


def test_it_is_where_that_one_is_as_often_as_in_the_source(drawn: tuple[Learned, Tables, Tables]) -> None:
    _, source, found = drawn
    shares = [float((below == above).mean()) for below, above in (pairs(source, "place"), pairs(found, "place"))]
    assert abs(shares[0] - shares[1]) <= 0.05


def test_levels_are_as_large_as_in_the_source(drawn: tuple[Learned, Tables, Tables]) -> None:
    _, source, found = drawn
    sizes = [np.bincount(standing(rows_above(side["staff"], ABOVE)).column("#level").to_numpy()) for side in (source, found)]
    assert sizes[0].tolist() == [80, 400, 1020]
    assert np.abs(sizes[0] - sizes[1]).max() <= 25  # a fifth is held out


def test_the_same_seed_draws_the_same_rows(drawn: tuple[Learned, Tables, Tables]) -> None:
    learned, _, found = drawn
    assert digest(learned.draw(seed=1)) == digest(found)


def test_a_row_whose_row_above_is_held_out_is_not_learned_from(drawn: tuple[Learned, Tables, Tables]) -> None:
    """It has somebody above it, of whom nothing may be known."""
    learned, source, _ = drawn
    ancestry = learned.links("staff").ancestry
    assert ancestry is not None
    plans, profiles = learned.plans, learned.profiles
    view = training_view(STAFF, plans, profiles, learned.training, learned.read, ancestry=ancestry)
    held = set(source["staff"].column("id").to_pylist()) - set(learned.training("staff").column("id").to_pylist())
    above = learned.training("staff", ["above"]).column(0).to_pylist()
    assert view.known is not None
    assert view.known.tolist() == [key not in held for key in above]
    kept = view.in_context()
    assert kept.training.num_rows == view.known.sum() < view.training.num_rows
    assert {"staff.pay", "#level", "#below"} <= set(view.given)
    assert "staff.grade" not in view.given  # the level says it
    assert kept.training.column("staff.pay").null_count == sum(key is None for key in above)
    assert kept.alone().given == ()


def test_of_a_row_without_a_key_of_its_own_nothing_is_known_of_those_above(drawn: tuple[Learned, Tables, Tables]) -> None:
    learned, _, _ = drawn
    ancestry = learned.links("staff").ancestry
    assert ancestry is not None
    rows = learned.training("staff")
    keyless = pa.table({**{name: rows.column(name) for name in rows.column_names}, "id": pa.nulls(rows.num_rows, pa.int64())})
    context, known = ancestral_context(ancestry, "staff", keyless, learned.training, learned.read)
    assert context.num_rows == rows.num_rows
    assert not known.any()


def test_what_is_learned_of_the_rows_above_is_saved_and_loaded(drawn: tuple[Learned, Tables, Tables]) -> None:
    ancestry = drawn[0].links("staff").ancestry
    assert ancestry is not None
    assert Ancestry.from_dict(ancestry.to_dict()) == ancestry


def test_where_nothing_follows_from_the_row_above_there_is_no_ancestry(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    rows = {"id": np.arange(600), "above": pa.array((np.arange(600) - 3) // 4, mask=np.arange(600) < 3), "size": draw.integers(0, 9, 600)}
    table = resolved("nodes", "id BIGINT", "above BIGINT", "size BIGINT", key=("id",), foreign=(link("above", "nodes"),))
    learned = learn(twin_of(table), {"nodes": pa.table(rows)}, tmp_path)
    assert learned.links("nodes").ancestry is None


def test_context_of_three_rows_by_hand() -> None:
    """One at the top, held out; one below it, and one below that."""
    whole = pa.table({"id": [1, 2, 3], "above": [None, 1, 2], "grade": [7, 8, 9], "__holdout": [True, False, False]})
    training = whole.slice(1).select(["id", "above", "grade"])
    ancestry = Ancestry.from_dict(
        {
            "key": {"columns": ["above"], "references": "staff", "references_columns": ["id"]},
            "ways": [
                {
                    "keys": [{"columns": ["above"], "references": "staff", "references_columns": ["id"]}],
                    "columns": ["grade"],
                    "prefix": "staff",
                }
            ],
            "levels": {"kind": "number", "cells": [], "step": 1.0, "values": [], "rows": [], "protected": 0},
        }
    )
    read = {"staff": training}
    context, known = ancestral_context(
        ancestry, "staff", training, lambda name, names: read[name].select(list(names)), lambda _, names: whole.select(list(names))
    )
    assert context.to_pydict() == {"staff.grade": [None, 8], "#level": [1, 2], "#below": [1, 0]}
    assert known.tolist() == [False, True]


def test_rows_too_deep_to_be_told_apart_are_given_the_nearest_row_that_is_drawn_before() -> None:
    above, levels = np.asarray([-1, 0, 1, 2, 3]), np.asarray([0, 1, 2, 2, 2])
    assert _nearest(above, levels).tolist() == [-1, 0, 1, 1, 1]


def test_places_are_taken_by_the_family_of_the_row_above() -> None:
    """Two at the top with three below each, and two families of four."""
    link, families = np.asarray([-1, -1, 0, 0, 0, 1, 1, 1]), np.asarray([0, 1, 0, 1, 0, 1, 0, 1])
    rows = seated(link, families, 1.0, seed=2, stream="s")
    assert sorted(rows.tolist()) == list(range(8))
    assert families[rows[0]] != families[rows[1]]
    assert (families[rows[2:]] == families[rows[link[2:]]]).all()
    assert sorted(seated(link, families, 0.0, seed=2, stream="s").tolist()) == list(range(8))


def test_threads_stay_inside_what_they_belong_to(tmp_path: Path) -> None:
    """Posts with comments, of which each answers one of the same post or none."""
    draw = np.random.default_rng(4)
    post = np.sort(draw.integers(0, 150, 900))
    first = np.searchsorted(post, post)
    above = first + (draw.random(900) * (np.arange(900) - first)).astype(np.int64)
    none = (np.arange(900) == first) | (draw.random(900) < 0.3)
    comments = pa.table({"id": np.arange(900), "post": post, "above": pa.array(above, mask=none), "stars": draw.integers(0, 5, 900)})
    posts = resolved("posts", "id BIGINT", "likes BIGINT", key=("id",))
    answers = (link("post", "posts"), link("above", "comments"))
    twin = twin_of(posts, resolved("comments", "id BIGINT", "post BIGINT!", "above BIGINT", "stars BIGINT", key=("id",), foreign=answers))
    source = {"posts": pa.table({"id": np.arange(150), "likes": draw.integers(0, 9, 150)}), "comments": comments}
    found = learn(twin, source, tmp_path).draw(seed=1)["comments"]
    links = match_rows(columns_of(found, ["above"]), columns_of(found, ["id"]))
    theirs = found.column("post").to_numpy()
    assert (theirs[links >= 0] == theirs[links[links >= 0]]).all()
    assert abs((links < 0).mean() - none.mean()) <= 0.05
