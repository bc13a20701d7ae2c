"""SDV's synthesizers behind our protocol: the source's types back, draws that follow the seed, k-safe values, no context."""

from __future__ import annotations

import datetime as dt
import decimal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.synthesizers.registry import find_synthesizer, load_model, model_digest
from warehouse_twin.workspace import read_json, write_json

pytestmark = pytest.mark.filterwarnings("ignore")  # SDV and what it imports warn about one another's deprecations
ROWS = 400


@pytest.fixture(scope="module")
def table() -> pa.Table:
    draw = np.random.default_rng(1)
    moments = [dt.datetime(2024, 1, 1) + dt.timedelta(hours=int(hour)) for hour in draw.integers(0, 9_000, ROWS)]
    return pa.table(
        {
            "n": pa.array(draw.integers(0, 50, ROWS), type=pa.int16()),
            "price": pa.array([decimal.Decimal(int(cents)) / 100 for cents in draw.integers(100, 9_999, ROWS)], type=pa.decimal128(8, 2)),
            "city": [["Ulm", "Bonn", "Kiel"][place] for place in draw.integers(0, 3, ROWS)],
            "at": pa.array(moments, type=pa.timestamp("us", tz="UTC")),
            "gap": pa.array(draw.random(ROWS), mask=draw.random(ROWS) < 0.3),
        }
    )


@pytest.fixture(scope="module")
def profile(table: pa.Table) -> TableProfile:
    columns = tuple(profile_column(ColumnTask(name, ""), table.column(name), np.arange(ROWS), k=10) for name in table.column_names)
    return TableProfile("t", 10, ROWS, 0, ROWS, 0, columns)


@pytest.fixture(scope="module")
def saved(table: pa.Table, profile: TableProfile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    find_synthesizer("gaussian_copula").fit(table, profile, given=(), parameters={}, seed=3).save(folder)
    write_json(folder / "card.json", {"digest": model_digest(folder)})
    return folder


def test_rows_come_in_the_sources_types_and_in_its_time(table: pa.Table, saved: Path) -> None:
    drawn = load_model("gaussian_copula", saved).sample(200, seed=7)
    assert drawn.schema.types == table.schema.types
    assert set(drawn["city"].to_pylist()) <= {"Ulm", "Bonn", "Kiel"}
    assert {moment.year for moment in drawn["at"].to_pylist()} <= {2024, 2025}
    assert 0.15 < drawn["gap"].null_count / 200 < 0.45


def test_the_seed_decides_the_rows(saved: Path) -> None:
    model = load_model("gaussian_copula", saved)
    assert model.sample(50, seed=7).equals(model.sample(50, seed=7))
    assert not model.sample(50, seed=7).equals(model.sample(50, seed=8)), "SDV starts every draw alike unless it is told otherwise"
    assert model.sample(0, seed=7).num_rows == 0
    assert model.sample(3, seed=7, columns=["gap", "n"]).column_names == ["gap", "n"]


def test_it_takes_neither_context_nor_unknown_parameters(table: pa.Table, profile: TableProfile, saved: Path) -> None:
    with pytest.raises(ConfigurationError, match="takes no context"):
        find_synthesizer("gaussian_copula").fit(table, profile, given=("n",), parameters={}, seed=1)
    with pytest.raises(ConfigurationError, match="unknown parameter 'depth'; known: default_distribution, train_rows"):
        find_synthesizer("gaussian_copula").fit(table, profile, given=(), parameters={"depth": 1}, seed=1)
    with pytest.raises(ConfigurationError, match="draws whole tables"):
        load_model("gaussian_copula", saved).sample(5, seed=1, counters=np.arange(5))


SMALL = {"epochs": 2, "batch_size": 100, "embedding_dim": 8}
WIDTHS = {"generator_dim": [16], "discriminator_dim": [16]}


@pytest.mark.parametrize(
    ("name", "parameters", "curves"),
    [
        ("ctgan", SMALL | WIDTHS, {"generator_loss", "discriminator_loss"}),
        ("copula_gan", SMALL | WIDTHS | {"default_distribution": "norm"}, {"generator_loss", "discriminator_loss"}),
        ("tvae", SMALL | {"compress_dims": [16], "decompress_dims": [16]}, {"loss"}),
    ],
)
def test_networks_draw_the_same_again_and_leave_their_losses(
    name: str, parameters: dict[str, Any], curves: set[str], table: pa.Table, profile: TableProfile, tmp_path: Path
) -> None:
    table = table.select(["city", "at", "gap"])
    profile = replace(profile, columns=tuple(column for column in profile.columns if column.name in table.column_names))
    before = np.random.get_state()[1].tolist()
    fit = [find_synthesizer(name).fit(table, profile, given=(), parameters=parameters, seed=3) for _ in range(2)]
    assert np.random.get_state()[1].tolist() == before, "the caller's generators are left as they were"
    fit[0].save(tmp_path)
    write_json(tmp_path / "card.json", {"digest": model_digest(tmp_path)})
    drawn = load_model(name, tmp_path).sample(60, seed=5)
    assert drawn.schema.types == table.schema.types
    assert drawn.equals(fit[1].sample(60, seed=5)), "the same data, parameters and seed: the same rows"
    assert {moment.year for moment in drawn["at"].to_pylist()} <= {2024, 2025}
    losses = read_json(tmp_path / "losses.json")
    assert set(losses) == curves
    assert {len(values) for values in losses.values()} == {2}, "a loss an epoch"


def test_what_fewer_than_k_entities_hold_is_never_drawn() -> None:
    draw = np.random.default_rng(2)
    words = [f"w{place}" for place in range(150) for _ in range(12)]
    table = pa.table(
        {
            "word": [*words, "rare"],
            "x": [*draw.normal(size=len(words)), 10_000.0],
            "note": [f"only {place}" for place in range(len(words) + 1)],
            "empty": pa.nulls(len(words) + 1, pa.int32()),
        }
    )
    columns = [profile_column(ColumnTask(name, ""), table.column(name), np.arange(len(table)), k=10) for name in table.column_names]
    profile = TableProfile("t", 10, len(table), 0, len(table), 0, tuple(columns))
    drawn = find_synthesizer("gaussian_copula").fit(table, profile, given=(), parameters={}, seed=3).sample(2_000, seed=1)
    assert "rare" not in drawn["word"].to_pylist()
    assert len(set(drawn["word"].to_pylist())) > 140, "rarer categories than SDV is shown are drawn by their frequencies"
    assert max(drawn["x"].to_pylist()) < 1_000
    assert not set(drawn["note"].to_pylist()) & set(table["note"].to_pylist())
    assert drawn["empty"].null_count == 2_000


def test_a_table_in_which_nothing_varies_needs_no_sdv(tmp_path: Path) -> None:
    table = pa.table({"one": [1] * 30, "none": pa.nulls(30, pa.string())})
    columns = [profile_column(ColumnTask(name, ""), table.column(name), np.arange(30), k=10) for name in table.column_names]
    model = find_synthesizer("ctgan").fit(table, TableProfile("t", 10, 30, 0, 30, 0, tuple(columns)), given=(), parameters={}, seed=1)
    model.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["coding.json", "types.arrow"]
    assert find_synthesizer("ctgan").load(tmp_path).sample(3, seed=1).to_pylist() == [{"one": 1, "none": None}] * 3
