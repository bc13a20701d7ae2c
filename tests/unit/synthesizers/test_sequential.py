"""`tree` and `independent`: dependence kept or dropped, draws by counter, models without values or pickles."""

import json

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.synthesizers.sequential import INDEPENDENT, TREE

ROWS = 4_000


def training_table() -> pa.Table:
    """x in 0..9; y = 10 x; city by x; a null exactly where x is 0; a code."""
    draw = np.random.default_rng(3)
    x = draw.integers(0, 10, ROWS)
    return pa.table(
        {
            "x": x,
            "y": x * 10.0,
            "city": [["Ulm", "Bonn"][value % 2] for value in x],
            "gap": pa.array([None if value == 0 else 1.0 for value in x]),
            "code": [f"K{draw.integers(100, 999)}" for _ in range(ROWS)],
        }
    )


def profile_of(table: pa.Table, *, k: int = 10) -> TableProfile:
    entities = np.arange(table.num_rows)
    columns = tuple(profile_column(ColumnTask(name, "T"), table.column(name), entities, k=k) for name in table.column_names)
    return TableProfile("t", k, table.num_rows, 0, table.num_rows, 0, columns)


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return training_table()


@pytest.fixture(scope="module")
def tree(table: pa.Table):
    return TREE.fit(table, profile_of(table), given=(), parameters={}, seed=1)


def test_dependence_is_kept_by_trees_and_dropped_by_the_floor(table, tree) -> None:
    drawn = tree.sample(2_000, seed=5).to_pydict()
    assert all(y == 10 * x for x, y in zip(drawn["x"], drawn["y"], strict=True))
    assert all((x == 0) == (gap is None) for x, gap in zip(drawn["x"], drawn["gap"], strict=True))
    floor = INDEPENDENT.fit(table, profile_of(table), given=(), parameters={}, seed=1).sample(2_000, seed=5).to_pydict()
    agree = np.mean([y == 10 * x for x, y in zip(floor["x"], floor["y"], strict=True)])
    assert 0.05 < agree < 0.15
    assert abs(np.mean(floor["x"]) - np.mean(table["x"].to_numpy())) < 0.2


def test_the_same_counter_gives_the_same_row(tree) -> None:
    whole = tree.sample(500, seed=9, counters=np.arange(500))
    parts = [tree.sample(100, seed=9, counters=np.arange(start, start + 100)) for start in range(0, 500, 100)]
    assert pa.concat_tables(parts).equals(whole)
    assert not tree.sample(500, seed=10, counters=np.arange(500)).equals(whole)


def test_types_and_formats_are_the_sources(table, tree) -> None:
    drawn = tree.sample(50, seed=1)
    assert drawn.schema.types == table.schema.types
    assert all(len(code) == 4 and code[0] == "K" and code[1:].isdigit() for code in drawn["code"].to_pylist())


def test_drawing_goes_on_from_leading_columns(tree) -> None:
    context = pa.table({"x": [3] * 200})
    drawn = tree.sample(200, seed=2, context=context)
    assert drawn.column_names == ["x", "y", "city", "gap", "code"]
    assert set(drawn["y"].to_pylist()) == {30.0}
    assert tree.sample(10, seed=2, columns=["x"]).column_names == ["x"]


def test_leading_columns_are_drawn_first_and_the_result_keeps_the_order_of_training(table) -> None:
    model = TREE.fit(table, profile_of(table), given=("y",), parameters={}, seed=1, leading=("gap", "city"))
    context = pa.table({"y": [0.0, 30.0] * 50})
    assert model.sample(100, seed=2, context=context, columns=["city", "gap"]).column_names == ["city", "gap"]
    whole = model.sample(100, seed=2, context=context)
    assert whole.column_names == ["x", "city", "gap", "code"]
    assert whole["x"].to_pylist() == [0, 3] * 50


def test_given_columns_are_context_and_not_drawn(table) -> None:
    model = TREE.fit(table, profile_of(table), given=("x",), parameters={}, seed=1)
    drawn = model.sample(100, seed=4, counters=np.arange(100), context=pa.table({"x": [7] * 100}))
    assert "x" not in drawn.column_names
    assert set(drawn["y"].to_pylist()) == {70.0}


