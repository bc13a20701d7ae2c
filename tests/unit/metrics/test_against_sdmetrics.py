"""On plain data our measures say what SDMetrics says: shapes, pairs, children, missing values, categories."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from warehouse_twin.metrics.diversity import coverage
from warehouse_twin.metrics.keys import child_counts
from warehouse_twin.metrics.pairs import measure_pairs
from warehouse_twin.metrics.samples import Samples
from warehouse_twin.metrics.shapes import column_shape, null_share

Make = Callable[..., Samples]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SDMetrics' own, of the libraries below it
        yield


def rows(seed: int) -> dict[str, Any]:
    """Numbers that are few, so that each is a knot, and categories that all are common; the second draw is another one."""
    rng = np.random.default_rng(seed)
    number = rng.integers(0, 40 + 5 * seed, 600)
    letter = np.where(number + rng.integers(0, 20, 600) > 30, "long", rng.choice(["short", "tiny"], 600))
    return {"number": number, "day": (18_000 + number * 3).astype("M8[D]"), "letter": letter, "flag": rng.random(600) < 0.2 * seed}


@pytest.fixture
def sides(samples: Make) -> Samples:
    return samples(rows(1), rows(2))


def frame(seed: int) -> pd.DataFrame:
    found = pd.DataFrame(rows(seed))
    return found.assign(day=found["day"].astype("datetime64[ns]"))


def test_shapes_are_kolmogorov_smirnov_and_total_variation(sides: Samples) -> None:
    from sdmetrics.single_column import KSComplement, TVComplement

    ours = {score.columns[0]: score.value for score in column_shape(sides)[1:]}
    real, twin = frame(1), frame(2)
    for name, theirs in (("number", KSComplement), ("day", KSComplement), ("letter", TVComplement), ("flag", TVComplement)):
        assert ours[name] == pytest.approx(theirs.compute(real[name], twin[name]), abs=1e-12), name
        assert ours[name] < 0.99


def test_pairs_of_categories_are_their_contingency_tables(samples: Make) -> None:
    from sdmetrics.column_pairs import ContingencySimilarity

    names = ["letter", "flag"]
    kinds = [{name: part[name] for name in names} for part in (rows(1), rows(2))]
    (pair,) = measure_pairs(samples(*kinds))
    theirs = ContingencySimilarity.compute(frame(1)[names], frame(2)[names])
    assert pair.replicates.value == pytest.approx(theirs, abs=1e-12)
    assert theirs < 0.99


def test_missing_values_are_compared_alike(samples: Make) -> None:
    from sdmetrics.single_column import MissingValueSimilarity

    real, twin = ({"x": [None if row % every == 0 else row for row in range(300)]} for every in (3, 5))
    score = null_share(samples(real, twin))[0]
    assert score.value == pytest.approx(MissingValueSimilarity.compute(pd.Series(real["x"]), pd.Series(twin["x"])), abs=1e-12)


def test_children_per_parent_are_a_cardinality_shape() -> None:
    from sdmetrics.multi_table import CardinalityShapeSimilarity

    rng = np.random.default_rng(1)
    counts = [rng.poisson(mean, 200) for mean in (2.0, 3.0)]
    ours = child_counts("t", columns=("p",), training=counts[0], entities=np.arange(200), synthetic=counts[1], holdout=None, seed=1)
    tables = [{"a": pd.DataFrame({"id": range(200)}), "b": pd.DataFrame({"p": np.repeat(np.arange(200), count)})} for count in counts]
    link = {"parent_table_name": "a", "parent_primary_key": "id", "child_table_name": "b", "child_foreign_key": "p"}
    columns = {"a": {"primary_key": "id", "columns": {"id": {"sdtype": "id"}}}, "b": {"columns": {"p": {"sdtype": "id"}}}}
    theirs = CardinalityShapeSimilarity.compute(*tables, metadata={"tables": columns, "relationships": [link]})
    assert ours.value == pytest.approx(theirs, abs=1e-12)


def test_categories_that_are_missing_are_those_of_category_coverage(samples: Make) -> None:
    from sdmetrics.single_column import CategoryCoverage

    real, twin = {"x": list("aabbccddee") * 20}, {"x": list("aabbccaacc") * 20}
    ours = coverage(samples(real, twin))
    assert ours.value == pytest.approx(CategoryCoverage.compute(pd.Series(real["x"]), pd.Series(twin["x"])), abs=1e-12) == 0.6
