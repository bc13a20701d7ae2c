"""Who counts for a promise: Spark finds what one process finds, and leaves nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse_twin.privacy.accounting import Promise
from warehouse_twin.privacy.mechanisms import noisy_counts
from warehouse_twin.profiling.snapshot_parts import StoredRows
from warehouse_twin.settings import from_environment
from warehouse_twin.stages import measuring
from warehouse_twin.stages.measuring import counting_of
from warehouse_twin.synthesizers.marginal_counting import Counting
from warehouse_twin.synthesizers.marginal_schemas import Counted, Measurement, bounded_rows, measure_schema

PEOPLE, ORDERS = 3_000, 8_000
NO_NOISE = Promise(1e6, 1e-4)
"""So large an epsilon that noise rounds to none."""


def tables(folder: Path) -> dict[str, Counted]:
    """People and their orders in files; one in ten of the people is not read."""
    draw = np.random.default_rng(4)
    kind, owner = draw.integers(0, 3, PEOPLE), draw.integers(0, PEOPLE, ORDERS)
    people = pa.table({"kind": [("gold", "plain", None)[place] for place in kind], "age": draw.integers(18, 90, PEOPLE), "spare": kind})
    orders = pa.table({"cost": np.round(draw.gamma(2.0, 20.0 + 40.0 * kind[owner]), 2), "day": draw.integers(0, 300, ORDERS)})
    pq.write_table(people, folder / "people.parquet", row_group_size=700)
    pq.write_table(orders, folder / "orders.parquet", row_group_size=700)
    numbers = np.flatnonzero(np.arange(PEOPLE) % 10 > 0)
    link = np.where(owner % 10 > 0, owner - owner // 10 - 1, -1)
    of_people, of_orders = StoredRows(folder / "people.parquet", ["kind", "age"], numbers), np.flatnonzero(link >= 0)
    return {
        "people": Counted(of_people, numbers, nullable=frozenset({"kind"})),
        "a/../b": Counted(
            StoredRows(folder / "orders.parquet", ["cost", "day"], of_orders), owner[of_orders], 6, ("k", "people"), link[of_orders]
        ),
    }


def facts(found: Measurement) -> list[object]:
    return [(name, domains, measured.to_dict()["counts"], measured.parts) for name, (domains, measured) in found.tables.items()]


def test_spark_counts_what_one_process_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = from_environment({"TWIN_PROJECT": str(tmp_path), "TWIN_SPARK_MASTER": "local[2]"})
    asked = bounded_rows(tables(tmp_path), seed=3)
    monkeypatch.setattr(measuring, "SPARK_FROM", asked["a/../b"].looks)  # people are fewer: counted here
    here = measure_schema(asked, promise=NO_NOISE)
    with counting_of(settings, "shop", asked) as counting:
        there = measure_schema(asked, promise=NO_NOISE, counting=counting)
        assert counting.folder is not None
        noise = counting.run(lambda _: noisy_counts(np.zeros(20, dtype=np.int64), rho=1e-4, distance=1)[0].tolist(), 8)
        kept = {str(path.relative_to(counting.folder)) for path in counting.folder.rglob("*.npy")}
    assert facts(there) == facts(here)
    assert len(set(map(tuple, noise))) == 8  # tasks of one process or several, none draws what another does
    assert there.account == here.account
    assert kept == {f"1/{name}.npy" for name in ("column0", "column1", "given0", "given1", "given2")}
    assert not counting.folder.exists()


def test_no_session_is_started_for_little(tmp_path: Path) -> None:
    settings = from_environment({"TWIN_PROJECT": str(tmp_path)})
    with counting_of(settings, "shop", tables(tmp_path)) as counting:
        assert counting == Counting()