def test_a_model_comes_back_from_its_files_and_equal_fits_leave_equal_bytes(table, tree, tmp_path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    tree.save(tmp_path / "a")
    TREE.fit(table, profile_of(table), given=(), parameters={}, seed=1).save(tmp_path / "b")
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
    assert TREE.load(tmp_path / "a").sample(100, seed=1).equals(tree.sample(100, seed=1))
    assert {file.suffix for file in (tmp_path / "a").iterdir()} == {".json", ".arrow"}


def test_a_leaf_holds_fifty_rows_and_never_fewer_than_k(table) -> None:
    with pytest.raises(ConfigurationError, match="leaf_rows: got 5, wanted a whole number of at least 10"):
        TREE.fit(table, profile_of(table), given=(), parameters={"leaf_rows": 5}, seed=1)
    with pytest.raises(ConfigurationError, match="unknown parameter 'depth'"):
        TREE.fit(table, profile_of(table), given=(), parameters={"depth": 5}, seed=1)


def test_a_rare_value_is_in_no_model_and_no_draw(tmp_path) -> None:
    secret = pa.table({"word": ["common"] * 500 + ["hunter2"], "number": [1.0] * 500 + [987_654.321]})
    model = TREE.fit(secret, profile_of(secret), given=(), parameters={}, seed=1)
    model.save(tmp_path)
    assert "hunter2" not in json.dumps(json.loads((tmp_path / "model.json").read_text()))
    drawn = model.sample(5_000, seed=1)
    assert set(drawn["word"].to_pylist()) == {"common"}
    assert set(drawn["number"].to_pylist()) == {1.0}


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_tiny_tables_have_a_model(rows) -> None:
    tiny = training_table().slice(0, rows)
    model = TREE.fit(tiny, profile_of(tiny), given=(), parameters={}, seed=1)
    drawn = model.sample(5, seed=1)
    assert drawn.num_rows == 5
    assert drawn.schema.types == tiny.schema.types


def test_categories_are_parted_by_what_they_mean_not_by_how_common_they_are(tmp_path) -> None:
    """Sixty equally common words, every other one likely: parting them in their own order would take leaves of one word each."""
    draw = np.random.default_rng(5)
    word = draw.integers(0, 60, 6_000)
    late = draw.random(6_000) < np.where(word % 2, 0.9, 0.1)
    rows = pa.table({"word": [f"w{value:02}" for value in word], "late": late})
    model = TREE.fit(rows, profile_of(rows), given=("word",), parameters={"leaf_rows": 1_000}, seed=1)
    model.save(tmp_path)
    context = rows.select(["word"])
    drawn = TREE.load(tmp_path).sample(6_000, seed=2, context=context)["late"].to_numpy()
    assert drawn[word % 2 == 1].mean() > 0.8
    assert drawn[word % 2 == 0].mean() < 0.2


def test_values_that_depend_on_others_do_so_inside_their_class_too(tmp_path) -> None:
    """Far more numbers and words than classes, each known from a code: a class alone would name one in four or so."""
    draw = np.random.default_rng(6)
    code = draw.integers(0, 250, 30_000)
    rows = pa.table({"code": [f"c{value}" for value in code], "far": code * 7, "noise": draw.normal(size=30_000)})
    model = TREE.fit(rows, profile_of(rows), given=(), parameters={}, seed=1)
    model.save(tmp_path)
    loaded = TREE.load(tmp_path)
    drawn = loaded.sample(5_000, seed=3)
    assert drawn.equals(model.sample(5_000, seed=3))
    agree = [int(code[1:]) * 7 == far for code, far in zip(drawn["code"].to_pylist(), drawn["far"].to_pylist(), strict=True)]
    assert np.mean(agree) > 0.8
    assert not any(model.columns[place].name == "noise" for place, _ in model.fine)


def test_time_leads_as_what_happens_on_one_day_shows_in_no_pair_of_columns() -> None:
    draw = np.random.default_rng(7)
    day = draw.integers(0, 300, 30_000)
    bad = draw.random(300) < 0.3
    late = draw.random(30_000) < np.where(bad[day], 0.9, 0.1)
    days = pa.array((np.datetime64("2024-01-01") + day).astype("datetime64[D]"))
    rows = pa.table({"late": late, "day": days})
    drawn = TREE.fit(rows, profile_of(rows), given=(), parameters={}, seed=1).sample(20_000, seed=2)
    known = (drawn["day"].to_numpy() - np.datetime64("2024-01-01")).astype(int)
    assert drawn["late"].to_numpy()[bad[known]].mean() > 0.75
    assert drawn["late"].to_numpy()[~bad[known]].mean() < 0.25
