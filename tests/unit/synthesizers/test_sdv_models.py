"""SDV's Gaussian copula behind our protocol: the source's types back, draws that follow the seed, no context."""

from __future__ import annotations

import datetime as dt
import decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.synthesizers.registry import find_synthesizer, load_model, model_digest
from warehouse_twin.workspace import write_json

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
    assert model.sample(0, seed=7).num_rows == 0


def test_it_takes_neither_context_nor_unknown_parameters(table: pa.Table, profile: TableProfile, saved: Path) -> None:
    with pytest.raises(ConfigurationError, match="takes no context"):
        find_synthesizer("gaussian_copula").fit(table, profile, given=("n",), parameters={}, seed=1)
    with pytest.raises(ConfigurationError, match=r"does not take parameters \['depth'\]"):
        find_synthesizer("gaussian_copula").fit(table, profile, given=(), parameters={"depth": 1}, seed=1)
    with pytest.raises(ConfigurationError, match="draws whole tables"):
        load_model("gaussian_copula", saved).sample(5, seed=1, counters=np.arange(5))
